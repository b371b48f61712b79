"""The raw material of every sound: rates, waves, decays and noise, equal on every node.

Invariant: whatever passes through a transcendental function is settled on a coarse binary grid
before it is used, and everything after that is exact arithmetic; libraries that differ in the last
bit of a sine therefore give the same samples.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE = 48_000
"""Samples per second."""
BLOCK = 1 << 17
"""Samples that are mixed at a time; also the length of looped tables."""
CELL = 64
"""Samples between two values of a control curve."""

Floats = NDArray[np.float32]
_WAVE_BITS = 16


def settle(values: Any, bits: int = 18) -> Floats:
    """``values`` rounded to multiples of ``2 ** -bits``, as float32."""
    grid = float(1 << bits)
    return (np.round(np.asarray(values, np.float64) * grid) / grid).astype(np.float32)


def generator(*label: object) -> np.random.Generator:
    """A source of random numbers that depends on ``label`` alone."""
    text = "/".join(str(part) for part in label).encode()
    key = int.from_bytes(hashlib.blake2b(text, digest_size=16).digest(), "little")
    return np.random.Generator(np.random.Philox(key=key))


@lru_cache(maxsize=512)
def hertz(pitch: float) -> float:
    """Frequency of a MIDI pitch (69 is 440 Hz), to a millionth."""
    return round(440.0 * math.pow(2.0, (pitch - 69.0) / 12.0), 6)


def seconds(length_s: float) -> int:
    """Samples in ``length_s``."""
    return round(length_s * RATE)


def decay(count: int, half_s: float) -> Floats:
    """A fall from 1 that halves every ``half_s`` seconds, shape (count,)."""
    fine = settle(np.exp2(-np.arange(256) / (half_s * RATE)), 22)
    coarse = settle(np.exp2(-np.arange(-(-count // 256)) * 256 / (half_s * RATE)), 22)
    return (coarse[:, None] * fine).reshape(-1)[:count]


@lru_cache(maxsize=48)
def wave(partials: tuple[tuple[int, float], ...]) -> Floats:
    """One cycle of a sum of ``(number, amplitude)`` sines, shape (65536,)."""
    size = 1 << _WAVE_BITS
    turn = np.arange(size)
    shape = np.zeros(size, np.float32)
    for number, level in partials:
        shape += _sine()[turn * number & (size - 1)] * np.float32(level)
    return shape


SINE = ((1, 1.0),)


def phase(count: int, hz: float) -> NDArray[np.intp]:
    """Places in a :func:`wave` that runs at ``hz``, shape (count,)."""
    step = np.uint32(round(hz / RATE * (1 << 32)))
    turns = np.arange(count, dtype=np.uint32) * step
    return (turns >> np.uint32(32 - _WAVE_BITS)).astype(np.intp)


def sweep(hz: NDArray[np.float64]) -> NDArray[np.intp]:
    """Places in a :func:`wave` whose frequency is ``hz`` at each sample."""
    steps = np.round(hz / RATE * (1 << 32)).astype(np.int64)
    return ((np.cumsum(steps) >> (32 - _WAVE_BITS)) & ((1 << _WAVE_BITS) - 1)).astype(np.intp)


def from_spectrum(amplitudes: NDArray[np.float64], *label: object) -> Floats:
    """A loop of unit loudness (root mean square) with these amplitudes and random phases.

    amplitudes : (n / 2 + 1,) for bins of ``RATE / n``; the result has shape (n,).
    """
    size = 2 * (len(amplitudes) - 1)
    turns = generator("phases", *label).integers(0, 4096, len(amplitudes))
    circle = _circle()
    levels = settle(amplitudes / max(float(amplitudes.max()), 1e-12), 16)
    levels[0] = levels[-1] = 0.0
    power = float(np.sum(np.square(levels, dtype=np.float64))) * 2 / size**2
    loop = np.fft.irfft(levels * circle[turns], size)
    return np.asarray(loop / np.float32(max(np.sqrt(power), 1e-12)), np.float32)


def band(size: int, points: Mapping[float, float]) -> NDArray[np.float64]:
    """Amplitudes for :func:`from_spectrum` from decibels at some frequencies in hertz; straight
    lines over octaves between them, silence far outside."""
    at = np.log2(np.maximum(np.fft.rfftfreq(size, 1 / RATE), 1.0))
    known = sorted(points.items())
    octaves = np.log2([hz for hz, _ in known])
    level = np.interp(at, octaves, [db for _, db in known])
    outside = np.maximum(octaves[0] - at, 0) * 24 + np.maximum(at - octaves[-1], 0) * 24
    return np.asarray(10 ** ((level - outside) / 20), np.float64)


def curve(values: NDArray[Any], samples: int) -> Floats:
    """Straight lines through ``values``, one every :data:`CELL` samples, shape (samples,).

    ``values`` needs one more entry than ``samples / CELL`` rounded up.
    """
    points = np.asarray(values, np.float32)
    ramp = np.arange(CELL, dtype=np.float32) / np.float32(CELL)
    lines = points[:-1, None] + np.diff(points)[:, None] * ramp
    return lines.reshape(-1)[:samples]


@lru_cache(maxsize=1)
def _sine() -> Floats:
    size = 1 << _WAVE_BITS
    return settle(np.sin(np.arange(size) * (2 * np.pi / size)), 22)


@lru_cache(maxsize=1)
def _circle() -> NDArray[np.complex64]:
    turn = np.arange(4096) * (2 * np.pi / 4096)
    return (settle(np.cos(turn), 20) + 1j * settle(np.sin(turn), 20)).astype(np.complex64)
