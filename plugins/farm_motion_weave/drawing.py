"""Sheets drawn through their nets, and the plate behind them, as light.

Invariant: a sheet whose knots are where they were is drawn to the bit as it is; no pixel of a sheet is
drawn twice in one frame, and what becomes smaller is averaged over what it covers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import inlined, kernel
from farm.media.light import Light
from farm_motion_weave.joints import Points

_F = np.float32
_FINEST = 4
"""Samples across a pixel at most."""


@dataclass(frozen=True, slots=True)
class Lamps:
    """The light of one frame. ambient (3,); lamps (L, 7): direction to the lamp (right, down, to the
    camera), colour, how far it reaches around (0 to 1); rim (6,): direction, colour. backdrop (7,):
    colour of the light on the plate, the middle of its pool and its radius in pixels, and how much
    is left outside of it. lit : whether anything of this counts."""

    lit: bool
    ambient: Light
    lamps: Light
    rim: Light
    backdrop: Light


class Canvas:
    """A frame that is being drawn, light float32 (3, H, W)."""

    def __init__(self, width: int, height: int) -> None:
        self.light = np.zeros((3, height, width), np.float32)
        self._source = np.empty((height, width, 2), np.float32)
        self._which = np.empty((height, width), np.int32)

    def plate(self, light: Light, inverse: Points, lamps: Lamps) -> None:
        """The plate (3, h, w). inverse : affine (2, 3) from pixels of the frame to its own."""
        _backdrop(light, inverse.astype(np.float32), lamps.lit, lamps.backdrop, self.light)

    def sheet(
        self,
        sheet: Light,
        triangles: NDArray[np.int32],
        knots: Points,
        places: Points,
        lamps: Lamps,
    ) -> None:
        """A sheet (6, h, w): light times alpha, alpha, slope right and down. knots (N, 2) in the
        sheet, places (N, 2) in the frame."""
        self._which[:] = -1
        facts = np.zeros((len(triangles), 4), np.float32)
        _spread_out(triangles, places, knots, self._source, self._which, facts)
        _paint(
            sheet,
            self._source,
            self._which,
            facts,
            lamps.lit,
            lamps.ambient,
            lamps.lamps,
            lamps.rim,
            self.light,
        )


@kernel
def _spread_out(triangles, places, knots, source, which, facts):
    """source: where in the sheet each pixel's middle lies; which: by what triangle. The last wins.

    facts: of a triangle, the sheet's pixels per pixel across and down, cosine and sine of its turn.
    """
    height, width = which.shape
    for at in range(len(triangles)):
        a, b, c = triangles[at, 0], triangles[at, 1], triangles[at, 2]
        ax, ay = places[a, 0], places[a, 1]
        bx, by = places[b, 0] - ax, places[b, 1] - ay
        cx, cy = places[c, 0] - ax, places[c, 1] - ay
        area = bx * cy - by * cx
        if abs(area) < 1e-6:
            continue
        ux, uy = knots[b, 0] - knots[a, 0], knots[b, 1] - knots[a, 1]
        vx, vy = knots[c, 0] - knots[a, 0], knots[c, 1] - knots[a, 1]
        # From the frame to the sheet.
        xx, xy = (ux * cy - vx * by) / area, (vx * bx - ux * cx) / area
        yx, yy = (uy * cy - vy * by) / area, (vy * bx - uy * cx) / area
        facts[at, 0] = np.sqrt(xx * xx + yx * yx)
        facts[at, 1] = np.sqrt(xy * xy + yy * yy)
        stood, spun = xx + yy, xy - yx
        size = max(np.sqrt(stood * stood + spun * spun), 1e-9)
        facts[at, 2], facts[at, 3] = stood / size, spun / size
        left = min(0.0, min(bx, cx)) + ax
        right = max(0.0, max(bx, cx)) + ax
        top = min(0.0, min(by, cy)) + ay
        bottom = max(0.0, max(by, cy)) + ay
        # A hair wider than it is: neighbours must not leave a crack between them.
        slack = 1e-4
        for row in range(max(0, int(np.ceil(top))), min(height - 1, int(np.floor(bottom))) + 1):
            for column in range(
                max(0, int(np.ceil(left))), min(width - 1, int(np.floor(right))) + 1
            ):
                px, py = column - ax, row - ay
                second = (px * cy - py * cx) / area
                third = (bx * py - by * px) / area
                if second >= -slack and third >= -slack and second + third <= 1.0 + slack:
                    which[row, column] = at
                    source[row, column, 0] = knots[a, 0] + xx * px + xy * py
                    source[row, column, 1] = knots[a, 1] + yx * px + yy * py


@inlined
def _sampled(planes, count, x, y, taken):
    """taken: the first ``count`` planes between their samples, by Catmull and Rom's cubic; outside,
    their edge."""
    rows, columns = planes.shape[1:]
    x = min(max(x, _F(0.0)), _F(columns - 1))
    y = min(max(y, _F(0.0)), _F(rows - 1))
    left, above = np.int32(x), np.int32(y)
    fx, fy = x - _F(left), y - _F(above)
    half, one, two, three = _F(0.5), _F(1.0), _F(2.0), _F(3.0)
    if fx == _F(0.0) and fy == _F(0.0):
        for at in range(count):
            taken[at] = planes[at, above, left]
    else:
        a = half * fx * (fx * (two - fx) - one)
        b = half * (fx * fx * (three * fx - _F(5.0)) + two)
        c = half * fx * (fx * (_F(4.0) - three * fx) + one)
        d = half * fx * fx * (fx - one)
        e = half * fy * (fy * (two - fy) - one)
        f = half * (fy * fy * (three * fy - _F(5.0)) + two)
        g = half * fy * (fy * (_F(4.0) - three * fy) + one)
        h = half * fy * fy * (fy - one)
        x0, x1 = max(left - 1, 0), left
        x2, x3 = min(left + 1, columns - 1), min(left + 2, columns - 1)
        y0, y1 = max(above - 1, 0), above
        y2, y3 = min(above + 1, rows - 1), min(above + 2, rows - 1)
        for at in range(count):
            p = planes[at]
            first = a * p[y0, x0] + b * p[y0, x1] + c * p[y0, x2] + d * p[y0, x3]
            second = a * p[y1, x0] + b * p[y1, x1] + c * p[y1, x2] + d * p[y1, x3]
            third = a * p[y2, x0] + b * p[y2, x1] + c * p[y2, x2] + d * p[y2, x3]
            fourth = a * p[y3, x0] + b * p[y3, x1] + c * p[y3, x2] + d * p[y3, x3]
            taken[at] = e * first + f * second + g * third + h * fourth


@inlined
def _gain(channel, nx, ny, nz, ambient, lamps, rim):
    total = ambient[channel]
    for at in range(len(lamps)):
        facing = nx * lamps[at, 0] + ny * lamps[at, 1] + nz * lamps[at, 2]
        facing = (facing + lamps[at, 6]) / (_F(1.0) + lamps[at, 6])
        if facing > _F(0.0):
            total += facing * lamps[at, 3 + channel]
    side = nx * rim[0] + ny * rim[1] + nz * rim[2]
    if side > _F(0.0):
        edge = _F(1.0) - nz
        total += side * edge * edge * rim[3 + channel]
    return total


@kernel
def _paint(sheet, source, which, facts, lit, ambient, lamps, rim, out):
    height, width = which.shape
    rows, columns = sheet.shape[1:]
    zero, one, half = _F(0.0), _F(1.0), _F(0.5)
    taken = np.empty(4, np.float32)
    for row in range(height):
        for column in range(width):
            at = which[row, column]
            if at < 0:
                continue
            x, y = source[row, column, 0], source[row, column, 1]
            if x < -one or y < -one or x > columns or y > rows:
                continue
            across, down = facts[at, 0], facts[at, 1]
            fine_x = min(max(int(np.ceil(across - _F(0.35))), 1), _FINEST)
            fine_y = min(max(int(np.ceil(down - _F(0.35))), 1), _FINEST)
            red, green, blue, cover = zero, zero, zero, zero
            if fine_x == 1 and fine_y == 1:
                _sampled(sheet, 4, x, y, taken)
                red, green, blue, cover = taken[0], taken[1], taken[2], taken[3]
            else:
                cos, sin = facts[at, 2], facts[at, 3]
                for v in range(fine_y):
                    dy = ((_F(v) + half) / _F(fine_y) - half) * down
                    for u in range(fine_x):
                        dx = ((_F(u) + half) / _F(fine_x) - half) * across
                        _sampled(sheet, 4, x + cos * dx + sin * dy, y - sin * dx + cos * dy, taken)
                        red, green, blue = red + taken[0], green + taken[1], blue + taken[2]
                        cover += taken[3]
                share = one / _F(fine_x * fine_y)
                cover, red, green, blue = cover * share, red * share, green * share, blue * share
            if cover <= zero:
                continue
            if lit:
                cos, sin = facts[at, 2], facts[at, 3]
                i = min(max(int(x + half), 0), columns - 1)
                j = min(max(int(y + half), 0), rows - 1)
                sx, sy = sheet[4, j, i], sheet[5, j, i]
                # The turn goes from the frame to the sheet; a slope goes the other way.
                nx, ny = cos * sx - sin * sy, sin * sx + cos * sy
                nz = one / np.sqrt(one + nx * nx + ny * ny)
                nx, ny = nx * nz, ny * nz
                red *= _gain(0, nx, ny, nz, ambient, lamps, rim)
                green *= _gain(1, nx, ny, nz, ambient, lamps, rim)
                blue *= _gain(2, nx, ny, nz, ambient, lamps, rim)
            cover = min(cover, one)
            rest = one - cover
            out[0, row, column] = max(red, zero) + rest * out[0, row, column]
            out[1, row, column] = max(green, zero) + rest * out[1, row, column]
            out[2, row, column] = max(blue, zero) + rest * out[2, row, column]


@kernel
def _backdrop(light, inverse, lit, backdrop, out):
    height, width = out.shape[1:]
    one = _F(1.0)
    taken = np.empty(3, np.float32)
    for row in range(height):
        for column in range(width):
            x = inverse[0, 0] * _F(column) + inverse[0, 1] * _F(row) + inverse[0, 2]
            y = inverse[1, 0] * _F(column) + inverse[1, 1] * _F(row) + inverse[1, 2]
            _sampled(light, 3, x, y, taken)
            gain = one
            if lit:
                dx = (_F(column) - backdrop[3]) / backdrop[5]
                dy = (_F(row) - backdrop[4]) / backdrop[5]
                gain = backdrop[6] + (one - backdrop[6]) * np.exp(-(dx * dx + dy * dy))
            for channel in range(3):
                value = max(taken[channel], _F(0.0))
                if lit:
                    value *= gain * backdrop[channel]
                out[channel, row, column] = value
