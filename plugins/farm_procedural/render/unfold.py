"""From the reduced field to full resolution: smooth enlargement, discs of lights, and bloom.

Invariant: sums run in one fixed order, so the result does not depend on the machine.
"""

from __future__ import annotations

import numpy as np

from farm_procedural.compiled import inlined, kernel
from farm_procedural.noise import f4, gradient_noise, i4
from farm_procedural.render.enlarge import double, quadruple, row_between

GLOW_CELL = 8
"""Pixels across one cell of the bloom."""


@kernel
def unfold(light, field, factor):
    """Enlarge ``field``, float32 (3, ceil(H / factor), ceil(W / factor)), into ``light`` (3, H, W).

    factor : 2 or 4.
    """
    h, w = light.shape[1], light.shape[2]
    fw = field.shape[2]
    line = np.empty(fw + 2, f4)
    wide = np.empty(fw * factor, f4)
    for y in range(h):
        for c in range(3):
            row_between(line, field[c], y, factor)
            target = light[c, y]
            if w == fw * factor:
                wide = target
            if factor == 4:
                quadruple(wide, line, fw)
            else:
                double(wide, line, fw)
            if w != fw * factor:
                for x in range(w):
                    target[x] = wide[x]


@kernel
def draw_disc(light, cx, cy, radius, edge, red, green, blue, marks, below, seed):
    """Add a round light at (cx, cy), all in frame heights from the middle, rows above ``below``.

    marks : how much the disc is mottled, as the moon is.
    """
    h, w = light.shape[1], light.shape[2]
    fh = f4(h)
    step = f4(f4(1.0) / fh)
    half = f4(f4(0.5) * f4(w) * step)
    far = f4(radius + edge + step)
    y0 = max(0, i4(f4(f4(cy + f4(0.5) - far) * fh)))
    y1 = min(h, i4(f4(f4(cy + f4(0.5) + far) * fh)) + 2, i4(f4(f4(below + f4(0.5)) * fh)))
    x0 = max(0, i4(f4(f4(cx + half - far) * fh)))
    x1 = min(w, i4(f4(f4(cx + half + far) * fh)) + 2)
    soft = f4(f4(1.0) / max(edge, step))
    grain = f4(f4(2.2) / radius)
    for y in range(y0, y1):
        dv = f4(f4(f4(i4(y)) + f4(0.5)) * step - f4(0.5) - cy)
        for x in range(x0, x1):
            du = f4(f4(f4(i4(x)) + f4(0.5)) * step - half - cx)
            core = f4(f4(radius - np.sqrt(f4(du * du + dv * dv))) * soft + f4(0.5))
            core = min(max(core, f4(0.0)), f4(1.0))
            core = f4(core * core * f4(f4(3.0) - f4(2.0) * core))
            sea = gradient_noise(f4(du * grain), f4(dv * grain), seed)
            sea = f4(sea + f4(0.5) * gradient_noise(f4(du * grain * f4(2.3)), f4(dv * grain), seed))
            core = f4(core * f4(f4(1.0) - marks * max(f4(sea + f4(0.1)), f4(0.0))))
            light[0, y, x] = f4(light[0, y, x] + core * red)
            light[1, y, x] = f4(light[1, y, x] + core * green)
            light[2, y, x] = f4(light[2, y, x] + core * blue)


@inlined
def _blur(cells, other, pad, gap):
    """Binomial blur in both directions with taps ``gap`` cells apart, in place."""
    gh, gw = cells.shape
    for y in range(gh):
        a, b = cells[max(y - 2 * gap, 0)], cells[min(y + 2 * gap, gh - 1)]
        d, e = cells[max(y - gap, 0)], cells[min(y + gap, gh - 1)]
        own, target = cells[y], other[y]
        for x in range(gw):
            near = f4(f4(4.0) * f4(d[x] + e[x]) + f4(6.0) * own[x])
            target[x] = f4(f4(f4(a[x] + b[x]) + near) * f4(1.0 / 16.0))
    m = 2 * gap
    for y in range(gh):
        row, target = other[y], cells[y]
        for x in range(m):
            pad[x] = row[0]
            pad[m + gw + x] = row[gw - 1]
        for x in range(gw):
            pad[m + x] = row[x]
        for x in range(gw):
            near = f4(f4(4.0) * f4(pad[x + gap] + pad[x + 3 * gap]) + f4(6.0) * pad[x + m])
            target[x] = f4(f4(f4(pad[x] + pad[x + 2 * m]) + near) * f4(1.0 / 16.0))


@kernel
def gather_glow(light, glow, threshold, gaps):
    """Average the light above a threshold into ``glow``, float32 (3, H / 8, W / 8), and blur it.

    gaps : int64, cells between the taps of one pass of the blur after the other.
    Every fourth row is looked at: the blur is far wider.
    """
    gh, gw = glow.shape[1], glow.shape[2]
    h, w = light.shape[1], light.shape[2]
    row = np.zeros(8 * gw, f4)
    other = np.empty((gh, gw), f4)
    pad = np.empty(gw + 4 * gaps.max(), f4)
    for c in range(3):
        for y in range(gh):
            for x in range(8 * gw):
                row[x] = f4(0.0)
            for j in range(8 * y + 1, 8 * y + 8, 4):
                source = light[c, min(j, h - 1)]
                for x in range(w):
                    value = f4(source[x] - threshold)
                    row[x] = f4(row[x] + min(max(value, f4(0.0)), f4(3.0)))
            for x in range(w, 8 * gw):
                row[x] = row[w - 1]
            for x in range(gw):
                k = 8 * x
                left = f4(f4(row[k] + row[k + 1]) + f4(row[k + 2] + row[k + 3]))
                right = f4(f4(row[k + 4] + row[k + 5]) + f4(row[k + 6] + row[k + 7]))
                glow[c, y, x] = f4(f4(left + right) * f4(1.0 / 16.0))
        for gap in gaps:
            _blur(glow[c], other, pad, gap)
