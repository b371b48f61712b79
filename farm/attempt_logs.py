"""The log files that attempts write: where they are, and reading them while they grow.

Invariant: a line is handed out once and whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_NAME = re.compile(r"(?P<task>[a-z][a-z0-9_]*\.\d+)\.(?P<attempt>\d+)\.log")


@dataclass(slots=True)
class LogFile:
    """A log that is being read. ``task``: ``<stage>.<window>``."""

    task: str
    attempt: int
    path: Path
    read_bytes: int = 0
    rest: bytes = field(default=b"")

    def lines(self, *, last: bool) -> Iterator[str]:
        """Whole lines since the last call; ``last``: and what has no line end."""
        with self.path.open("rb") as file:
            file.seek(self.read_bytes)
            data = self.rest + file.read()
            self.read_bytes = file.tell()
        *whole, self.rest = data.split(b"\n")
        if last and self.rest:
            whole.append(self.rest)
            self.rest = b""
        for line in whole:
            yield line.decode("utf-8", errors="replace")


def find_logs(folder: Path, task: str | None, attempt: int | None) -> list[LogFile]:
    """Logs in a job's folder, the oldest first; ``task``: only of ``<stage>.<window>``."""
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        match = _NAME.fullmatch(path.name)
        if match is None:
            continue
        file = LogFile(match["task"], int(match["attempt"]), path)
        if task in (None, file.task) and attempt in (None, file.attempt):
            found.append((path.stat().st_mtime, file.task, file.attempt, file))
    return [entry[-1] for entry in sorted(found, key=lambda entry: entry[:3])]


def log_path(spool: Path, task_id: str, number: int) -> Path:
    """Where the log of an attempt is kept."""
    job, _, rest = task_id.partition(".")
    return spool / "logs" / job / f"{rest}.{number}.log"
