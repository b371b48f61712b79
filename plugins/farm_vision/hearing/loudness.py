"""How loud a sound is, for an ear and on the meter.

Invariant: powers of each :data:`STEP` samples; silence has power 0, which is told as -70.

Source of the weighting: ITU-R BS.1770-5, whose two filters are derived here for the rate that is
listened at; what lies above 8 kHz is not heard.
"""

from __future__ import annotations

import math

import numpy as np

from farm.media.compiled import kernel
from farm_vision.hearing.listening import RATE, Samples
from farm_vision.hearing.spectrum import Series

STEP = 64
SILENCE = -70.0
"""LUFS and decibels below which all is silence."""
_SHELF = (1681.974450955533, 3.999843853973347, 0.7071752369554196)
_PASS = (38.13547087602444, 0.5003270373238773)


class Loudness:
    """Listens to a sound in parts."""

    def __init__(self) -> None:
        self._filters = np.array([_shelf(*_SHELF), _high_pass(*_PASS)])
        self._state = np.zeros((2, 2))
        self._held = np.empty(0, np.float32)
        self._found: list[Series] = []

    def take(self, part: Samples) -> None:
        """Listen to the next part."""
        joined = np.concatenate([self._held, part])
        whole = len(joined) // STEP * STEP
        self._held = joined[whole:]
        powers = np.empty((whole // STEP, 2))
        _powers(joined[:whole], self._filters, self._state, powers)
        self._found.append(powers)

    def end(self) -> None:
        """The sound is over; what is left counts as if silence followed."""
        if len(self._held):
            self.take(np.zeros(STEP - len(self._held), np.float32))

    @property
    def found(self) -> Series:
        """(N, 2): mean power of each step, weighted for the ear and as it is."""
        return np.concatenate(self._found)


def lufs(power: float) -> float:
    """Loudness of a weighted mean power."""
    return max(SILENCE, -0.691 + 10 * math.log10(power)) if power > 0 else SILENCE


def decibels(power: float) -> float:
    """Level of a mean power; that of a full square wave is 0."""
    return max(SILENCE, 10 * math.log10(power)) if power > 0 else SILENCE


def _shelf(frequency: float, gain_db: float, quality: float) -> tuple[float, ...]:
    k = math.tan(math.pi * frequency / RATE)
    high = 10 ** (gain_db / 20)
    band = high**0.4996667741545416
    norm = 1 + k / quality + k * k
    return (
        (high + band * k / quality + k * k) / norm,
        2 * (k * k - high) / norm,
        (high - band * k / quality + k * k) / norm,
        2 * (k * k - 1) / norm,
        (1 - k / quality + k * k) / norm,
    )


def _high_pass(frequency: float, quality: float) -> tuple[float, ...]:
    k = math.tan(math.pi * frequency / RATE)
    norm = 1 + k / quality + k * k
    return 1.0, -2.0, 1.0, 2 * (k * k - 1) / norm, (1 - k / quality + k * k) / norm


@kernel
def _powers(sound, filters, state, powers):
    for step in range(len(powers)):
        weighted, plain = 0.0, 0.0
        for at in range(step * 64, step * 64 + 64):
            value = np.float64(sound[at])
            plain += value * value
            for part in range(2):
                b0, b1, b2 = filters[part, 0], filters[part, 1], filters[part, 2]
                out = b0 * value + state[part, 0]
                state[part, 0] = b1 * value - filters[part, 3] * out + state[part, 1]
                state[part, 1] = b2 * value - filters[part, 4] * out
                value = out
            weighted += value * value
        powers[step, 0], powers[step, 1] = weighted / 64, plain / 64
