"""The engine's cache of warm models.

Invariant: a model that the running task has taken, or that is pinned, is never evicted; and however
many threads ask for a key at once, it is loaded once.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from farm.domain.errors import PluginError, nearest


@dataclass(slots=True)
class _Entry:
    model: Any
    size_mb: int
    pinned: bool
    in_use: bool = True


@dataclass(slots=True)
class _Load:
    """A load under way: it already takes its declared room, and others wait for ``done``."""

    size_mb: int
    done: threading.Event = field(default_factory=threading.Event)


class ModelCache:
    """Least recently used models make room for new ones.

    capacity_mb : what the models may take together. It is a target: one task whose models do not
        fit may exceed it, because only the device itself knows whether they really do not.
    used_mb : memory in use on the device now; its growth during a load is the model's measured
        size. The larger of declared and measured size counts.
    release : hands freed memory back to the device; called after evictions.
    """

    def __init__(
        self,
        capacity_mb: int,
        *,
        used_mb: Callable[[], int] = lambda: 0,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self.capacity_mb = capacity_mb
        self._used_mb = used_mb
        self._release = release
        self._lock = threading.Lock()
        self._entries: dict[str, _Entry] = {}  # least recently used first
        self._loads: dict[str, _Load] = {}
        self._loads_s: list[float] = []
        self._evicted = 0

    def get(self, key: str, load: Callable[[], Any], *, size_mb: int, pinned: bool = False) -> Any:
        """The model under ``key``; on a miss ``load()`` makes it, after others were evicted.

        It is in use, and stays, until the running task ends. What ``load`` raises goes to its
        caller; whoever waited for that load tries again.
        """
        while True:
            with self._lock:
                entry = self._entries.pop(key, None)
                if entry is not None:
                    self._entries[key] = entry
                    entry.in_use = True
                    entry.pinned = entry.pinned or pinned
                    return entry.model
                other = self._loads.get(key)
                if other is None:
                    mine = self._loads[key] = _Load(size_mb)
                    break
            other.done.wait()
        try:
            self._make_room(self.capacity_mb)
            before_mb = self._used_mb()
            began_s = time.monotonic()
            model = load()
            self._loads_s.append(time.monotonic() - began_s)
            measured_mb = self._used_mb() - before_mb
            with self._lock:
                self._entries[key] = _Entry(model, max(size_mb, measured_mb), pinned)
        finally:
            with self._lock:
                del self._loads[key]
            mine.done.set()
        self._make_room(self.capacity_mb)
        return model

    def task_ended(self) -> None:
        """Nothing is in use any more."""
        if not self._entries:
            return
        with self._lock:
            for entry in self._entries.values():
                entry.in_use = False
        self._make_room(self.capacity_mb)

    def clear(self) -> None:
        """Evict everything that may go (after the device ran out of memory)."""
        self._make_room(-1)
        gc.collect()
        self._release()

    def account(self) -> tuple[list[float], int]:
        """Seconds of each load, and how many models were evicted, since the last call."""
        with self._lock:
            told = self._loads_s, self._evicted
            self._loads_s, self._evicted = [], 0
            return told

    def resident(self) -> dict[str, int]:
        """Model key to MB, least recently used first."""
        with self._lock:
            return {key: entry.size_mb for key, entry in self._entries.items()}

    def _make_room(self, target_mb: int) -> None:
        """Evict until everything, loads included, fits in ``target_mb`` or nothing more may go."""
        evicted: list[_Entry] = []
        with self._lock:
            total_mb = sum(entry.size_mb for entry in self._entries.values())
            total_mb += sum(load.size_mb for load in self._loads.values())
            idle = [k for k, entry in self._entries.items() if not (entry.in_use or entry.pinned)]
            for key in idle:
                if total_mb <= target_mb:
                    break
                evicted.append(self._entries.pop(key))
                self._evicted += 1
                total_mb -= evicted[-1].size_mb
        if evicted:
            # The last reference must be gone before memory can be handed back.
            evicted.clear()
            gc.collect()
            self._release()


class TaskModels:
    """What one task sees: the warm cache, and the files of the models its stage names."""

    def __init__(self, cache: ModelCache, folders: Mapping[str, Path], stage_id: str) -> None:
        self._cache = cache
        self._folders = folders
        self._stage_id = stage_id

    def get(self, key: str, load: Callable[[], Any], *, size_mb: int, pinned: bool = False) -> Any:
        """See :meth:`ModelCache.get`."""
        return self._cache.get(key, load, size_mb=size_mb, pinned=pinned)

    def files(self, name: str) -> Path:
        """The folder with the verified, read-only files of a model.

        Raises
        ------
        PluginError : the stage does not name this model.
        """
        if name not in self._folders:
            raise PluginError(
                f'the stage asked for the files of a model "{name}" that it does not name',
                where=self._stage_id,
                mend=f"Name it in models of the stage. {nearest(name, self._folders)}",
                code="stage.model",
            )
        return self._folders[name]
