"""Loudness as ITU-R BS.1770-4 and EBU R128 define it: integrated, momentary, short-term, range.

Invariant: what is measured in blocks equals, to the bit, what is measured in one piece.

Sources: ITU-R BS.1770-4 (K weighting at 48 kHz from its tables; blocks of 400 ms every 100 ms;
gates at -70 LUFS and 10 LU under the mean of what passed); EBU Tech 3341 (momentary 400 ms,
short-term 3 s); EBU Tech 3342 (range: 10th to 95th percentile of short-term values over -70 LUFS
and over 20 LU under their mean).
"""

# mypy: allow-untyped-defs

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.sound import RATE, Sound

HOP = RATE // 10
ABSOLUTE_GATE, RELATIVE_GATE, RANGE_GATE = -70.0, -10.0, -20.0
_MOMENTARY, _SHORT_TERM = 4, 30
_SHELF = (
    1.53512485958697,
    -2.69169618940638,
    1.19839281085285,
    -1.69065929318241,
    0.73248077421585,
)
_HIGH_PASS = (1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621)

Powers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Loudness:
    """Levels in LUFS, ``-inf`` for silence; ``range_lu`` in LU."""

    integrated: float
    momentary_max: float
    short_term_max: float
    range_lu: float


class LoudnessMeter:
    """Takes (channels, n) samples at 48 kHz, all channels of weight 1, and keeps one number for
    every 100 ms."""

    def __init__(self, channels: int = 2) -> None:
        self._filters = np.zeros((channels, 4))
        self._open = np.zeros(channels + 1)
        self._hops: list[Powers] = []

    def feed(self, sound: Sound) -> None:
        """The next samples."""
        room = np.empty(sound.shape[1] // HOP + 1)
        filled = _weigh(np.ascontiguousarray(sound), self._filters, self._open, room)
        self._hops.append(room[:filled].copy())

    def loudness(self) -> Loudness:
        """What was heard so far; sound of under 400 ms is measured as a whole."""
        hops = np.concatenate([*self._hops, np.zeros(0)])
        count = len(hops) * HOP + self._open[-1]
        mean = (hops.sum() * HOP + self._open[:-1].sum()) / count if count else 0.0
        momentary = _windows(hops, _MOMENTARY, mean)
        short_term = _windows(hops, _SHORT_TERM, mean)
        return Loudness(
            _integrated(momentary),
            lufs(float(momentary.max())),
            lufs(float(short_term.max())),
            _range(short_term) if len(hops) >= _SHORT_TERM else 0.0,
        )


def lufs(power: float) -> float:
    """Loudness of a mean square of K-weighted sound, channels added up."""
    return -0.691 + 10 * math.log10(power) if power > 0 else -math.inf


def _power(level: float) -> float:
    return math.pow(10, (level + 0.691) / 10)


def _windows(hops: Powers, size: int, mean: float) -> Powers:
    """Mean power of every ``size`` hops in a row; of a shorter sound the mean of all."""
    if len(hops) < size:
        return np.full(1, mean)
    return np.asarray(np.lib.stride_tricks.sliding_window_view(hops, size).mean(axis=1))


def _integrated(momentary: Powers) -> float:
    loud = momentary[momentary > _power(ABSOLUTE_GATE)]
    if not len(loud):
        return -math.inf
    gate = _power(lufs(float(loud.mean())) + RELATIVE_GATE)
    return lufs(float(loud[loud > gate].mean()))


def _range(short_term: Powers) -> float:
    loud = short_term[short_term > _power(ABSOLUTE_GATE)]
    if not len(loud):
        return 0.0
    kept = loud[loud > _power(lufs(float(loud.mean())) + RANGE_GATE)]
    low, high = np.percentile(kept, [10, 95], method="nearest")
    return lufs(float(high)) - lufs(float(low))


@kernel
def _weigh(sound, filters, opened, out):
    """K-weight every channel and put the mean square of each full 100 ms into ``out``.

    filters : float64 (channels, 4), the two filters' memory. opened : float64 (channels + 1,), the
    sums of the hop that is not full yet and, last, how many samples it has. Returns how many hops
    were filled.
    """
    b0, b1, b2, a1, a2 = _SHELF
    c0, c1, c2, d1, d2 = _HIGH_PASS
    channels, count = sound.shape
    filled = 0
    at = 0
    while at < count:
        stop = min(count, at + HOP - int(opened[channels]))
        for channel in range(channels):
            w1, w2, z1, z2 = filters[channel]
            total = opened[channel]
            for n in range(at, stop):
                x = np.float64(sound[channel, n])
                y = b0 * x + w1
                w1 = b1 * x - a1 * y + w2
                w2 = b2 * x - a2 * y
                v = c0 * y + z1
                z1 = c1 * y - d1 * v + z2
                z2 = c2 * y - d2 * v
                total += v * v
            filters[channel, 0], filters[channel, 1] = w1, w2
            filters[channel, 2], filters[channel, 3] = z1, z2
            opened[channel] = total
        opened[channels] += stop - at
        at = stop
        if opened[channels] >= HOP:
            out[filled] = opened[:channels].sum() / HOP
            filled += 1
            opened[:] = 0.0
    return filled
