"""A limiter that sees every peak coming, between the samples too.

Invariant: at every sample the gain is at most what the true peak there needs. The least gain needed
within the look-ahead is held, released slowly, and smoothed over no more than the look-ahead; the
mean of values that are all low enough is low enough.
"""

from __future__ import annotations

import math

import numpy as np

from farm.media.sound import RATE, Sound
from farm_finish.audio.compiled import kernel
from farm_finish.audio.peaks import DELAY, Oversampler

LOOK_AHEAD = RATE // 200
RELEASE_S = 0.08
_LAG = LOOK_AHEAD - 1 + DELAY


class Limiter:
    """gain: factor before limiting; ceiling: factor of full scale that no true peak passes.

    least : the lowest gain it used so far.
    """

    def __init__(self, gain: float, ceiling: float) -> None:
        self._gain, self._ceiling = np.float32(gain), ceiling
        self._oversampler = Oversampler()
        # Values for the samples before the first, so that gains are complete from sample 0 on.
        self._needed = np.ones(LOOK_AHEAD - 1 - DELAY)
        self._released = np.ones(0)
        self._level = np.ones(1)
        self._waiting = np.zeros((2, 0), np.float32)
        self._release = 1 - round(math.exp(-1 / (RELEASE_S * RATE)), 9)
        self.least = 1.0

    def feed(self, sound: Sound) -> Sound:
        """Limit (2, n) more samples; what comes out is late by a few milliseconds."""
        louder = sound * self._gain
        levels = self._oversampler.feed(louder).astype(np.float64)
        needed = np.concatenate([self._needed, self._ceiling / np.maximum(levels, self._ceiling)])
        self._waiting = np.concatenate([self._waiting, louder], axis=1)
        count = max(0, len(needed) - LOOK_AHEAD + 1)
        self._needed = needed[count:]
        released = np.empty(count)
        _hold_and_release(needed, self._release, self._level, released)
        gains = self._smoothed(released)
        result = self._waiting[:, : len(gains)] * gains.astype(np.float32)
        self._waiting = self._waiting[:, len(gains) :]
        self.least = min(self.least, float(gains.min(initial=1.0)))
        return np.asarray(result, np.float32)

    def finish(self) -> Sound:
        """The samples that are still waiting."""
        return self.feed(np.zeros((2, _LAG), np.float32))

    def _smoothed(self, released: np.ndarray) -> np.ndarray:
        known = np.concatenate([self._released, released])
        if len(known) < LOOK_AHEAD:
            self._released = known
            return np.ones(0)
        self._released = known[len(known) - (LOOK_AHEAD - 1) :]
        sums = np.concatenate([[0.0], np.cumsum(known)])
        # A cumulative sum rounds; what it may add is taken off again.
        return (sums[LOOK_AHEAD:] - sums[:-LOOK_AHEAD]) / LOOK_AHEAD - 1e-9


@kernel
def _hold_and_release(needed, release, level, out):
    """The least of the next LOOK_AHEAD needs, and from there up by ``release`` of the rest a sample.

    level : float64 (1,), the last value that was given.
    """
    last = level[0]
    least_at = -1
    for n in range(len(out)):
        if least_at < n:  # The least has gone by: look for the next.
            least_at = n
            for k in range(n + 1, n + LOOK_AHEAD):
                if needed[k] <= needed[least_at]:
                    least_at = k
        elif needed[n + LOOK_AHEAD - 1] <= needed[least_at]:
            least_at = n + LOOK_AHEAD - 1
        last = min(needed[least_at], last + (1 - last) * release)
        out[n] = last
    level[0] = last
