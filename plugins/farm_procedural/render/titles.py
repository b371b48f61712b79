"""Titles over a picture: when and how each letter comes, stays and goes.

Invariant: a title is seen only from its start for its length, and what is drawn depends on the
arguments alone. Letters at rest stand on whole pixels, so they are sharp.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from farm_procedural.colour import Lab, light as linear
from farm_procedural.render.titles_layout import Block, Mask, Piece, block
from farm_procedural.render.titles_paint import brightness, lay, plate, stamp
from farm_procedural.script import Title

F32 = NDArray[np.float32]

SHADOW = (0.26, 0.50)
"""Opacity of what is behind letters on a dark ground, and how much more on a bright one."""
PLATE = (0.42, 0.30)
"""The same of the plate behind a lower third or a caption."""
SPREAD = 0.018
"""Share by which the letters of a title drift apart, each way from rest."""
_NOWHERE = (0, 0)
_BLACK, _WHITE = np.zeros(3, np.float32), np.ones(3, np.float32)


def draw_titles(
    light: F32,
    titles: Sequence[Title],
    t_s: float,
    *,
    shown: float = 1.0,
    gain: float = 1.0,
    accent: Lab | None = None,
) -> tuple[int, int]:
    """Draw titles at a time of their shot over ``light``; returns the rows touched.

    light : float32 (3, h, w) linear light, or (4, h, w) premultiplied with cover in the fourth.
    shown : share of opacity. gain : factor on the letters' light, for a tone curve that follows.
    accent : colour of a lower third's bar, that of its letters by default.
    """
    top, low = light.shape[1], 0
    for title in titles:
        rows = _draw(light, title, t_s - title.start_s, shown, gain, accent)
        if rows != _NOWHERE:
            top, low = min(top, rows[0]), max(low, rows[1])
    return (top, low) if top < low else _NOWHERE


def _draw(
    light: F32, title: Title, t: float, shown: float, gain: float, accent: Lab | None
) -> tuple[int, int]:
    if not 0.0 <= t < title.length_s:
        return _NOWHERE
    _, h, w = light.shape
    place = (round(title.place[0], 4), round(title.place[1], 4))
    set_in_type = block(title.text, title.style, place, round(title.size, 4), w, h)
    if set_in_type is None:
        return _NOWHERE
    colour = np.array(linear(title.colour), np.float32) * np.float32(gain)
    if title.style == "title":
        return _title(light, set_in_type, t, title.length_s, colour, shown)
    if title.style == "kinetic":
        return _kinetic(light, set_in_type, t, title.length_s, colour, shown)
    if title.style == "caption":
        return _caption(light, set_in_type, t, title.length_s, colour, shown)
    bar = np.array(linear(accent), np.float32) * np.float32(gain) if accent else colour
    return _lower_third(light, set_in_type, t, title.length_s, (colour, bar), shown)


# How each style moves. A step is (shift right, shift down, blur 0-2, opacity) of one piece.
Step = tuple[float, float, float, float]


def _title(
    light: F32, b: Block, t: float, length: float, colour: F32, shown: float
) -> tuple[int, int]:
    """Out of the blur, slowly widening, back into it."""
    come = _share(t, min(0.9, 0.3 * length))
    go = _share(length - t, min(0.6, 0.25 * length))
    opacity = _smooth(come) * _smooth(go)
    blur = 2.0 * (1.0 - _out(come)) + 1.2 * (1.0 - _out(go))
    spread = SPREAD * (2.0 * t / length - 1.0)
    steps = [(piece.aside_px * spread, 0.0, blur, opacity) for piece in b.pieces]
    ground, depth = _behind(light, b, colour, SHADOW)
    rows = _shaded(light, b.shade, ground, depth * opacity * shown)
    return _joined(rows, _composed(light, b, steps, colour, shown))


def _kinetic(
    light: F32, b: Block, t: float, length: float, colour: F32, shown: float
) -> tuple[int, int]:
    """One piece after another rises to its place, a little beyond and back; they leave in turn."""
    count = len(b.pieces)
    apart = min(0.07 if count == len(b.text.replace(" ", "").replace("\n", "")) else 0.20,
                0.35 * length / count)  # fmt: skip
    takes = min(0.55, 0.3 * length)
    apart_out, takes_out = min(0.03, 0.2 * length / count), min(0.35, 0.15 * length)
    steps = []
    for i in range(count):
        come = _share(t - i * apart, takes)
        go = _share(length - t - (count - 1 - i) * apart_out, takes_out)
        gone = 1.0 - _smooth(go)
        rise = (1.0 - _back(come)) * 0.6 - 0.35 * gone * gone
        blur = 2.0 * (1.0 - _out(come)) + gone
        steps.append((0.0, rise * b.size_px, blur, _smooth(1.4 * come) * (1.0 - gone)))
    # Each piece brings its own shadow: one under the whole would come before the letters.
    dark = [(dx, dy, 2.0, 2.2 * seen) for dx, dy, _, seen in steps]
    ground, depth = _behind(light, b, colour, SHADOW)
    rows = _composed(light, b, dark, ground, min(1.0, 1.2 * depth) * shown)
    return _joined(rows, _composed(light, b, steps, colour, shown))


def _caption(
    light: F32, b: Block, t: float, length: float, colour: F32, shown: float
) -> tuple[int, int]:
    """Fades in and out on a dark plate."""
    fade = min(0.25, 0.2 * length)
    opacity = _smooth(_share(t, fade)) * _smooth(_share(length - t, fade))
    left, top, right, low = b.box
    pad = 0.55 * b.size_px
    box = (left - pad, top - 0.85 * pad, right + pad, low + 1.05 * pad)
    ground, depth = _behind(light, b, colour, PLATE)
    rows = _plate(light, box, 0.3 * b.size_px, ground, depth * opacity * shown, math.inf)
    steps = [(0.0, 0.0, 0.0, opacity) for _ in b.pieces]
    return _joined(rows, _composed(light, b, steps, colour, shown))


def _lower_third(
    light: F32, b: Block, t: float, length: float, colours: tuple[F32, F32], shown: float
) -> tuple[int, int]:
    """A bar grows, a plate slides out of it, the text out of the bar; back the same way."""
    pace = min(1.0, 0.4 * length / 0.9)
    now = min(t, (length - t) * 1.5) / pace
    bar = _out(_share(now, 0.3))
    slid = _out(_share(now - 0.15, 0.5))
    come = _share(now - 0.3, 0.5)
    left, top, right, low = b.box
    size = b.size_px
    pad = 0.45 * size
    thick = max(1.0, 0.09 * size)
    edge = left - pad
    full = right + pad + 0.2 * size
    reach = edge + (full - edge) * slid
    high = (top - 0.9 * pad, low + 1.15 * pad)
    ground, depth = _behind(light, b, colours[0], PLATE)
    board = (edge, high[0], full, high[1])
    rows = _plate(light, board, 0.0, ground, depth * _smooth(slid) * shown, reach)
    shift = -0.8 * size * (1.0 - _out(come))
    opacity = _smooth(come)
    steps = [(shift, 0.0, 0.0, opacity) for _ in b.pieces]
    rows = _joined(rows, _composed(light, b, steps, colours[0], shown, until=reach))
    middle, half = (high[0] + high[1]) / 2, (high[1] - high[0]) / 2 * bar
    strip = (edge - thick, middle - half, edge, middle + half)
    return _joined(rows, _plate(light, strip, 0.0, colours[1], shown * min(1.0, 4 * bar), math.inf))


def _composed(
    light: F32,
    b: Block,
    steps: list[Step],
    colour: F32,
    shown: float,
    until: float = math.inf,
) -> tuple[int, int]:
    """Lay the pieces, each moved by its step."""
    placed = [
        (mask, mask.x + dx, mask.y + dy, weight)
        for piece, (dx, dy, blur, opacity) in zip(b.pieces, steps, strict=True)
        for mask, weight in _copies(piece, blur, opacity)
    ]
    if not placed or shown <= 0.0:
        return _NOWHERE
    left = math.floor(min(x for _, x, _, _ in placed))
    top = math.floor(min(y for _, _, y, _ in placed))
    right = math.ceil(max(x + mask.cover.shape[1] for mask, x, _, _ in placed)) + 1
    low = math.ceil(max(y + mask.cover.shape[0] for mask, _, y, _ in placed)) + 1
    cover = np.zeros((low - top, right - left), np.float32)
    for mask, x, y, weight in placed:
        stamp(cover, mask.cover, *(np.float32(v) for v in (x - left, y - top, weight)))
    lay(light, cover, left, top, colour, np.float32(shown), np.float32(min(until, 1e6)))
    return max(0, top), min(light.shape[1], low)


def _behind(light: F32, b: Block, colour: F32, depth: tuple[float, float]) -> tuple[F32, float]:
    """What is laid behind letters so that they can be read: its colour and opacity.

    Bright letters get a dark ground, the more the brighter the picture is there; dark ones a
    bright one.
    """
    left, top, right, low = (round(value) for value in b.box)
    seen = float(brightness(light, left, top, max(right, left + 1), max(low, top + 1)))
    own = 0.2126 * float(colour[0]) + 0.7152 * float(colour[1]) + 0.0722 * float(colour[2])
    bright = own >= 0.3
    near = min(1.0, seen / 0.6) if bright else 1.0 - min(1.0, seen / 0.6)
    return (_BLACK if bright else _WHITE), depth[0] + depth[1] * near


def _shaded(light: F32, shade: Mask, ground: F32, opacity: float) -> tuple[int, int]:
    if opacity <= 0.0:
        return _NOWHERE
    cover = shade.cover.astype(np.float32) / np.float32(255)
    lay(light, cover, shade.x, shade.y, ground, np.float32(opacity), np.float32(1e6))
    return max(0, shade.y), min(light.shape[1], shade.y + cover.shape[0])


def _copies(piece: Piece, blur: float, opacity: float) -> list[tuple[Mask, float]]:
    """The one or two copies whose mix is the piece at a blur between theirs."""
    if opacity <= 0.0:
        return []
    blur = min(max(blur, 0.0), len(piece.masks) - 1.0)
    first = min(int(blur), len(piece.masks) - 2)
    part = blur - first
    mix = ((piece.masks[first], opacity * (1.0 - part)), (piece.masks[first + 1], opacity * part))
    return [(mask, weight) for mask, weight in mix if weight > 0.0]


def _plate(
    light: F32,
    box: tuple[float, float, float, float],
    radius: float,
    colour: F32,
    opacity: float,
    until: float,
) -> tuple[int, int]:
    left, top = math.floor(box[0]), math.floor(box[1])
    right, low = math.ceil(box[2]), math.ceil(box[3])
    if right <= left or low <= top or opacity <= 0.0:
        return _NOWHERE
    cover = np.empty((low - top, right - left), np.float32)
    inside = (box[0] - left, box[1] - top, box[2] - left, box[3] - top, radius)
    plate(cover, *(np.float32(value) for value in inside))
    lay(light, cover, left, top, colour, np.float32(opacity), np.float32(min(until, 1e6)))
    return max(0, top), min(light.shape[1], low)


def _joined(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    if one == _NOWHERE or other == _NOWHERE:
        return one if other == _NOWHERE else other
    return min(one[0], other[0]), max(one[1], other[1])


def _share(t: float, length: float) -> float:
    return min(max(t / length, 0.0), 1.0) if length > 0 else 1.0


def _smooth(p: float) -> float:
    p = min(max(p, 0.0), 1.0)
    return p * p * (3.0 - 2.0 * p)


def _out(p: float) -> float:
    q = 1.0 - p
    return 1.0 - q * q * q


def _back(p: float) -> float:
    """Runs a tenth past its end and comes back."""
    q = p - 1.0
    return 1.0 + q * q * (2.4 * q + 1.4)
