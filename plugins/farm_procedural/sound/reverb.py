"""A hall: convolution with a synthetic room, block by block.

Invariant: the tail of one block is carried into the next, so that the sound in blocks is the sound
in one piece.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from farm_procedural.sound.tables import BLOCK, Floats, band, decay, from_spectrum, seconds, settle

# Colour of a part of the room and the seconds in which it halves: what is high dies first.
_PARTS: tuple[tuple[Mapping[float, float], float], ...] = (
    ({120: -4.0, 300: 0.0, 900: -2.0, 1800: -20.0}, 0.30),
    ({900: -22.0, 2000: -4.0, 4000: -8.0, 6000: -24.0}, 0.20),
    ({3500: -26.0, 6500: -14.0, 10000: -24.0}, 0.09),
)
_EARLY = ((0.013, 0.5, 0.2), (0.021, 0.2, 0.45), (0.034, 0.35, 0.15), (0.047, 0.15, 0.3))


class Hall:
    """Carries the tail from block to block."""

    def __init__(self) -> None:
        self._tail = np.zeros((2, BLOCK), np.float32)

    def echo(self, sent: Floats) -> Floats:
        """The room's answer (2, BLOCK) to BLOCK mono samples."""
        if not sent.any() and not self._tail.any():
            return np.zeros((2, BLOCK), np.float32)
        answer = np.fft.irfft(np.fft.rfft(sent, 2 * BLOCK) * _room(), 2 * BLOCK)
        heard = np.asarray(answer[:, :BLOCK] + self._tail, np.float32)
        self._tail = np.asarray(answer[:, BLOCK:], np.float32)
        return heard


@lru_cache(maxsize=1)
def _room() -> NDArray[np.complex64]:
    """Spectra of the impulse response, left and right, of unit energy."""
    sides = np.zeros((2, BLOCK), np.float32)
    start = seconds(0.018)
    for number, (colour, half_s) in enumerate(_PARTS):
        noise = from_spectrum(band(BLOCK, colour), "room", number)
        fall = decay(BLOCK - start, half_s) * np.float32(10.0 ** (max(colour.values()) / 20))
        for side in (0, 1):
            # Half a loop apart, the sides share nothing.
            sides[side, start:] += np.roll(noise, side * BLOCK // 2)[start:] * fall
    for side in (0, 1):
        # The room is diffuse only after its first walls.
        sides[side, : start + seconds(0.05)] *= np.float32(0.4)
        sides[side, -seconds(0.2) :] *= np.linspace(1, 0, seconds(0.2), dtype=np.float32)
    energy = float(np.sum(np.square(sides, dtype=np.float64))) / 2
    sides /= np.float32(np.sqrt(energy))
    for at_s, left, right in _EARLY:
        sides[0, seconds(at_s)] += np.float32(left * 0.35)
        sides[1, seconds(at_s)] += np.float32(right * 0.35)
    return np.fft.rfft(settle(sides, 22), 2 * BLOCK).astype(np.complex64)
