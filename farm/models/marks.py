"""What was verified, when, and what it looked like then.

Invariant: a file counts as verified only while its size and modification time are those of the
moment its SHA-256 was found right, so a start does not read gigabytes to trust what nobody touched.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

from farm.models.manifest import ModelFile


class Marks:
    """One small JSON file for each model folder, in ``folder`` (also for read-only folders)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Where nobody may write, one process at least remembers what it has verified.
        self._seen: dict[Path, list[object]] = {}

    def trusted(self, model: Path, file: ModelFile) -> bool:
        """Whether this file of the folder ``model`` is what it was when it was verified."""
        look = _look(model / file.path, file)
        return look in (self._seen.get(model / file.path), self._read(model).get(file.path))

    def add(self, model: Path, file: ModelFile) -> None:
        """Record that a file was verified just now."""
        known = self._read(model)
        known[file.path] = self._seen[model / file.path] = _look(model / file.path, file)
        target = self._file(model)
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(f".{os.getpid()}")
            partial.write_text(json.dumps(known, sort_keys=True), encoding="utf-8")
            partial.replace(target)

    def forget(self, model: Path) -> None:
        """Trust nothing of this folder any more."""
        self._seen = {path: look for path, look in self._seen.items() if model not in path.parents}
        with contextlib.suppress(OSError):
            self._file(model).unlink(missing_ok=True)

    def _file(self, model: Path) -> Path:
        name = hashlib.sha256(os.fsencode(model.absolute())).hexdigest()[:24]
        return self._folder / f"{name}.json"

    def _read(self, model: Path) -> dict[str, object]:
        try:
            known = json.loads(self._file(model).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}


def _look(path: Path, file: ModelFile) -> list[object]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns, file.sha256]
