"""Turned squares of a picture: what a network is shown, and the way back to the picture.

Invariant: a point that a network finds at (x, y) of its square, 0 to 1, is the point of the picture
that the square's sample there was taken from; outside the picture a square is black.

Samples are taken straight from the planes of the film, so that no picture is converted as a whole.
Where a sample stands for more than one pixel it is the mean of a grid of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.planes import Layout, Picture

Values = NDArray[np.float32]
Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Region:
    """A turned rectangle. x, y: its middle in pixels; width, height: pixels; angle: radians,
    clockwise as seen, by which its upright is turned from the picture's."""

    x: float
    y: float
    width: float
    height: float
    angle: float = 0.0

    @classmethod
    def whole(cls, layout: Layout, shape: tuple[int, int]) -> Region:
        """The smallest region around the whole picture with the aspect of (rows, columns)."""
        rows, columns = shape
        scale = max(layout.width / columns, layout.height / rows)
        return cls(layout.width / 2, layout.height / 2, columns * scale, rows * scale)

    def scaled(self, times: float, shift: float = 0.0) -> Region:
        """A square around the longer side, larger. shift: share of the height, along its upright."""
        x = self.x - self.height * shift * math.sin(self.angle)
        y = self.y + self.height * shift * math.cos(self.angle)
        side = max(self.width, self.height) * times
        return Region(x, y, side, side, self.angle)

    def outside(self, points: Points) -> Points:
        """Points (N, 2+) of the square, 0 to 1, in pixels of the picture; a depth is scaled alike."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        across, down = (points[:, 0] - 0.5) * self.width, (points[:, 1] - 0.5) * self.height
        moved = points.astype(np.float64).copy()
        moved[:, 0] = self.x + cos * across - sin * down
        moved[:, 1] = self.y + sin * across + cos * down
        moved[:, 2:] *= self.width
        return moved

    def turned(self, points: Points) -> Points:
        """Directions (N, 3) of the square as directions of the picture."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        moved = points.astype(np.float64).copy()
        moved[:, 0] = cos * points[:, 0] - sin * points[:, 1]
        moved[:, 1] = sin * points[:, 0] + cos * points[:, 1]
        return moved


def region_around(points: Points, angle: float) -> Region:
    """The smallest region of that angle around points (N, 2) of the picture."""
    cos, sin = math.cos(angle), math.sin(angle)
    across = cos * points[:, 0] + sin * points[:, 1]
    down = -sin * points[:, 0] + cos * points[:, 1]
    left, right, top, bottom = across.min(), across.max(), down.min(), down.max()
    u, v = (left + right) / 2, (top + bottom) / 2
    return Region(
        float(cos * u - sin * v),
        float(sin * u + cos * v),
        float(right - left),
        float(bottom - top),
        angle,
    )


def upright(tail: Points, head: Points, target: float = math.pi / 2) -> float:
    """The angle of a region in which the way from ``tail`` to ``head`` points to ``target``,
    counter-clockwise from the right; radians from -pi to pi."""
    angle = target - math.atan2(-(head[1] - tail[1]), head[0] - tail[0])
    return (angle + math.pi) % (2 * math.pi) - math.pi


def sampled(
    picture: Picture, region: Region, shape: tuple[int, int], low: float = 0.0, high: float = 1.0
) -> Values:
    """The region as float32 (rows, columns, 3), red, green and blue from ``low`` to ``high``."""
    out = np.empty((*shape, 3), np.float32)
    layout = picture.layout
    if layout.rgb:
        top = float(2**layout.depth - 1)
        numbers = np.array([0, top, 0, top, 0, 0], np.float32)
    else:
        scale = 2.0 ** (layout.depth - 8)
        swing = (0.0, 2.0**layout.depth - 1, 128 * scale, 2.0**layout.depth - 1)
        if not layout.full:
            swing = (16 * scale, 219 * scale, 128 * scale, 224 * scale)
        numbers = np.array([*swing, *layout.luma], np.float32)
    cos, sin = math.cos(region.angle), math.sin(region.angle)
    step = np.array([region.width / shape[1], region.height / shape[0]])
    steps = np.array([cos * step[0], -sin * step[1], sin * step[0], cos * step[1]], np.float32)
    start = np.array([region.x, region.y], np.float32)
    grid = max(1, round(max(step) / 2))
    halving = layout.halving
    _sample(*picture.planes, *halving, layout.rgb, numbers, start, steps, grid, low, high, out)
    return out


@kernel
def _sample(one, two, three, across, down, rgb, numbers, start, steps, grid, low, high, out):
    rows, columns = out.shape[:2]
    height, width = one.shape
    high_chroma, wide_chroma = two.shape
    half, unit, zero = np.float32(0.5), np.float32(1.0), np.float32(0.0)
    black, reach = numbers[0], unit / numbers[1]
    grey, swing = numbers[2], unit / numbers[3]
    red, blue = numbers[4], numbers[5]
    green = unit - red - blue
    from_v, from_u = np.float32(2.0) * (unit - red) * swing, np.float32(2.0) * (unit - blue) * swing
    green_v, green_u = -red * from_v / green, -blue * from_u / green
    floor, span = np.float32(low), np.float32(high - low)
    part = unit / np.float32(grid)
    share = part * part
    for row in range(rows):
        for column in range(columns):
            a, b, c = zero, zero, zero
            inside = 0
            for fine_y in range(grid):
                v = np.float32(row) + (np.float32(fine_y) + half) * part - half * np.float32(rows)
                for fine_x in range(grid):
                    u = np.float32(column) + (np.float32(fine_x) + half) * part
                    u -= half * np.float32(columns)
                    x = start[0] + steps[0] * u + steps[1] * v
                    y = start[1] + steps[2] * u + steps[3] * v
                    if x < zero or y < zero or x >= np.float32(width) or y >= np.float32(height):
                        continue
                    inside += 1
                    x -= half
                    y -= half
                    left, above = int(np.floor(x)), int(np.floor(y))
                    fx, fy = x - np.float32(left), y - np.float32(above)
                    right, below = min(left + 1, width - 1), min(above + 1, height - 1)
                    left, above = max(left, 0), max(above, 0)
                    upper = np.float32(one[above, left]) * (unit - fx)
                    upper += np.float32(one[above, right]) * fx
                    lower = np.float32(one[below, left]) * (unit - fx)
                    lower += np.float32(one[below, right]) * fx
                    a += upper * (unit - fy) + lower * fy
                    if rgb:
                        upper = np.float32(two[above, left]) * (unit - fx)
                        upper += np.float32(two[above, right]) * fx
                        lower = np.float32(two[below, left]) * (unit - fx)
                        lower += np.float32(two[below, right]) * fx
                        b += upper * (unit - fy) + lower * fy
                        upper = np.float32(three[above, left]) * (unit - fx)
                        upper += np.float32(three[above, right]) * fx
                        lower = np.float32(three[below, left]) * (unit - fx)
                        lower += np.float32(three[below, right]) * fx
                        c += upper * (unit - fy) + lower * fy
                        continue
                    near_x = min(int(x + half) >> across, wide_chroma - 1)
                    near_y = min(int(y + half) >> down, high_chroma - 1)
                    b += np.float32(two[near_y, near_x])
                    c += np.float32(three[near_y, near_x])
            if inside == 0:
                out[row, column, 0] = out[row, column, 1] = out[row, column, 2] = floor
                continue
            count = unit / np.float32(inside)
            seen = np.float32(inside) * share
            if rgb:
                r, g, b = c * count * reach, a * count * reach, b * count * reach
            else:
                y, u, v = (a * count - black) * reach, b * count - grey, c * count - grey
                r, g, b = y + from_v * v, y + green_v * v + green_u * u, y + from_u * u
            out[row, column, 0] = floor + span * seen * min(max(r, zero), unit)
            out[row, column, 1] = floor + span * seen * min(max(g, zero), unit)
            out[row, column, 2] = floor + span * seen * min(max(b, zero), unit)
