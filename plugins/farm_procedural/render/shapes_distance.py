"""Shapes by signed distance: how far a pixel is from an edge decides how much of it is covered.

Invariant: every pixel depends on its own coordinates and the arguments alone, and only pixels
within reach of the shape are touched. Distances are in units of the shape's radius, negative
inside; coverage is the distance in pixels, which anti-aliases every edge analytically.

Source of the distances to triangle, hexagon, star and heart: I. Quilez, "2D distance functions".
"""

from __future__ import annotations

import numpy as np

from farm_procedural.compiled import inlined, kernel
from farm_procedural.noise import f4, i4

# Numba reads these as constants; the order is that of ``script.ShapeKind``.
CIRCLE, RING, TRIANGLE, SQUARE, HEXAGON, STAR, HEART, LINE, WAVE, SPIRAL, GRID = range(11)

STAR_INNER = 0.42
"""Radius of the notches of a star."""
RING_HALF = 0.10
"""Half the width of a ring's band."""
HEART_SCALE = 0.66
WAVE_HEIGHT = 0.20
"""Amplitude of a wave that is two units and two periods long."""
SPIRAL_TURNS = 3.0
CELLS = 3
"""Cells of a grid on each side of its middle."""


@inlined
def _clamp(x, low, high):
    return min(max(x, low), high)


@inlined
def _length(x, y):
    return np.sqrt(f4(x * x + y * y))


@inlined
def _signed(distance, inside):
    return -distance if inside else distance


@inlined
def _triangle(x, y):
    r = f4(0.8660254)
    k = f4(1.7320508)
    x = f4(abs(x) - r)
    y = f4(y + r / k)
    fold = f4(x + k * y) > f4(0.0)
    a = f4(f4(x - k * y) * f4(0.5)) if fold else x
    b = f4(f4(-k * x - y) * f4(0.5)) if fold else y
    a = f4(a - _clamp(a, f4(-2.0) * r, f4(0.0)))
    return _signed(_length(a, b), b > f4(0.0))


@inlined
def _square(x, y):
    a = f4(abs(x) - f4(0.70710678))
    b = f4(abs(y) - f4(0.70710678))
    outside = _length(max(a, f4(0.0)), max(b, f4(0.0)))
    return f4(outside + min(max(a, b), f4(0.0)))


@inlined
def _hexagon(x, y):
    x = abs(x)
    y = abs(y)
    fold = f4(f4(2.0) * min(f4(f4(-0.8660254) * x + f4(0.5) * y), f4(0.0)))
    x = f4(x + f4(0.8660254) * fold)
    y = f4(y - f4(0.5) * fold)
    x = f4(x - _clamp(x, f4(-0.5), f4(0.5)))
    y = f4(y - f4(0.8660254))
    return _signed(_length(x, y), y < f4(0.0))


@inlined
def _star(x, y):
    cx = f4(0.80901699)
    cy = f4(0.58778525)
    x = abs(x)
    fold = f4(f4(2.0) * max(f4(cx * x - cy * y), f4(0.0)))
    x = f4(x - fold * cx)
    y = f4(y + fold * cy)
    fold = f4(f4(2.0) * max(f4(-cx * x - cy * y), f4(0.0)))
    x = abs(f4(x + fold * cx))
    y = f4(f4(y + fold * cy) - f4(1.0))
    bx = f4(f4(STAR_INNER) * cy)
    by = f4(f4(STAR_INNER) * cx - f4(1.0))
    h = _clamp(f4(f4(x * bx + y * by) / f4(bx * bx + by * by)), f4(0.0), f4(1.0))
    return _signed(_length(f4(x - bx * h), f4(y - by * h)), f4(y * bx - x * by) < f4(0.0))


@inlined
def _heart(x, y):
    # The source's heart is 1.207 wide and 1.104 high and stands on its tip.
    x = abs(f4(x * f4(HEART_SCALE)))
    y = f4(y * f4(HEART_SCALE) + f4(0.55))
    lobe = f4(_length(f4(x - f4(0.25)), f4(y - f4(0.75))) - f4(0.35355339))
    half = f4(f4(0.5) * max(f4(x + y), f4(0.0)))
    body = min(_length(x, f4(y - f4(1.0))), _length(f4(x - half), f4(y - half)))
    body = _signed(body, x < y)
    return f4((lobe if f4(x + y) > f4(1.0) else body) / f4(HEART_SCALE))


@inlined
def _swing(turns):
    """A sine of turns and its slope per turn, from parabolas."""
    p = f4(turns - np.floor(f4(turns + f4(0.5))))
    y = f4(f4(8.0) * p - f4(16.0) * p * abs(p))
    dy = f4(f4(8.0) - f4(32.0) * abs(p))
    value = f4(f4(0.775) * y + f4(0.225) * y * abs(y))
    return value, f4(dy * f4(f4(0.775) + f4(0.45) * abs(y)))


@inlined
def _towards(x, y, at, phase):
    """The distance to the wave, sought from a point of it in Newton steps."""
    a = f4(WAVE_HEIGHT)
    for _ in range(3):
        s, slope = _swing(f4(at + phase))
        slope = f4(slope * a)
        gap = f4(f4(x - at) + f4(y - a * s) * slope)
        step = _clamp(f4(gap / f4(f4(1.0) + slope * slope)), f4(-0.1), f4(0.1))
        at = _clamp(f4(at + step), f4(-1.0), f4(1.0))
    s, slope = _swing(f4(at + phase))
    return _length(f4(x - at), f4(y - a * s))


@inlined
def _wave(x, y, phase):
    # Between two flanks either may be the nearer one.
    at = _clamp(x, f4(-1.0), f4(1.0))
    left = _towards(x, y, _clamp(f4(x - f4(0.2)), f4(-1.0), f4(1.0)), phase)
    right = _towards(x, y, _clamp(f4(x + f4(0.2)), f4(-1.0), f4(1.0)), phase)
    return min(_towards(x, y, at, phase), min(left, right))


@inlined
def _turns(x, y):
    """The angle of a point in turns, -0.5 to 0.5, at most 1e-5 off."""
    ax, ay = abs(x), abs(y)
    q = f4(min(ax, ay) / max(max(ax, ay), f4(1e-9)))
    s = f4(q * q)
    a = f4(f4(-0.0464964749) * s + f4(0.15931422))
    a = f4(f4(f4(a * s - f4(0.327622764)) * s * q + q) * f4(0.15915494))
    a = f4(f4(0.25) - a) if ay > ax else a
    a = f4(f4(0.5) - a) if x < f4(0.0) else a
    return -a if y < f4(0.0) else a


@inlined
def _spiral(x, y):
    pitch = f4(1.0 / SPIRAL_TURNS)
    r = _length(x, y)
    angle = _turns(x, y)
    first = f4(1.0) if angle < f4(0.0) else f4(0.0)
    last = f4(SPIRAL_TURNS) if angle <= f4(0.0) else f4(SPIRAL_TURNS - 1.0)
    turn = f4(_clamp(np.floor(f4(r / pitch - angle + f4(0.5))), first, last) + angle)
    rise = f4(pitch * f4(0.15915494) / max(f4(turn * pitch), f4(0.08)))
    arm = f4(abs(f4(r - turn * pitch)) / np.sqrt(f4(f4(1.0) + rise * rise)))
    # Round ends: the middle, and where the last turn closes to the right.
    return min(arm, min(r, _length(f4(x - f4(1.0)), y)))


@inlined
def _grid(x, y):
    cell = f4(1.0 / CELLS)
    nx = _clamp(np.floor(f4(x / cell + f4(0.5))), f4(-CELLS), f4(CELLS))
    ny = _clamp(np.floor(f4(y / cell + f4(0.5))), f4(-CELLS), f4(CELLS))
    dx = abs(f4(x - nx * cell))
    dy = abs(f4(y - ny * cell))
    up = _length(dx, max(f4(abs(y) - f4(1.0)), f4(0.0)))
    across = _length(dy, max(f4(abs(x) - f4(1.0)), f4(0.0)))
    return dx, dy, min(up, across)


@inlined
def _distances(kind, u, v, d, n, half, phase):
    """Fill ``d`` for ``n`` points of a row; ``half``: half the width of a stroke, 0 for filled."""
    if kind == CIRCLE:
        for x in range(n):
            d[x] = f4(_length(u[x], v[x]) - f4(1.0))
    elif kind == RING:
        for x in range(n):
            d[x] = f4(abs(f4(_length(u[x], v[x]) - f4(f4(1.0) - half))) - half)
    elif kind == TRIANGLE:
        for x in range(n):
            d[x] = _triangle(u[x], v[x])
    elif kind == SQUARE:
        for x in range(n):
            d[x] = _square(u[x], v[x])
    elif kind == HEXAGON:
        for x in range(n):
            d[x] = _hexagon(u[x], v[x])
    elif kind == STAR:
        for x in range(n):
            d[x] = _star(u[x], v[x])
    elif kind == HEART:
        for x in range(n):
            d[x] = _heart(u[x], v[x])
    elif kind == LINE:
        for x in range(n):
            d[x] = f4(_length(f4(u[x] - _clamp(u[x], f4(-1.0), f4(1.0))), v[x]) - half)
    elif kind == WAVE:
        for x in range(n):
            d[x] = f4(_wave(u[x], v[x], phase) - half)
    elif kind == SPIRAL:
        for x in range(n):
            d[x] = f4(_spiral(u[x], v[x]) - half)
    elif phase > f4(0.0):
        for x in range(n):  # A grid of dots.
            dx, dy, _ = _grid(u[x], v[x])
            d[x] = f4(_length(dx, dy) - half)
    else:
        for x in range(n):
            d[x] = f4(_grid(u[x], v[x])[2] - half)
    if half > f4(0.0) and (kind == CIRCLE or (kind >= TRIANGLE and kind <= HEART)):
        for x in range(n):  # An outline lies inside the edge.
            d[x] = f4(abs(f4(d[x] + half)) - half)


@inlined
def _within(slope, offset, limit, low, high):
    """The part of [low, high] where |slope * x + offset| is at most ``limit``."""
    if abs(slope) < f4(1e-4):
        return (low, high) if abs(offset) <= limit else (f4(0.0), f4(-1.0))
    a = f4(f4(-limit - offset) / slope)
    b = f4(f4(limit - offset) / slope)
    return max(low, min(a, b)), min(high, max(a, b))


@kernel
def paint_shape(out, kind, place, stroke, edge, paint, rim):
    """Draw one shape over ``out``, float32 (3 or 4, h, w) linear light, the fourth being cover.

    place : float32 (7,) x, y of the middle and radius in pixels, cosine and sine of its turn, half
    its width and height in radii. stroke : float32 (2,) half the stroke's width in radii (0:
    filled), phase in turns. edge : float32 (3,) width of the edge in pixels, strength and reach in
    pixels of the halo. paint : float32 (2, 4) of the body, with its opacity, and of the halo.
    rim : float32 (6,) red, green, blue, direction (x, y up), width in pixels.
    """
    planes, h, w = out.shape
    cx, cy, radius, cos, sin = place[0], place[1], place[2], place[3], place[4]
    half, phase = stroke[0], stroke[1]
    soft, halo = edge[0], edge[1]
    opacity = paint[0, 3]
    light_x, light_y, per_rim = rim[3], rim[4], f4(radius / rim[5])
    lit = max(max(rim[0], rim[1]), rim[2]) > f4(0.0)
    wide = f4(radius * place[5] + max(edge[2], soft) + f4(1.0))
    high = f4(radius * place[6] + max(edge[2], soft) + f4(1.0))
    reach = f4(abs(sin) * wide + abs(cos) * high)
    top = max(i4(np.floor(f4(cy - reach))), 0)
    low = min(i4(np.ceil(f4(cy + reach))), h)
    u = np.empty(w + 1, f4)
    v = np.empty(w + 1, f4)
    d = np.empty(w + 1, f4)
    above = np.empty(w + 1, f4)
    cover = np.empty(w + 1, f4)
    glow = np.empty(w + 1, f4)
    shine = np.empty(w + 1, f4)
    per_edge = f4(radius / soft)
    per_halo = f4(radius / max(edge[2], f4(1.0)))
    scale = f4(f4(1.0) / radius)
    for y in range(top, low):
        up = f4(cy - f4(f4(i4(y)) + f4(0.5)))
        left, right = _within(cos, f4(sin * up), wide, f4(-cx), f4(f4(w) - cx))
        left, right = _within(f4(-sin), f4(cos * up), high, left, right)
        if right < left:
            continue
        x0 = max(i4(np.floor(f4(cx + left))), 0)
        n = min(i4(np.ceil(f4(cx + right))) + 1, w) - x0
        if n <= 0:
            continue
        start = f4(f4(f4(x0) + f4(0.5)) - cx)
        m = n + 1 if lit else n
        if lit:
            over = f4(up + f4(1.0))
            for x in range(m):
                dx = f4(f4(i4(x)) + start)
                u[x] = f4(f4(cos * dx + sin * over) * scale)
                v[x] = f4(f4(cos * over - sin * dx) * scale)
            _distances(kind, u, v, above, m, half, phase)
        for x in range(m):
            dx = f4(f4(i4(x)) + start)
            u[x] = f4(f4(cos * dx + sin * up) * scale)
            v[x] = f4(f4(cos * up - sin * dx) * scale)
        _distances(kind, u, v, d, m, half, phase)
        if soft > f4(1.0):
            for x in range(n):
                at = _clamp(f4(f4(0.5) - d[x] * per_edge), f4(0.0), f4(1.0))
                cover[x] = f4(at * at * f4(f4(3.0) - f4(2.0) * at) * opacity)
        else:
            for x in range(n):
                cover[x] = f4(_clamp(f4(f4(0.5) - d[x] * per_edge), f4(0.0), f4(1.0)) * opacity)
        if halo > f4(0.0):
            for x in range(n):
                far = _clamp(f4(f4(1.0) - d[x] * per_halo), f4(0.0), f4(1.0))
                glow[x] = f4(far * far * far * halo)
        if lit:
            for x in range(n):
                east = f4(f4(d[x + 1] - d[x]) * radius)
                north = f4(f4(above[x] - d[x]) * radius)
                facing = max(f4(east * light_x + north * light_y), f4(0.0))
                band = _clamp(f4(f4(1.0) + d[x] * per_rim), f4(0.0), f4(1.0))
                shine[x] = f4(facing * band * band * cover[x])
        for c in range(planes):
            row = out[c, y, x0 : x0 + n]
            body = paint[0, c] if c < 3 else f4(1.0)
            for x in range(n):
                row[x] = f4(row[x] + f4(body - row[x]) * cover[x])
            if c < 3 and halo > f4(0.0):
                tint = paint[1, c]
                for x in range(n):
                    row[x] = f4(row[x] + tint * glow[x])
            if c < 3 and lit:
                tint = rim[c]
                for x in range(n):
                    row[x] = f4(row[x] + tint * shine[x])
