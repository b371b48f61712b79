"""The doors of a farm: its drop folders and its manifest queue, and where things lie in them.

Invariant: everything the farm keeps in a door's folder begins with ``_`` (the queue's results have
folders of their own), on the same file system as what arrives, so that each step is one rename.

    dusk.txt                       what arrives
    _status/dusk.txt.json          while it settles or waits
    _claimed/<id>/source/dusk.txt  while its job runs, beside status.json
    _done/<date>/dusk/             the outputs; the originals in source/
    _rejected/dusk.txt/            the originals, error.txt and error.json
    _duplicates/dusk/              the originals and duplicate-of.txt
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from farm.config import Settings
from farm.intake.names import free_path, numbered, title_of

QUEUE = "queue"
RECEIPT = ".receipt.json"
ERROR = ".error.json"


@dataclass(frozen=True, slots=True)
class Door:
    """One watched folder.

    origin : the drop folder's name, or ``queue``. pipeline : what runs for things that do not name
    one; empty for the queue, which takes manifests only.
    """

    origin: str
    folder: Path
    pipeline: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    polling: bool = False

    @property
    def is_queue(self) -> bool:
        """Whether it is the manifest queue's inbox."""
        return self.origin == QUEUE

    @property
    def statuses(self) -> Path:
        """Folder of what is said about things that are not taken yet."""
        return self.folder / "_status"

    @property
    def claimed(self) -> Path:
        """Folder of what is taken."""
        return self.folder / "_claimed"

    def claim_path(self, id: str, name: str) -> Path:
        """Where ``name`` lies once it is claimed as submission ``id``."""
        return self.claimed / id / "source" / name

    def rejected_path(self, name: str, *, is_folder: bool) -> Path:
        """A free path for what is returned to the submitter: a folder called like what was dropped."""
        return free_path(self.folder / "_rejected" / name, is_folder=is_folder)

    def duplicate_path(self, name: str, *, is_folder: bool) -> Path:
        """A free path for what asks for the same as an earlier job."""
        return free_path(self.folder / "_duplicates" / (name if is_folder else title_of(name)))

    def done_path(self, name: str, date: str, *, is_folder: bool) -> Path:
        """A free path for a finished folder; ``date`` as 2026-11-21."""
        return free_path(self.folder / "_done" / date / (name if is_folder else title_of(name)))

    def accepted_path(self, name: str) -> Path:
        """The queue: a path whose name is free for the manifest and each of its results."""
        number = 1
        while True:
            path = numbered(self.folder.parent / "accepted" / name, number)
            other = self.queue_rejected_path(path)
            taken = (path, other, beside(path, RECEIPT), beside(other, ERROR))
            if not any(os.path.lexists(one) for one in taken):
                return path
            number += 1

    def queue_rejected_path(self, accepted: Path) -> Path:
        """The queue: where the manifest goes that would have gone to ``accepted``."""
        return self.folder.parent / "rejected" / accepted.name


def beside(path: Path, ending: str) -> Path:
    """``dusk.yaml.receipt.json`` for ``dusk.yaml``."""
    return path.with_name(f"{path.name}{ending}")


def queue_door(settings: Settings) -> Door:
    """The manifest queue's inbox."""
    return Door(QUEUE, settings.under_root(settings.manifest_queue) / "inbox")


def doors_of(settings: Settings, pipelines: Iterable[str]) -> list[Door]:
    """Every door; without configured drop folders one for each folder of ``dropbox/`` that is
    called like one of ``pipelines`` (names without versions)."""
    doors = [queue_door(settings)]
    for name, drop in settings.drop_folders.items():
        folder = settings.under_root(drop.path)
        doors.append(Door(name, folder, drop.pipeline, drop.defaults, drop.polling))
    if not settings.drop_folders:
        dropbox = settings.under_root(settings.dropbox)
        for name in sorted(set(pipelines)):
            if (dropbox / name).is_dir():
                doors.append(Door(name, dropbox / name, name))
    return doors
