"""The music of a film as a list of things that sound, before any sample is made.

Invariant: an arrangement depends on the script alone; its strokes are in order of time, and none
starts outside the film.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from farm_procedural.script import Score, Script, Shot
from farm_procedural.sound.grid import Grid
from farm_procedural.sound.tables import RATE

Bus = Literal["soft", "struck", "rhythm", "accent"]
INSTRUMENTS = ("pad", "pluck", "bass", "drums", "bells", "choir")
_BAND: Mapping[str, float] = {
    "pad": 0.8,
    "pluck": 0.6,
    "bass": 0.6,
    "drums": 0.35,
    "bells": 0.4,
    "choir": 0.3,
}


@dataclass(frozen=True, slots=True)
class Stroke:
    """A struck sound. start, length: samples, length 0 for as long as it rings; pan: -1 left to 1
    right; brightness 0 to 2."""

    start: int
    name: str
    pitch: int
    level: float
    bus: Bus
    pan: float = 0.0
    brightness: int = 1
    length: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A sustained sound from ``start`` to ``stop``, then fading over ``release`` samples."""

    start: int
    stop: int
    name: str
    pitch: int
    level: float
    attack: int
    release: int
    offset: int


@dataclass(frozen=True, slots=True)
class Sweep:
    """A riser that ends, or a swell that is fullest in the middle, of ``start`` to ``stop``."""

    start: int
    stop: int
    kind: Literal["riser", "swell"]
    level: float
    offset: int


@dataclass(frozen=True, slots=True)
class Energy:
    """How much happens, 0 to 1, as straight lines over the film. places: samples."""

    places: NDArray[np.float64]
    values: NDArray[np.float64]

    def at(self, sample: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """The energy at a sample, or at each of many."""
        return np.interp(sample, self.places, self.values)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Everything that sounds, apart from the beds."""

    samples: int
    unit_s: float
    energy: Energy
    strokes: tuple[Stroke, ...]
    held: tuple[Held, ...]
    sweeps: tuple[Sweep, ...]


def levels(score: Score) -> Mapping[str, float]:
    """The instruments that play; a score that names neither these nor a bed gets a whole band."""
    if not score.instruments and not score.bed:
        return _BAND
    return {
        name: min(max(float(score.instruments.get(name, 0.0)), 0.0), 1.0) for name in INSTRUMENTS
    }


def energy(script: Script, grid: Grid) -> Energy:
    """From each shot's motion and swell; a cut takes 60 ms to be heard as louder or softer."""
    places: list[float] = []
    values: list[float] = []
    for shot, start, stop in zip(script.shots, grid.cuts[:-1], grid.cuts[1:], strict=True):
        soft = min(0.06 * RATE, (stop - start) / 3)
        places += [start + soft, float(stop)]
        values += [_activity(shot, shot.energy_from), _activity(shot, shot.energy_to)]
    return Energy(np.array([0.0, *places]), np.array([values[0], *values]))


def _activity(shot: Shot, factor: float) -> float:
    return min(max(0.12 + 0.88 * max(shot.motion.level * factor, 0.0) ** 0.85, 0.0), 1.0)
