"""How much a sound changes from moment to moment, and how much of it lies where voices do.

Invariant: a value every :data:`HOP` samples, the first for sample 0; silence changes by nothing.

Source: D. Ellis, "Beat Tracking by Dynamic Programming", 2007: the onset strength is what has grown
since the moment before, in decibels, over 40 bands as an ear hears them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm_vision.hearing.listening import RATE, Samples, Spans

Series = NDArray[np.float64]
HOP = 64
"""Samples from one value to the next: 4 ms."""
_SIZE, _BANDS = 512, 40
_FLOOR = 1e-9
_VOICE_HZ = (200.0, 3800.0)


class Spectrum:
    """Listens to a sound in parts."""

    def __init__(self) -> None:
        self._spans = Spans(_SIZE, HOP)
        self._window = np.hanning(_SIZE + 1)[:-1]
        self._bank = _mel_bank()
        frequency = np.fft.rfftfreq(_SIZE, 1 / RATE)
        self._voice = (frequency >= _VOICE_HZ[0]) & (frequency <= _VOICE_HZ[1])
        self._before: Series | None = None
        self._growth: list[Series] = []
        self._voices: list[Series] = []

    def take(self, part: Samples) -> None:
        """Listen to the next part."""
        self._look(self._spans.take(part))

    def end(self) -> None:
        """The sound is over."""
        self._look(self._spans.rest())

    @property
    def growth(self) -> Series:
        """Onset strength: mean rise over the bands in decibels."""
        return np.concatenate(self._growth)

    @property
    def voices(self) -> Series:
        """Power where voices lie; full scale is 1."""
        return np.concatenate(self._voices)

    def _look(self, spans: Samples) -> None:
        if not len(spans):
            return
        found = np.fft.rfft(spans * self._window, axis=1)
        power = (found.real**2 + found.imag**2) / (self._window.sum() / 2) ** 2
        self._voices.append(power[:, self._voice].sum(axis=1))
        loud = 10 * np.log10(np.maximum(np.einsum("ij,kj->ik", power, self._bank), _FLOOR))
        first = loud[:1] if self._before is None else self._before
        rise = np.diff(loud, axis=0, prepend=first)
        self._before = loud[-1:]
        self._growth.append(np.maximum(rise, 0.0).mean(axis=1))


def _mel_bank() -> Series:
    """Weights (bands, frequencies) of overlapping triangles, even on the mel scale."""
    frequency = np.fft.rfftfreq(_SIZE, 1 / RATE)
    highest = 2595 * np.log10(1 + RATE / 2 / 700)
    edges = 700 * (10 ** (np.linspace(0, highest, _BANDS + 2) / 2595) - 1)
    # No triangle is narrower than a frequency is wide, or low bands would be empty.
    step = RATE / _SIZE
    low, middle, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (frequency - low) / np.maximum(middle - low, step)
    falling = (high - frequency) / np.maximum(high - middle, step)
    return np.maximum(0.0, np.minimum(rising, falling))
