"""Sound kept on the node's disk while it is worked on, so that memory does not grow with it.

Invariant: outside of what was written there is silence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

import numpy as np

from farm.media.sound import BLOCK, RATE, Sound

Tick = Callable[[float], None]
"""Is told how many seconds of sound are done; may raise to stop."""


class Spool:
    """Stereo samples in a file, 23 MB a minute; removed when it is closed.

    samples : how many there are.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w+b")
        self.samples = 0

    def append(self, sound: Sound) -> None:
        """Keep (2, n) more samples."""
        self._file.seek(0, 2)
        self._file.write(np.ascontiguousarray(sound.T).tobytes())
        self.samples += sound.shape[1]

    def read(self, first: int, count: int) -> Sound:
        """Samples (2, count) from ``first`` on, which may lie outside."""
        result = np.zeros((2, count), np.float32)
        begin, end = max(0, first), min(self.samples, first + count)
        if begin < end:
            self._file.seek(begin * 8)
            data = np.frombuffer(self._file.read((end - begin) * 8), np.float32)
            result[:, begin - first : end - first] = data.reshape(-1, 2).T
        return result

    def blocks(self) -> Iterable[Sound]:
        """All of it, in blocks."""
        for first in range(0, self.samples, BLOCK):
            yield self.read(first, min(BLOCK, self.samples - first))

    def fill(self, sound: Iterable[Sound], tick: Tick) -> Spool:
        """Keep all of ``sound``; returns itself."""
        for block in sound:
            self.append(block)
            tick(self.samples / RATE)
        return self

    def close(self) -> None:
        """Remove the file."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
