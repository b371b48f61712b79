"""Reading the logs of a job's attempts as they grow, and two attempts against one another.

Invariant: what is read at once is bounded, so a huge log neither fills the memory nor stops the rest.
"""

from __future__ import annotations

import difflib
from pathlib import Path

from farm.attempt_logs import LogFile, find_logs

_TAIL_BYTES = 2_000_000


class LogReading:
    """Follows the logs in a folder. task : ``<stage>.<window>``, or ``None`` for all of them."""

    def __init__(self, folder: Path, task: str | None, *, done: bool = False) -> None:
        self._folder, self._task, self._done = folder, task, done
        self._known: dict[Path, LogFile] = {}

    def more(self) -> list[str]:
        """Lines since the last call; of a long log its end."""
        if self._done:
            return []
        found: list[str] = []
        files = find_logs(self._folder, self._task, None)
        for file in files:
            known = self._known.get(file.path)
            if known is None:
                known = self._known[file.path] = file
                size = file.path.stat().st_size
                if size > _TAIL_BYTES:
                    known.read_bytes = size - _TAIL_BYTES
                    found.append(f"… {size - _TAIL_BYTES} bytes before are in {file.path}")
                found.append(f"── {file.task} attempt {file.attempt} ──")
            found.extend(known.lines(last=False))
        return found


def compare(folder: Path, task: str) -> list[str]:
    """The logs of a task's last two attempts against one another, as a unified difference."""
    files = find_logs(folder, task, None)
    if len(files) < 2:
        return [f"{task} was tried once on this machine; there is nothing to compare."]
    before, after = sorted(files, key=lambda file: file.attempt)[-2:]
    lines = difflib.unified_diff(
        list(before.lines(last=True)),
        list(after.lines(last=True)),
        f"attempt {before.attempt}",
        f"attempt {after.attempt}",
        n=2,
        lineterm="",
    )
    return list(lines) or ["Both attempts wrote the same."]
