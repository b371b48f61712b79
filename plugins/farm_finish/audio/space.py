"""A room that somebody stands in: its first reflections, and how it rings after them.

Invariant: the same volume and time give the same samples on every machine; tones from 500 to 1000 Hz
fall by 60 dB in the time that was asked for.

Sources: J. Allen and D. Berkley, "Image Method for Efficiently Simulating Small-Room Acoustics", 1979,
for the first reflections of a box whose walls all swallow alike, by C. Eyring's "Reverberation Time in
Dead Rooms", 1930; after them the field is noise that dies away (J. Moorer, "About This Reverberation
Business", 1979).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from farm.media.sound import RATE, Sound

Line = NDArray[np.float64]
_SPEED = 343.0
_SIDES = np.array([1.9, 1.4, 1.0])
"""Length, width and height against each other: no two ring alike."""
_MOUTH, _EARS = np.array([0.37, 0.42, 0.45]), np.array([0.62, 0.55, 0.4])
_EAR_M = 0.09
_SOFT_HZ = 3000.0
_KEY = 0x5BACE


@lru_cache(maxsize=4)
def space(volume_m3: float, reverb_s: float) -> Sound:
    """Reflections (2, n) of a room, of energy 1 for both sides together; what is heard straight is
    not among them."""
    sides = _SIDES * (volume_m3 / float(_SIDES.prod())) ** (1 / 3)
    early_s = min(0.08, max(0.012, 0.0015 * math.sqrt(volume_m3)))
    length, turn = round(1.2 * reverb_s * RATE), round(early_s * RATE)
    made = np.zeros((2, max(length, 2 * turn)))
    for side, offset in enumerate((-_EAR_M, _EAR_M)):
        ear = sides * _EARS + np.array([0.0, offset, 0.0])
        _reflect(made[side], sides, sides * _MOUTH, ear, _kept(sides, reverb_s), turn)
    rate = math.log(1e6) / (reverb_s * RATE)
    place = np.arange(made.shape[1])
    # What came just before says how strong the field is from there on.
    before = np.square(made[:, turn // 2 : turn]) * np.exp(rate * place[turn // 2 : turn])
    strength = math.sqrt(max(float(before.mean()), 1e-12))
    made += _ringing(made.shape[1], rate) * np.where(place < turn, 0.0, strength)
    made /= math.sqrt(float(np.square(made).sum()) / 2)
    # Off the last bits, in which libraries differ.
    return (np.round(made * (1 << 24)) / (1 << 24)).astype(np.float32)


def _kept(sides: Line, reverb_s: float) -> float:
    """Share of the pressure that a wall gives back."""
    walls = 2 * float(sides[0] * sides[1] + sides[1] * sides[2] + sides[0] * sides[2])
    return math.exp(-0.5 * 0.161 * float(sides.prod()) / (walls * reverb_s))


def _reflect(line: Line, sides: Line, mouth: Line, ear: Line, kept: float, until: int) -> None:
    """Add the images of a mouth that are heard before a sample, each later by its way."""
    reach = _SPEED * until / RATE + float(np.linalg.norm(sides))
    along = [np.arange(-math.ceil(reach / (2 * s)), math.ceil(reach / (2 * s)) + 1) for s in sides]
    rooms = np.stack(np.meshgrid(*along, indexing="ij"), -1).reshape(-1, 1, 3)
    flips = np.stack(np.meshgrid(*[[0, 1]] * 3, indexing="ij"), -1).reshape(1, -1, 3)
    images = (1 - 2 * flips) * mouth + 2 * rooms * sides
    bounces = (np.abs(rooms - flips) + np.abs(rooms)).sum(axis=-1).ravel()
    ways = np.linalg.norm(images - ear, axis=-1).ravel()
    straight = float(np.linalg.norm(mouth - ear))
    late = (ways - straight) / _SPEED * RATE
    heard = (bounces > 0) & (late >= 0) & (late < until - 1)
    strength = kept ** bounces[heard] * straight / ways[heard]
    whole = late[heard].astype(int)
    rest = late[heard] - whole
    np.add.at(line, whole, strength * (1 - rest))
    np.add.at(line, whole + 1, strength * rest)


def _ringing(length: int, rate: float) -> Line:
    """Noise (2, n) of power 1 at its start that falls by ``rate``, high tones half as fast again."""
    noise = np.random.Generator(np.random.Philox(key=_KEY)).standard_normal((2, length))
    hertz = np.fft.rfftfreq(length, 1 / RATE)
    low = np.fft.irfft(np.fft.rfft(noise) / (1 + (hertz / _SOFT_HZ) ** 4), length)
    fall = np.exp(-0.5 * rate * np.arange(length))
    made: Line = low * fall + (noise - low) * fall**1.5
    return made
