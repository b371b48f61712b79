"""How the sound of a film is described, from what the meter of :mod:`farm_procedural.sound` reads.

Invariant: loudness is measured as broadcasters do, so that -16 LUFS here is -16 LUFS anywhere, and
it is the same meter that masters the sound of films made here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm_procedural.analyse.schema import Audio
from farm_procedural.sound.loudness import Meter, block_powers, decibels, integrated, lufs
from farm_procedural.sound.tables import RATE, Floats

SILENCE_LUFS, SILENCE_DBFS = -70.0, -120.0
_SOFT_LUFS = -60.0
_AT_ONCE = 2 * RATE
"""Samples that are measured together; the meter filters long pieces at less cost."""


class Hearing:
    """Listens to float samples (2, n) at 48 kHz, block by block.

    samples : how many it heard.
    """

    def __init__(self) -> None:
        self._meter = Meter()
        self._waiting: list[Floats] = []
        self._held = 0
        self._peak = 0.0
        self.samples = 0

    def hear(self, samples: Floats) -> None:
        """The next samples."""
        if samples.shape[1] == 0:
            return
        self._peak = max(self._peak, float(np.abs(samples).max()))
        self.samples += samples.shape[1]
        self._held += samples.shape[1]
        self._waiting.append(samples)
        if self._held >= _AT_ONCE:
            self._measure()

    def audio(self, sample_rate: int, channels: int) -> Audio:
        """What was heard; ``sample_rate`` and ``channels`` are those of the source."""
        self._measure()
        powers = self._meter.powers()
        levels = _levels(block_powers(powers))
        loud = levels[levels > SILENCE_LUFS]
        low, high = np.percentile(loud, [10, 90]) if len(loud) else (0.0, 0.0)
        return Audio(
            duration_s=round(self.samples / RATE, 4),
            sample_rate=sample_rate,
            channels=channels,
            loudness_lufs=round(max(SILENCE_LUFS, integrated(powers)), 2),
            peak_dbfs=round(max(SILENCE_DBFS, decibels(self._peak)), 2),
            silent=round(float((levels < _SOFT_LUFS).mean()), 4),
            range_lu=round(float(high - low), 2),
        )

    def _measure(self) -> None:
        if self._waiting:
            self._meter.feed(np.concatenate(self._waiting, axis=1))
            self._waiting, self._held = [], 0


def _levels(powers: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.array([lufs(max(float(power), 1e-12)) for power in powers])
