"""Preview pictures: written by a task, found by its node.

Invariant: a preview is a whole PNG or JPEG of a bounded size, and the newest alone counts; whoever
writes them fast costs nobody anything but their own time.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from farm.domain.errors import PluginError

MOST_BYTES = 256 * 1024
EVERY_S = 2.0
_FILE = ".preview"
_KINDS = {b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}


def kind_of(picture: bytes) -> str | None:
    """``png`` or ``jpg``; ``None`` for anything else."""
    return next((kind for head, kind in _KINDS.items() if picture.startswith(head)), None)


def leave(scratch: Path, picture: Path | bytes, *, where: str, log: logging.Logger) -> None:
    """Put a preview where the node looks for it; one that is too large is left out and logged.

    Raises
    ------
    PluginError : it is neither PNG nor JPEG.
    """
    data = picture if isinstance(picture, bytes) else picture.read_bytes()
    if kind_of(data) is None:
        raise PluginError(
            "a preview is no picture",
            where=where,
            expected="a PNG or a JPEG",
            got=repr(data[:8]),
            code="stage.preview",
        )
    if len(data) > MOST_BYTES:
        # A picture of noise packs badly; no reason to lose an hour's work over it.
        log.warning("a preview of %d bytes is left out: at most %d", len(data), MOST_BYTES)
        return
    part = scratch / f"{_FILE}.part"
    part.write_bytes(data)
    part.replace(scratch / _FILE)


class PreviewWatch:
    """Looks for new previews of the tasks that run, at most one in two seconds for each."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, int], tuple[int, float]] = {}

    def look(
        self, scratches: Mapping[tuple[str, int], Path], now_s: float
    ) -> dict[tuple[str, int], bytes]:
        """Attempt to its newest preview, of those that have a new one.

        scratches : scratch folder of each running attempt. now_s : monotonic seconds.
        """
        self._seen = {key: seen for key, seen in self._seen.items() if key in scratches}
        found = {}
        for key, scratch in scratches.items():
            written, at_s = self._seen.get(key, (0, now_s - EVERY_S))
            if now_s - at_s < EVERY_S:
                continue
            newest = _read(scratch / _FILE, written)
            if newest is not None:
                self._seen[key] = (newest[0], now_s)
                found[key] = newest[1]
        return found


def _read(path: Path, written: int) -> tuple[int, bytes] | None:
    """Time of writing and bytes, if it is another than the one that was ``written``."""
    try:
        # A plugin owns the folder: whatever else it made of this name is not followed or waited for.
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(fd, "rb") as file:
        now = os.fstat(fd).st_mtime_ns
        if now == written:
            return None
        try:
            data = file.read(MOST_BYTES + 1)
        except OSError:
            return None
    return (now, data) if len(data) <= MOST_BYTES and kind_of(data) else None
