"""Two finished frames become one: kernels that mix 4:2:0 planes in linear light.

Invariant: where only one picture is seen its levels come out unchanged, bit for bit; colours that
8-bit chroma pushes out of range are kept, not clipped. What is mixed is dithered.
"""

from __future__ import annotations

import numpy as np

from farm_procedural.compiled import inlined, kernel
from farm_procedural.noise import f4, i4

FINE = 4095
"""Last entry of the tables."""


@inlined
def _unit(x):
    return min(max(x, f4(0.0)), f4(1.0))


@inlined
def _rgb(luma, cb, cr):
    """R'G'B' 0 to 1 of a pixel; chroma may push it beyond."""
    y = f4(f4(f4(luma) - f4(16.0)) * f4(1.0 / 219.0))
    u = f4(f4(f4(cb) - f4(128.0)) * f4(1.0 / 224.0))
    v = f4(f4(f4(cr) - f4(128.0)) * f4(1.0 / 224.0))
    red = f4(y + f4(1.5748) * v)
    blue = f4(y + f4(1.8556) * u)
    green = f4(y - f4(0.46812427) * v - f4(0.18732427) * u)
    return red, green, blue


@inlined
def _level(value, dither, top):
    return np.uint8(i4(min(max(f4(value + f4(0.5) + dither), f4(16.0)), f4(top + f4(0.5)))))


@inlined
def _luma(r, g, b, dither):
    y = f4(f4(0.2126) * r + f4(0.7152) * g + f4(0.0722) * b)
    return _level(f4(f4(16.0) + f4(219.0) * y), dither, f4(235.0))


@inlined
def _chroma(r, g, b, dither):
    """cb and cr of the sum of four pixels."""
    y = f4(f4(0.2126) * r + f4(0.7152) * g + f4(0.0722) * b)
    u = f4(f4(128.0) + f4(b - y) * f4(224.0 / 1.8556 / 4.0))
    v = f4(f4(128.0) + f4(r - y) * f4(224.0 / 1.5748 / 4.0))
    return _level(u, dither, f4(240.0)), _level(v, -dither, f4(240.0))


# Light from R'G'B' as a cubic and back by Newton's steps: vector code, and exact inverses, so that
# equal pictures mix to themselves. Source: I. Taylor, "sRGB approximations for HLSL" (2012).


@inlined
def _light(x):
    return f4(x * f4(x * f4(x * f4(0.305306011) + f4(0.682171111)) + f4(0.012522878)))


@inlined
def _seen(light):
    root = np.sqrt(light)
    x = f4(f4(0.6) * root + f4(0.4) * np.sqrt(root))
    for _ in range(2):
        slope = f4(x * f4(x * f4(0.915918033) + f4(1.364342222)) + f4(0.012522878))
        x = f4(x - f4(_light(x) - light) / slope)
    return x


@inlined
def _mix_row(rgb, luma_a, u_a, v_a, luma_b, u_b, v_b, share, one, two):
    """R'G'B' of a row, float32 (3, w), from levels of both pictures; ``one``, ``two``: scratch."""
    w = luma_a.shape[0]
    for c in range(3):
        per_u = f4(0.0) if c == 0 else f4(-0.18732427 / 224.0) if c == 1 else f4(1.8556 / 224.0)
        per_v = f4(1.5748 / 224.0) if c == 0 else f4(-0.46812427 / 224.0) if c == 1 else f4(0.0)
        for x in range(w):
            y = f4(f4(f4(luma_a[x]) - f4(16.0)) * f4(1.0 / 219.0))
            one[x] = f4(y + per_u * u_a[x] + per_v * v_a[x])
            y = f4(f4(f4(luma_b[x]) - f4(16.0)) * f4(1.0 / 219.0))
            two[x] = f4(y + per_u * u_b[x] + per_v * v_b[x])
        target = rgb[c]
        for x in range(w):
            a, b = _unit(one[x]), _unit(two[x])
            light = _light(a)
            light = f4(light + f4(_light(b) - light) * share[x])
            # What is beyond the range of R'G'B' is carried past the mix.
            beyond = f4(one[x] - a)
            target[x] = f4(_seen(light) + beyond + f4(f4(two[x] - b) - beyond) * share[x])


@inlined
def _spread(target, chroma):
    """Chroma of a row, one value for each pixel, without its offset."""
    for i in range(chroma.shape[0]):
        value = f4(f4(chroma[i]) - f4(128.0))
        target[2 * i] = value
        target[2 * i + 1] = value


@inlined
def _put_luma(target, rgb, luma_a, luma_b, share, tile):
    for x in range(target.shape[0]):
        level = _luma(rgb[0, x], rgb[1, x], rgb[2, x], tile[x & 63])
        level = luma_a[x] if share[x] <= f4(0.0) else level
        target[x] = luma_b[x] if share[x] >= f4(1.0) else level


@kernel
def blend(a, b, weight, even, out, tile):
    """Mix planes in linear light by the share of ``b``: of each pixel, ``weight`` float32 (h, w),
    or ``even`` of all where ``weight`` is empty.

    a, b, out : (luma, cb, cr); ``out`` may be ``a``.
    """
    h, w = out[0].shape
    u_a, v_a = np.empty(w, f4), np.empty(w, f4)
    u_b, v_b = np.empty(w, f4), np.empty(w, f4)
    upper, lower = np.empty((3, w), f4), np.empty((3, w), f4)
    one, two = np.empty(w, f4), np.empty(w, f4)
    shares = np.full((2, w), even, f4)
    for j in range(h // 2):
        y = 2 * j
        if weight.size > 0:
            for x in range(w):
                shares[0, x] = weight[y, x]
                shares[1, x] = weight[y + 1, x]
        _spread(u_a, a[1][j])
        _spread(v_a, a[2][j])
        _spread(u_b, b[1][j])
        _spread(v_b, b[2][j])
        _mix_row(upper, a[0][y], u_a, v_a, b[0][y], u_b, v_b, shares[0], one, two)
        _mix_row(lower, a[0][y + 1], u_a, v_a, b[0][y + 1], u_b, v_b, shares[1], one, two)
        _put_luma(out[0][y], upper, a[0][y], b[0][y], shares[0], tile[y & 63])
        _put_luma(out[0][y + 1], lower, a[0][y + 1], b[0][y + 1], shares[1], tile[(y + 1) & 63])
        for i in range(w // 2):
            x = 2 * i
            red = f4(upper[0, x] + upper[0, x + 1] + lower[0, x] + lower[0, x + 1])
            green = f4(upper[1, x] + upper[1, x + 1] + lower[1, x] + lower[1, x + 1])
            blue = f4(upper[2, x] + upper[2, x + 1] + lower[2, x] + lower[2, x + 1])
            p, q, r, s = shares[0, x], shares[0, x + 1], shares[1, x], shares[1, x + 1]
            if max(max(p, q), max(r, s)) <= f4(0.0):
                out[1][j, i], out[2][j, i] = a[1][j, i], a[2][j, i]
            elif min(min(p, q), min(r, s)) >= f4(1.0):
                out[1][j, i], out[2][j, i] = b[1][j, i], b[2][j, i]
            else:
                cb, cr = _chroma(red, green, blue, tile[j & 63, i & 63])
                out[1][j, i], out[2][j, i] = cb, cr


@kernel
def dim(a, gain, out, tile):
    """Scale a picture towards black."""
    for y in range(a[0].shape[0]):
        for x in range(a[0].shape[1]):
            value = f4(f4(16.0) + f4(f4(a[0][y, x]) - f4(16.0)) * gain)
            out[0][y, x] = _level(value, tile[y & 63, x & 63], f4(235.0))
    for c in range(1, 3):
        for y in range(a[c].shape[0]):
            for x in range(a[c].shape[1]):
                value = f4(f4(128.0) + f4(f4(a[c][y, x]) - f4(128.0)) * gain)
                out[c][y, x] = _level(value, tile[y & 63, x & 63], f4(240.0))


@inlined
def _mirrored(i, n):
    """An index beyond the edge, reflected into 0 to n - 1."""
    i = -1 - i if i < 0 else i
    i = 2 * n - 1 - i if i >= n else i
    return min(max(i, 0), n - 1)


@kernel
def smear(a, b, slope, ahead, turn, reach, out, linear, levels, tile):
    """Slide ``b`` in behind ``a`` along a line and blur both along it.

    The line runs to the right and by ``slope`` (-1 to 1) down for each pixel. ahead : how far the
    view has gone along x and y, in pixels. turn : x, y that lie from ``a`` to ``b``, and the
    share of x and y in how far along the line a pixel is, and half the length of ``a`` along it.
    reach : half the length of the blur in pixels.
    """
    h, w = a[0].shape
    wide = w + 2 * reach
    rgb = np.empty((3, h, w), f4)
    sums = np.empty((3, wide + 1), np.int64)
    per = f4(f4(1.0) / f4(f4(2 * reach + 1) * f4(1 << 24)))
    rise = i4(np.ceil(f4(abs(slope) * f4(w))))
    middle_x, middle_y = f4(f4(0.5) * f4(w - 1)), f4(f4(0.5) * f4(h - 1))
    for r in range(-rise, h + rise):
        end = r + i4(np.floor(f4(slope * f4(w - 1) + f4(0.5))))
        if (r < 0 and end < 0) or (r >= h and end >= h):
            continue
        for c in range(3):
            sums[c, 0] = 0
        for k in range(wide):
            x = k - reach
            y = r + i4(np.floor(f4(slope * f4(x) + f4(0.5))))
            sx, sy = x + ahead[0], y + ahead[1]
            along = f4(f4(f4(sx) - middle_x) * turn[2] + f4(f4(sy) - middle_y) * turn[3])
            second = along >= turn[4]
            if second:
                sx, sy = sx - i4(turn[0]), sy - i4(turn[1])
            sx, sy = _mirrored(sx, w), _mirrored(sy, h)
            if second:
                red, green, blue = _rgb(
                    b[0][sy, sx], b[1][sy >> 1, sx >> 1], b[2][sy >> 1, sx >> 1]
                )
            else:
                red, green, blue = _rgb(
                    a[0][sy, sx], a[1][sy >> 1, sx >> 1], a[2][sy >> 1, sx >> 1]
                )
            # Whole numbers: sums of any length are exact.
            one = linear[i4(f4(_unit(red) * f4(FINE) + f4(0.5)))]
            sums[0, k + 1] = sums[0, k] + i4(f4(one * f4(1 << 24)))
            one = linear[i4(f4(_unit(green) * f4(FINE) + f4(0.5)))]
            sums[1, k + 1] = sums[1, k] + i4(f4(one * f4(1 << 24)))
            one = linear[i4(f4(_unit(blue) * f4(FINE) + f4(0.5)))]
            sums[2, k + 1] = sums[2, k] + i4(f4(one * f4(1 << 24)))
        for x in range(w):
            y = r + i4(np.floor(f4(slope * f4(x) + f4(0.5))))
            if y < 0 or y >= h:
                continue
            for c in range(3):
                mean = f4(f4(sums[c, x + 2 * reach + 1] - sums[c, x]) * per)
                rgb[c, y, x] = levels[i4(f4(np.sqrt(_unit(mean)) * f4(FINE) + f4(0.5)))]
    luma, cb, cr = out
    for y in range(h):
        for x in range(w):
            luma[y, x] = _luma(rgb[0, y, x], rgb[1, y, x], rgb[2, y, x], tile[y & 63, x & 63])
    for j in range(h // 2):
        for i in range(w // 2):
            y, x = 2 * j, 2 * i
            red, green, blue = f4(0.0), f4(0.0), f4(0.0)
            for k in range(4):
                yy, xx = y + (k >> 1), x + (k & 1)
                red = f4(red + rgb[0, yy, xx])
                green = f4(green + rgb[1, yy, xx])
                blue = f4(blue + rgb[2, yy, xx])
            cb[j, i], cr[j, i] = _chroma(red, green, blue, tile[j & 63, i & 63])
