"""Gradient noise from integer hashes: no tables, no state, the same value at any order of calls.

Invariant: only +, -, * and conversions on float32, so every lane of every processor agrees. The
noise repeats every ``PERIOD`` lattice steps, so offsets that grow with time are reduced to it
exactly and a film of any length keeps its precision.
Source: K. Perlin, "Improving Noise" (2002), with hashed gradients in place of the permutation table.
"""

from __future__ import annotations

import numpy as np

from farm_procedural.compiled import inlined

f4, u4, i4 = np.float32, np.uint32, np.int32
PERIOD = 128


@inlined
def scramble(h):
    """A 32-bit integer whose bits all depend on all bits of ``h``."""
    h = u4(u4(h ^ u4(h >> u4(16))) * u4(0x7FEB352D))
    h = u4(u4(h ^ u4(h >> u4(15))) * u4(0x846CA68B))
    return u4(h ^ u4(h >> u4(16)))


@inlined
def unit(a, b, seed):
    """A float32 in [0, 1) that belongs to two integers and a seed."""
    h = scramble(u4(u4(u4(a) * u4(0x9E3779B1)) + u4(u4(b) * u4(0x85EBCA77)) + u4(seed)))
    return f4(f4(i4(h >> u4(8))) * f4(1.0 / 16777216.0))


@inlined
def _corner(h, dx, dy):
    h = u4(u4(h ^ u4(h >> u4(15))) * u4(0x2C1B3C6D))
    h = u4(h ^ u4(h >> u4(13)))
    gx = f4(i4(h & u4(0xFFFF)) - i4(32768))
    gy = f4(i4(h >> u4(16)) - i4(32768))
    return f4(f4(gx * dx + gy * dy) * f4(1.0 / 32768.0))


@inlined
def gradient_noise(x, y, seed):
    """Smooth noise in about -1 to 1, zero at lattice points."""
    px = f4(x + f4(128.0))
    py = f4(y + f4(128.0))
    ix = i4(px)
    iy = i4(py)
    # The floor, also below zero, without the library's.
    ix = i4(ix - i4(px < f4(ix)))
    iy = i4(iy - i4(py < f4(iy)))
    dx = f4(px - f4(ix))
    dy = f4(py - f4(iy))
    one = f4(1.0)
    left = u4(u4(u4(ix) & u4(127)) * u4(0x9E3779B1))
    right = u4(u4(u4(ix + i4(1)) & u4(127)) * u4(0x9E3779B1))
    above = u4(u4(u4(u4(iy) & u4(127)) * u4(0x85EBCA77)) + seed)
    below = u4(u4(u4(u4(iy + i4(1)) & u4(127)) * u4(0x85EBCA77)) + seed)
    a = _corner(u4(left + above), dx, dy)
    b = _corner(u4(right + above), f4(dx - one), dy)
    c = _corner(u4(left + below), dx, f4(dy - one))
    d = _corner(u4(right + below), f4(dx - one), f4(dy - one))
    sx = f4(dx * dx * dx * f4(dx * f4(dx * f4(6.0) - f4(15.0)) + f4(10.0)))
    sy = f4(dy * dy * dy * f4(dy * f4(dy * f4(6.0) - f4(15.0)) + f4(10.0)))
    top = f4(a + f4(b - a) * sx)
    low = f4(c + f4(d - c) * sx)
    return f4(f4(top + f4(low - top) * sy) * f4(1.4))
