"""Film grain: a field of noise for each frame, from place, frame and seed alone.

Invariant: mean 0 and standard deviation 1 at any size of grain, the same in any window of a film,
and no frame has the grain of another.

The integer hash is C. Wellons's ``lowbias32``; the sum of four uniform numbers is nearly normal.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import inlined, kernel

_U = np.uint32
_BAND = 128
_SPREAD = np.float32(0.98)
_ROOT3 = np.float32(math.sqrt(3.0))


def grain(height: int, width: int, size: float, frame: int, seed: int) -> NDArray[np.float32]:
    """float32 (H, W). size : of a grain in pixels, 1 or more; frame : its number in the film."""
    weights = _weights(size)
    margin = len(weights) // 2
    key, number = _U((seed ^ (seed >> 32)) & 0xFFFFFFFF), _U(frame & 0xFFFFFFFF)
    out = np.empty((height, width), np.float32)
    if not margin:
        _noise(key, number, 0, out)
        return out
    # In bands, because a whole plane more is a lot at 4K.
    for top in range(0, height, _BAND):
        rows = min(_BAND, height - top)
        noise = np.empty((rows + 2 * margin, width + 2 * margin), np.float32)
        _noise(key, number, top, noise)
        _soften(noise, weights, out[top : top + rows])
    return out


def _weights(size: float) -> NDArray[np.float32]:
    """Weights of a bell that keep the variance of noise when used across and down."""
    if size <= 1:
        return np.ones(1, np.float32)
    sigma = 0.6 * math.sqrt(size * size - 1)
    reach = max(1, math.ceil(2.5 * sigma))
    bell = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * sigma**2))
    return np.asarray(bell / np.sqrt((bell**2).sum()), np.float32)


def pattern(side: int) -> NDArray[np.float32]:
    """float32 (3, side, side): a noise of -0.49 to 0.49, always the same, for dithering.

    Less than half, so that what lies on a step already stays on it.
    """
    out = np.empty((3, side, side), np.float32)
    _pattern(out)
    return out


@inlined
def mixed_bits(x):
    """A hash of 32 bits."""
    x = _U(x ^ (x >> _U(16)))
    x = _U(x * _U(0x7FEB352D))
    x = _U(x ^ (x >> _U(15)))
    x = _U(x * _U(0x846CA68B))
    return _U(x ^ (x >> _U(16)))


@kernel
def _noise(seed, frame, first, out):
    height, width = out.shape
    start = mixed_bits(_U(mixed_bits(_U(seed + _U(0x9E3779B9))) ^ frame))
    low = _U(0xFFFF)
    scale = np.float32(1.0 / 65536.0)
    middle = np.float32(2.0) - np.float32(2.0 / 65536.0)
    for row in range(height):
        key = mixed_bits(_U(start ^ _U(first + row)))
        for column in range(width):
            one = mixed_bits(_U(key ^ _U(column)))
            two = mixed_bits(_U(one + _U(0x85EBCA6B)))
            total = np.float32(one & low) + np.float32(one >> _U(16))
            total += np.float32(two & low) + np.float32(two >> _U(16))
            out[row, column] = (total * scale - middle) * _ROOT3


@kernel
def _pattern(out):
    for plane in range(out.shape[0]):
        for row in range(out.shape[1]):
            key = mixed_bits(_U(_U(plane * 65536) + _U(row)))
            for column in range(out.shape[2]):
                part = np.float32(mixed_bits(_U(key ^ _U(column))) >> _U(8))
                out[plane, row, column] = (part / np.float32(1 << 24) - np.float32(0.5)) * _SPREAD


@kernel
def _soften(noise, weights, out):
    height, width = out.shape
    taps = len(weights)
    line = np.empty(noise.shape[1], np.float32)
    for row in range(height):
        line[:] = np.float32(0.0)
        for tap in range(taps):
            weight, source = weights[tap], noise[row + tap]
            for column in range(len(line)):
                line[column] += weight * source[column]
        target = out[row]
        target[:] = np.float32(0.0)
        for tap in range(taps):
            weight = weights[tap]
            for column in range(width):
                target[column] += weight * line[column + tap]
