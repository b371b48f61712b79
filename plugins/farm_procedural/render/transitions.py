"""From one shot to the next: dissolve, wipe, fade, matching shape, whip.

Invariant: a mix depends on the two frames and the progress alone; at progress 0 it is exactly the
first frame and at 1 exactly the second, so that a transition joins without a jump.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from farm_procedural.render.grade import dither_tile
from farm_procedural.render.motion import direction, eased
from farm_procedural.render.planes import Planes
from farm_procedural.render.shapes_distance import paint_shape
from farm_procedural.render.shapes_layout import spots
from farm_procedural.render.transitions_paint import FINE, blend, dim, smear
from farm_procedural.script import ShapeKind, Shot, TransitionKind, choices

F32 = NDArray[np.float32]
_Three = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]

SOFT = 0.14
"""Width of a wipe's edge, a share of its way."""
WHIP_BLUR = 0.28
"""Length of the blur of a whip at its fastest, a share of its way."""

# Radius of the largest circle inside each shape that an iris can have; others open as circles.
_INSIDE = {
    "circle": 1.0, "triangle": 0.5, "square": 0.7071, "hexagon": 0.866, "star": 0.40, "heart": 0.62,
}  # fmt: skip
_NO_WEIGHT = np.empty((0, 0), np.float32)


def mix(
    kind: TransitionKind,
    a: Planes,
    b: Planes,
    progress: float,
    angle: float,
    out: Planes,
    *,
    shape: ShapeKind = "circle",
    centre: tuple[float, float] = (0.0, 0.0),
) -> None:
    """Write into ``out`` how the film looks at ``progress`` (0-1) between two frames.

    angle : where a wipe's edge travels and a whip looks to, in degrees, 0 right, 90 up.
    shape, centre : of the iris of ``match``; x right, y up, in frame heights from the middle.
    ``out`` may be ``a``, not ``b``. A cut shows ``a`` until its end.
    """
    first, second, target = _three(a), _three(b), _three(out)
    if progress <= 0.0 or progress >= 1.0 or kind == "cut":
        for plane, source in zip(target, second if progress >= 1.0 else first, strict=True):
            plane[:] = source
        return
    if kind == "fade":
        # Levels are scaled, not light: the eye sees an even fade.
        gain = _smooth(abs(2.0 * progress - 1.0))
        dim(first if progress < 0.5 else second, np.float32(gain), target, _tile())
    elif kind == "whip":
        _whip(first, second, progress, angle, target)
    else:
        h, w = a.luma.shape
        even, weight = 0.0, _NO_WEIGHT
        if kind == "dissolve":
            even = _smooth(progress)
        elif kind == "wipe":
            weight = _edge(progress, angle, w, h)
        else:
            weight = _opening(progress, shape, centre, w, h)
        blend(first, second, weight, np.float32(even), target, _tile())


def iris_of(shot: Shot, aspect: float) -> tuple[ShapeKind, tuple[float, float]]:
    """The shape and the middle that ``match`` opens into a shot with: those of its largest shape
    (a circle without any). Middle: x right, y up, in frame heights."""
    placed = spots(shot.overlays, shot.key, round(aspect, 6))
    if not placed:
        return "circle", (0.0, 0.0)
    largest = max(placed, key=lambda spot: spot.radius)
    return shot.overlays[largest.overlay].kind, (largest.x, largest.y)


def _edge(progress: float, angle: float, w: int, h: int) -> F32:
    """Share of the next frame in each pixel behind a soft straight edge."""
    cos, sin = (np.float32(value) for value in direction(angle))
    half = (abs(cos) * np.float32(w) + abs(sin) * np.float32(h)) / np.float32(2)
    x = (np.arange(w, dtype=np.float32) + np.float32(0.5 - w / 2)) * cos / (2 * half)
    y = (np.arange(h, dtype=np.float32) + np.float32(0.5 - h / 2)) * -sin / (2 * half)
    # At rest at neither end: an edge that leaves the frame slowly looks stuck.
    front = np.float32(progress * (1.0 + SOFT) - 0.5)
    share = (front - (x[None, :] + y[:, None])) * np.float32(1.0 / SOFT)
    share = np.clip(share, np.float32(0), np.float32(1))
    return np.asarray(share * share * (np.float32(3) - np.float32(2) * share), np.float32)


def _opening(progress: float, shape: ShapeKind, centre: tuple[float, float], w: int, h: int) -> F32:
    """Share of the next frame in each pixel: inside a shape that grows until it fills the frame."""
    if shape not in _INSIDE:
        shape = "circle"
    x, y = w / 2 + centre[0] * h, h / 2 - centre[1] * h
    far = math.sqrt(max((cx - x) ** 2 + (cy - y) ** 2 for cx in (0, w) for cy in (0, h)))
    soft = max(1.0, 0.035 * h)
    full = (far + soft) / _INSIDE[shape]
    # Quick to appear, then ever faster: an opening that grows evenly seems to slow down.
    radius = full * progress * (0.45 + 0.55 * progress)
    weight = np.zeros((1, h, w), np.float32)
    edge = min(soft, max(radius * 0.5, 1e-3))
    cos, sin = direction(12.0 * (1.0 - progress))
    paint_shape(
        weight,
        choices(ShapeKind).index(shape),
        np.array([x, y, max(radius, 1e-3), cos, sin, 1.0, 1.0], np.float32),
        np.zeros(2, np.float32),
        np.array([edge, 0.0, 0.0], np.float32),
        np.array([[1, 1, 1, 1], [0, 0, 0, 0]], np.float32),
        np.array([0, 0, 0, 1, 0, 1], np.float32),
    )
    return weight[0]


def _whip(a: _Three, b: _Three, progress: float, angle: float, out: _Three) -> None:
    """The camera is thrown round to the next picture, which lies in the direction of ``angle``."""
    cos, sin = direction(angle)
    turned = abs(sin) > abs(cos)
    if turned:  # Along the longer component, rows become columns.
        whole = tuple(np.empty(plane.shape[::-1], np.uint8) for plane in out)
        a, b = (tuple(np.ascontiguousarray(p.T) for p in planes) for planes in (a, b))
        right, down = -sin, cos
    else:
        whole = out
        right, down = cos, -sin
    h, w = a[0].shape
    way = abs(right) * w + abs(down) * h
    along = eased("in-out", progress)
    reach = int(0.5 * WHIP_BLUR * way * abs(right) * 4.0 * progress * (1.0 - progress))
    ahead = tuple(int(np.floor(along * way * part + 0.5)) for part in (right, down))
    step = (np.floor(way * right + 0.5), np.floor(way * down + 0.5))
    turn = np.array([*step, right, down, way / 2], np.float32)
    smear(a, b, np.float32(down / right), ahead, turn, reach, whole, *_tables(), _tile())
    if turned:
        for plane, source in zip(out, whole, strict=True):
            plane[:] = source.T


def _smooth(p: float) -> float:
    return p * p * (3.0 - 2.0 * p)


def _three(planes: Planes) -> _Three:
    return planes.luma, planes.cb, planes.cr


@lru_cache(maxsize=1)
def _tile() -> F32:
    return dither_tile()


@lru_cache(maxsize=1)
def _tables() -> tuple[F32, F32]:
    """Light by R'G'B' and R'G'B' by the square root of light (sRGB), rounded to agree anywhere."""
    value = np.arange(FINE + 1) / FINE
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    light = value * value
    coded = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.round(linear, 7).astype(np.float32), np.round(coded, 7).astype(np.float32)
