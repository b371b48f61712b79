"""An output that is a folder: an archive that a stage made, unpacked where it is published.

Invariant: every file lands inside the folder and is whole; an archive that would have it otherwise
is refused before a single file is written.
"""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path

from farm.domain.errors import FarmError

_MOST_FILES = 1_000_000


def unpack(archive: Path, folder: Path) -> list[Path]:
    """Write the files of a ZIP into ``folder``, which is made; returns them, sorted by name.

    Raises
    ------
    FarmError : no ZIP, empty, damaged, or with a name that is not a plain relative path.
    """
    try:
        with zipfile.ZipFile(archive) as packed:
            entries = [entry for entry in packed.infolist() if not entry.is_dir()]
            _check(entries, folder.name)
            folder.mkdir(parents=True, exist_ok=True)
            for entry in entries:
                path = folder / entry.filename
                path.parent.mkdir(parents=True, exist_ok=True)
                with packed.open(entry) as source, path.open("xb") as target:
                    shutil.copyfileobj(source, target, 1 << 20)
    except (zipfile.BadZipFile, NotImplementedError, FileExistsError) as error:
        raise _refused(folder.name, str(error) or type(error).__name__) from error
    return sorted(folder / entry.filename for entry in entries)


def _check(entries: list[zipfile.ZipInfo], where: str) -> None:
    if not 0 < len(entries) <= _MOST_FILES:
        raise _refused(where, f"{len(entries)} files")
    for entry in entries:
        name = entry.filename
        parts = name.split("/")
        plain = all(part and part not in (".", "..") and part.isprintable() for part in parts)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if not plain or "\\" in name or kind not in (0, stat.S_IFREG) or entry.flag_bits & 1:
            raise _refused(where, repr(name))


def _refused(where: str, got: str) -> FarmError:
    return FarmError(
        "cannot be published as a folder",
        where=f"{where}/",
        expected="a ZIP of files with plain relative names",
        got=got,
        mend="This is a fault of the plugin that made the archive.",
        code="publish.bad-folder",
    )
