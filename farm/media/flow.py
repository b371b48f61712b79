"""Dense optical flow: where each pixel of one picture is found in another.

Invariant: flow float32 (H, W, 2) in pixels of the working size, across then down; the picture at
``x`` of the first is found at ``x + flow(x)`` of the second. The same pictures give the same bits.

Source: T. Kroeger et al., "Fast Optical Flow using Dense Inverse Search", 2016: patches are matched
by inverse compositional Lucas-Kanade from coarse to fine, and each pixel takes the mean of the
patches over it, weighted by how well they fit. In place of its variational step a few passes of
smoothing follow that do not cross edges of the picture.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel

Field = NDArray[np.float32]
Gray = NDArray[np.float32]

PATCH, STRIDE = 8, 3
COARSEST = 16
"""Shorter side of the coarsest level, pixels."""


def flows(first: Gray, second: Gray) -> tuple[Field, Field]:
    """Flow from the first picture to the second, and back. Pictures: float32 (H, W), 0 to 255."""
    ones, twos = pyramid(first), pyramid(second)
    return _flow(ones, twos), _flow(twos, ones)


def pyramid(gray: Gray) -> list[Gray]:
    """A picture and its halves, the smallest last."""
    levels = [gray]
    while min(levels[-1].shape) >= 2 * COARSEST:
        levels.append(halved(levels[-1]))
    return levels


def halved(gray: Gray) -> Gray:
    """Half the size, each pixel the mean of four."""
    height, width = gray.shape[0] // 2 * 2, gray.shape[1] // 2 * 2
    part = gray[:height, :width]
    total = part[::2, ::2] + part[1::2, ::2] + part[::2, 1::2] + part[1::2, 1::2]
    return np.ascontiguousarray(total * np.float32(0.25))


def _flow(ones: list[Gray], twos: list[Gray]) -> Field:
    field: Field | None = None
    for one, two in zip(reversed(ones), reversed(twos), strict=True):
        height, width = one.shape
        start = np.zeros((height, width, 2), np.float32)
        if field is not None:
            _doubled(field, start)
        patches = _search(one, two, start)
        field = np.empty_like(start)
        _densify(one, two, patches, field)
        for spread in (1, 2):
            smooth = np.empty_like(field)
            _smooth(one, two, field, spread, smooth)
            field = smooth
    assert field is not None
    return field


@kernel
def _doubled(coarse, fine):
    height, width = fine.shape[:2]
    rows, columns = coarse.shape[:2]
    for row in range(height):
        y = min(row // 2, rows - 1)
        for column in range(width):
            x = min(column // 2, columns - 1)
            fine[row, column, 0] = np.float32(2.0) * coarse[y, x, 0]
            fine[row, column, 1] = np.float32(2.0) * coarse[y, x, 1]


@kernel
def bilinear(picture, x, y):
    """The picture (H, W) between its pixels; outside, its edge."""
    height, width = picture.shape
    x = min(max(x, np.float32(0.0)), np.float32(width - 1))
    y = min(max(y, np.float32(0.0)), np.float32(height - 1))
    left, above = min(np.int32(x), max(width - 2, 0)), min(np.int32(y), max(height - 2, 0))
    right, below = min(left + 1, width - 1), min(above + 1, height - 1)
    fx, fy = x - np.float32(left), y - np.float32(above)
    one = np.float32(1.0)
    upper = picture[above, left] * (one - fx) + picture[above, right] * fx
    lower = picture[below, left] * (one - fx) + picture[below, right] * fx
    return upper * (one - fy) + lower * fy


@kernel
def _misfit(one, two, top, left, u, v):
    """Mean squared difference of a patch and where it may have gone, brightness aside."""
    total, square = np.float32(0.0), np.float32(0.0)
    for y in range(PATCH):
        for x in range(PATCH):
            row, column = top + y, left + x
            there = bilinear(two, np.float32(column) + u, np.float32(row) + v)
            rest = there - one[row, column]
            total += rest
            square += rest * rest
    count = np.float32(PATCH * PATCH)
    mean = total / count
    # Half of a change in brightness is forgiven: exposure changes, but so does what is seen.
    return square / count - np.float32(0.5) * mean * mean


@kernel
def _search(one, two, start):
    height, width = one.shape
    down = max(1, (height - PATCH) // STRIDE + 1)
    across = max(1, (width - PATCH) // STRIDE + 1)
    found = np.zeros((down, across, 5), np.float32)  # u, v, misfit, top, left
    gx, gy = np.zeros((PATCH, PATCH), np.float32), np.zeros((PATCH, PATCH), np.float32)
    for sweep in range(2):
        for order in range(down * across):
            index = order if sweep == 0 else down * across - 1 - order
            py, px = index // across, index % across
            # The last patch of a line reaches the edge.
            top = height - PATCH if py == down - 1 else py * STRIDE
            left = width - PATCH if px == across - 1 else px * STRIDE
            middle_y, middle_x = top + PATCH // 2, left + PATCH // 2
            if sweep == 0:
                u, v = start[middle_y, middle_x, 0], start[middle_y, middle_x, 1]
                best = _misfit(one, two, top, left, u, v)
            else:
                u, v, best = found[py, px, 0], found[py, px, 1], found[py, px, 2]
            begun = best
            step = 1 if sweep else -1
            for near in range(2):
                ny = py + step if near else py
                nx = px if near else px + step
                if 0 <= ny < down and 0 <= nx < across:
                    other = _misfit(one, two, top, left, found[ny, nx, 0], found[ny, nx, 1])
                    if other < best:
                        best, u, v = other, found[ny, nx, 0], found[ny, nx, 1]
            if sweep == 0 and best > np.float32(4.0):
                still = _misfit(one, two, top, left, np.float32(0.0), np.float32(0.0))
                if still < best:
                    best, u, v = still, np.float32(0.0), np.float32(0.0)
            if sweep == 0 or best < begun:
                u, v, best = _descend(one, two, top, left, u, v, best, gx, gy)
            found[py, px, 0], found[py, px, 1], found[py, px, 2] = u, v, best
            found[py, px, 3], found[py, px, 4] = top, left
    return found


@kernel
def _descend(one, two, top, left, u, v, best, gx, gy):
    """Inverse compositional steps from (u, v); the best place met."""
    height, width = one.shape
    half = np.float32(0.5)
    xx, xy, yy = np.float32(1.0), np.float32(0.0), np.float32(1.0)
    for y in range(PATCH):
        for x in range(PATCH):
            row, column = top + y, left + x
            dx = one[row, min(column + 1, width - 1)] - one[row, max(column - 1, 0)]
            dy = one[min(row + 1, height - 1), column] - one[max(row - 1, 0), column]
            gx[y, x], gy[y, x] = dx * half, dy * half
            xx += gx[y, x] * gx[y, x]
            xy += gx[y, x] * gy[y, x]
            yy += gy[y, x] * gy[y, x]
    area = xx * yy - xy * xy
    if area < np.float32(1e-3):
        return u, v, best
    from_u, from_v = u, v
    for _ in range(8):
        bx, by, total = np.float32(0.0), np.float32(0.0), np.float32(0.0)
        sum_x, sum_y = np.float32(0.0), np.float32(0.0)
        for y in range(PATCH):
            for x in range(PATCH):
                there = bilinear(two, np.float32(left + x) + u, np.float32(top + y) + v)
                rest = there - one[top + y, left + x]
                bx += gx[y, x] * rest
                by += gy[y, x] * rest
                sum_x += gx[y, x]
                sum_y += gy[y, x]
                total += rest
        mean = half * total / np.float32(PATCH * PATCH)
        bx -= mean * sum_x
        by -= mean * sum_y
        du, dv = (yy * bx - xy * by) / area, (xx * by - xy * bx) / area
        nu, nv = u - du, v - dv
        if abs(nu - from_u) > PATCH or abs(nv - from_v) > PATCH:
            break
        misfit = _misfit(one, two, top, left, nu, nv)
        if misfit >= best:
            break
        u, v, best = nu, nv, misfit
        if du * du + dv * dv < np.float32(1e-3):
            break
    return u, v, best


@kernel
def _densify(one, two, patches, field):
    height, width = one.shape
    weights = np.zeros((height, width), np.float32)
    field[:] = np.float32(0.0)
    floor = np.float32(1.0)
    for py in range(patches.shape[0]):
        for px in range(patches.shape[1]):
            u, v = patches[py, px, 0], patches[py, px, 1]
            top, left = int(patches[py, px, 3]), int(patches[py, px, 4])
            for row in range(top, min(top + PATCH, height)):
                for column in range(left, min(left + PATCH, width)):
                    there = bilinear(two, np.float32(column) + u, np.float32(row) + v)
                    rest = abs(there - one[row, column])
                    rest = max(rest, floor)
                    weight = np.float32(1.0) / (rest * rest)
                    field[row, column, 0] += weight * u
                    field[row, column, 1] += weight * v
                    weights[row, column] += weight
    for row in range(height):
        for column in range(width):
            field[row, column, 0] /= weights[row, column]
            field[row, column, 1] /= weights[row, column]


@kernel
def _smooth(one, two, field, spread, out):
    """Means of nine neighbours that look alike, those with a good match counting more."""
    height, width = one.shape
    soft, sure = np.float32(1.0 / 64.0), np.float32(1.0 / 36.0)
    rest = np.empty((height, width), np.float32)
    for row in range(height):
        for column in range(width):
            u, v = field[row, column, 0], field[row, column, 1]
            miss = bilinear(two, np.float32(column) + u, np.float32(row) + v) - one[row, column]
            rest[row, column] = np.float32(1.0) / (np.float32(1.0) + miss * miss * sure)
    for row in range(height):
        for column in range(width):
            u, v, total = np.float32(0.0), np.float32(0.0), np.float32(0.0)
            for dy in range(-1, 2):
                y = min(max(row + dy * spread, 0), height - 1)
                for dx in range(-1, 2):
                    x = min(max(column + dx * spread, 0), width - 1)
                    apart = one[y, x] - one[row, column]
                    weight = rest[y, x] / (np.float32(1.0) + apart * apart * soft)
                    u += weight * field[y, x, 0]
                    v += weight * field[y, x, 1]
                    total += weight
            out[row, column, 0] = u / total
            out[row, column, 1] = v / total
