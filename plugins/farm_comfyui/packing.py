"""What a workflow saved, as one archive that is published as a folder.

Invariant: the same files give the same bytes: their order and names count, and no date does.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from farm_comfyui.downloads import OutputFile

_DATE = (1980, 1, 1, 0, 0, 0)


def pack(path: Path, saved: Mapping[str, Sequence[OutputFile]]) -> None:
    """Write ``video.mp4``, and ``picture_00001.png`` and so on where there are several.

    saved : files by the role of the node that saved them.
    """
    # Films, pictures and sounds are compressed already.
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:
        for role, files in saved.items():
            for number, file in enumerate(files, 1):
                name = f"{role}_{number:05}" if len(files) > 1 else role
                entry = zipfile.ZipInfo(name + file.path.suffix, _DATE)
                entry.file_size = file.size_bytes
                with file.path.open("rb") as source, packed.open(entry, "w") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
