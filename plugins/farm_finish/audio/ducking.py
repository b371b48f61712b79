"""Ducking: music gives way while somebody speaks.

Invariant: the gain is a function of the voice alone, moves no faster than attack and release say,
and never falls below the most it may give way.
"""

from __future__ import annotations

import math

import numpy as np

from farm.media.sound import RATE, Sound
from farm_finish.audio.compiled import kernel
from farm_finish.audio.params import MixParams

CELL = 48
"""Samples (1 ms) between two values of the gain; blocks are whole cells."""
_SMOOTH_MS = 10.0


class Ducker:
    """A compressor whose side chain is the sound that others give way to."""

    def __init__(self, params: MixParams) -> None:
        self._threshold, self._most = params.duck_threshold_db, params.duck_most_db
        self._share = 1 - 1 / params.duck_ratio
        self._attack = _constant(params.duck_attack_ms)
        self._release = _constant(params.duck_release_ms)
        self._smooth = _constant(_SMOOTH_MS)
        self._power = np.zeros(1)
        self._fall = np.zeros(1)
        self._last = 1.0

    def gains(self, key: Sound) -> Sound:
        """Factors (n,) for the next samples, from the (2, n) samples that are given way to."""
        count = key.shape[1]
        cells = -(-count // CELL)
        padded = np.pad(key, ((0, 0), (0, cells * CELL - count)))
        power = np.square(padded.reshape(2, cells, CELL), dtype=np.float64).mean(axis=2).max(axis=0)
        # Without this the waves of a low voice would be taken for loud and soft speech.
        smooth = np.empty(cells)
        _follow(power, self._smooth, self._smooth, self._power, smooth)
        level = np.round(10 * np.log10(np.maximum(smooth, 1e-12)), 6)
        wanted = np.clip((level - self._threshold) * self._share, 0, self._most)
        falls = np.empty(cells)
        _follow(wanted, self._attack, self._release, self._fall, falls)
        edges = np.concatenate([[self._last], np.round(np.exp2(falls * -_OCTAVE), 7)])
        self._last = float(edges[-1])
        ramp = np.arange(1, CELL + 1) / CELL
        lines = edges[:-1, None] + np.diff(edges)[:, None] * ramp
        return lines.reshape(-1)[:count].astype(np.float32)


_OCTAVE = math.log2(10) / 20


def _constant(time_ms: float) -> float:
    return round(math.exp(-CELL / RATE * 1000 / time_ms), 9)


@kernel
def _follow(wanted, attack, release, state, out):
    """One pole, with a constant for rising and one for falling."""
    fall = state[0]
    for n in range(len(wanted)):
        keep = attack if wanted[n] > fall else release
        fall = wanted[n] + (fall - wanted[n]) * keep
        out[n] = fall
    state[0] = fall
