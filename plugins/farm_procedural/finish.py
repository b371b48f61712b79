"""From linear light to the encoder's planes: hills, glow, motes, lens, tone, dither, BT.709.

Invariant: everything sharp is computed at full resolution and each output pixel is written once,
straight into 8-bit 4:2:0 planes in BT.709 limited range.
"""

from __future__ import annotations

import numpy as np

from farm_procedural.compiled import inlined, kernel
from farm_procedural.noise import f4, gradient_noise, i4, u4

# Tones: linear light to sRGB by square roots (exact on every processor, unlike a power).
# Source: I. Taylor, "sRGB approximations for HLSL" (2012); at most 0.1 % off.


@inlined
def _tone(x):
    x = max(f4(x), f4(0.0))
    x = f4(x * f4(f4(1.0) + x * f4(0.16)) / f4(f4(1.0) + x * f4(0.62)))
    s1 = np.sqrt(x)
    s2 = np.sqrt(s1)
    s3 = np.sqrt(s2)
    y = f4(f4(0.662002687) * s1 + f4(0.68412206) * s2 - f4(0.323583601) * s3 - f4(0.022541147) * x)
    return min(max(y, f4(0.0)), f4(1.0))


@kernel
def crest_heights(heights, places, rough, pan, seed):
    """Fill ``heights``, float32 (layers, W): the crest of each row of hills, in frame heights.

    places : float32 (layers, 3): base line, height of the hills, how much the camera's pan shows.
    """
    layers, w = heights.shape
    for k in range(layers):
        own = u4(seed + u4(u4(k) * u4(977)))
        base, tall, near = places[k, 0], places[k, 1], places[k, 2]
        for x in range(w):
            u = f4(f4(i4(x)) * heights_step(w) + pan * near)
            f = f4(f4(1.1) + f4(0.5) * f4(k))
            n = gradient_noise(f4(u * f), f4(0.37), own)
            ridge = f4(f4(1.0) - f4(2.0) * abs(gradient_noise(f4(u * f * f4(1.9)), f4(1.7), own)))
            fine = gradient_noise(f4(u * f * f4(4.1)), f4(2.3), own)
            finer = gradient_noise(f4(u * f * f4(9.7)), f4(3.9), own)
            finest = gradient_noise(f4(u * f * f4(23.0)), f4(5.3), own)
            form = f4(
                n
                + rough * f4(f4(0.35) * ridge + f4(0.28) * fine)
                + rough * rough * f4(f4(0.12) * finer + f4(0.05) * finest)
            )
            heights[k, x] = f4(base - tall * form)


@inlined
def heights_step(w):
    return f4(f4(1.7777778) / f4(w))


@inlined
def _add_motes(row, light, mote):
    for c in range(3):
        target = row[c]
        tint = mote[c]
        for x in range(light.shape[0]):
            p = light[x]
            target[x] = f4(target[x] + p * f4(tint + p * f4(0.35)))


@inlined
def _compose(
    row, y, field, glow, light, heights, hills, mote, behind, strength, waterline, t, scratch
):
    """Linear light of one row into ``row``, float32 (3, W)."""
    h, w = light.shape
    line, bank, crest = scratch
    fh, fw = field.shape[1], field.shape[2]
    gh, gw = glow.shape[1], glow.shape[2]
    j = y >> 1
    jn = min(j + 1, fh - 1) if y & 1 else max(j - 1, 0)
    gy = f4(f4(f4(i4(y)) + f4(0.5)) * f4(1.0 / 16.0) - f4(0.5))
    gy = min(max(gy, f4(0.0)), f4(gh - 1))
    g0 = i4(gy)
    g1 = min(g0 + 1, gh - 1)
    gf = f4(gy - f4(g0))
    for c in range(3):
        target = row[c]
        one, two = field[c, j], field[c, jn]
        for x in range(fw):
            line[x] = f4(f4(0.75) * one[x] + f4(0.25) * two[x])
        line[fw] = line[fw - 1]
        target[0] = line[0]
        for x in range(fw):
            target[2 * x + 1] = f4(f4(0.75) * line[x] + f4(0.25) * line[x + 1])
        for x in range(1, fw):
            target[2 * x] = f4(f4(0.75) * line[x] + f4(0.25) * line[x - 1])
        for x in range(gw):
            bank[x + 1] = f4(glow[c, g0, x] + f4(glow[c, g1, x] - glow[c, g0, x]) * gf)
        bank[0] = bank[1]
        bank[gw + 1] = bank[gw]
        bank[gw + 2] = bank[gw]
        for x in range(w):
            at = f4(f4(f4(i4(x)) + f4(0.5)) * f4(1.0 / 16.0) + f4(0.5))
            i = i4(at)
            part = f4(at - f4(i))
            target[x] = f4(target[x] + strength * f4(bank[i] + f4(bank[i + 1] - bank[i]) * part))
    v = f4(f4(f4(i4(y)) + f4(0.5)) / f4(h))
    per_pixel = f4(f4(h) * f4(0.8))
    if behind:
        _add_motes(row, light[y], mote)
    under = f4(v - waterline)
    full = f4(1.0)
    shift = 0
    if under > f4(0.0):
        far = f4(f4(1.0) / f4(under + f4(0.035)))
        v = f4(waterline - under * f4(0.92))
        full = f4(0.78)
        sway = gradient_noise(f4(far * f4(5.0) + t * f4(3.0)), f4(0.5), u4(71))
        shift = i4(f4(sway * f4(under + f4(0.01)) * f4(h) * f4(0.12)))
    for k in range(heights.shape[0]):
        for x in range(w):
            crest[x] = heights[k, min(max(x + shift, 0), w - 1)]
        mist = hills[k, 3]
        for x in range(w):
            depth = f4(v - crest[x])
            cover = min(max(f4(depth * per_pixel + f4(0.5)), f4(0.0)), full)
            # Mist gathers at the foot of a hill, so the next row stands out against it.
            foot = min(max(f4(depth * f4(3.6)), f4(0.0)), f4(1.0))
            foot = f4(foot * mist)
            for c in range(3):
                own = f4(hills[k, c] + f4(hills[k, c + 4] - hills[k, c]) * foot)
                row[c, x] = f4(row[c, x] + f4(own - row[c, x]) * cover)
    if not behind:
        _add_motes(row, light[y], mote)


@inlined
def _develop(row, y, h, w, dither):
    """Lens, tone and dither of one row in place: R'G'B' in 0 to 255."""
    step = f4(f4(1.0) / f4(h))
    dy = f4(f4(f4(i4(y)) + f4(0.5)) * step - f4(0.5))
    wide = f4(f4(w) * step * f4(0.5))
    corner = f4(f4(1.0) / f4(wide * wide + f4(0.25)))
    for c in range(3):
        target = row[c]
        for x in range(w):
            dx = f4(f4(f4(i4(x)) + f4(0.5)) * step - wide)
            r2 = f4(f4(dx * dx + dy * dy) * corner)
            lens = f4(f4(1.0) - f4(0.42) * r2 * f4(f4(0.35) + f4(0.65) * r2))
            target[x] = f4(_tone(f4(target[x] * lens)) * f4(255.0))
    tile = dither[y & 63]
    for x in range(w):
        d = tile[x & 63]
        row[0, x] = f4(row[0, x] + d)
        row[1, x] = f4(row[1, x] + d)
        row[2, x] = f4(row[2, x] + d)


@inlined
def _luma(target, row, w):
    for x in range(w):
        y = f4(f4(0.2126) * row[0, x] + f4(0.7152) * row[1, x] + f4(0.0722) * row[2, x])
        y = f4(f4(16.5) + f4(219.0 / 255.0) * y)
        target[x] = np.uint8(i4(min(max(y, f4(16.0)), f4(235.5))))


@kernel
def develop(
    luma, cb, cr, field, glow, light, heights, hills, mote, behind, strength, waterline, t, dither
):
    """Write one frame into uint8 planes ``luma`` (H, W), ``cb`` and ``cr`` (H / 2, W / 2).

    field : float32 (3, H / 2, W / 2) linear light. glow : float32 (3, ...) at a sixteenth.
    light : float32 (H, W) of motes, tinted by ``mote`` (3,). heights : float32 (layers, W).
    hills : float32 (layers, 7): colour, mist share, mist colour. dither : float32 (64, 64).
    behind : motes are farther than the hills. strength : of the glow.
    waterline : share of the height below which hills are mirrored. t : seconds.
    """
    h, w = luma.shape
    one = np.empty((3, w), f4)
    two = np.empty((3, w), f4)
    line = np.empty(field.shape[2] + 1, f4)
    bank = np.empty(glow.shape[2] + 3, f4)
    scratch = (line, bank, np.empty(w, f4))
    for j in range(h // 2):
        y = 2 * j
        _compose(
            one,
            y,
            field,
            glow,
            light,
            heights,
            hills,
            mote,
            behind,
            strength,
            waterline,
            t,
            scratch,
        )
        _develop(one, y, h, w, dither)
        _luma(luma[y], one, w)
        y = 2 * j + 1
        _compose(
            two,
            y,
            field,
            glow,
            light,
            heights,
            hills,
            mote,
            behind,
            strength,
            waterline,
            t,
            scratch,
        )
        _develop(two, y, h, w, dither)
        _luma(luma[y], two, w)
        for x in range(w // 2):
            r = f4(f4(one[0, 2 * x] + one[0, 2 * x + 1]) + f4(two[0, 2 * x] + two[0, 2 * x + 1]))
            g = f4(f4(one[1, 2 * x] + one[1, 2 * x + 1]) + f4(two[1, 2 * x] + two[1, 2 * x + 1]))
            b = f4(f4(one[2, 2 * x] + one[2, 2 * x + 1]) + f4(two[2, 2 * x] + two[2, 2 * x + 1]))
            y4 = f4(f4(0.2126) * r + f4(0.7152) * g + f4(0.0722) * b)
            u = f4(f4(128.5) + f4(b - y4) * f4(224.0 / 255.0 / 1.8556 / 4.0))
            v = f4(f4(128.5) + f4(r - y4) * f4(224.0 / 255.0 / 1.5748 / 4.0))
            cb[j, x] = np.uint8(i4(min(max(u, f4(16.0)), f4(240.5))))
            cr[j, x] = np.uint8(i4(min(max(v, f4(16.0)), f4(240.5))))
