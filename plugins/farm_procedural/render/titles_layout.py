"""A title set in type: wrapped, shrunk to the safe area, and drawn once into movable pieces.

Invariant: a block is a pure function of text, style and sizes and lies inside the safe area;
every letter of the displayable text is in exactly one piece. Positions in pixels from the frame's
upper left corner.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from farm_procedural.render.fonts import (
    CAPITAL,
    DESCENT,
    displayable,
    drawn,
    letter_places,
)
from farm_procedural.render.titles_wrap import (
    LEADING,
    STYLES,
    Line,
    fitted,
    tracking_of,
    width_of,
)
from farm_procedural.script import TitleStyle

U8 = NDArray[np.uint8]

BLURS = (0.0, 0.08, 0.22)
"""How far the blurred copies of a piece are spread, in letter sizes."""
SHADE = 0.42
BY_LETTER = 18
"""Letters up to which a kinetic text arrives letter by letter."""
_CENTRE = (0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Mask:
    """uint8 (h, w) coverage and the pixel that its upper left corner is on when at rest."""

    cover: U8
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Piece:
    """What moves as one: copies more and more blurred, and where its middle is in its line,
    from -1 to 1."""

    masks: tuple[Mask, ...]
    aside_px: float
    """How far right of its line's middle it stands."""


@dataclass(frozen=True, slots=True)
class Block:
    """A title in type. box: left, top, right, low of the letters in pixels."""

    text: str
    size_px: float
    pieces: tuple[Piece, ...]
    shade: Mask
    box: tuple[float, float, float, float]


@lru_cache(maxsize=24)
def block(
    text: str,
    style: TitleStyle,
    place: tuple[float, float],
    size: float,
    width: int,
    height: int,
) -> Block | None:
    """Set a title on a frame of ``width`` by ``height`` pixels; nothing displayable is ``None``."""
    shown = displayable(text)
    if not shown:
        return None
    form = STYLES[style]
    lines = fitted(shown, style, size, width, height)
    at = form.place if place == _CENTRE else place
    return _set(shown, style, lines, at, width, height)


def _set(
    shown: str,
    style: TitleStyle,
    lines: list[Line],
    at: tuple[float, float],
    width: int,
    height: int,
) -> Block:
    sizes = [line.size for line in lines]
    size = sizes[0]
    widths = [width_of(line.text, style, line.weight) * line.size for line in lines]
    wide = max(widths)
    high = CAPITAL * size + sum(LEADING * s for s in sizes[1:])
    aligned = style == "lower-third"
    # A negative place across: against the left edge of the safe area.
    middle = at[0] * width if at[0] >= 0 else 0.075 * width + 0.25 * size + wide / 2
    edge_x, edge_y = 0.03 * width, 0.04 * height
    left = _kept(middle - wide / 2, wide, edge_x, width)
    top = _kept(at[1] * height - high / 2, high + DESCENT * size, edge_y, height)
    pieces: list[Piece] = []
    everything: list[tuple[str, float, float]] = []
    base = top + CAPITAL * size
    for number, line in enumerate(lines):
        base += LEADING * line.size if number else 0.0
        start = left if aligned else left + (wide - widths[number]) / 2
        places, _ = letter_places(line.text, line.weight, tracking_of(line.text, style))
        letters = [
            (c, start + p * line.size, base)
            for c, p in zip(line.text, places, strict=True)
        ]  # fmt: skip
        for group in _groups(letters, style, len(shown)):
            middle_x = (group[0][1] + group[-1][1]) / 2 + 0.3 * line.size
            aside = middle_x - (start + widths[number] / 2)
            pieces.append(_piece(group, line, aside))
        everything += letters
    box = (left, top, left + wide, top + high)
    return Block(shown, size, tuple(pieces), _shade(everything, lines, size), box)


def _kept(start: float, length: float, edge: float, whole: float) -> float:
    """Moved into the frame; centred if it is longer than that."""
    if length >= whole - 2 * edge:
        return (whole - length) / 2
    return min(max(start, edge), whole - edge - length)


def _groups(
    letters: list[tuple[str, float, float]], style: TitleStyle, total: int
) -> list[list[tuple[str, float, float]]]:
    """Letters that move as one: each alone, by words, or the line."""
    if style in ("lower-third", "caption"):
        return [letters]
    alone = style == "title" or total <= BY_LETTER
    groups: list[list[tuple[str, float, float]]] = []
    fresh = True
    for letter in letters:
        if letter[0] == " ":
            fresh = True
            continue
        if alone or fresh:
            groups.append([])
        groups[-1].append(letter)
        fresh = False
    return groups


def _piece(letters: list[tuple[str, float, float]], line: Line, aside_px: float) -> Piece:
    masks = []
    for blur in BLURS:
        spread = blur * line.size
        cover, x, y = drawn(letters, line.weight, line.size, math.ceil(2.2 * spread) + 1)
        masks.append(_trimmed(_blurred(cover, spread), x, y))
    return Piece(tuple(masks), aside_px)


def _shade(letters: list[tuple[str, float, float]], lines: list[Line], size: float) -> Mask:
    """The soft dark behind letters that keeps them legible on any ground."""
    spread = SHADE * size
    margin = math.ceil(2.2 * spread) + 1
    cover, x, y = drawn(letters, lines[0].weight, min(line.size for line in lines), margin)
    soft = _blurred(cover, spread)
    return _trimmed(soft / max(float(soft.max()), 1e-6), x, y)


def _blurred(cover: NDArray[np.float32], spread: float) -> NDArray[np.float32]:
    """Three moving averages in each direction: close to a Gaussian of that deviation."""
    reach = math.floor(spread + 0.5)
    if reach < 1:
        return cover
    for axis in (0, 1):
        for _ in range(3):
            sums = np.cumsum(cover, axis=axis, dtype=np.float64)
            pad = [(reach + 1, reach) if a == axis else (0, 0) for a in (0, 1)]
            sums = np.pad(sums, pad, mode="edge")
            n = cover.shape[axis]
            first = [slice(None)] * 2
            last = [slice(None)] * 2
            first[axis], last[axis] = slice(0, n), slice(2 * reach + 1, 2 * reach + 1 + n)
            # Before the first sum stands zero, not the first value.
            start = np.where(np.arange(n) <= reach, 0.0, 1.0)
            start = start.reshape((-1, 1) if axis == 0 else (1, -1))
            cover = ((sums[tuple(last)] - start * sums[tuple(first)]) / (2 * reach + 1)).astype(
                np.float32
            )
    return cover


def _trimmed(cover: NDArray[np.float32], x: int, y: int) -> Mask:
    """Without empty rows and columns but for one on each side, which moving needs."""
    levels = (np.clip(cover, 0, 1) * 255 + 0.5).astype(np.uint8)
    rows, columns = np.flatnonzero(levels.any(axis=1)), np.flatnonzero(levels.any(axis=0))
    if rows.size == 0:
        return Mask(np.zeros((1, 1), np.uint8), x, y)
    inside = levels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return Mask(np.pad(inside, 1), x + int(columns[0]) - 1, y + int(rows[0]) - 1)
