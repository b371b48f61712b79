"""What shines in a shot, and the colours of land and motes, from its palette.

Invariant: a light's place and strength follow in closed form from the shot and the moment.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm_procedural.colour import Lab, from_lch, light, mixed
from farm_procedural.render.camera import View
from farm_procedural.render.motion import glide
from farm_procedural.render.scenery import Moment, chance, horizon_of
from farm_procedural.script import ParticleKind, Shot

F32 = NDArray[np.float32]


def exposure(shot: Shot, now: Moment) -> float:
    """Factor on the light of a moment: the beat lifts it, wanted unrest shakes it."""
    unrest = 0.0
    if shot.light.flicker > 0.0:
        unrest = 0.6 * glide(now.seconds, 0.61, 0.3) + 0.4 * glide(now.seconds, 0.23, 0.8)
    return (1.0 + 0.10 * now.pulse) * (1.0 + 0.34 * min(shot.light.flicker, 1.0) * unrest)


def orbs(shot: Shot, now: Moment, aspect: float) -> F32:
    """Lights in the field, float32 (n, 9), see ``heavens.add_glows``.

    The sun or the moon, or three slow glows in an abstract picture.
    """
    stops = shot.palette
    warm, pale = light(stops[3]), light(stops[4])
    t, key = now.moving, shot.key
    if shot.light.orb == "none":
        if shot.scenery not in ("flow", "nebula"):
            return np.empty((0, 9), np.float32)
        reach = 0.42 * aspect
        power = 0.52 * (1.0 - 1.2 * max(0.0, stops[0][0] - 0.2)) * min(shot.texture.amount / 0.4, 1)
        power *= 0.35 if shot.scenery == "nebula" else 1.0
        first = light(mixed(stops[3], stops[4], 0.4))
        rows = []
        for i in range(3):
            phase = chance(key, f"glow {i}")
            u = reach * glide(t, 34.0 + 10 * i, phase)
            v = 0.36 * glide(t, 26.0 + 8 * i, phase + 0.37)
            size = 0.17 + 0.13 * chance(key, f"size {i}")
            colour = first if i == 0 else warm
            rows.append([u, v, -1.0, 0.01, size, *colour, max(power, 0.0) * (1.0 - 0.15 * i)])
        return _f32(rows)
    u = (chance(key, "orb") - 0.5) * 0.62 * aspect
    soft = 0.05 * shot.depth.blur * shot.depth.focus
    if shot.light.orb == "moon":
        v = -0.26 + 0.10 * chance(key, "orb height") - 0.0015 * t
        return _f32([[u, v, 0.062, 0.003 + soft, 0.16, *(0.95 * c for c in pale), 0.40]])
    v = horizon_of(shot) - 0.115 - 0.05 * chance(key, "orb height") + 0.012 * glide(t, 37.0, 0.0)
    return _f32([
        [u, v, 0.055, 0.003 + soft, 0.12, *(1.1 * c for c in pale), 0.55],
        [u, v, -1.0, 0.01, 0.50, *warm, 0.40],
    ])  # fmt: skip


def land(shot: Shot, now: Moment, view: View, size: tuple[int, int], way: float) -> tuple[F32, F32]:
    """Where the rows of land stand (``land.PLACE``) and their looks (``land.BODY``), far to near.

    way : how far the world went to the right, in frame heights.
    """
    width, height = size
    aspect = width / height
    stops, depth = shot.palette, shot.depth
    ground = shot.ground or stops
    rows = min(max(depth.layers, 0), 6)
    horizon = horizon_of(shot)
    # By day the land is lit; at night it stands dark before the sky.
    low = 1 if stops[0][0] > 0.33 else 0
    air = stops[2 if shot.scenery in ("aurora", "nebula") else 3]
    places, hills = [], []
    for k in range(rows):
        near = (k + 1) / rows
        far = 1.0 - near
        if depth.water:
            base, tall = horizon + 0.495 - 0.05 * far, 0.045 + 0.05 * far
        else:
            base, tall = 0.60 + 0.33 * near, 0.085 + 0.05 * near
        share, reach = 0.35 + 0.65 * near, view.reach(near)
        if depth.water:
            share, reach = 0.35 + 0.2 * near, view.zoom
        left = -0.5 * aspect / reach + view.x * share - way * share + 64.0 + 3.0 * k
        unsharp = depth.blur * abs(near - depth.focus)
        base = 0.5 + (base - 0.5 - (view.y * share if not depth.water else view.y)) * reach
        places.append([
            base, tall * reach, 1.0 / (height * reach), left, max(1.0 - 1.6 * unsharp, 0.0),
            1.1 + 0.5 * k,
        ])  # fmt: skip
        # Air between the rows: the farther, the more a hill takes the colour of the sky behind.
        own = mixed(ground[low], ground[low + 1], 0.45)
        body = mixed(mixed(own, ground[low + 2], 0.45 * far), air, 0.62 * far)
        mist = mixed(body, air, 0.32)
        hills.append([*light(body), 0.9 if near < 1 else 0.25, *light(mist), 0.05 * unsharp])
    return _f32(places).reshape(-1, 6), _f32(hills).reshape(-1, 8)


def rim(shot: Shot) -> F32:
    """Colour of the light on edges of the land, float32 (3,)."""
    return _f32(
        [0.5 * shot.light.rim * c for c in light(mixed(shot.palette[3], shot.palette[4], 0.3))]
    )


def accents(shot: Shot) -> F32:
    """Colours of veins: near the ground, and high up. Curtains of light turn violet on top."""
    low = mixed(shot.palette[3], shot.palette[4], 0.25)
    high = from_lch(0.58, 0.19, 0.86) if shot.scenery == "aurora" else low
    return _f32([light(low), light(high)])


def mote_colours(shot: Shot, kind: ParticleKind) -> F32:
    """The colours that motes of a kind choose from, float32 (n, 3) linear light."""
    stops = shot.palette
    pale, warm = stops[4], stops[3]
    white = mixed(pale, from_lch(0.97, 0.0, 0.0), 0.6)
    chosen: tuple[Lab, ...]
    if kind in ("snow", "stars", "rain"):
        chosen = (white,)
    elif kind == "confetti":
        turn = chance(shot.key, "confetti")
        chosen = (*(from_lch(0.74, 0.17, turn + i / 5) for i in range(5)), pale)
    elif kind == "leaves":
        chosen = (mixed(stops[2], from_lch(0.55, 0.14, 0.12), 0.6), from_lch(0.48, 0.15, 0.09),
                  mixed(warm, from_lch(0.72, 0.15, 0.2), 0.6))  # fmt: skip
    elif kind == "petals":
        chosen = (mixed(warm, pale, 0.55), mixed(warm, pale, 0.2), white)
    elif kind in ("embers", "sparks"):
        chosen = (mixed(warm, from_lch(0.8, 0.16, 0.18), 0.5), mixed(warm, pale, 0.3))
    elif kind == "fireflies":
        chosen = (mixed(pale, from_lch(0.9, 0.17, 0.31), 0.65),)
    elif kind == "bokeh":
        chosen = (mixed(warm, pale, 0.45), warm, mixed(stops[2], warm, 0.5))
    else:
        chosen = (mixed(warm, pale, 0.45),)
    return _f32([light(colour) for colour in chosen])


def _f32(values: object) -> F32:
    return np.ascontiguousarray(np.array(values, np.float32))
