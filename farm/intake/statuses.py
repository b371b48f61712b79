"""What a submitter reads in the folder about things that are not taken yet.

Invariant: ``_status/`` speaks of exactly the entries that are there and wait; a file is written
only when what it says changed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from farm.intake.doors import Door
from farm.intake.files import write_json
from farm.intake.names import check_name

_log = logging.getLogger(__name__)


class Statuses:
    """The status files of one door."""

    def __init__(self, door: Door, clock: Callable[[], float]) -> None:
        self._folder = door.statuses
        self._clock = clock
        self._said: dict[str, dict[str, Any]] | None = None

    def say(self, name: str, state: str, waits_for: Sequence[str] = ()) -> None:
        """``state``: settling, waiting or refused; ``waits_for``: in a person's words.

        Raises
        ------
        OSError : the folder cannot be written to.
        """
        said = self._known()
        known = said.get(name, {})
        if known.get("state") == state and known.get("waits_for") == list(waits_for):
            return
        now = datetime.fromtimestamp(self._clock(), UTC).isoformat(timespec="seconds")
        since = known.get("since", now) if known.get("state") == state else now
        record = {"name": name, "state": state, "since": since, "waits_for": list(waits_for)}
        self._folder.mkdir(exist_ok=True)
        check_name(name)
        write_json(self._path(name), record)
        said[name] = record

    def keep(self, names: Sequence[str]) -> None:
        """Remove the files about everything else."""
        kept = set(names)
        said = self._known()
        for name in [name for name in said if name not in kept]:
            self._path(name).unlink(missing_ok=True)
            del said[name]

    def records(self) -> list[dict[str, Any]]:
        """What is said now."""
        return list((self._said or {}).values())

    def _known(self) -> dict[str, dict[str, Any]]:
        if self._said is None:
            # Left by an earlier process; said again, or removed, by the first look.
            found = self._folder.glob("*.json") if self._folder.is_dir() else ()
            self._said = {path.name.removesuffix(".json"): {} for path in found}
        return self._said

    def _path(self, name: str) -> Path:
        # A name may be as long as the file system takes, with no room for an ending.
        encoded = name.encode()
        short = name if len(encoded) <= 240 else encoded[:200].decode("utf-8", "ignore") + "…"
        return self._folder / f"{short}.json"
