"""Everything a task says ends in its attempt's log: log records, prints, and writes of C code.

Invariant: while a task runs, file descriptors 1 and 2 *are* its log file, so that even the last
words of a dying C library are kept; before and after, they are the engine's own.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import io
import logging
import os
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from farm.engine.protocol import EngineRequest
from farm.logs import json_line

_STDOUT, _STDERR = 1, 2


class _ToStderr(logging.Handler):
    """One write per record, so that lines of several threads never mix."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            os.write(_STDERR, (self.format(record) + "\n").encode("utf-8", "backslashreplace"))
        except Exception:
            self.handleError(record)


class _Formatter(logging.Formatter):
    """``2026-05-01T12:00:00.123Z INFO message``; a library's records carry its name as well.

    ``about``: what each line of the ``json`` form says besides; ``None`` for the form above.
    """

    about: dict[str, Any] | None = None

    def format(self, record: logging.LogRecord) -> str:
        if self.about is not None:
            return json_line(record, self.about)
        text = super().format(record)
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        source = "" if record.name == "farm.task" else f"{record.name}: "
        return f"{stamp}.{int(record.msecs):03d}Z {record.levelname} {source}{text}"


class LogCapture:
    """The engine's standard streams; ``with capture.to(path):`` sends them to a file."""

    def __init__(self) -> None:
        self._own = (os.dup(_STDOUT), os.dup(_STDERR))
        self._path = ""
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                # Line by line, or a crash would take the last prints with it.
                stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
        faulthandler.enable(_STDERR)
        self._c_flush = ctypes.CDLL(None).fflush
        handler = _ToStderr()
        self._formatter = _Formatter("%(message)s")
        handler.setFormatter(self._formatter)
        logging.basicConfig(level=logging.INFO, handlers=[handler])
        self.log = logging.getLogger("farm.task")

    def about(self, request: EngineRequest) -> None:
        """What the next task's lines say about themselves, in the form that is wanted."""
        about = None
        if request.log_format == "json":
            about = {
                "correlation": request.correlation,
                "job": request.task_id.split(".", 1)[0],
                "task": request.task_id,
                "attempt": request.number,
                "stage": request.stage_id,
            }
        self._formatter.about = about

    def to(self, path: str) -> LogCapture:
        """Choose the log file of the next ``with`` block."""
        self._path = path
        return self

    def __enter__(self) -> LogCapture:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        try:
            fd = os.open(self._path, flags, 0o644)
        except FileNotFoundError:
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
            fd = os.open(self._path, flags, 0o644)
        os.dup2(fd, _STDOUT)
        os.dup2(fd, _STDERR)
        os.close(fd)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # plugin code may have closed it
                stream.flush()
        self._c_flush(None)
        empty = os.fstat(_STDERR).st_size == 0
        os.dup2(self._own[0], _STDOUT)
        os.dup2(self._own[1], _STDERR)
        if empty:
            os.unlink(self._path)  # noqa: PTH108 - per task, and a Path costs more than the call
