"""The soft part of the picture: gradients, silk, sky, gas and water, painted at reduced resolution.

Invariant: every pixel is computed from its own coordinates, the field and the seed alone. Colours
are linear light, float32; what is sharp is drawn over it at full resolution.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from farm_procedural.compiled import inlined, kernel
from farm_procedural.noise import f4, gradient_noise, i4, u4
from farm_procedural.render.enlarge import quadruple, row_between
from farm_procedural.render.heavens import add_beams, add_curtains, add_glows, pleat, sat

LINEAR, RADIAL, CONIC, DIAMOND = range(4)
WARP_X, WARP_Y, WAVES, FORMS = 0, 2, 4, 6
"""Rows of ``steps``: two octaves that bend the domain each way, two of waves, then the forms."""


class Field(NamedTuple):
    """What the field is like in one frame. Lengths in frame heights; float32 but ``kind``."""

    cos: np.float32
    sin: np.float32
    pan_x: np.float32
    pan_y: np.float32
    kind: np.int32
    """Of gradient."""
    grad_x: np.float32
    grad_y: np.float32
    """Palette position per length; for a conic gradient the direction it starts at."""
    grad_u: np.float32
    grad_v: np.float32
    """Where the gradient is centred."""
    span: np.float32
    """How much of the palette a round gradient runs through, per length."""
    base: np.float32
    """Palette position at the centre."""
    scale: np.float32
    stretch: np.float32
    """Vertical squeeze of forms: under 1 makes curtains, over 1 makes cloud banks."""
    warp: np.float32
    swing: np.float32
    """Palette positions that the forms add."""
    light_x: np.float32
    light_y: np.float32
    """How light from a side rakes over the forms."""
    folds: np.float32
    """Depth of the pleats that run along a form, as in cloth."""
    veins: np.float32
    keen: np.float32
    """How thin the bright veins are."""
    cloud: np.float32
    """Cover of clouds, 0 for none."""
    gas: np.float32
    """How much the forms glow by themselves, as in a nebula."""
    rays: np.float32
    """Strength of curtains of light."""
    way: np.float32
    """How far to the right they were carried."""
    horizon: np.float32
    """Height of the water line; 9 for no water."""
    ripple: np.float32
    beam: np.float32
    beam_u: np.float32
    beam_v: np.float32
    drift: np.float32
    """Phase of all movement; grows with time."""
    gain: np.float32
    """Exposure."""


@inlined
def _fractal(target, uu, vv, s, sv, steps, start, stop, seed):
    """Sum of the octaves ``start`` to ``stop`` into a row."""
    for x in range(uu.shape[0]):
        target[x] = f4(0.0)
    for k in range(start, stop):
        fx, fy = f4(s * steps[k, 0]), f4(sv * steps[k, 0])
        ox, oy, amp = steps[k, 1], steps[k, 2], steps[k, 3]
        own = u4(seed + u4(k))
        for x in range(uu.shape[0]):
            n = gradient_noise(f4(uu[x] * fx + ox), f4(vv[x] * fy + oy), own)
            target[x] = f4(target[x] + amp * n)


@inlined
def _gradient(at, uu, vv, field):
    """Palette positions of the gradient alone."""
    gu, gv, base = field.grad_u, field.grad_v, field.base
    gx, gy, span = field.grad_x, field.grad_y, field.span
    w = at.shape[0]
    if field.kind == 0:
        for x in range(w):
            at[x] = f4(base + gx * f4(uu[x] - gu) + gy * f4(vv[x] - gv))
    elif field.kind == 1:
        for x in range(w):
            du, dv = f4(uu[x] - gu), f4(vv[x] - gv)
            at[x] = f4(base - span * np.sqrt(f4(du * du + dv * dv)))
    elif field.kind == 2:
        for x in range(w):
            du, dv = f4(uu[x] - gu), f4(vv[x] - gv)
            along = f4(gx * du + gy * dv)
            aside = abs(f4(gx * dv - gy * du))
            # Angle from the start to its opposite, 0 to 1, mirrored so that there is no seam.
            # A polynomial of the smaller slope: the same bits everywhere, unlike arctan.
            low = min(abs(along), aside)
            high = f4(max(abs(along), aside) + f4(1e-9))
            q = f4(low / high)
            q2 = f4(q * q)
            a = f4(q * f4(f4(0.318287) - q2 * f4(f4(0.102634) - q2 * f4(0.034435))))
            a = f4(f4(0.5) - a) if aside > abs(along) else a
            a = f4(f4(1.0) - a) if along < f4(0.0) else a
            # The very centre would be a point of all colours.
            soft = sat(f4(f4(du * du + dv * dv) * f4(900.0)))
            at[x] = f4(base + span * f4(f4(f4(0.5) - a) * soft))
    else:
        for x in range(w):
            at[x] = f4(base - span * f4(abs(f4(uu[x] - gu)) + abs(f4(vv[x] - gv))))


@kernel
def paint_bends(bends, h, w, field, steps, seed):
    """Fill ``bends``, float32 (2, h / 4, w / 4): what bends the domain of an (h, w) field.

    These forms are so large that a quarter of the field's own resolution holds them.
    """
    rows, columns = bends.shape[1], bends.shape[2]
    step = f4(f4(1.0) / f4(h))
    half = f4(f4(0.5) * f4(w) * step)
    uu = np.empty(columns, f4)
    vv = np.empty(columns, f4)
    s, sv = field.scale, f4(field.scale * field.stretch)
    for y in range(rows):
        dy = f4(f4(f4(i4(4 * y)) + f4(2.0)) * step - f4(0.5))
        for x in range(columns):
            dx = f4(f4(f4(i4(4 * x)) + f4(2.0)) * step - half)
            uu[x] = f4(field.cos * dx - field.sin * dy + field.pan_x)
            vv[x] = f4(field.sin * dx + field.cos * dy + field.pan_y)
        _fractal(bends[0, y], uu, vv, s, sv, steps, 0, 2, seed)
        _fractal(bends[1, y], uu, vv, s, sv, steps, 2, 4, seed)


@kernel
def paint_field(out, field, steps, bends, orbs, table, accent, tint, seed):
    """Fill ``out``, float32 (3, h, w), with the field's linear-light colours.

    steps : float32 (6 + octaves, 4): frequency, offset x and y, strength of each octave of noise.
    bends : from ``paint_bends``, or empty to bend the domain at the field's own resolution.
    orbs : float32 (n, 9), see ``heavens.add_glows``. table : float32 (3, entries), the palette.
    accent : float32 (2, 3), veins below and above. tint : float32 (3,), of beams.
    """
    h, w = out.shape[1], out.shape[2]
    entries = table.shape[1]
    octaves = steps.shape[0]
    formed = octaves > 6
    step = f4(f4(1.0) / f4(h))
    half = f4(f4(0.5) * f4(w) * step)
    uu = np.empty(w, f4)
    vv = np.empty(w, f4)
    at = np.empty(w, f4)
    coarse = bends.shape[1] > 0
    na = np.zeros(max(w, 4 * bends.shape[2]), f4)
    nb = np.zeros(na.shape[0], f4)
    line = np.empty(bends.shape[2] + 2, f4)
    nf = np.zeros(w, f4)
    wu = np.empty(w, f4)
    wv = np.empty(w, f4)
    form = np.zeros(w + 1, f4)
    glint = np.zeros(w, f4)
    cover = np.ones(w, f4)
    before = np.zeros(w + 1, f4)
    t = field.drift
    s = field.scale
    sv = f4(field.scale * field.stretch)
    raked = field.light_x != f4(0.0) or field.light_y != f4(0.0)
    rake_x, rake_y = f4(field.light_x / step), f4(field.light_y / step)
    last = f4(entries - 1)
    for y in range(-1 if raked and formed else 0, h):
        dy = f4(f4(f4(i4(y)) + f4(0.5)) * step - f4(0.5))
        under = f4(dy - field.horizon)
        wet = under > f4(0.0)
        dim = field.gain
        if wet:
            # A plane seen in perspective: ripples shrink and slow down towards the horizon.
            far = f4(f4(1.0) / f4(under + f4(0.035)))
            lean = f4(field.ripple * f4(under + f4(0.012)))
            dim = f4(dim * f4(f4(0.86) - f4(0.42) * min(f4(under * f4(1.9)), f4(1.0))))
            across = f4(far * f4(0.55))
            wz = f4(far * f4(2.6) + steps[4, 2])
            wf = f4(f4(far * f4(2.6)) * f4(2.3) + steps[5, 2])
            for x in range(w):
                dx = f4(f4(f4(i4(x)) + f4(0.5)) * step - half)
                wx = f4(dx * across)
                n1 = gradient_noise(f4(wx + steps[4, 1]), wz, u4(seed + u4(71)))
                n2 = gradient_noise(f4(wx * f4(2.7) + steps[5, 1]), wf, u4(seed + u4(72)))
                n = f4(n1 + f4(0.6) * n2)
                glint[x] = sat(f4(f4(0.36) + f4(1.5) * n))
                uu[x] = f4(field.cos * f4(dx + n * lean * f4(0.6)) + field.pan_x)
                vv[x] = f4(
                    field.cos * f4(field.horizon - under * f4(0.92) + n * lean) + field.pan_y
                )
        else:
            for x in range(w):
                dx = f4(f4(f4(i4(x)) + f4(0.5)) * step - half)
                uu[x] = f4(field.cos * dx - field.sin * dy + field.pan_x)
                vv[x] = f4(field.sin * dx + field.cos * dy + field.pan_y)
        _gradient(at, uu, vv, field)
        if formed:
            if coarse and not wet:
                row_between(line, bends[0], max(y, 0), 4)
                quadruple(na, line, bends.shape[2])
                row_between(line, bends[1], max(y, 0), 4)
                quadruple(nb, line, bends.shape[2])
            else:
                _fractal(na, uu, vv, s, sv, steps, 0, 2, seed)
                _fractal(nb, uu, vv, s, sv, steps, 2, 4, seed)
            for x in range(w):
                wu[x] = f4(uu[x] * s * f4(0.9) + field.warp * na[x])
                wv[x] = f4(vv[x] * sv * f4(0.9) + field.warp * nb[x])
            _fractal(nf, wu, wv, f4(1.0), f4(1.0), steps, 6, octaves, seed)
            for x in range(w):
                f = nf[x]
                fold = pleat(f4(f * f4(1.9) + nb[x] * f4(0.8) + t * f4(0.15)))
                form[x + 1] = f4(f + field.folds * fold)
                at[x] = f4(at[x] + field.swing * f4(f + f4(0.55) * na[x]))
            form[0] = f4(f4(2.0) * form[1] - form[2])
        if y < 0:
            for x in range(w + 1):
                before[x] = form[x]
            continue
        seen = f4(min(dy, f4(field.horizon - under)))  # In water, what is mirrored.
        high = sat(f4(f4(0.55) - f4(seen + f4(0.1)) * f4(1.9)))
        ar = f4(accent[0, 0] + f4(accent[1, 0] - accent[0, 0]) * high)
        ag = f4(accent[0, 1] + f4(accent[1, 1] - accent[0, 1]) * high)
        ab = f4(accent[0, 2] + f4(accent[1, 2] - accent[0, 2]) * high)
        red = out[0, y]
        green = out[1, y]
        blue = out[2, y]
        if field.cloud > f4(0.0):
            # Banks of cloud over the sky's own colour, lit by the height of their forms.
            for x in range(w):
                c = f4(nf[x] + f4(0.45) * na[x] + field.cloud - f4(0.42))
                bank = sat(f4(c * f4(3.2)))
                bank = f4(bank * bank * f4(f4(3.0) - f4(2.0) * bank))
                # Thick cloud is darker below than at its thin, bright brim.
                puff = f4(f4(0.98) - f4(0.42) * sat(f4(c * f4(0.9) - f4(0.12))))
                at[x] = f4(at[x] + f4(puff - at[x]) * bank * f4(0.94))
                cover[x] = f4(f4(0.06) + f4(0.94) * bank)
        # Soft ends: the palette never clips to a flat patch.
        for x in range(w):
            a = sat(f4(at[x] * f4(0.8) + f4(0.1)))
            a = f4(a * a * f4(f4(3.0) - f4(2.0) * a))
            i = i4(f4(a * last))
            red[x] = f4(table[0, i] * dim)
            green[x] = f4(table[1, i] * dim)
            blue[x] = f4(table[2, i] * dim)
        if formed and raked:
            for x in range(w):
                # Light from a side rakes over the form, like silk.
                rise = f4(
                    rake_x * f4(form[x + 1] - form[x]) + rake_y * f4(form[x + 1] - before[x + 1])
                )
                rake = f4(f4(1.0) + cover[x] * rise / f4(f4(1.0) + abs(rise) * f4(1.15)))
                red[x] = f4(red[x] * rake)
                green[x] = f4(green[x] * rake)
                blue[x] = f4(blue[x] * rake)
        if field.gas > f4(0.0):
            # Gas glows where it is dense; between its arms lies the dark.
            for x in range(w):
                dense = sat(f4(f4(0.36) + f4(0.75) * na[x] + f4(0.55) * nf[x]))
                lit = f4(f4(1.0) - field.gas + field.gas * dense * dense * f4(2.6))
                lane = sat(f4(abs(f4(nf[x] * f4(1.1) - nb[x] * f4(0.6))) * f4(3.2) + f4(0.2)))
                lit = f4(lit * f4(f4(1.0) - field.gas * f4(0.75) * f4(f4(1.0) - lane)))
                red[x] = f4(red[x] * lit)
                green[x] = f4(green[x] * lit)
                blue[x] = f4(blue[x] * lit)
        if field.veins > f4(0.0):
            for x in range(w):
                vein = f4(f4(1.0) - abs(f4(nf[x] * f4(1.3) + nb[x] * f4(0.45))) * field.keen)
                vein = max(vein, f4(0.0))
                vein = f4(vein * vein * vein * field.veins * sat(f4(f4(0.55) + na[x])) * field.gain)
                red[x] = f4(red[x] + vein * ar)
                green[x] = f4(green[x] + vein * ag)
                blue[x] = f4(blue[x] + vein * ab)
        if field.rays > f4(0.0):
            add_curtains(
                red, green, blue, uu, vv, na, nb, field.way,
                min(field.horizon, f4(0.25)), field.rays, dim, (ar, ag, ab), t, seed,
            )  # fmt: skip
        add_glows(red, green, blue, uu, vv, glint, orbs, field.horizon, wet, dim)
        if field.beam > f4(0.0):
            add_beams(
                red, green, blue, uu, vv, field.beam, field.beam_u, field.beam_v,
                f4(1.5), tint, f4(t * f4(0.22)), dim, seed,
            )  # fmt: skip
        for x in range(w + 1):
            before[x] = form[x]
