"""Depth from two eyes: the same scene, seen a little from the side.

Invariant: the pair is level (a point has the same row in both pictures) and the right eye stands to
the right; disparities are at least 0 and at most ``REACH`` of the width. What only one eye sees is
given a weight of 0 and completed by who asked.

Source: H. Hirschmüller, "Stereo Processing by Semiglobal Matching and Mutual Information", 2008, on
the census transform of R. Zabih and J. Woodfill, 1994.
"""

from __future__ import annotations

import numpy as np

from farm.media.compiled import kernel
from farm_vision.depth.edges import Values

REACH = 0.17
"""Largest disparity, as a part of the width."""
_SMALL, _LARGE = 4, 32
"""Costs of a step of one pixel in disparity from neighbour to neighbour, and of any larger one."""


def disparities(left: Values, right: Values) -> tuple[Values, Values]:
    """Pixels (H, W) that each point of the left picture lies farther right than in the right one,
    and 1.0 where both eyes agree, else 0.0."""
    height, width = left.shape
    count = max(4, int(width * REACH) // 4 * 4)
    ones, twos = np.zeros((height, width), np.uint64), np.zeros((height, width), np.uint64)
    _census(left, ones)
    _census(right, twos)
    costs = np.empty((height, width, count), np.uint8)
    _compare(ones, twos, costs)
    total = np.zeros((height, width, count), np.uint16)
    for down, across in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        _path(costs, total, down, across)
    found, sure = np.zeros_like(left), np.zeros_like(left)
    _choose(total, found, sure)
    return found, sure


@kernel
def _census(grey, out):
    height, width = grey.shape
    for row in range(height):
        for column in range(width):
            word = np.uint64(0)
            middle = grey[row, column]
            for dy in range(-3, 4):
                y = min(max(row + dy, 0), height - 1)
                for dx in range(-3, 4):
                    if dx or dy:
                        x = min(max(column + dx, 0), width - 1)
                        word = (word << np.uint64(1)) | np.uint64(grey[y, x] > middle)
            out[row, column] = word


@kernel
def _compare(ones, twos, costs):
    height, width, count = costs.shape
    m1, m2 = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
    m4, many = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)
    for row in range(height):
        for column in range(width):
            for step in range(count):
                if step > column:
                    costs[row, column, step] = 48
                    continue
                word = ones[row, column] ^ twos[row, column - step]
                word = word - ((word >> np.uint64(1)) & m1)
                word = (word & m2) + ((word >> np.uint64(2)) & m2)
                word = (word + (word >> np.uint64(4))) & m4
                costs[row, column, step] = np.uint8((word * many) >> np.uint64(56))


@kernel
def _path(costs, total, down, across):
    height, width, count = costs.shape
    lines, length = (height, width) if across else (width, height)
    before, now = np.zeros(count, np.int32), np.zeros(count, np.int32)
    for line in range(lines):
        least = 0
        before[:] = 0
        for place in range(length):
            at = place if down + across > 0 else length - 1 - place
            row, column = (line, at) if across else (at, line)
            smallest = 1 << 20
            for step in range(count):
                best = before[step]
                if step > 0:
                    best = min(best, before[step - 1] + _SMALL)
                if step < count - 1:
                    best = min(best, before[step + 1] + _SMALL)
                best = min(best, least + _LARGE)
                now[step] = np.int32(costs[row, column, step]) + best - least
                smallest = min(smallest, now[step])
                total[row, column, step] += np.uint16(now[step])
            before, now = now, before
            least = smallest


@kernel
def _choose(total, found, sure):
    height, width, count = total.shape
    other = np.empty(width, np.int32)
    for row in range(height):
        for column in range(width):
            best, least = 0, 1 << 20
            for step in range(min(count, width - column)):
                cost = np.int32(total[row, column + step, step])
                if cost < least:
                    best, least = step, cost
            other[column] = best
        for column in range(width):
            best, least = 0, 1 << 20
            for step in range(min(count, column + 1)):
                cost = np.int32(total[row, column, step])
                if cost < least:
                    best, least = step, cost
            value = np.float32(best)
            if 0 < best < min(count, column + 1) - 1:
                a = np.float32(total[row, column, best - 1])
                c = np.float32(total[row, column, best + 1])
                # A count of bits grows evenly on both sides: two equal slopes, and no parabola.
                steep = max(a, c) - np.float32(least)
                if steep > 0:
                    value += np.float32(0.5) * (a - c) / steep
            found[row, column] = value
            sure[row, column] = np.float32(abs(other[column - best] - best) <= 1)
