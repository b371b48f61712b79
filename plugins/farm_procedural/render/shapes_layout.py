"""Where shapes stand: counts are placed so that each one can be seen and counted.

Invariant: a layout is a pure function of overlays, key and aspect. Shapes of one picture do not
touch: where they would not fit they all become smaller. Lengths in frame heights from the middle,
x right, y up.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from functools import lru_cache

from farm_procedural.script import Overlay

MOST = 200
"""Shapes of one overlay: beyond, they could no longer be told apart."""
SAFE = 0.45
"""Half the height that shapes keep to."""
NEST = 0.70
"""Each ring of a nest, in radii of the one around it."""


@dataclass(frozen=True, slots=True)
class Spot:
    """One shape: its overlay's index, its middle, its radius, its own angle in turns and the
    middle that it circles around when its overlay orbits."""

    overlay: int
    x: float
    y: float
    radius: float
    angle: float = 0.0
    around: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class _Cell:
    x: float
    y: float
    half_width: float
    half_height: float

    @property
    def largest(self) -> float:
        return min(self.half_width, self.half_height)


def chance(key: int, name: str) -> float:
    """A number in [0, 1) that belongs to a key and a name."""
    digest = hashlib.blake2b(f"{key}:{name}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") / 2**32


@lru_cache(maxsize=64)
def spots(overlays: tuple[Overlay, ...], key: int, aspect: float) -> tuple[Spot, ...]:
    """The shapes of a picture that is ``aspect`` times as wide as high."""
    placed: list[Spot] = []
    for i, (overlay, cell) in enumerate(zip(overlays, _cells(len(overlays), aspect), strict=True)):
        middle = (cell.x, cell.y)
        own = key + 7919 * i
        for spot in _formation(overlay, cell, own):
            x, y = cell.x + spot.x, cell.y + spot.y
            placed.append(replace(spot, overlay=i, x=_r(x), y=_r(y), around=middle))
    return tuple(placed)


def _cells(count: int, aspect: float) -> list[_Cell]:
    """The picture divided among overlays, side by side along its longer side."""
    rows = 1 if count <= 3 else 2
    columns = -(-count // rows)
    if aspect < 1:
        rows, columns = columns, rows
    wide, high = SAFE * aspect, SAFE
    cells = []
    for i in range(count):
        row, column = divmod(i, columns)
        in_row = min(columns, count - row * columns)
        cells.append(
            _Cell(
                wide * ((2 * column + 1) / in_row - 1),
                high * (1 - (2 * row + 1) / rows),
                wide / in_row,
                high / rows,
            )
        )
    return cells


def _formation(overlay: Overlay, cell: _Cell, key: int) -> list[Spot]:
    count = max(1, min(overlay.count, MOST))
    size = overlay.size
    if overlay.kind == "grid":
        return [Spot(0, 0.0, 0.0, size)]
    if overlay.orbit > 0:
        return _round(count, min(size, 0.6 * cell.largest), cell, key, overlay.orbit)
    if count == 1:
        return [Spot(0, 0.0, 0.0, size if size > SAFE else min(size, cell.largest))]
    if overlay.kind in ("line", "wave"):
        return _stack(count, size, cell, key, overlay.kind)
    taste = chance(key, "formation")
    if overlay.kind == "ring" and count <= 4 and taste < 0.5:
        outer = min(1.4 * size, cell.largest)
        return [Spot(0, 0.0, 0.0, _r(outer * NEST**i)) for i in range(count)]
    if count == 2 or (count <= 5 and taste < 0.55):
        return _row(count, size, cell)
    if count <= 6 or (count <= 10 and taste < 0.4):
        return _round(count, size, cell, key, 0.0)
    if count <= 24 and taste < (0.7 if count <= 10 else 0.4):
        return _lattice(count, size, cell)
    return _scattered(count, size, cell, key)


def _row(count: int, size: float, cell: _Cell) -> list[Spot]:
    """Side by side along the longer side of the cell."""
    flat = cell.half_width >= cell.half_height
    along, across = (
        (cell.half_width, cell.half_height) if flat else (cell.half_height, cell.half_width)
    )
    gap = 2.6  # Centre to centre, in radii.
    radius = min(size, across, along / (1 + gap * (count - 1) / 2))
    places = [gap * radius * (i - (count - 1) / 2) for i in range(count)]
    return [Spot(0, *((_r(p), 0.0) if flat else (0.0, _r(-p))), _r(radius)) for p in places]


def _lattice(count: int, size: float, cell: _Cell) -> list[Spot]:
    """In rows, each shifted against the next, as even as they come."""
    shape = cell.half_width / cell.half_height
    rows = max(1, min(count, round(math.sqrt(count / shape))))
    lengths = [count // rows + (1 if r < count % rows else 0) for r in range(rows)]
    # The shorter rows lie between longer ones, so that 7 is 2, 3, 2 and not 3, 2, 2.
    lengths = sorted(lengths)[::2] + sorted(lengths)[1::2][::-1]
    pitch = min(2 * cell.half_width / max(lengths), 2 * cell.half_height / rows)
    radius = min(size, 0.40 * pitch)
    pitch = min(pitch, 3.2 * radius)
    return [
        Spot(0, _r(pitch * (i - (n - 1) / 2)), _r(pitch * ((rows - 1) / 2 - r)), _r(radius))
        for r, n in enumerate(lengths)
        for i in range(n)
    ]


def _round(count: int, size: float, cell: _Cell, key: int, orbit: float) -> list[Spot]:
    """On a circle, the first on top; ``orbit`` is its radius, 0 for what fits."""
    if count == 1:
        start = chance(key, "orbit")
        path = min(orbit, max(cell.largest - size, 0.0)) or 0.5 * cell.largest
        radius = min(size, cell.largest - path)
        return [_on_circle(start, path, radius)]
    # Neighbours stay 2.4 radii apart, and the outermost stay inside.
    spread = 2 * math.sin(math.pi / count)
    radius = min(size, cell.largest / (1 + 2.4 / spread))
    path = min(max(orbit, 2.4 * radius / spread), cell.largest - radius)
    if not orbit:
        path = min(max(path, 0.62 * cell.largest), cell.largest - radius)
    return [_on_circle(0.25 + i / count, path, radius) for i in range(count)]


def _on_circle(turns: float, path: float, radius: float) -> Spot:
    angle = 2 * math.pi * turns
    return Spot(0, _r(path * math.cos(angle)), _r(path * math.sin(angle)), _r(radius))


def _stack(count: int, size: float, cell: _Cell, key: int, kind: str) -> list[Spot]:
    """Above one another; lines differ in length, waves in phase."""
    high = 0.62 if kind == "wave" else 0.26
    radius = min(size, cell.half_width, 2 * cell.half_height / (high * count))
    gap = high * radius
    spots = []
    for i in range(count):
        share = 0.62 + 0.38 * chance(key, f"length {i}") if kind == "line" else 1.0
        # The stroke is a share of the radius, so a shorter line is a finer one.
        y = gap * ((count - 1) / 2 - i)
        spots.append(Spot(0, 0.0, _r(y), _r(radius * share), _r(0.11 * i)))
    return spots


def _scattered(count: int, size: float, cell: _Cell, key: int) -> list[Spot]:
    """Anywhere, of different sizes, each where there is most room (best of several candidates)."""
    # Circles thrown one by one settle at about two fifths of the area.
    room = 4 * cell.half_width * cell.half_height
    radius = min(size, cell.largest, math.sqrt(0.30 * room / (math.pi * count)))
    done: list[Spot] = []
    for i in range(count):
        own = radius * (0.62 + 0.38 * chance(key, f"size {i}"))
        best, best_gap = (0.0, 0.0), -math.inf
        for k in range(24):
            x = (2 * chance(key, f"x {i} {k}") - 1) * (cell.half_width - own)
            y = (2 * chance(key, f"y {i} {k}") - 1) * (cell.half_height - own)
            gap = min((math.hypot(x - s.x, y - s.y) - s.radius - own for s in done), default=1.0)
            if gap > best_gap:
                best, best_gap = (x, y), gap
        if done and best_gap < 0.05 * radius:
            own = max(own + best_gap - 0.05 * radius, 0.15 * radius)
        done.append(Spot(0, _r(best[0]), _r(best[1]), _r(own), _r(chance(key, f"angle {i}"))))
    return done


def _r(value: float) -> float:
    """Well above the last bit of the C library's functions."""
    return round(value, 7)
