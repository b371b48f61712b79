"""An output that is a folder: files in an archive, which the farm unpacks where it publishes.

Invariant: equal files give equal bytes: no date, no owner, no compression that changes with a
library. Files are written one after another, so memory does not grow with the folder.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_READABLE = 0o100644 << 16


class Folder:
    """Takes files by their name within the folder."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def put(self, name: str, data: bytes) -> None:
        """A file with these bytes."""
        self._archive.writestr(_entry(name), data)

    def move(self, name: str, path: Path) -> None:
        """A copy of the file at ``path``, which is removed to spare the disk."""
        entry = _entry(name)
        entry.file_size = path.stat().st_size
        with path.open("rb") as source, self._archive.open(entry, "w") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        path.unlink()


@contextmanager
def folder(path: Path) -> Iterator[Folder]:
    """A new archive at ``path`` (``.zip``) that is to be a folder."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        yield Folder(archive)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.create_system, entry.external_attr = _UNIX, _READABLE
    return entry
