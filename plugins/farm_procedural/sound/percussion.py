"""Untuned and half-tuned sounds: drums, the hit on a cut, risers and swells.

Invariant: a struck sound reaches its peak within 5 ms of its first sample, because pictures change
there; a riser ends at its last sample.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from farm_procedural.sound.instruments import fade
from farm_procedural.sound.tables import (
    BLOCK,
    RATE,
    SINE,
    Floats,
    band,
    decay,
    from_spectrum,
    hertz,
    seconds,
    sweep,
    wave,
)


@lru_cache(maxsize=64)
def drum(name: str, pitch: int) -> Floats:
    """A drum (``kick``, ``snare``, ``hat``, ``shaker``, ``tom``) or accent (``hit``, ``soft-hit``,
    ``tick``), peak about 1, shape (n,). pitch: where tuned parts settle."""
    sound = {
        "kick": _kick,
        "snare": _snare,
        "hat": _hat,
        "shaker": _shaker,
        "tom": _tom,
        "hit": _hit,
        "soft-hit": _soft_hit,
        "tick": _tick,
    }[name](hertz(pitch))
    release = min(seconds(0.03), len(sound) // 4)
    sound[-release:] *= fade(release)[::-1]
    sound *= np.float32(0.95) / np.abs(sound).max()
    sound.setflags(write=False)
    return sound


@lru_cache(maxsize=8)
def hiss(colour: str) -> Floats:
    """A loop of noise of :data:`BLOCK` samples with unit root mean square."""
    shape: Mapping[float, float] = {
        "low": {90: -6.0, 200: 0.0, 500: -6.0, 1200: -26.0},
        "middle": {400: -18.0, 900: 0.0, 2200: -6.0, 4500: -24.0},
        "high": {2500: -18.0, 5000: 0.0, 9000: -3.0, 14000: -14.0},
        "white": {200: -10.0, 1500: 0.0, 7000: -4.0, 14000: -12.0},
    }[colour]
    return from_spectrum(band(BLOCK, shape), "hiss", colour)


def riser(count: int, offset: int) -> Floats:
    """Noise that rises in level and pitch over ``count`` samples and stops, shape (2, count)."""
    return _bent_noise(np.arange(count, dtype=np.float32) / np.float32(count), offset, 6)


def swell(count: int, offset: int) -> Floats:
    """Noise that comes and goes over ``count`` samples, fullest in the middle, shape (2, count)."""
    x = np.arange(count, dtype=np.float32) / np.float32(count)
    return _bent_noise(1 - np.abs(2 * x - 1), offset, 4)


def _bent_noise(rise: Floats, offset: int, steep: int) -> Floats:
    level = rise * rise
    level = level * level if steep == 4 else level * level * rise
    low = (1 - rise) * (1 - rise)
    high = rise * rise
    middle = np.maximum(1 - low - high, 0)
    result = np.empty((2, len(rise)), np.float32)
    for side in (0, 1):
        places = (np.arange(len(rise)) + offset + side * (BLOCK // 2)) % BLOCK
        noise = hiss("low")[places] * low
        noise += hiss("middle")[places] * middle
        noise += hiss("high")[places] * high
        result[side] = noise * level * np.float32(0.3)
    # A breath of 20 ms before the cut leaves the hit its edge.
    ends = min(seconds(0.02), len(rise))
    result[:, -ends:] *= fade(ends)[::-1]
    result[:, :ends] *= fade(ends)
    return result


def _noise(colour: str, count: int, place: int) -> Floats:
    return hiss(colour)[(np.arange(count) + place) % BLOCK] * np.float32(0.3)


def _falling(count: int, top: float, bottom: float, half_s: float) -> Floats:
    """A sine that falls from ``top`` to ``bottom`` hertz."""
    return wave(SINE)[sweep(bottom + (top - bottom) * decay(count, half_s).astype(np.float64))]


def _kick(hz: float) -> Floats:
    count = seconds(0.45)
    body = _falling(count, 150.0, 48.0, 0.018) * decay(count, 0.075)
    click = _noise("high", count, 11) * decay(count, 0.002) * np.float32(0.5)
    return _attacked(body + click, 0.001)


def _snare(hz: float) -> Floats:
    count = seconds(0.32)
    brush = _noise("white", count, 5000) * decay(count, 0.045)
    tone = _falling(count, 240.0, 175.0, 0.02) * decay(count, 0.03) * np.float32(0.35)
    return _attacked(brush + tone, 0.001)


def _hat(hz: float) -> Floats:
    count = seconds(0.12)
    return _attacked(_noise("high", count, 40_000) * decay(count, 0.014), 0.001)


def _shaker(hz: float) -> Floats:
    count = seconds(0.11)
    sound = _noise("high", count, 70_000) * decay(count, 0.02)
    return _attacked(sound, 0.012)


def _tom(hz: float) -> Floats:
    count = seconds(0.7)
    low = max(60.0, hz)
    body = _falling(count, low * 1.5, low, 0.03) * decay(count, 0.12)
    return _attacked(body + _noise("low", count, 900) * decay(count, 0.03), 0.002)


def _hit(hz: float) -> Floats:
    count = seconds(1.9)
    while hz > 62.0:
        hz /= 2
    deep = _falling(count, 130.0, hz, 0.035) * decay(count, 0.26)
    upper = _falling(count, 260.0, 2 * hz, 0.02) * decay(count, 0.12) * np.float32(0.3)
    crack = _noise("white", count, 21_000) * decay(count, 0.02) * np.float32(1.3)
    room = _noise("low", count, 64_000) * decay(count, 0.2) * np.float32(0.5)
    return _attacked(deep + upper + crack + room, 0.0015)


def _soft_hit(hz: float) -> Floats:
    count = seconds(1.6)
    while hz > 110.0:
        hz /= 2
    deep = _falling(count, hz * 1.25, hz, 0.03) * decay(count, 0.22)
    brush = _noise("middle", count, 33_000) * decay(count, 0.025) * np.float32(1.1)
    air = _noise("high", count, 12_000) * decay(count, 0.02) * np.float32(0.6)
    return _attacked(deep + brush + air, 0.002)


def _tick(hz: float) -> Floats:
    count = seconds(0.09)
    wood = wave(SINE)[sweep(np.full(count, 1900.0))] * decay(count, 0.008)
    return _attacked(wood + _noise("white", count, 99) * decay(count, 0.004), 0.001)


def _attacked(sound: Floats, attack_s: float) -> Floats:
    attack = max(1, round(attack_s * RATE))
    sound[:attack] *= fade(attack)
    return sound
