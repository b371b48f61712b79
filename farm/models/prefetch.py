"""Reading the files of the next models into the page cache while an engine still works.

Invariant: nothing depends on it. It takes only memory that nobody uses, at a low priority, reads
what is wanted now and stops within one piece when that is wanted no longer.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import psutil

from farm.domain.errors import FarmError

_log = logging.getLogger(__name__)
_PIECE = 8 << 20
_SPARED = 0.1
"""Share of the machine's memory that is left free."""

Find = Callable[[str, str], Path]
"""``find(name, manifest digest)``: the folder with a model's files; raises FarmError."""


def spare_bytes() -> int:
    """Memory that nobody uses, but for a tenth of the machine's, in bytes."""
    memory = psutil.virtual_memory()
    return int(memory.available - memory.total * _SPARED)


class Prefetch:
    """One thread that reads ahead. spare : memory it may fill at the moment, in bytes."""

    def __init__(self, find: Find, spare: Callable[[], int] = spare_bytes) -> None:
        self._find = find
        self._spare = spare
        self._changed = threading.Condition()
        self._wanted: tuple[tuple[str, str], ...] = ()
        self._read: dict[tuple[str, str], int] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def want(self, models: Sequence[Mapping[str, str]]) -> None:
        """Read these next, in this order, and nothing else: name to manifest digest, for each."""
        wanted = tuple(item for some in models for item in some.items())
        if wanted == self._wanted or not hasattr(os, "posix_fadvise"):
            return
        with self._changed:
            self._wanted = wanted
            self._read = {key: size for key, size in self._read.items() if key in wanted}
            if self._thread is None and wanted:
                self._thread = threading.Thread(target=self._loop, name="prefetch", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait(self, timeout_s: float) -> bool:
        """Wait until everything that is wanted was read or left out; whether it was."""
        with self._changed:
            return self._changed.wait_for(lambda: self._next() is None, timeout_s)

    def close(self) -> None:
        """Stop."""
        with self._changed:
            self._closed, self._wanted = True, ()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout=2.0)

    def _next(self) -> tuple[str, str] | None:
        return next((key for key in self._wanted if key not in self._read), None)

    def _loop(self) -> None:
        _give_way()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._next() is not None)
                key = self._next()
                if self._closed or key is None:
                    return
            size = 0
            try:
                size = self._model(key)
            except (FarmError, OSError) as error:
                # The task that needs it will say so; this is only about being early.
                _log.debug("not read ahead: %s: %s", key[0], error)
            with self._changed:
                self._read[key] = size
                self._changed.notify_all()

    def _model(self, key: tuple[str, str]) -> int:
        """Read a model's files; returns the bytes read."""
        files = [path for path in sorted(self._find(*key).rglob("*")) if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        # What was read before counts as memory nobody uses, but is meant to stay.
        if size + sum(self._read.values()) > self._spare():
            _log.debug("not read ahead: %s needs %d bytes of memory", key[0], size)
            return 0
        for path in files:
            handle = os.open(path, os.O_RDONLY)
            try:
                self._file(key, handle)
            finally:
                os.close(handle)
        return size

    def _file(self, key: tuple[str, str], handle: int) -> None:
        end = os.fstat(handle).st_size
        for start in range(0, end, _PIECE):
            if key not in self._wanted:
                return
            length = min(_PIECE, end - start)
            os.posix_fadvise(handle, start, length, os.POSIX_FADV_WILLNEED)
            # The last byte arrives after the others: so the disk is asked for one piece at a time.
            os.pread(handle, 1, start + length - 1)


def _give_way() -> None:
    """Give this thread the lowest priority, for the processor and for the disk.

    For the disk the lowest that is still served: idle reads starve for minutes behind what
    renders write, and the model would come too late.
    """
    if sys.platform != "linux":
        return
    thread = threading.get_native_id()
    try:
        os.setpriority(os.PRIO_PROCESS, thread, 19)
        psutil.Process(thread).ionice(psutil.IOPRIO_CLASS_BE, 7)
    except (OSError, psutil.Error) as error:
        _log.debug("reading ahead at the usual priority: %s", error)
