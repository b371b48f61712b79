"""The models that an engine holds, and which of them goes first.

Invariant: a model that is in use or pinned never goes. Every method wants the cache's lock held.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from farm.engine.worth import demand, worth

Act = Callable[[Any], object]


@dataclass(slots=True)
class Entry:
    """A loaded model.

    size_mb : declared or measured, the larger. measured_mb : what loading it took on the device.
    host : it lives in memory and only visits the device.
    """

    model: Any
    size_mb: int
    measured_mb: int
    load_s: float
    park: Act | None
    wake: Act | None
    host: bool
    groups: set[str] = field(default_factory=set)
    used_by: int = 0
    in_use: bool = False
    pinned: bool = False
    parked: bool = False

    @property
    def stays(self) -> bool:
        """Whether it may not go."""
        return self.in_use or self.pinned

    @property
    def beside(self) -> bool:
        """Whether it lies in memory beside the device."""
        return self.parked or self.host


class Shelf:
    """Entries by key, the least recently used first.

    soon : tasks that are known to come, by group. own : the running task's group; its parts go last.
    task : number of the running task.
    """

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.task = 0
        self.soon: Mapping[str, int] = {}
        self.own: str | None = None

    def idle(self) -> Iterator[tuple[str, Entry]]:
        """Those that may go."""
        return ((key, entry) for key, entry in self.entries.items() if not entry.stays)

    def taken_mb(self, *, beside: bool) -> int:
        """What is taken on the device, or beside it."""
        return sum(e.size_mb for e in self.entries.values() if e.beside is beside)

    def use(self, key: str, entry: Entry, group: str) -> None:
        """The running task takes it: it stays, and is the most recently used one."""
        entry.in_use = True
        entry.used_by = self.task
        entry.groups.add(group)
        self.entries.pop(key, None)
        self.entries[key] = entry

    def least(self, *, beside: bool) -> str | None:
        """The key of the model that goes next from there; the least recently used among equals."""
        found = [(key, entry) for key, entry in self.idle() if entry.beside is beside]
        order = min(found, key=lambda f: (self.own in f[1].groups, self.worth(f[1])), default=None)
        return None if order is None else order[0]

    def worth(self, entry: Entry) -> float:
        """See :func:`farm.engine.worth.worth`."""
        soon = sum(self.soon.get(group, 0) for group in entry.groups)
        return worth(entry.size_mb, entry.load_s, demand(soon, self.task - entry.used_by))

    def clear_beside(self, size_mb: int, capacity_mb: int, most: float = math.inf) -> bool:
        """Drop models beside the device that are worth at most ``most`` until ``size_mb`` fit in
        ``capacity_mb``; whether they do."""
        while 0 < capacity_mb >= size_mb:
            if self.taken_mb(beside=True) + size_mb <= capacity_mb:
                return True
            key = self.least(beside=True)
            if key is None or self.worth(self.entries[key]) > most:
                break
            del self.entries[key]
        return False
