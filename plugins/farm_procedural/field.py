"""The soft part of the picture: sky, silk, light and water, painted at half resolution.

Invariant: every pixel is computed from its own coordinates, the shape and the seed alone. Colours
are linear light, float32; the full-resolution half of the work is in ``finish.py``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from farm_procedural.compiled import inlined, kernel
from farm_procedural.noise import f4, gradient_noise, i4, u4


class Shape(NamedTuple):
    """What the field looks like in one frame. Lengths in frame heights; every value float32."""

    cos: np.float32
    sin: np.float32
    pan_x: np.float32
    pan_y: np.float32
    drift: np.float32
    """Phase of all movement; grows with time."""
    scale: np.float32
    stretch: np.float32
    """Vertical squeeze of forms: under 1 makes curtains, over 1 makes cloud banks."""
    warp: np.float32
    base: np.float32
    across: np.float32
    down: np.float32
    swing: np.float32
    """Palette position = base + across * u + down * v + swing * noise."""
    relief: np.float32
    folds: np.float32
    """Depth of the pleats that run along a form, as in cloth."""
    veins: np.float32
    keen: np.float32
    """How thin the bright veins are."""
    rays: np.float32
    """How much fine vertical rays break up the veins (curtains of light)."""
    horizon: np.float32
    """Height of the water line; 9 for no water."""
    ripple: np.float32


@inlined
def _sat(x):
    return min(max(x, f4(0.0)), f4(1.0))


@inlined
def _pleat(x):
    """A smooth wave in [-1, 1] with period 1."""
    p = f4(x + f4(1024.0))
    y = f4(f4(2.0) * f4(p - f4(i4(p))) - f4(1.0))
    return f4(f4(4.0) * y * f4(f4(1.0) - abs(y)))


@kernel
def paint_field(out, shape, orbs, table, accent, seed):
    """Fill ``out``, float32 (3, h, w), with the field's linear-light colours.

    orbs : float32 (n, 9): u, v, radius, edge, halo radius, red, green, blue, halo strength.
    table : float32 (3, entries), the palette. accent : float32 (2, 3), veins below and above.
    """
    h, w = out.shape[1], out.shape[2]
    entries = table.shape[1]
    step = f4(f4(1.0) / f4(h))
    uu = np.empty(w, f4)
    vv = np.empty(w, f4)
    na = np.empty(w, f4)
    nb = np.empty(w, f4)
    nf = np.empty(w, f4)
    form = np.zeros(w + 1, f4)
    glint = np.empty(w, f4)
    before = np.zeros(w + 1, f4)
    t = shape.drift
    s = shape.scale
    sv = f4(shape.scale * shape.stretch)
    slope = f4(shape.relief / step)
    for y in range(-1, h):
        dy = f4(f4(f4(i4(y)) + f4(0.5)) * step - f4(0.5))
        under = f4(dy - shape.horizon)
        dim = f4(1.0)
        if under > f4(0.0):
            # A plane seen in perspective: ripples shrink and slow down towards the horizon.
            far = f4(f4(1.0) / f4(under + f4(0.035)))
            lean = f4(shape.ripple * f4(under + f4(0.012)))
            dim = f4(f4(0.86) - f4(0.42) * min(f4(under * f4(1.9)), f4(1.0)))
            for x in range(w):
                dx = f4(f4(f4(i4(x)) + f4(0.5)) * step - f4(0.5) * f4(w) * step)
                wx = f4(dx * far * f4(0.55))
                wz = f4(far * f4(2.6) + t * f4(2.2))
                n1 = gradient_noise(wx, wz, u4(seed + u4(71)))
                n2 = gradient_noise(
                    f4(wx * f4(2.7) - t), f4(wz * f4(2.3) + t * f4(1.5)), u4(seed + u4(72))
                )
                n = f4(n1 + f4(0.6) * n2)
                glint[x] = _sat(f4(f4(0.36) + f4(1.5) * n))
                uu[x] = f4(dx + n * lean * f4(0.6) + shape.pan_x)
                vv[x] = f4(shape.horizon - under * f4(0.92) + n * lean + shape.pan_y)
        else:
            for x in range(w):
                dx = f4(f4(f4(i4(x)) + f4(0.5)) * step - f4(0.5) * f4(w) * step)
                uu[x] = f4(shape.cos * dx - shape.sin * dy + shape.pan_x)
                vv[x] = f4(shape.sin * dx + shape.cos * dy + shape.pan_y)
        for x in range(w):
            u = f4(uu[x] * s)
            v = f4(vv[x] * sv)
            na[x] = f4(
                gradient_noise(f4(u + t * f4(0.31)), f4(v - t * f4(0.17)), u4(seed + u4(1)))
                + f4(0.5)
                * gradient_noise(
                    f4(u * f4(2.03) - t * f4(0.23)),
                    f4(v * f4(2.03) + t * f4(0.29)),
                    u4(seed + u4(2)),
                )
            )
        for x in range(w):
            u = f4(uu[x] * s + f4(17.3))
            v = f4(vv[x] * sv - f4(9.1))
            nb[x] = f4(
                gradient_noise(f4(u - t * f4(0.21)), f4(v + t * f4(0.26)), u4(seed + u4(3)))
                + f4(0.5)
                * gradient_noise(
                    f4(u * f4(1.97) + t * f4(0.27)),
                    f4(v * f4(1.97) + t * f4(0.11)),
                    u4(seed + u4(4)),
                )
            )
        for x in range(w):
            u = f4(uu[x] * s * f4(0.9) + shape.warp * na[x])
            v = f4(vv[x] * sv * f4(0.9) + shape.warp * nb[x])
            f = f4(
                gradient_noise(f4(u + t * f4(0.12)), f4(v + t * f4(0.09)), u4(seed + u4(5)))
                + f4(0.46)
                * gradient_noise(
                    f4(u * f4(2.1) + f4(3.7)),
                    f4(v * f4(2.1) - t * f4(0.2)),
                    u4(seed + u4(6)),
                )
                + f4(0.2)
                * gradient_noise(f4(u * f4(4.3) - t * f4(0.25)), f4(v * f4(4.3)), u4(seed + u4(7)))
            )
            nf[x] = f
            pleat = _pleat(f4(f * f4(1.9) + nb[x] * f4(0.8) + t * f4(0.15)))
            form[x + 1] = f4(f + shape.folds * pleat)
        form[0] = f4(f4(2.0) * form[1] - form[2])
        if y < 0:
            for x in range(w + 1):
                before[x] = form[x]
            continue
        seen = f4(min(dy, f4(shape.horizon - under)))  # In water, what is mirrored.
        high = _sat(f4(f4(0.55) - f4(seen + f4(0.1)) * f4(1.9)))
        ar = f4(accent[0, 0] + f4(accent[1, 0] - accent[0, 0]) * high)
        ag = f4(accent[0, 1] + f4(accent[1, 1] - accent[0, 1]) * high)
        ab = f4(accent[0, 2] + f4(accent[1, 2] - accent[0, 2]) * high)
        red = out[0, y]
        green = out[1, y]
        blue = out[2, y]
        last = f4(entries - 1)
        for x in range(w):
            f = nf[x]
            at = f4(
                shape.base
                + shape.across * uu[x]
                + shape.down * vv[x]
                + shape.swing * f4(f + f4(0.55) * na[x])
            )
            # Soft ends: the palette never clips to a flat patch.
            at = f4(_sat(f4(at * f4(0.8) + f4(0.1))))
            at = f4(at * at * f4(f4(3.0) - f4(2.0) * at))
            i = i4(f4(at * last))
            # Light from the upper left rakes over the form, like silk.
            rise = f4(f4(form[x + 1] - form[x]) * f4(0.6) + f4(form[x + 1] - before[x + 1]))
            rake = f4(slope * rise)
            rake = f4(f4(1.0) + rake / f4(f4(1.0) + abs(rake) * f4(1.15)))
            line = f4(f4(1.0) - abs(f4(f * f4(1.3) + nb[x] * f4(0.45))) * shape.keen)
            line = max(line, f4(0.0))
            line = f4(line * line * line * shape.veins * _sat(f4(f4(0.55) + na[x])))
            red[x] = f4(f4(table[0, i] * rake + line * ar) * dim)
            green[x] = f4(f4(table[1, i] * rake + line * ag) * dim)
            blue[x] = f4(f4(table[2, i] * rake + line * ab) * dim)
        if shape.rays > f4(0.0):
            _curtains(red, green, blue, uu, vv, na, nb, shape, dim, ar, ag, ab, seed)
        for k in range(orbs.shape[0]):
            ou, ov, radius, edge = orbs[k, 0], orbs[k, 1], orbs[k, 2], orbs[k, 3]
            reach = f4(f4(1.0) / f4(orbs[k, 4] * orbs[k, 4]))
            r, g, b = orbs[k, 5], orbs[k, 6], orbs[k, 7]
            strength = orbs[k, 8]
            # On water a light is drawn out into a column that starts at the horizon.
            above = max(f4(shape.horizon - ov), f4(0.01))
            column = min(f4(0.36), f4(f4(0.8) * abs(radius) / above))
            for x in range(w):
                du = f4(uu[x] - ou)
                dv = f4(vv[x] - ov)
                if under > f4(0.0):
                    dv = f4(dv * column)
                    du = f4(du * f4(1.35))
                d2 = f4(du * du + dv * dv)
                fall = f4(f4(1.0) / f4(f4(1.0) + d2 * reach))
                core = _sat(f4(f4(radius - np.sqrt(d2)) / edge + f4(0.5)))
                core = f4(core * core * f4(f4(3.0) - f4(2.0) * core))
                if under > f4(0.0):
                    core = f4(core * glint[x])
                    fall = f4(fall * f4(f4(0.45) + glint[x]))
                glow = f4(f4(fall * fall * strength + core) * dim)
                red[x] = f4(red[x] + glow * r)
                green[x] = f4(green[x] + glow * g)
                blue[x] = f4(blue[x] + glow * b)
        for x in range(w + 1):
            before[x] = form[x]


@inlined
def _curtains(red, green, blue, uu, vv, na, nb, shape, dim, ar, ag, ab, seed):
    """Add two curtains of light to a row: bright along a winding foot, fading upwards in rays."""
    t = shape.drift
    for k in range(2):
        own = u4(seed + u4(40 + k))
        off = f4(f4(k) * f4(5.3))
        for x in range(uu.shape[0]):
            u = f4(uu[x] + f4(0.10) * nb[x])
            foot = f4(
                f4(min(shape.horizon, f4(0.25)) - f4(0.18))
                - f4(0.15) * f4(k)
                + f4(0.26) * gradient_noise(f4(u * f4(1.15) + off), f4(t * f4(0.8) + off), own)
                + f4(0.06) * na[x]
            )
            up = f4(foot - vv[x])
            edge = _sat(f4(up * f4(14.0) + f4(0.5)))
            ray = gradient_noise(f4(u * f4(15.0) + off), f4(t * f4(1.6)), own)
            ray = f4(ray + f4(0.6) * gradient_noise(f4(u * f4(37.0)), f4(t * f4(2.3)), own))
            tall = f4(f4(5.2) - f4(2.4) * ray)
            fade = f4(f4(1.0) / f4(f4(1.0) + max(up, f4(0.0)) * tall))
            fade = f4(fade * fade * fade * edge * edge)
            part = gradient_noise(f4(u * f4(0.9) - off), f4(t * f4(0.5)), own)
            show = f4(
                dim * shape.rays * fade * _sat(f4(f4(0.62) + part)) * f4(f4(1.0) + f4(0.45) * ray)
            )
            red[x] = f4(red[x] + show * ar)
            green[x] = f4(green[x] + show * ag)
            blue[x] = f4(blue[x] + show * ab)


@kernel
def gather_glow(field, glow):
    """Average the light above a threshold into ``glow``, float32 (3, h // 8, w // 8), and blur it.

    Sums run in one fixed order, so the result does not depend on the machine.
    """
    gh, gw = glow.shape[1], glow.shape[2]
    h, w = field.shape[1], field.shape[2]
    line = np.empty(max(gh, gw), f4)
    for c in range(3):
        for y in range(gh):
            for x in range(gw):
                total = f4(0.0)
                for j in range(0, 8, 2):
                    for i in range(0, 8, 2):
                        value = field[c, min(8 * y + j, h - 1), min(8 * x + i, w - 1)]
                        total = f4(total + max(f4(value - f4(0.55)), f4(0.0)))
                glow[c, y, x] = f4(min(total, f4(40.0)) * f4(1.0 / 16.0))
        for _ in range(3):
            for y in range(gh):
                for x in range(gw):
                    line[x] = glow[c, y, x]
                for x in range(gw):
                    a = f4(line[max(x - 2, 0)] + line[min(x + 2, gw - 1)])
                    b = f4(line[max(x - 1, 0)] + line[min(x + 1, gw - 1)])
                    glow[c, y, x] = f4(f4(a + f4(4.0) * b + f4(6.0) * line[x]) * f4(1.0 / 16.0))
            for x in range(gw):
                for y in range(gh):
                    line[y] = glow[c, y, x]
                for y in range(gh):
                    a = f4(line[max(y - 2, 0)] + line[min(y + 2, gh - 1)])
                    b = f4(line[max(y - 1, 0)] + line[min(y + 1, gh - 1)])
                    glow[c, y, x] = f4(f4(a + f4(4.0) * b + f4(6.0) * line[y]) * f4(1.0 / 16.0))
