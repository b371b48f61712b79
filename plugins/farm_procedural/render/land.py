"""Rows of land in front of the sky: crests, mist at their feet, edge light, mirror in water.

Invariant: a crest is a function of place alone; the camera only decides which part of it is seen.
"""

from __future__ import annotations

import numpy as np

from farm_procedural.compiled import inlined, kernel
from farm_procedural.noise import f4, gradient_noise, i4, u4

PLACE = ("base", "tall", "step", "shift", "detail", "frequency")
BODY = ("red", "green", "blue", "mist", "mist_red", "mist_green", "mist_blue", "soft")


@inlined
def _form(u, f, rough, detail, own):
    n = gradient_noise(f4(u * f), f4(0.37), own)
    ridge = f4(f4(1.0) - f4(2.0) * abs(gradient_noise(f4(u * f * f4(1.9)), f4(1.7), own)))
    fine = gradient_noise(f4(u * f * f4(4.1)), f4(2.3), own)
    finer = gradient_noise(f4(u * f * f4(9.7)), f4(3.9), own)
    finest = gradient_noise(f4(u * f * f4(23.0)), f4(5.3), own)
    return f4(
        n
        + rough * f4(f4(0.35) * ridge + f4(0.28) * detail * fine)
        + rough * rough * detail * f4(f4(0.12) * finer + f4(0.05) * detail * finest)
    )


@kernel
def crest_heights(heights, shades, places, rough, lean, sun, seed):
    """Fill ``heights``, float32 (layers, W): the crest of each row, in frame heights from the top.

    shades : float32 (layers, W), filled with how the light falls on the crest, about 1.
    places : float32 (layers, 6), see ``PLACE``: base line, height, frame heights per pixel, world
    coordinate of the left edge, share of fine detail, frequency.
    lean : slope of a rolled camera. sun : direction and strength of the light from the side.
    """
    layers, w = heights.shape
    for k in range(layers):
        own = u4(seed + u4(u4(k) * u4(977)))
        base, tall, step = places[k, 0], places[k, 1], places[k, 2]
        shift, detail, f = places[k, 3], places[k, 4], places[k, 5]
        row, shade = heights[k], shades[k]
        tilt = f4(lean / f4(w))
        for x in range(w):
            u = f4(f4(i4(x)) * step + shift)
            form = _form(u, f, rough, detail, own)
            row[x] = f4(base - tall * form + tilt * f4(i4(x) - i4(w // 2)))
        for x in range(w):
            u = f4(f4(i4(x)) * step + shift)
            # The slope of the large form only: fine slopes would draw stripes down the hill.
            ahead = gradient_noise(f4(f4(u + f4(0.02)) * f * f4(1.9)), f4(1.7), own)
            back = gradient_noise(f4(f4(u - f4(0.02)) * f * f4(1.9)), f4(1.7), own)
            slope = f4(f4(abs(back) - abs(ahead)) * f4(3.5))
            shade[x] = f4(f4(1.0) + sun * slope / f4(f4(1.0) + abs(slope)))


@kernel
def draw_land(light, heights, shades, hills, rim, waterline, sway, first, last):
    """Draw the rows of land ``first`` to ``last`` over ``light``, float32 (3, H, W), far to near.

    hills : float32 (layers, 8), see ``BODY``: colour, share and colour of the mist at the foot,
    softness of the crest in frame heights. rim : float32 (3,), colour of the light on the edges.
    waterline : share of the height below which land is mirrored, 9 for none.
    sway : float32 (H,), how far a mirrored row is moved aside, in frame heights.
    """
    h, w = light.shape[1], light.shape[2]
    crest = np.empty(w, f4)
    cover = np.empty(w, f4)
    foot = np.empty(w, f4)
    edge = np.empty(w, f4)
    form = np.empty(w, f4)
    rimmed = rim[0] > f4(0.0) or rim[1] > f4(0.0) or rim[2] > f4(0.0)
    tops = np.empty(heights.shape[0], f4)
    for k in range(first, last):
        tops[k] = f4(heights[k].min() - hills[k, 7])
    for y in range(h):
        v = f4(f4(f4(i4(y)) + f4(0.5)) / f4(h))
        under = f4(v - waterline)
        full = f4(1.0)
        shift = 0
        if under > f4(0.0):
            v = f4(waterline - under * f4(0.92))
            full = f4(0.78)
            shift = i4(f4(sway[y] * f4(h)))
        for k in range(first, last):
            if v < tops[k]:
                continue
            sharp = f4(f4(1.0) / max(hills[k, 7], f4(f4(1.25) / f4(h))))
            mist = hills[k, 3]
            if shift == 0:
                for x in range(w):
                    crest[x] = f4(v - heights[k, x])
            else:
                for x in range(w):
                    crest[x] = f4(v - heights[k, min(max(x + shift, 0), w - 1)])
            for x in range(w):
                depth = crest[x]
                cover[x] = min(max(f4(depth * sharp + f4(0.5)), f4(0.0)), full)
                # Mist gathers at the foot of a hill, so the next row stands out against it.
                foot[x] = f4(min(max(f4(depth * f4(3.6)), f4(0.0)), f4(1.0)) * mist)
                near = max(f4(f4(1.0) - max(depth, f4(0.0)) * f4(7.0)), f4(0.0))
                form[x] = f4(f4(1.0) + f4(shades[k, x] - f4(1.0)) * near * near)
            if rimmed:
                for x in range(w):
                    line = max(f4(f4(1.0) - max(crest[x], f4(0.0)) * f4(26.0)), f4(0.0))
                    lit = max(f4(shades[k, x] - f4(0.75)), f4(0.0))
                    edge[x] = f4(line * line * line * lit)
            for c in range(3):
                target = light[c, y]
                body, air, tint = hills[k, c], hills[k, c + 4], rim[c]
                if rimmed:
                    for x in range(w):
                        own = f4(body * form[x])
                        own = f4(own + f4(air - own) * foot[x] + edge[x] * tint)
                        target[x] = f4(target[x] + f4(own - target[x]) * cover[x])
                else:
                    for x in range(w):
                        own = f4(body * form[x])
                        own = f4(own + f4(air - own) * foot[x])
                        target[x] = f4(target[x] + f4(own - target[x]) * cover[x])
