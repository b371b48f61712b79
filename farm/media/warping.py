"""Pictures carried along their motion, and put together at a moment between them.

Invariant: every pixel of the result is a weighted mean of what the two pictures show there; what
only one of them sees is taken from that one alone.

After S. Baker et al., "A Database and Evaluation Methodology for Optical Flow", 2011 (frame
interpolation by forward splatting of the flow), with flow from both sides.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.flow import Field, Gray, bilinear

Weights = NDArray[np.float32]

REACH = 2
"""Pixels of the working size around a hidden one whose sight of a picture is distrusted."""


def flow_at(first: Gray, second: Gray, there: Field, back: Field, moment: float) -> Field:
    """Motion (H, W, 2) from the first picture to the second of what is seen at ``moment``, 0 to 1.

    Where several things meet, the one whose two views agree best is in front.
    """
    height, width = first.shape
    field = np.zeros((height, width, 2), np.float32)
    worst = np.full((height, width), np.inf, np.float32)
    _splat(first, second, there, back, np.float32(moment), np.float32(1.0), field, worst)
    rest = np.float32(1.0 - moment)
    _splat(second, first, back, there, rest, np.float32(-1.0), field, worst)
    known = np.isfinite(worst)
    if not known.any():
        return there
    field = _filled(field, known)
    settled = np.empty_like(field)
    _settle(field, settled)
    return settled


def shares(there: Field, back: Field, field: Field, moment: float) -> tuple[Weights, Weights]:
    """Weights (H, W) of the first and the second picture at ``moment``; their sum is 1."""
    sights = np.empty((2, *field.shape[:2]), np.float32)
    _sights(there, back, field, np.float32(moment), sights)
    first = np.empty(field.shape[:2], np.float32)
    _shares(sights, np.float32(moment), first)
    return first, np.float32(1.0) - first


def agreement(there: Field, back: Field, field: Field, moment: float) -> Weights:
    """1.0 (H, W) where both pictures show what is seen at ``moment`` and agree on its motion,
    falling to 0.0 where only one does or neither."""
    sights = np.empty((2, *field.shape[:2]), np.float32)
    _sights(there, back, field, np.float32(moment), sights)
    least: Weights = np.minimum(sights[0], sights[1])
    return least


def strays(there: Field, back: Field) -> Weights:
    """1.0 (H, W) where the flow there and back again ends elsewhere than it began, else 0.0."""
    out = np.empty(there.shape[:2], np.float32)
    _stray(there, back, out)
    return out


def mixed(
    first: NDArray[Any],
    second: NDArray[Any],
    field: Field,
    weight: Weights,
    moment: float,
    top: int,
) -> NDArray[Any]:
    """One plane at ``moment``. weight : of the first picture. top : highest sample value."""
    out = np.empty_like(first)
    _mix(first, second, field, weight, np.float32(moment), np.float32(top), out)
    return out


def carried(plane: NDArray[Any], field: Field, reach: float, top: int) -> NDArray[Any]:
    """A plane sampled at ``x + reach * field(x)``."""
    out = np.empty_like(plane)
    _carry(plane, field, np.float32(reach), np.float32(top), out)
    return out


def _filled(field: Field, known: NDArray[np.bool_]) -> Field:
    """Holes take the mean of what is known around them, from ever wider squares."""
    height, width = known.shape
    if known.all() or min(height, width) < 2:
        return field
    weight = known.astype(np.float32)
    even = ((height + 1) // 2 * 2, (width + 1) // 2 * 2)
    sums = np.zeros((*even, 3), np.float32)
    sums[:height, :width, :2] = field * weight[..., None]
    sums[:height, :width, 2] = weight
    small = sums[::2, ::2] + sums[1::2, ::2] + sums[::2, 1::2] + sums[1::2, 1::2]
    got = small[..., 2] > 0
    means = small[..., :2] / np.maximum(small[..., 2:], 1.0)
    coarse = _filled(means.astype(np.float32), got)
    wide = coarse.repeat(2, axis=0).repeat(2, axis=1)[:height, :width]
    return np.where(known[..., None], field, wide)


@kernel
def _splat(one, two, there, back, moment, sign, field, worst):
    height, width = one.shape
    for row in range(height):
        for column in range(width):
            u, v = there[row, column, 0], there[row, column, 1]
            to_x, to_y = np.float32(column) + u, np.float32(row) + v
            miss = abs(bilinear(two, to_x, to_y) - one[row, column])
            ux = bilinear(back[:, :, 0], to_x, to_y) + u
            vy = bilinear(back[:, :, 1], to_x, to_y) + v
            miss += np.float32(4.0) * np.sqrt(ux * ux + vy * vy)
            if to_x < 0 or to_y < 0 or to_x > width - 1 or to_y > height - 1:
                miss += np.float32(8.0)
            x, y = np.float32(column) + moment * u, np.float32(row) + moment * v
            left, above = int(np.floor(x)), int(np.floor(y))
            for dy in range(2):
                for dx in range(2):
                    at_x, at_y = left + dx, above + dy
                    if 0 <= at_x < width and 0 <= at_y < height and miss < worst[at_y, at_x]:
                        worst[at_y, at_x] = miss
                        field[at_y, at_x, 0] = sign * u
                        field[at_y, at_x, 1] = sign * v


@kernel
def _settle(field, out):
    """The median of each pixel and its eight neighbours: a lone pixel moves with those around."""
    height, width = field.shape[:2]
    near = np.empty(9, np.float32)
    for row in range(height):
        for column in range(width):
            for part in range(2):
                count = 0
                for dy in range(-1, 2):
                    y = min(max(row + dy, 0), height - 1)
                    for dx in range(-1, 2):
                        x = min(max(column + dx, 0), width - 1)
                        value = field[y, x, part]
                        at = count
                        while at > 0 and near[at - 1] > value:
                            near[at] = near[at - 1]
                            at -= 1
                        near[at] = value
                        count += 1
                out[row, column, part] = near[4]


@kernel
def _sights(there, back, field, moment, sights):
    height, width = sights.shape[1:]
    one = np.float32(1.0)
    tiny = np.float32(1e-4)
    for row in range(height):
        for column in range(width):
            u, v = field[row, column, 0], field[row, column, 1]
            ax, ay = np.float32(column) - moment * u, np.float32(row) - moment * v
            bx = np.float32(column) + (one - moment) * u
            by = np.float32(row) + (one - moment) * v
            # How far the motion seen in one picture is from the one that leads to the other.
            du = bilinear(there[:, :, 0], ax, ay) - u
            dv = bilinear(there[:, :, 1], ax, ay) - v
            off_first = du * du + dv * dv
            du = bilinear(back[:, :, 0], bx, by) + u
            dv = bilinear(back[:, :, 1], bx, by) + v
            off_second = du * du + dv * dv
            seen_first = one / (one + off_first * off_first)
            seen_second = one / (one + off_second * off_second)
            if ax < -one or ay < -one or ax > width or ay > height:
                seen_first = tiny
            if bx < -one or by < -one or bx > width or by > height:
                seen_second = tiny
            sights[0, row, column] = seen_first + tiny
            sights[1, row, column] = seen_second + tiny


@kernel
def _shares(sights, moment, first):
    """The worst of each pixel and its neighbours counts: edges of things are mixed with others."""
    height, width = first.shape
    for row in range(height):
        for column in range(width):
            a, b = sights[0, row, column], sights[1, row, column]
            for y in range(max(row - REACH, 0), min(row + REACH + 1, height)):
                for x in range(max(column - REACH, 0), min(column + REACH + 1, width)):
                    a, b = min(a, sights[0, y, x]), min(b, sights[1, y, x])
            a, b = (np.float32(1.0) - moment) * a, moment * b
            first[row, column] = a / (a + b)


@kernel
def _stray(there, back, out):
    height, width = out.shape
    for row in range(height):
        for column in range(width):
            u, v = there[row, column, 0], there[row, column, 1]
            x, y = np.float32(column) + u, np.float32(row) + v
            du, dv = bilinear(back[:, :, 0], x, y) + u, bilinear(back[:, :, 1], x, y) + v
            limit = np.float32(1.0) + np.float32(0.1) * np.sqrt(u * u + v * v)
            out[row, column] = np.float32(du * du + dv * dv > limit * limit)


@kernel
def cubic(plane, x, y):
    """A plane between its samples by Catmull and Rom's cubic; outside, its edge."""
    height, width = plane.shape
    x = min(max(x, np.float32(0.0)), np.float32(width - 1))
    y = min(max(y, np.float32(0.0)), np.float32(height - 1))
    left, above = np.int32(x), np.int32(y)
    fx, fy = x - np.float32(left), y - np.float32(above)
    half, one = np.float32(0.5), np.float32(1.0)
    a = half * fx * (fx * (np.float32(2.0) - fx) - one)
    b = half * (fx * fx * (np.float32(3.0) * fx - np.float32(5.0)) + np.float32(2.0))
    c = half * fx * (fx * (np.float32(4.0) - np.float32(3.0) * fx) + one)
    d = half * fx * fx * (fx - one)
    x0, x1 = max(left - 1, 0), left
    x2, x3 = min(left + 1, width - 1), min(left + 2, width - 1)
    total = np.float32(0.0)
    for tap in range(4):
        line = plane[min(max(above - 1 + tap, 0), height - 1)]
        value = a * np.float32(line[x0]) + b * np.float32(line[x1])
        value += c * np.float32(line[x2]) + d * np.float32(line[x3])
        if tap == 0:
            share = half * fy * (fy * (np.float32(2.0) - fy) - one)
        elif tap == 1:
            share = half * (fy * fy * (np.float32(3.0) * fy - np.float32(5.0)) + np.float32(2.0))
        elif tap == 2:
            share = half * fy * (fy * (np.float32(4.0) - np.float32(3.0) * fy) + one)
        else:
            share = half * fy * fy * (fy - one)
        total += share * value
    return total


@kernel
def _mix(first, second, field, weight, moment, top, out):
    height, width = out.shape
    rows, columns = field.shape[:2]
    scale_x, scale_y = np.float32(columns / width), np.float32(rows / height)
    half, one, zero = np.float32(0.5), np.float32(1.0), np.float32(0.0)
    flow_u, flow_v = field[:, :, 0], field[:, :, 1]
    for row in range(height):
        fy = (np.float32(row) + half) * scale_y - half
        for column in range(width):
            fx = (np.float32(column) + half) * scale_x - half
            u = bilinear(flow_u, fx, fy) / scale_x
            v = bilinear(flow_v, fx, fy) / scale_y
            share = bilinear(weight, fx, fy)
            x, y = np.float32(column), np.float32(row)
            value = zero
            if share > np.float32(0.01):
                value += share * cubic(first, x - moment * u, y - moment * v)
            else:
                share = zero
            if share < np.float32(0.99):
                rest = one - moment
                value += (one - share) * cubic(second, x + rest * u, y + rest * v)
            else:
                value /= share
            out[row, column] = int(min(max(value + half, zero), top))


@kernel
def _carry(plane, field, reach, top, out):
    height, width = out.shape
    rows, columns = field.shape[:2]
    scale_x, scale_y = np.float32(columns / width), np.float32(rows / height)
    half, zero = np.float32(0.5), np.float32(0.0)
    for row in range(height):
        fy = (np.float32(row) + half) * scale_y - half
        for column in range(width):
            fx = (np.float32(column) + half) * scale_x - half
            u = reach * bilinear(field[:, :, 0], fx, fy) / scale_x
            v = reach * bilinear(field[:, :, 1], fx, fy) / scale_y
            value = cubic(plane, np.float32(column) + u, np.float32(row) + v)
            out[row, column] = int(min(max(value + half, zero), top))
