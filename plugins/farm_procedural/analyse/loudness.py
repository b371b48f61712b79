"""How loud the sound of a film is.

Invariant: loudness is measured as broadcasters do, so that -16 LUFS here is -16 LUFS anywhere.

Source: ITU-R BS.1770-4 (K-weighting, blocks of 400 ms with 75 % overlap, gates at -70 LUFS and 10 LU
under the ungated mean); filter coefficients for 48 kHz from its tables.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from farm_procedural.analyse.schema import Audio
from farm_procedural.compiled import kernel

F32 = NDArray[np.float32]
RATE = 48_000
HOP = RATE // 10
SILENCE_LUFS, SILENCE_DBFS = -70.0, -120.0
_SHELF = (
    1.53512485958697,
    -2.69169618940638,
    1.19839281085285,
    -1.69065929318241,
    0.73248077421585,
)
_PASS = (1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621)


class Loudness:
    """Listens to float samples (2, n) at 48 kHz, block by block."""

    def __init__(self) -> None:
        self._state = np.zeros((2, 4))
        self._energy: list[float] = []
        self._open = np.zeros(2)
        self._peak = 0.0
        self.samples = 0

    def hear(self, samples: F32) -> None:
        """The next samples."""
        if samples.shape[1] == 0:
            return
        self._peak = max(self._peak, float(np.abs(samples).max()))
        room = np.zeros(samples.shape[1] // HOP + 2)
        filled = _weigh(np.ascontiguousarray(samples), self._state, self._open, room)
        self._energy.extend(float(v) for v in room[:filled])
        self.samples += samples.shape[1]

    def audio(self, sample_rate: int, channels: int) -> Audio:
        """What was heard; ``sample_rate`` and ``channels`` are those of the source."""
        hops = np.array(self._energy)
        if len(hops) < 4 and self.samples:
            hops = np.full(4, float(self._open[0] + hops.sum()) / max(1, self.samples) * HOP)
        blocks = np.convolve(hops, np.ones(4) / 4, "valid") / HOP if len(hops) >= 4 else hops
        levels = -0.691 + 10 * np.log10(np.maximum(blocks, 1e-12))
        loud = levels > SILENCE_LUFS
        total = SILENCE_LUFS
        spread = 0.0
        if loud.any():
            gate = -0.691 + 10 * math.log10(float(blocks[loud].mean())) - 10
            kept = blocks[loud & (levels > gate)]
            total = max(SILENCE_LUFS, -0.691 + 10 * math.log10(float(kept.mean())))
            inside = levels[loud]
            spread = float(np.percentile(inside, 90) - np.percentile(inside, 10))
        peak = 20 * math.log10(self._peak) if self._peak > 1e-6 else SILENCE_DBFS
        return Audio(
            duration_s=round(self.samples / RATE, 4),
            sample_rate=sample_rate,
            channels=channels,
            loudness_lufs=round(total, 2),
            peak_dbfs=round(peak, 2),
            silent=round(float((levels < -60).mean()), 4) if len(levels) else 1.0,
            range_lu=round(spread, 2),
        )


def loudness_of(blocks: Iterable[F32]) -> Audio:
    """Of stereo samples (2, n) at 48 kHz."""
    meter = Loudness()
    for block in blocks:
        meter.hear(block)
    return meter.audio(RATE, 2)


@kernel
def _weigh(samples, state, opened, out):
    """K-weight both channels and add up their squares per hop; returns the hops that were filled.

    state : float64 (2, 4), the filters' memory. opened : float64 (2,), energy and samples of the
    hop that is not full yet.
    """
    b0, b1, b2, a1, a2 = _SHELF
    c0, c1, c2, d1, d2 = _PASS
    filled = 0
    energy, count = opened[0], opened[1]
    for n in range(samples.shape[1]):
        for channel in range(2):
            x = np.float64(samples[channel, n])
            w1, w2, z1, z2 = (
                state[channel, 0],
                state[channel, 1],
                state[channel, 2],
                state[channel, 3],
            )
            y = b0 * x + w1
            state[channel, 0] = b1 * x - a1 * y + w2
            state[channel, 1] = b2 * x - a2 * y
            v = c0 * y + z1
            state[channel, 2] = c1 * y - d1 * v + z2
            state[channel, 3] = c2 * y - d2 * v
            energy += v * v
        count += 1
        if count >= HOP:
            out[filled] = energy
            filled += 1
            energy, count = 0.0, 0
    opened[0], opened[1] = energy, count
    return filled
