"""Where in a word's time it is heard: what a model says too generously, told by the sound itself.

Invariant: a word's time only ever becomes shorter, within what it was, and by silence alone.

Whisper gives a word the pause in front of it; in captions that shows as text that comes too early.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_STEP_S = 0.01
_BELOW_PEAK_DB, _ABOVE_FLOOR_DB = 38.0, 9.0


class Sounding:
    """The loudness of a piece of sound. samples : float32 (n,) at ``rate`` Hz."""

    def __init__(self, samples: NDArray[np.float32], rate: int) -> None:
        step = round(rate * _STEP_S)
        count = len(samples) // step
        blocks = samples[: count * step].reshape(count, step).astype(np.float64)
        levels = 10 * np.log10((blocks * blocks).mean(axis=1) + 1e-12)
        # Over noise the quietest tenth is the floor; in silence the loudest speech decides.
        floor = float(np.percentile(levels, 10)) + _ABOVE_FLOOR_DB if count else 0.0
        peak = float(np.percentile(levels, 99)) - _BELOW_PEAK_DB if count else 0.0
        self._heard = levels > max(peak, min(floor, peak + _BELOW_PEAK_DB / 2))

    def within(self, start_s: float, end_s: float) -> tuple[float, float]:
        """The part of a stretch in which something is heard; the whole if nothing is."""
        first, last = int(start_s / _STEP_S), int(np.ceil(end_s / _STEP_S))
        found = np.flatnonzero(self._heard[first:last])
        if not len(found):
            return start_s, end_s
        return (
            max(start_s, (first + int(found[0])) * _STEP_S),
            min(end_s, (first + int(found[-1]) + 1) * _STEP_S),
        )
