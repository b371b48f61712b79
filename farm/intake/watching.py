"""Watching folders, so that a look comes soon after something arrives.

Invariant: an event only rings the bell. Whatever is missed, refused by the kernel or lost in an
overflow is found by the next look; a watch that cannot be had is a complaint, never a failure.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer
from watchdog.observers.polling import PollingObserver

from farm.intake.doors import Door

_log = logging.getLogger(__name__)
_OURS = ("_status", "_claimed", "_done", "_rejected", "_duplicates")
# Not "modified": a long copy would ring it a thousand times; its end is "closed".
_WRITES = ("created", "moved", "deleted", "closed")


@dataclass(slots=True)
class _Watch:
    inode: int
    handle: Any
    observer: Any


class Watching:
    """Observers of the doors' folders (top level; what is inside a set is seen by looking)."""

    def __init__(self, wake: Callable[[], None], *, poll_s: float) -> None:
        self._handler = _Bell(wake)
        self._poll_s = poll_s
        self._observers: dict[bool, Any] = {}
        self._watches: dict[str, _Watch] = {}
        self.complaints: dict[str, str] = {}

    def refresh(self, doors: Iterable[Door]) -> None:
        """Watch the folders that are there; again those that were replaced or mounted anew."""
        wanted = {door.origin: door for door in doors}
        for origin in [origin for origin in self._watches if origin not in wanted]:
            self._drop(origin)
        for origin, door in wanted.items():
            inode = _inode(door.folder)
            known = self._watches.get(origin)
            if known is not None and known.inode != inode:
                self._drop(origin)
                known = None
            if known is None and inode:
                self._add(door, inode)

    def close(self) -> None:
        """Stop every observer."""
        for observer in self._observers.values():
            observer.stop()
        for observer in self._observers.values():
            observer.join(timeout=5)
        self._observers.clear()
        self._watches.clear()

    def _add(self, door: Door, inode: int) -> None:
        try:
            observer = self._observer(door.polling)
            handle = observer.schedule(self._handler, str(door.folder), recursive=False)
        except Exception as error:  # watchdog raises what the platform raises: limits, no support
            if door.origin not in self.complaints:
                _log.warning("%s is looked at periodically only: %s", door.folder, error)
            self.complaints[door.origin] = f"no events, only periodic looks: {error}"
            return
        self.complaints.pop(door.origin, None)
        self._watches[door.origin] = _Watch(inode, handle, observer)

    def _observer(self, polling: bool) -> Any:
        if polling not in self._observers:
            observer: Any = PollingObserver(timeout=self._poll_s) if polling else Observer()
            observer.start()
            self._observers[polling] = observer
        return self._observers[polling]

    def _drop(self, origin: str) -> None:
        watch = self._watches.pop(origin)
        try:
            watch.observer.unschedule(watch.handle)
        except (KeyError, OSError) as error:
            _log.debug("unwatching %s: %s", origin, error)


class _Bell(FileSystemEventHandler):
    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Ring for what may be news; not for what the farm writes itself."""
        if event.event_type in _WRITES and Path(str(event.src_path)).name not in _OURS:
            self._wake()


def _inode(folder: Path) -> int:
    try:
        return folder.stat().st_ino
    except OSError:
        return 0
