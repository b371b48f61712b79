"""Letters onto light: masks gathered with sub-pixel shifts, then laid over the picture.

Invariant: nothing outside the rows and columns given is touched; all arithmetic is float32 in one
fixed order.
"""

from __future__ import annotations

import numpy as np

from farm_procedural.compiled import kernel
from farm_procedural.noise import f4, i4


@kernel
def stamp(cover, mask, x, y, weight):
    """Add a mask at (x, y), fractions of pixels included, to ``cover``, float32 (h, w).

    mask : uint8 (mh, mw) whose outermost pixels are 0.
    """
    h, w = cover.shape
    mh, mw = mask.shape
    left = i4(np.floor(x))
    top = i4(np.floor(y))
    fx = f4(x - f4(left))
    fy = f4(y - f4(top))
    part = f4(weight / f4(255.0))
    x0 = max(left, 0)
    x1 = min(left + mw, w)
    if x1 <= x0:
        return
    n = x1 - x0
    line = np.empty(mw + 1, f4)
    for j in range(max(top, 0), min(top + mh, h)):
        here = mask[j - top]
        over = mask[max(j - top - 1, 0)]
        line[0] = f4(0.0)
        for i in range(mw):
            one = f4(here[i])
            line[i + 1] = f4(f4(one + f4(f4(over[i]) - one) * fy) * part)
        target = cover[j, x0:x1]
        now = line[x0 - left + 1 : x0 - left + 1 + n]
        past = line[x0 - left : x0 - left + n]
        for i in range(n):
            target[i] = f4(target[i] + now[i] + f4(past[i] - now[i]) * fx)


@kernel
def lay(light, cover, left, top, colour, opacity, until):
    """Lay a colour over ``light``, float32 (3 or 4, h, w), where ``cover``, float32 (ch, cw), is.

    left, top : the pixel of the cover's upper left corner. until : only left of this x, in pixels.
    """
    planes, h, w = light.shape
    ch, cw = cover.shape
    x0 = max(left, 0)
    x1 = min(left + cw, w)
    if x1 <= x0:
        return
    n = x1 - x0
    line = np.empty(n, f4)
    for y in range(max(top, 0), min(top + ch, h)):
        row = cover[y - top, x0 - left : x1 - left]
        for i in range(n):
            seen = min(max(f4(until - f4(i4(i) + x0)), f4(0.0)), f4(1.0))
            line[i] = f4(min(row[i], f4(1.0)) * opacity * seen)
        for c in range(planes):
            target = light[c, y, x0:x1]
            body = colour[c] if c < 3 else f4(1.0)
            for i in range(n):
                target[i] = f4(target[i] + f4(body - target[i]) * line[i])


@kernel
def plate(cover, x0, y0, x1, y1, radius):
    """Fill ``cover``, float32 (h, w), with an anti-aliased rounded rectangle, in its pixels."""
    h, w = cover.shape
    cx = f4(f4(x0 + x1) * f4(0.5))
    cy = f4(f4(y0 + y1) * f4(0.5))
    hx = f4(f4(x1 - x0) * f4(0.5))
    hy = f4(f4(y1 - y0) * f4(0.5))
    r = min(radius, min(hx, hy))
    for y in range(h):
        dy = f4(abs(f4(f4(f4(i4(y)) + f4(0.5)) - cy)) - f4(hy - r))
        for x in range(w):
            dx = f4(abs(f4(f4(f4(i4(x)) + f4(0.5)) - cx)) - f4(hx - r))
            a = max(dx, f4(0.0))
            b = max(dy, f4(0.0))
            d = f4(np.sqrt(f4(a * a + b * b)) + min(max(dx, dy), f4(0.0)) - r)
            cover[y, x] = min(max(f4(f4(0.5) - d), f4(0.0)), f4(1.0))


@kernel
def brightness(light, left, top, right, low):
    """Mean luminance of a part of ``light``, each value taken as at most 1; every fourth pixel."""
    h, w = light.shape[1], light.shape[2]
    total, count = f4(0.0), f4(0.0)
    for y in range(max(top, 0), min(low, h), 4):
        line = f4(0.0)
        for x in range(max(left, 0), min(right, w), 4):
            r, g, b = min(light[0, y, x], f4(1.0)), min(light[1, y, x], f4(1.0)), light[2, y, x]
            line = f4(line + f4(0.2126) * r + f4(0.7152) * g + f4(0.0722) * min(b, f4(1.0)))
            count = f4(count + f4(1.0))
        total = f4(total + line)
    return f4(total / max(count, f4(1.0)))
