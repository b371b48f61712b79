"""What shines in a row of sky: curtains of aurora, glows of lights, rays through the air.

Invariant: each function adds to one row of linear light, in place, from the row's own coordinates.
"""

from __future__ import annotations

import numpy as np

from farm_procedural.compiled import inlined
from farm_procedural.noise import f4, gradient_noise, i4, u4


@inlined
def sat(x):
    """Clamped to 0-1."""
    return min(max(x, f4(0.0)), f4(1.0))


@inlined
def pleat(x):
    """A smooth wave in [-1, 1] with period 1."""
    p = f4(x + f4(1024.0))
    y = f4(f4(2.0) * f4(p - f4(i4(p))) - f4(1.0))
    return f4(f4(4.0) * y * f4(f4(1.0) - abs(y)))


@inlined
def add_curtains(red, green, blue, uu, vv, na, nb, way, foot_line, rays, dim, accent, t, seed):
    """Two curtains of light: bright along a winding foot, fading upwards in rays.

    way : how far they were carried to the right; whole frequencies, so that it may wrap.
    """
    ar, ag, ab = accent
    for k in range(2):
        own = u4(seed + u4(40 + k))
        off = f4(f4(k) * f4(5.3))
        for x in range(uu.shape[0]):
            u = f4(uu[x] - way + f4(0.10) * nb[x])
            foot = f4(
                f4(foot_line - f4(0.18))
                - f4(0.15) * f4(k)
                + f4(0.26) * gradient_noise(f4(u + off), f4(t * f4(0.8) + off), own)
                + f4(0.06) * na[x]
            )
            up = f4(foot - vv[x])
            edge = sat(f4(up * f4(14.0) + f4(0.5)))
            ray = gradient_noise(f4(u * f4(15.0) + off), f4(t * f4(1.6)), own)
            ray = f4(ray + f4(0.6) * gradient_noise(f4(u * f4(37.0)), f4(t * f4(2.3)), own))
            tall = f4(f4(5.2) - f4(2.4) * ray)
            fade = f4(f4(1.0) / f4(f4(1.0) + max(up, f4(0.0)) * tall))
            fade = f4(fade * fade * fade * edge * edge)
            part = gradient_noise(f4(u - off), f4(t * f4(0.5)), own)
            show = f4(dim * rays * fade * sat(f4(f4(0.62) + part)) * f4(f4(1.0) + f4(0.45) * ray))
            red[x] = f4(red[x] + show * ar)
            green[x] = f4(green[x] + show * ag)
            blue[x] = f4(blue[x] + show * ab)


@inlined
def add_glows(red, green, blue, uu, vv, glint, orbs, horizon, wet, dim):
    """The halos of lights; on water also their discs, drawn out into glinting columns.

    orbs : float32 (n, 9): u, v, radius, edge, halo radius, red, green, blue, halo strength.
    """
    for k in range(orbs.shape[0]):
        ou, ov, radius, edge = orbs[k, 0], orbs[k, 1], orbs[k, 2], orbs[k, 3]
        reach = f4(f4(1.0) / f4(orbs[k, 4] * orbs[k, 4]))
        r, g, b = orbs[k, 5], orbs[k, 6], orbs[k, 7]
        strength = orbs[k, 8]
        above = max(f4(horizon - ov), f4(0.01))
        column = min(f4(0.36), f4(f4(0.8) * abs(radius) / above))
        if wet:
            for x in range(uu.shape[0]):
                du = f4(f4(uu[x] - ou) * f4(1.35))
                dv = f4(f4(vv[x] - ov) * column)
                d2 = f4(du * du + dv * dv)
                fall = f4(f4(f4(1.0) / f4(f4(1.0) + d2 * reach)) * f4(f4(0.45) + glint[x]))
                core = sat(f4(f4(radius - np.sqrt(d2)) / edge + f4(0.5)))
                core = f4(core * core * f4(f4(3.0) - f4(2.0) * core) * glint[x])
                glow = f4(f4(fall * fall * strength + core) * dim)
                red[x] = f4(red[x] + glow * r)
                green[x] = f4(green[x] + glow * g)
                blue[x] = f4(blue[x] + glow * b)
        else:
            for x in range(uu.shape[0]):
                du = f4(uu[x] - ou)
                dv = f4(vv[x] - ov)
                fall = f4(f4(1.0) / f4(f4(1.0) + f4(du * du + dv * dv) * reach))
                glow = f4(fall * fall * strength)
                red[x] = f4(red[x] + glow * r)
                green[x] = f4(green[x] + glow * g)
                blue[x] = f4(blue[x] + glow * b)


@inlined
def add_beams(red, green, blue, uu, vv, beam, bu, bv, reach, tint, t, dim, seed):
    """Rays that spread from a light at (bu, bv), with gaps that drift."""
    inverse = f4(f4(1.0) / reach)
    for x in range(uu.shape[0]):
        du = f4(uu[x] - bu)
        dv = f4(vv[x] - bv)
        far = f4(np.sqrt(f4(du * du + dv * dv)) + f4(0.02))
        inv = f4(f4(1.0) / far)
        # Noise over the circle of directions: no seam, and no angle to compute.
        cu = f4(du * inv)
        cv = f4(dv * inv)
        n = gradient_noise(f4(cu * f4(5.5) + t), f4(cv * f4(5.5)), u4(seed + u4(91)))
        m = gradient_noise(f4(cu * f4(13.0)), f4(cv * f4(13.0) + t), u4(seed + u4(92)))
        ray = sat(f4(f4(0.16) + f4(1.1) * n + f4(0.6) * m))
        near = sat(f4(far * f4(3.0)))
        show = f4(beam * dim * ray * near * sat(f4(f4(1.1) - far * inverse)))
        red[x] = f4(red[x] + show * tint[0])
        green[x] = f4(green[x] + show * tint[1])
        blue[x] = f4(blue[x] + show * tint[2])
