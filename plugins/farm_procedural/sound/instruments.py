"""Tuned instruments: struck ones as finished notes, sustained ones as seamless loops.

Invariant: a sound depends on its name, pitch and brightness alone, begins and ends without a
click, and is made once per process.

Sustained sounds follow Nasca's PADsynth: each harmonic is a narrow band of noise with random
phases, so that one inverse transform gives an endless ensemble.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from farm_procedural.sound.tables import (
    BLOCK,
    RATE,
    Floats,
    decay,
    from_spectrum,
    hertz,
    phase,
    seconds,
    wave,
)

BRIGHTNESSES = 3
"""Struck sounds exist from 0 (soft) to 2 (hard)."""


@dataclass(frozen=True, slots=True)
class Struck:
    """A struck instrument. layers: ``(partials in units of 1 / ground of its pitch, half life in
    seconds, level by brightness)``; length_s at middle C; attack_s."""

    layers: tuple[tuple[tuple[tuple[int, float], ...], float, tuple[float, float, float]], ...]
    length_s: float
    attack_s: float
    ground: int = 1


STRUCK = {
    # A soft mallet on a string: the upper partials die first, as they do on a kalimba or a harp.
    "pluck": Struck(
        layers=(
            (((1, 1.0), (2, 0.28)), 0.30, (1.0, 1.0, 1.0)),
            (((3, 0.5), (4, 0.3), (5, 0.22)), 0.11, (0.5, 0.9, 1.2)),
            (((6, 0.3), (7, 0.22), (9, 0.2), (12, 0.14)), 0.045, (0.2, 0.7, 1.3)),
        ),
        length_s=1.5,
        attack_s=0.003,
    ),
    # Ratios of a tuned bar (1, 2.76, 5.4) in fifths of its pitch, an octave below for warmth.
    "bells": Struck(
        layers=(
            (((5, 1.0), (10, 0.2)), 0.62, (1.0, 1.0, 1.0)),
            (((14, 0.35), (20, 0.12)), 0.22, (0.5, 0.8, 1.0)),
            (((27, 0.22), (45, 0.1)), 0.07, (0.4, 0.8, 1.2)),
        ),
        length_s=3.0,
        attack_s=0.002,
        ground=5,
    ),
    "bass": Struck(
        layers=(
            (((1, 1.0), (2, 0.4)), 0.6, (1.0, 1.0, 1.0)),
            (((3, 0.35), (4, 0.22), (5, 0.15)), 0.25, (0.4, 0.8, 1.2)),
            (((6, 0.15), (7, 0.12), (8, 0.1), (10, 0.06)), 0.06, (0.1, 0.5, 1.0)),
        ),
        length_s=3.2,
        attack_s=0.008,
    ),
}


@lru_cache(maxsize=128)
def struck(name: str, pitch: int, brightness: int) -> Floats:
    """A whole note, peak about 1, shape (n,)."""
    kind = STRUCK[name]
    high = max(0.45, min(1.25, 2 ** ((60 - pitch) / 30)))
    count = seconds(kind.length_s * high)
    hz = hertz(pitch)
    places = phase(count, hz / kind.ground)
    note = np.zeros(count, np.float32)
    for partials, half_s, levels in kind.layers:
        heard = tuple(p for p in partials if p[0] * hz / kind.ground < 15_000)
        if heard:
            layer = wave(heard)[places]
            layer *= decay(count, half_s * high) * np.float32(levels[brightness])
            note += layer
    attack, release = seconds(kind.attack_s), seconds(0.08)
    note[:attack] *= fade(attack)
    note[-release:] *= fade(release)[::-1]
    note *= np.float32(0.9) / np.abs(note).max()
    note.setflags(write=False)
    return note


@lru_cache(maxsize=64)
def sustained(name: str, pitch: int) -> Floats:
    """A loop of :data:`BLOCK` samples with unit root mean square."""
    hz = hertz(pitch)
    amplitudes = np.zeros(BLOCK // 2 + 1)
    width_cents = {"pad": 16.0, "choir": 26.0, "hum": 5.0}[name]
    for number in range(1, 41):
        at = hz * number
        if at > 11_000:
            break
        level = _level(name, number, at)
        spread = (2 ** (width_cents / 1200) - 1) * at * number**-0.25 * BLOCK / RATE
        _add_bump(amplitudes, at * BLOCK / RATE, max(spread, 0.7), level)
    return from_spectrum(amplitudes, name, pitch)


def fade(count: int) -> Floats:
    """A smooth rise from 0 to 1, shape (count,)."""
    x = np.arange(count, dtype=np.float32) / np.float32(max(count, 1))
    return x * x * (3 - 2 * x)


def _level(name: str, number: int, hz: float) -> float:
    if name == "choir":
        # Formants of an open "ah" that leans to "oh".
        vowel = sum(
            level / (1 + ((hz - centre) / width) ** 2)
            for centre, width, level in ((580, 130, 1.0), (960, 140, 0.55), (2500, 240, 0.1))
        )
        return float(vowel * number**-0.55) + 0.02 / number
    if name == "hum":
        return {1: 0.7, 2: 0.8, 3: 0.4, 4: 0.3, 5: 0.12, 6: 0.12, 8: 0.06}.get(number, 0.0)
    warmth = 1 / (1 + (hz / 2300) ** 2)
    return float(number**-0.75 * (warmth + 0.1) * (1.0 if number % 2 else 0.75))


def _add_bump(into: NDArray[np.float64], centre: float, spread: float, level: float) -> None:
    first = max(1, int(centre - 3 * spread))
    last = min(len(into) - 1, int(centre + 3 * spread) + 2)
    bins = np.arange(first, last)
    bump = np.exp(-0.5 * ((bins - centre) / spread) ** 2)
    # The same power whatever the width.
    into[first:last] += level * bump / np.sqrt(float(np.sum(bump * bump)))
