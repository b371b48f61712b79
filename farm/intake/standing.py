"""What stands at the doors now, read from their folders; and bringing back what was refused.

Invariant: reading needs no daemon and changes nothing; what is brought back is moved by renames that
never replace a file, so a submitter's originals are in ``_rejected`` or at the door, never in neither.
"""

from __future__ import annotations

import heapq
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from farm.config import Settings
from farm.domain.errors import InputError
from farm.intake.doors import ERROR, Door, doors_of
from farm.intake.explaining import remove_error
from farm.intake.files import move_new
from farm.intake.names import OURS_IN_A_SET, free_path

_MOST = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that is not taken yet. state : settling, waiting or refused;
    since : seconds since 1970; waits_for : in a person's words."""

    origin: str
    name: str
    state: str
    since: float | None
    waits_for: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rejected:
    """An entry that was given back. path : its folder, or the queue's manifest;
    at : when, in seconds since 1970; error : the complaint's record."""

    origin: str
    name: str
    path: Path
    at: float
    error: Mapping[str, Any]

    @property
    def cause(self) -> str:
        """What is wrong, and where."""
        return str(self.error.get("message") or self.error.get("what") or "no reason was recorded")

    @property
    def mend(self) -> str:
        """How to mend it; empty when nobody knows."""
        return str(self.error.get("mend") or "")


@dataclass(frozen=True, slots=True)
class Standing:
    """One door. trouble : why its folder cannot be looked at; empty when it can."""

    door: Door
    waiting: tuple[Waiting, ...]
    rejected: tuple[Rejected, ...]
    trouble: str = ""


def standing(settings: Settings, pipelines: Iterable[str]) -> list[Standing]:
    """Every door with what waits there and the newest of what was refused, the newest first."""
    return [_look(door) for door in doors_of(settings, pipelines)]


def resubmit(settings: Settings, pipelines: Iterable[str], item: Rejected) -> Path:
    """Put what was refused at its door again; returns the path where it lies now.

    Raises
    ------
    InputError : the door is gone, or nothing of it is left to bring back.
    """
    door = next((d for d in doors_of(settings, pipelines) if d.origin == item.origin), None)
    if door is None or not door.folder.is_dir():
        raise InputError(
            "the drop folder is not there any more",
            where=item.origin,
            mend="Configure it again, or submit the files with `farm submit`.",
        )
    try:
        return _bring_back(door, item)
    except OSError as error:
        raise InputError(
            "it cannot be brought back",
            where=str(item.path),
            got=error.strerror or str(error),
            mend="Look at the folder's permissions.",
        ) from error


def _bring_back(door: Door, item: Rejected) -> Path:
    if door.is_queue:
        target = free_path(door.folder / item.path.name, is_folder=False)
        move_new(item.path, target)
        item.path.with_name(f"{item.path.name}{ERROR}").unlink(missing_ok=True)
        return target
    remove_error(item.path)
    originals = sorted(p for p in item.path.iterdir() if p.name not in OURS_IN_A_SET)
    if not originals:
        raise InputError(
            "its files were taken away",
            where=str(item.path),
            mend="Drop them into the folder again.",
        )
    # A single file lies in a folder of its own; a set is that folder.
    if len(originals) == 1 and originals[0].name == item.name:
        target = free_path(door.folder / item.name, is_folder=originals[0].is_dir())
        move_new(originals[0], target)
        with suppress(OSError):
            item.path.rmdir()
        return target
    target = free_path(door.folder / item.name)
    move_new(item.path, target)
    return target


def _look(door: Door) -> Standing:
    try:
        os.scandir(door.folder).close()
        waiting = tuple(sorted(_waiting(door), key=lambda item: item.name))
        rejected = tuple(_rejected(door))
    except OSError as error:
        return Standing(door, (), (), f"{door.folder}: {error.strerror or error}")
    return Standing(door, waiting, rejected)


def _waiting(door: Door) -> Iterator[Waiting]:
    for path in _newest(door.statuses, ".json"):
        record = _record(path)
        if record:
            since = None
            with suppress(ValueError):
                since = datetime.fromisoformat(str(record.get("since", ""))).timestamp()
            yield Waiting(
                door.origin,
                str(record.get("name", path.stem)),
                str(record.get("state", "waiting")),
                since,
                tuple(map(str, record.get("waits_for", ()))),
            )


def _rejected(door: Door) -> Iterator[Rejected]:
    if door.is_queue:
        for path in _newest(door.folder.parent / "rejected", ERROR):
            manifest = path.with_name(path.name.removesuffix(ERROR))
            if manifest.exists():
                yield _told(door, manifest, _record(path), path)
        return
    for folder in _newest(door.folder / "_rejected", ""):
        told = folder / "error.json"
        if folder.is_dir():
            yield _told(door, folder, _record(told), told if told.exists() else folder)


def _told(door: Door, path: Path, record: Mapping[str, Any], told: Path) -> Rejected:
    error = record.get("error")
    return Rejected(
        door.origin,
        str(record.get("name") or path.name),
        path,
        told.stat().st_mtime,
        error if isinstance(error, dict) else {},
    )


def _newest(folder: Path, ending: str) -> list[Path]:
    """The newest entries of a folder; none when it is not there."""
    if not folder.is_dir():
        return []
    with os.scandir(folder) as entries:
        found = [
            (entry.stat(follow_symlinks=False).st_mtime, entry.path)
            for entry in entries
            if entry.name.endswith(ending) and not entry.name.startswith(".")
        ]
    return [Path(path) for _, path in heapq.nlargest(_MOST, found)]


def _record(path: Path) -> Mapping[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
