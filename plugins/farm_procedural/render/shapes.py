"""Overlays of a shot: circles, stars, lines and the like, drawn into linear light.

Invariant: what is drawn depends on the arguments alone, at any resolution the same picture; a
count is never lost. Angles are counter-clockwise; lengths in frame heights from the middle.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from farm_procedural.colour import light as linear
from farm_procedural.render.motion import direction
from farm_procedural.render.shapes_distance import RING_HALF, WAVE_HEIGHT, paint_shape
from farm_procedural.render.shapes_layout import Spot, chance, spots
from farm_procedural.script import Overlay, ShapeKind, choices

F32 = NDArray[np.float32]
View = tuple[float, float, float, float]
"""A camera: zoom factor, what it looks at (x right, y up), turn in degrees."""

STILL: View = (1.0, 0.0, 0.0, 0.0)
ORBIT_DEGREES_PER_S = 20.0
FINEST_PX = 0.6
"""Half the width of the thinnest stroke."""

_KINDS: tuple[ShapeKind, ...] = choices(ShapeKind)
# Half the width of a stroke in radii, for a full and for a fine one.
_STROKES = {
    "ring": (RING_HALF, 0.03),
    "line": (0.045, 0.016),
    "wave": (0.055, 0.02),
    "spiral": (0.042, 0.018),
    "grid": (0.016, 0.045),
}
_OUTLINE = 0.045
# Half the width and height in radii of what is not as wide and high as its radius.
_EXTENTS: dict[str, tuple[float, float]] = {
    "triangle": (0.87, 1.0),
    "square": (0.71, 0.71),
    "heart": (0.92, 0.84),
    "line": (1.0, 0.0),
    "wave": (1.0, WAVE_HEIGHT),
    "grid": (1.0, 1.0),
}


def draw_overlays(
    light: F32,
    overlays: Sequence[Overlay],
    t_s: float,
    key: int,
    *,
    camera: View = STILL,
    scale: float = 1.0,
    shown: float = 1.0,
    sway: float = 0.0,
    rim: float = 0.0,
    angle: float = 120.0,
) -> tuple[int, int]:
    """Draw overlays at a time over ``light``; returns the rows touched, first and one past last.

    light : float32 (3, h, w) linear light, or (4, h, w) premultiplied with cover in the fourth.
    key : 32-bit seed that decides the formation. scale : factor on radii, for a pulse.
    shown : share of opacity. sway : how far shapes float about their place, 0 to 1.
    rim : strength of the edge light that comes from ``angle`` degrees, 0 to 1.
    """
    _, h, w = light.shape
    zoom, look_x, look_y, turned = camera
    cos, sin = _rotation(turned / 360.0)
    top, low = h, 0
    for number, spot in enumerate(spots(tuple(overlays), key, round(w / h, 6))):
        overlay = overlays[spot.overlay]
        x, y = _moved(spot, overlay, t_s, key, number, sway)
        x, y = x - look_x, y - look_y
        x, y = zoom * (cos * x - sin * y), zoom * (sin * x + cos * y)
        radius = max(spot.radius * scale * zoom * h, 0.5)
        turn = spot.angle if overlay.kind in ("star", "heart", "triangle", "square") else 0.0
        turn = turn * 0.1 + turned / 360.0
        if overlay.kind != "wave":
            turn += overlay.turn * t_s / 360.0
        rows = _paint(
            light,
            overlay,
            spot,
            (w / 2 + x * h, h / 2 - y * h, radius, turn),
            t_s,
            overlay.opacity * shown,
            (rim, angle),
        )
        top, low = min(top, rows[0]), max(low, rows[1])
    return (top, low) if top < low else (0, 0)


def _moved(
    spot: Spot, overlay: Overlay, t_s: float, key: int, number: int, sway: float
) -> tuple[float, float]:
    x, y = spot.x, spot.y
    if overlay.orbit > 0:
        way = overlay.turn or ORBIT_DEGREES_PER_S * (1 if chance(key, "way") < 0.5 else -1)
        cos, sin = _rotation(way * t_s / 360.0)
        dx, dy = x - spot.around[0], y - spot.around[1]
        x = spot.around[0] + cos * dx - sin * dy
        y = spot.around[1] + sin * dx + cos * dy
    if sway > 0:
        phase = chance(key, f"sway {number}")
        reach = 0.12 * sway * spot.radius
        cos, _ = _rotation(t_s / 7.0 + phase)
        _, sin = _rotation(t_s / 5.0 + 2.3 * phase)
        x, y = x + reach * cos, y + reach * sin
    return x, y


def _paint(
    light: F32,
    overlay: Overlay,
    spot: Spot,
    place: tuple[float, float, float, float],
    t_s: float,
    opacity: float,
    rim: tuple[float, float],
) -> tuple[int, int]:
    """Draw one shape at ``place``: x, y and radius in pixels, turn in turns."""
    x, y, radius, turn = place
    kind = overlay.kind
    half = _half_stroke(overlay, radius)
    soft = min(max(overlay.soft, 0.0), 1.0)
    edge = max(1.0, 0.5 * soft * radius)
    halo = max(0.0, soft - 0.05) * 0.9 * opacity
    reach = (0.35 + 0.9 * soft) * radius if halo > 0 else 0.0
    phase = 0.0
    if kind == "wave":
        phase = spot.angle + (overlay.turn or 60.0) * t_s / 360.0
        phase -= math.floor(phase)
    elif kind == "grid" and not overlay.filled:
        phase = 1.0  # The outline of a grid: its crossings.
    wide, high = _EXTENTS.get(kind, (1.0, 1.0))
    if kind in _STROKES and kind != "ring":
        wide, high = wide + half, high + half
    cos, sin = _rotation(turn)
    red, green, blue = linear(overlay.colour)
    # Edge light is the shape's own colour on its way to white.
    shine = [0.55 * rim[0] * (0.35 + 0.65 * c) for c in (red, green, blue)]
    along, up = _rotation(rim[1] / 360.0)
    paint_shape(
        light,
        _KINDS.index(kind),
        _f32(x, y, radius, cos, sin, wide, high),
        _f32(half, phase),
        _f32(edge, halo, reach),
        _f32(red, green, blue, opacity, red, green, blue, 0.0).reshape(2, 4),
        _f32(*shine, along, up, max(1.5, 0.10 * radius)),
    )
    far = radius * math.hypot(wide, high) + 1.5 * max(edge, reach) + 2
    h, w = light.shape[1:]
    if x + far < 0 or x - far > w:
        return h, 0
    return max(0, math.floor(y - far)), min(h, math.ceil(y + far))


def _half_stroke(overlay: Overlay, radius: float) -> float:
    """Half the width of the stroke in radii, 0 for a filled shape; never too fine to see."""
    if overlay.kind in _STROKES:
        half = _STROKES[overlay.kind][0 if overlay.filled else 1]
    elif overlay.filled:
        return 0.0
    else:
        half = _OUTLINE
    return min(max(half, FINEST_PX / radius), 0.49)


def _rotation(turns: float) -> tuple[float, float]:
    """Cosine and sine of an angle."""
    return direction(360.0 * (turns - math.floor(turns)))


def _f32(*values: float) -> F32:
    return np.array(values, np.float32)
