"""The engine's cache of warm models: on the device, and parked in memory beside it.

Invariant: a model that the running task has taken, or that is pinned, is never evicted; however many
threads ask for a key at once, it is loaded once; and what fails to load, to park or to wake leaves
neither an entry nor its memory behind.

    disk ──load──► device ──park──► memory ──drop──► disk
                     ▲ ◄────wake─────┘
"""

from __future__ import annotations

import gc
import logging
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from farm.engine.groups import Groups
from farm.engine.shelf import Act, Entry, Shelf

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Move:
    """A load, wake or park under way: others wait for ``done``. size_mb : its room on the device."""

    size_mb: int
    done: threading.Event = field(default_factory=threading.Event)


class ModelCache:
    """Models of least worth (see :mod:`farm.engine.worth`) make room for new ones.

    capacity_mb : what the models may take together on the device. It is a target: one task whose
        models do not fit may exceed it, because only the device itself knows whether they really
        do not.
    parked_mb : memory for models that lie beside the device; 0 where there is none but the CPU.
    used_mb : memory in use on the device now; its growth during a load is the model's measured
        size. The larger of declared and measured size counts.
    free_mb : memory that is free on the device now, ``None`` when that cannot be told. Without
        it (on a CPU) ``capacity_mb`` is what there is.
    release : hands freed memory back to the device; called after evictions.
    """

    def __init__(
        self,
        capacity_mb: int,
        *,
        parked_mb: int = 0,
        used_mb: Callable[[], int] = lambda: 0,
        free_mb: Callable[[], int | None] | None = None,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self.capacity_mb = capacity_mb
        self.parked_mb = parked_mb
        self._used_mb = used_mb
        self._free_mb = free_mb
        self._release = release
        self._lock = threading.Lock()
        self._shelf = Shelf()
        self._moves: dict[str, _Move] = {}
        self._groups = Groups()
        self._reserved_mb = 0
        self._loads_s: list[float] = []
        self._evicted = 0

    def get(
        self,
        key: str,
        load: Callable[[], Any],
        *,
        size_mb: int,
        pinned: bool = False,
        group: str = "",
        park: Act | None = None,
        wake: Act | None = None,
        host: bool = False,
    ) -> Any:
        """The model under ``key``; on a miss ``load()`` makes it, after others were evicted.

        It is in use, and stays, until the running task ends. What ``load`` or ``wake`` raises goes
        to its caller; whoever waited for it tries again. group, park, wake, host : see
        :class:`farm.stages.Models`.
        """
        host = host and self._free_mb is not None
        while True:
            with self._lock:
                entry = self._shelf.entries.get(key)
                if entry is not None and not entry.parked:
                    return self._take(key, entry, group, pinned)
                other = self._moves.get(key)
                if other is None:
                    self._shelf.entries.pop(key, None)
                    size_mb = size_mb if entry is None else entry.size_mb
                    mine = self._moves[key] = _Move(0 if host else size_mb)
                    break
            other.done.wait()
        try:
            self._make_room(self.capacity_mb)
            if entry is None:
                if host:
                    with self._lock:
                        self._shelf.clear_beside(size_mb, self.parked_mb)
                    gc.collect()
                entry = self._loaded(load, size_mb, park, wake, host)
            elif entry.wake is not None:
                entry.wake(entry.model)
                entry.parked = False
            with self._lock:
                model = self._take(key, entry, group, pinned)
                del self._moves[key]
        except BaseException as error:
            entry = None
            self._forget(error)
            with self._lock:
                self._moves.pop(key, None)
            raise
        finally:
            mine.done.set()
        self._make_room(self.capacity_mb)
        return model

    def task_began(
        self, soon: Mapping[str, int], *, own: str | None = None, reserved_mb: int = 0
    ) -> None:
        """What is known about the task that begins, and about those after it.

        soon : tasks that the scheduler will send soon, by model key. own : the model key of this
        one; its parts go last. reserved_mb : what it may use; on a CPU it adds to the capacity.
        """
        self._shelf.task += 1
        self._shelf.soon, self._shelf.own = soon, own
        self._reserved_mb = reserved_mb

    def task_ended(self, *, ok: bool = True) -> None:
        """Nothing is in use any more. ok : whether the task did what it should."""
        self._groups.task_ended(ok=ok)
        self._shelf.own = None
        if not self._shelf.entries:
            return
        with self._lock:
            for entry in self._shelf.entries.values():
                entry.in_use = False
        self._make_room(self.capacity_mb)

    def clear(self) -> None:
        """Drop everything that may go, parked models too (after memory ran out)."""
        with self._lock:
            for key, entry in list(self._shelf.idle()):
                self._evicted += not entry.beside
                del self._shelf.entries[key], entry
        gc.collect()
        self._release()

    def room_mb(self) -> int | None:
        """Memory that is free on the device, or held by models that may go; ``None``: unknown."""
        with self._lock:
            idle_mb = sum(entry.size_mb for _, entry in self._shelf.idle() if not entry.beside)
        free_mb = self._free_now_mb()
        return None if free_mb is None else max(0, free_mb + idle_mb)

    def make_room(self, mb: int) -> bool:
        """Evict until ``mb`` are free on the device or nothing more may go; whether they are."""
        while ((free_mb := self._free_now_mb()) is None or free_mb < mb) and self._evict():
            self._hand_back()
        return free_mb is not None and free_mb >= mb

    def account(self) -> tuple[list[float], int]:
        """Seconds of each load, and how many models left the device, since the last call."""
        with self._lock:
            told = self._loads_s, self._evicted
            self._loads_s, self._evicted = [], 0
            return told

    def resident(self) -> dict[str, int]:
        """Group to MB of those that are whole on the device, least recently used first."""
        with self._lock:
            known = self._shelf.entries
            here = {key: entry for key, entry in known.items() if not entry.parked}
            sizes = {key: 0 if entry.host else entry.size_mb for key, entry in here.items()}
            return self._groups.whole(sizes, known.keys())

    def held_mb(self) -> int:
        """What all models take, parked ones too."""
        with self._lock:
            return self._shelf.taken_mb(beside=False) + self._shelf.taken_mb(beside=True)

    def unused_mb(self) -> tuple[int, int]:
        """What models that the running task did not take hold, as measured: on the device, and
        parked beside it."""
        with self._lock:
            unused = [e for e in self._shelf.entries.values() if not (e.in_use or e.host)]
            parked_mb = sum(entry.measured_mb for entry in unused if entry.parked)
            return sum(entry.measured_mb for entry in unused) - parked_mb, parked_mb

    # --- one model ------------------------------------------------------------------------------

    def _take(self, key: str, entry: Entry, group: str, pinned: bool) -> Any:
        """Give it to the running task. The caller holds the lock."""
        entry.pinned = entry.pinned or pinned
        self._shelf.use(key, entry, group or key)
        self._groups.take(group or key, key)
        return entry.model

    def _loaded(
        self,
        load: Callable[[], Any],
        size_mb: int,
        park: Act | None,
        wake: Act | None,
        host: bool,
    ) -> Entry:
        before_mb = self._used_mb()
        began_s = time.monotonic()
        model = load()
        took_s = time.monotonic() - began_s
        self._loads_s.append(took_s)
        measured_mb = max(0, self._used_mb() - before_mb)
        return Entry(model, max(size_mb, measured_mb), measured_mb, took_s, park, wake, host)

    def _forget(self, error: BaseException) -> None:
        """What the failed code held must not live on in the frames of its traceback."""
        cause: BaseException | None = error
        while cause is not None:
            traceback.clear_frames(cause.__traceback__)
            cause = cause.__cause__ or cause.__context__
        self._hand_back()

    # --- evictions ------------------------------------------------------------------------------

    def _make_room(self, target_mb: int) -> None:
        """Evict until everything, loads included, fits in ``target_mb`` or nothing more may go."""
        evicted = False
        while self._taken_mb() > target_mb and self._evict():
            evicted = True
        if evicted:
            self._hand_back()

    def _evict(self) -> bool:
        """Park or drop the model of least worth that is on the device; false if none may go."""
        shelf = self._shelf
        with self._lock:
            key = shelf.least(beside=False)
            if key is None:
                return False
            entry = shelf.entries.pop(key)
            self._evicted += 1
            park = entry.park
            if park is None or entry.wake is None:
                return True
            if not shelf.clear_beside(entry.size_mb, self.parked_mb, shelf.worth(entry)):
                return True
            # Parks under way are not counted in memory: they are few.
            move = self._moves[key] = _Move(0)
        try:
            gc.collect()
            park(entry.model)
        except Exception as error:
            # As text: a log record that kept the error would keep the model through its frames.
            said = f"{type(error).__name__}: {error}"
            _log.warning("the model %s could not be parked and was dropped: %s", key, said)
            self._forget(error)
        else:
            entry.parked = True
        with self._lock:
            if entry.parked:
                shelf.entries[key] = entry
            del self._moves[key]
        move.done.set()
        return True

    def _taken_mb(self) -> int:
        with self._lock:
            moving_mb = sum(move.size_mb for move in self._moves.values())
            return self._shelf.taken_mb(beside=False) + moving_mb

    def _free_now_mb(self) -> int | None:
        if self._free_mb is not None:
            return self._free_mb()
        return max(self.capacity_mb, self._reserved_mb) - self._taken_mb()

    def _hand_back(self) -> None:
        # The last reference must be gone before memory can be handed back.
        gc.collect()
        self._release()
