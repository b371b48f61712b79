"""Sheets drawn as another camera sees them: where each pixel of the new view lies in the source.

Invariant: nearest wins, whatever the order; two pixels of one surface are joined without a
crack, and two surfaces never. The same camera at the same place gives back each pixel's own place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.light import Light
from farm.media.warping import cubic
from farm_optics.reshoot.layers import STEP, Layers, Power
from farm_optics.reshoot.trajectory import View

Places = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Drawn:
    """place : column and row in the sheets (H, W, 2). sheet : its number, -1 for none. power : seen
    from the new camera."""

    place: Places
    sheet: NDArray[np.int8]
    power: Power


def focal_px(width: int, fov_deg: float) -> float:
    """Focal length in pixels of an angle of view across."""
    return float(0.5 * width / np.tan(np.radians(fov_deg) / 2))


def drawn(layers: Layers, view: View, fov_deg: float, width: int, height: int) -> Drawn:
    """The sheets from another place. fov_deg : of the source."""
    place = np.full((height, width, 2), -1, np.float32)
    sheet = np.full((height, width), -1, np.int8)
    nearest = np.full((height, width), -1, np.float32)
    turn, eye = view.pose[:3, :3], view.pose[:3, 3]
    focal, new = focal_px(width, fov_deg), focal_px(width, view.fov_deg)
    middle = (width - 1) / 2, (height - 1) / 2
    # Rays of the source go through its pixels; the margin lies outside of them.
    source = np.array(
        [1 / focal, -(middle[0] + layers.margin) / focal, -(middle[1] + layers.margin) / focal]
    )
    camera = np.array([new, *middle])
    for number, one in enumerate(layers.sheets):
        bias = np.float32(1.0 - 1e-3 * number)
        _draw(
            one.power, one.solid, turn.T.copy(), eye, source, camera, STEP, number, bias,
            place, sheet, nearest,
        )  # fmt: skip
    return Drawn(place, sheet, nearest)


def sampled(layers: Layers, made: Drawn) -> Light:
    """The light (3, H, W) of a view; black where there is nothing."""
    height, width = made.sheet.shape
    out = np.zeros((3, height, width), np.float32)
    for number, sheet in enumerate(layers.sheets):
        for channel in range(3):
            _sample(sheet.light[channel], made.place, made.sheet, number, out[channel])
    return out


@kernel
def _corner(x, y, power, turn, eye, source, camera, out):
    """Where a pixel of a sheet falls: column, row, 1/distance; whether it is in front."""
    rx, ry = x * source[0] + source[1], y * source[0] + source[2]
    dx, dy, dz = rx - power * eye[0], ry - power * eye[1], 1.0 - power * eye[2]
    z = turn[2, 0] * dx + turn[2, 1] * dy + turn[2, 2] * dz
    if z <= 1e-3:
        return False
    out[0] = camera[0] * (turn[0, 0] * dx + turn[0, 1] * dy + turn[0, 2] * dz) / z + camera[1]
    out[1] = camera[0] * (turn[1, 0] * dx + turn[1, 1] * dy + turn[1, 2] * dz) / z + camera[2]
    out[2] = power / z
    out[3], out[4] = x, y
    return True


@kernel
def _triangle(a, b, c, number, bias, place, sheet, nearest):
    height, width = sheet.shape
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    if area <= 1e-9:  # Seen from behind, or from the edge.
        return
    left = max(0, int(np.ceil(min(a[0], b[0], c[0]) - 1e-3)))
    right = min(width - 1, int(np.floor(max(a[0], b[0], c[0]) + 1e-3)))
    top = max(0, int(np.ceil(min(a[1], b[1], c[1]) - 1e-3)))
    bottom = min(height - 1, int(np.floor(max(a[1], b[1], c[1]) + 1e-3)))
    slack = -1e-3
    for row in range(top, bottom + 1):
        for column in range(left, right + 1):
            u = ((b[0] - column) * (c[1] - row) - (b[1] - row) * (c[0] - column)) / area
            v = ((c[0] - column) * (a[1] - row) - (c[1] - row) * (a[0] - column)) / area
            w = 1.0 - u - v
            if u < slack or v < slack or w < slack:
                continue
            power = np.float32(u * a[2] + v * b[2] + w * c[2])
            if power * bias > nearest[row, column]:
                nearest[row, column] = power * bias
                sheet[row, column] = number
                place[row, column, 0] = u * a[3] + v * b[3] + w * c[3]
                place[row, column, 1] = u * a[4] + v * b[4] + w * c[4]


@kernel
def _draw(power, solid, turn, eye, source, camera, step, number, bias, place, sheet, nearest):
    height, width = power.shape
    corners = np.empty((4, 5))
    for row in range(height - 1):
        for column in range(width - 1):
            here = (
                solid[row, column]
                + solid[row, column + 1]
                + solid[row + 1, column]
                + solid[row + 1, column + 1]
            )
            if here == 0:
                continue
            p, q = power[row, column], power[row, column + 1]
            r, s = power[row + 1, column], power[row + 1, column + 1]
            whole = here == 4 and max(max(p, q), max(r, s)) <= step * min(min(p, q), min(r, s))
            if whole:
                fine = _corner(column, row, p, turn, eye, source, camera, corners[0])
                fine &= _corner(column + 1, row, q, turn, eye, source, camera, corners[1])
                fine &= _corner(column, row + 1, r, turn, eye, source, camera, corners[2])
                fine &= _corner(column + 1, row + 1, s, turn, eye, source, camera, corners[3])
                if fine:
                    _triangle(
                        corners[0], corners[1], corners[3], number, bias, place, sheet, nearest
                    )
                    _triangle(
                        corners[0], corners[3], corners[2], number, bias, place, sheet, nearest
                    )
                continue
            # An edge runs through: each pixel keeps its quarter, flat.
            for dy in range(2):
                for dx in range(2):
                    if not solid[row + dy, column + dx]:
                        continue
                    own = power[row + dy, column + dx]
                    x, y = column + 0.5 * dx, row + 0.5 * dy
                    fine = _corner(x, y, own, turn, eye, source, camera, corners[0])
                    fine &= _corner(x + 0.5, y, own, turn, eye, source, camera, corners[1])
                    fine &= _corner(x, y + 0.5, own, turn, eye, source, camera, corners[2])
                    fine &= _corner(x + 0.5, y + 0.5, own, turn, eye, source, camera, corners[3])
                    if fine:
                        _triangle(
                            corners[0], corners[1], corners[3], number, bias, place, sheet, nearest
                        )
                        _triangle(
                            corners[0], corners[3], corners[2], number, bias, place, sheet, nearest
                        )


@kernel
def _extent(place, sheet, row, column, part):
    """Source pixels that one pixel of the view covers along one axis of the source, at least 1."""
    height, width = sheet.shape
    own = sheet[row, column]
    most = np.float32(1.0)
    for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        y, x = row + dy, column + dx
        if 0 <= y < height and 0 <= x < width and sheet[y, x] == own:
            apart = abs(place[y, x, part] - place[row, column, part])
            if apart < np.float32(6.0):
                most = max(most, apart)
    return most


@kernel
def _sample(plane, place, sheet, number, out):
    height, width = sheet.shape
    for row in range(height):
        for column in range(width):
            if sheet[row, column] != number:
                continue
            x, y = place[row, column, 0], place[row, column, 1]
            across = _extent(place, sheet, row, column, 0)
            down = _extent(place, sheet, row, column, 1)
            # Half a pixel of slack: a view that is only turned stays as crisp as it was.
            many, more = (
                int(np.ceil(across - np.float32(0.5))),
                int(np.ceil(down - np.float32(0.5))),
            )
            total = np.float32(0.0)
            for j in range(more):
                fy = (
                    y
                    + ((np.float32(j) + np.float32(0.5)) / np.float32(more) - np.float32(0.5))
                    * down
                )
                for i in range(many):
                    fx = (np.float32(i) + np.float32(0.5)) / np.float32(many) - np.float32(0.5)
                    total += cubic(plane, x + fx * across, fy)
            out[row, column] = total / np.float32(many * more)
