"""From linear light to the encoder's planes: bloom, lens, grade, grain, dither, BT.709.

Invariant: each output pixel is written once, straight into 8-bit 4:2:0 planes in limited range, and
always dithered. Grain is a hash of pixel and frame.
"""

from __future__ import annotations

import numpy as np

from farm_procedural.compiled import inlined, kernel
from farm_procedural.noise import f4, i4, u4
from farm_procedural.render.grade import DARKEST, LEAST, MOST, SHIFT


@inlined
def _hash_row(target, y, frame):
    """White noise of a row: a triangular distribution, -65535 to 65535."""
    row = u4(u4(u4(y) * u4(0x85EBCA77)) + frame)
    for x in range(target.shape[0]):
        h = u4(u4(u4(x) * u4(0x9E3779B1)) + row)
        h = u4(u4(h ^ u4(h >> u4(15))) * u4(0x2C1B3C6D))
        h = u4(u4(h ^ u4(h >> u4(12))) * u4(0x297A2D39))
        h = u4(h ^ u4(h >> u4(15)))
        target[x] = f4(i4(h & u4(0xFFFF)) + i4(h >> u4(16)) - i4(65535))


@inlined
def _expose(row, light, glow, y, bloom, halo, lens, bank, value, curves):
    """R'G'B' of one row in 0 to 255 into ``row``, float32 (3, W)."""
    w = light.shape[2]
    gh, gw = glow.shape[1], glow.shape[2]
    bits = value.view(np.uint32)
    blooming = bloom > f4(0.0) or halo > f4(0.0)
    gy = f4(f4(f4(i4(y)) + f4(0.5)) * f4(0.125) - f4(0.5))
    gy = min(max(gy, f4(0.0)), f4(gh - 1))
    g0 = i4(gy)
    g1 = min(g0 + 1, gh - 1)
    gf = f4(gy - f4(g0))
    for c in range(3):
        source = light[c, y]
        target = row[c]
        curve = curves[c]
        if blooming:
            # Light that went through the film and back is red.
            red = f4(halo * f4(2.4)) if c == 0 else f4(halo * f4(0.36)) if c == 1 else f4(0.0)
            for x in range(gw):
                own = f4(glow[c, g0, x] + f4(glow[c, g1, x] - glow[c, g0, x]) * gf)
                back = f4(glow[1, g0, x] + f4(glow[1, g1, x] - glow[1, g0, x]) * gf)
                bank[x + 1] = f4(own * bloom + back * red)
            bank[0] = bank[1]
            bank[gw + 1] = bank[gw]
            for x in range(w // 8):
                a, b, e = bank[x], bank[x + 1], bank[x + 2]
                rise, fall, k = f4(b - a), f4(e - b), 8 * x
                target[k] = f4(a + rise * f4(0.5625))
                target[k + 1] = f4(a + rise * f4(0.6875))
                target[k + 2] = f4(a + rise * f4(0.8125))
                target[k + 3] = f4(a + rise * f4(0.9375))
                target[k + 4] = f4(b + fall * f4(0.0625))
                target[k + 5] = f4(b + fall * f4(0.1875))
                target[k + 6] = f4(b + fall * f4(0.3125))
                target[k + 7] = f4(b + fall * f4(0.4375))
            for x in range(8 * (w // 8), w):
                target[x] = bank[x // 8 + 1]
            for x in range(w):
                v = f4(f4(source[x] + target[x]) * lens[x])
                # Not max(): what is not a number must become black, not an index.
                value[x] = min(v if v > f4(LEAST) else f4(LEAST), f4(MOST))
        else:
            for x in range(w):
                v = f4(source[x] * lens[x])
                value[x] = min(v if v > f4(LEAST) else f4(LEAST), f4(MOST))
        # A float's own bits are a logarithm: they index the curve evenly for the eye.
        for x in range(w):
            target[x] = curve[u4(u4(bits[x] - u4(DARKEST)) >> u4(SHIFT))]


@inlined
def _bright(target, row):
    """Y' of a row, 0 to 255."""
    for x in range(target.shape[0]):
        target[x] = f4(f4(0.2126) * row[0, x] + f4(0.7152) * row[1, x] + f4(0.0722) * row[2, x])


@inlined
def _luma(target, bright, tile):
    for x in range(target.shape[0]):
        y = f4(f4(16.5) + f4(219.0 / 255.0) * f4(bright[x] + tile[x]))
        target[x] = np.uint8(i4(min(max(y, f4(16.0)), f4(235.5))))


@inlined
def _grainy_luma(target, bright, tile, noise, before, grain):
    for x in range(target.shape[0]):
        y = bright[x]
        # Film shows its grain in the middle tones most.
        part = f4(y * f4(1.0 / 255.0))
        weight = f4(f4(0.3) + f4(2.8) * part * f4(f4(1.0) - part))
        speck = f4(f4(noise[x] + noise[x + 1]) + f4(before[x] + before[x + 1]))
        y = f4(y + tile[x] + f4(grain * weight) * speck)
        y = f4(f4(16.5) + f4(219.0 / 255.0) * y)
        target[x] = np.uint8(i4(min(max(y, f4(16.0)), f4(235.5))))


@inlined
def _chroma(target, one, two, bright, wide, tile, scale):
    """Cb or Cr of a row pair from its blue or red; ``wide`` is a row to work in."""
    for x in range(wide.shape[0]):
        wide[x] = f4(f4(one[x] + two[x]) - bright[x])
    for x in range(target.shape[0]):
        value = f4(f4(128.5) + f4(wide[2 * x] + wide[2 * x + 1]) * scale + tile[x])
        target[x] = np.uint8(i4(min(max(value, f4(16.0)), f4(240.5))))


@kernel
def develop(luma, cb, cr, light, glow, look, curves, tile, frame, bars):
    """Write one frame into uint8 planes ``luma`` (H, W), ``cb`` and ``cr`` (H / 2, W / 2).

    light : float32 (3, H, W). glow : float32 (3, H / 8, W / 8).
    look : float32 (5,): bloom, halation, vignette, grain, saturation.
    curves : float32 (3, entries), see ``grade.curves``. tile : float32 (64, W) of dither.
    frame : hash of the frame. bars : rows above and below that stay black.
    """
    h, w = luma.shape
    one = np.empty((3, w), f4)
    two = np.empty((3, w), f4)
    lens = np.empty(w, f4)
    bank = np.empty(glow.shape[2] + 2, f4)
    mixed = np.empty(w, f4)
    upper = np.empty(w, f4)
    lower = np.empty(w, f4)
    noise = np.zeros(w + 1, f4)
    before = np.zeros(w + 1, f4)
    bloom, halo, vignette = look[0], look[1], look[2]
    grain = f4(look[3] * f4(12.0 / 65535.0))
    step = f4(f4(1.0) / f4(h))
    wide = f4(f4(w) * step * f4(0.5))
    corner = f4(f4(1.0) / f4(wide * wide + f4(0.25)))
    blue = f4(look[4] * f4(224.0 / 255.0 / 1.8556 / 4.0))
    red = f4(look[4] * f4(224.0 / 255.0 / 1.5748 / 4.0))
    if look[3] > f4(0.0):
        _hash_row(before, bars - 1, frame)
    for j in range(h // 2):
        if 2 * j < bars or 2 * j + 2 > h - bars:
            for y in range(2 * j, 2 * j + 2):
                for x in range(w):
                    luma[y, x] = np.uint8(16)
            for x in range(w // 2):
                cb[j, x] = np.uint8(128)
                cr[j, x] = np.uint8(128)
            continue
        dy = f4(f4(f4(i4(2 * j)) + f4(1.0)) * step - f4(0.5))
        for x in range(w):
            dx = f4(f4(f4(i4(x)) + f4(0.5)) * step - wide)
            r2 = f4(f4(dx * dx + dy * dy) * corner)
            lens[x] = f4(f4(1.0) - vignette * r2 * f4(f4(0.35) + f4(0.65) * r2))
        _expose(one, light, glow, 2 * j, bloom, halo, lens, bank, mixed, curves)
        _expose(two, light, glow, 2 * j + 1, bloom, halo, lens, bank, mixed, curves)
        _bright(upper, one)
        _bright(lower, two)
        if grain > f4(0.0):
            _hash_row(noise, 2 * j, frame)
            _grainy_luma(luma[2 * j], upper, tile[(2 * j) & 63], noise, before, grain)
            _hash_row(before, 2 * j + 1, frame)
            _grainy_luma(luma[2 * j + 1], lower, tile[(2 * j + 1) & 63], before, noise, grain)
        else:
            _luma(luma[2 * j], upper, tile[(2 * j) & 63])
            _luma(luma[2 * j + 1], lower, tile[(2 * j + 1) & 63])
        for x in range(w):
            upper[x] = f4(upper[x] + lower[x])
        _chroma(cb[j], one[2], two[2], upper, mixed, tile[(j + 32) & 63], blue)
        _chroma(cr[j], one[0], two[0], upper, mixed, tile[(j + 48) & 63], red)
