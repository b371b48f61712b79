"""Stretches in which something holds: silence, clipping.

Invariant: stretches that go on from one block into the next are one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class Runs:
    """Collects runs of at least ``least`` samples in a row. ``keep``: of how many runs the places
    are kept; all are counted.

    spans : (first, after the last) of the runs. count, samples : of all runs that ended.
    """

    def __init__(self, least: int, keep: int | None = None) -> None:
        self._least, self._keep = max(1, least), keep
        self._at = 0
        self._begun: int | None = None
        self.spans: list[tuple[int, int]] = []
        self.count = self.samples = 0

    def feed(self, holds: NDArray[np.bool_]) -> None:
        """Whether it holds at each of the next samples, shape (n,)."""
        before = self._begun is not None
        flips = np.flatnonzero(np.diff(holds, prepend=before)) + self._at
        self._at += len(holds)
        for flip in flips.tolist():
            if self._begun is None:
                self._begun = flip
            else:
                self._end(flip)

    def finish(self) -> None:
        """There are no more samples."""
        if self._begun is not None:
            self._end(self._at)

    def _end(self, stop: int) -> None:
        begin, self._begun = self._begun, None
        if begin is None or stop - begin < self._least:
            return
        self.count += 1
        self.samples += stop - begin
        if self._keep is None or len(self.spans) < self._keep:
            self.spans.append((begin, stop))
