"""The last step: one gain for the film and a limiter that sees every peak coming.

Invariant: the true peak stays below the ceiling whatever was mixed; loudness reaches the target
with the limiter's own work counted in.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farm_procedural.sound.loudness import STEP, Meter, PeakMeter, integrated
from farm_procedural.sound.tables import CELL, Floats, curve, settle

TARGET_LUFS = -16.0
CEILING = 0.85
"""Factor of full scale that peaks are held at: -1.4 dB, so that -1 dB survives lossy coding."""
_REACH = 12
_MOST = 200.0


class Survey:
    """Takes the mix in blocks and learns what mastering needs to know about it."""

    def __init__(self) -> None:
        self._meter, self._peaks = Meter(), PeakMeter()

    def feed(self, block: Floats) -> None:
        """Measure (2, n) samples."""
        self._meter.feed(block)
        self._peaks.feed(block)

    def master(self) -> Master:
        """The gains that bring the mix to the target."""
        powers, cells = self._meter.powers(), self._peaks.cells()
        loud = integrated(powers)
        if not np.isfinite(loud):
            return Master(1.0, np.ones(len(cells) + 1, np.float32))
        gain = 1.0
        limits = np.ones(len(cells) + 1, np.float32)
        for _ in range(10):
            step = 10 ** ((TARGET_LUFS - loud) / 20)
            gain = round(min(gain * step, _MOST), 5)
            limits = _limits(cells, gain)
            loud = integrated(powers * gain**2 * _kept(limits, len(powers)))
            if abs(loud - TARGET_LUFS) < 0.02:
                break
        return Master(gain, limits)


@dataclass(frozen=True, slots=True)
class Master:
    """gain: factor for the whole film; limits: factors at every cell's start, the end included."""

    gain: float
    limits: Floats

    def apply(self, block: Floats, first: int) -> Floats:
        """The mastered (2, n) samples of a mix from sample ``first``, a multiple of CELL, on."""
        count = block.shape[1]
        cells = -(-count // CELL)
        at = first // CELL
        gains = curve(self.limits[at : at + cells + 1], count)
        return block * (gains * np.float32(self.gain))


def _limits(cells: Floats, gain: float) -> Floats:
    """Factors at the cells' edges under which no peak passes the ceiling: the least needed nearby,
    smoothed over less than what "nearby" is, so that the smooth curve still keeps below it."""
    needed = np.minimum(CEILING / np.maximum(cells * np.float32(gain), 1e-9), 1)
    if needed.min(initial=1.0) >= 1:
        return np.ones(len(cells) + 1, np.float32)
    around = np.pad(needed, _REACH, constant_values=1.0)
    least = np.lib.stride_tricks.sliding_window_view(around, 2 * _REACH).min(axis=1)
    edges = np.pad(least.astype(np.float64), _REACH - 1, mode="edge")
    sums = np.concatenate([[0.0], np.cumsum(edges)])
    width = 2 * _REACH - 1
    return settle((sums[width:] - sums[:-width]) / width - 1e-5, 18)


def _kept(limits: Floats, steps: int) -> np.ndarray:
    """Share of the power that the limiter lets through in each 100 ms."""
    per_step = STEP // CELL
    power = np.square(limits.astype(np.float64))
    whole = power[: len(power) // per_step * per_step].reshape(-1, per_step).mean(axis=1)
    if len(whole) >= steps:
        return whole[:steps]
    return np.concatenate([whole, np.full(steps - len(whole), power.mean())])
