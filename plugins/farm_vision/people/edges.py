"""A small, soft matte brought to the edges of the picture it belongs to.

Invariant: far from an edge of the matte nothing changes; what comes out lies between 0 and 1.

A fast guided filter: at a working size each window of the matte is explained as a straight line of
the picture's luma; the lines' means, enlarged, are applied to the luma of every pixel.
"""

from __future__ import annotations

import numpy as np

from farm.media.boxes import means
from farm.media.compiled import kernel
from farm.media.flow import Gray
from farm.media.lanczos import resized
from farm.media.planes import Picture

_SIDE = 480
"""Longer side of the working size."""
_RADIUS = 6
_CALM = 4e-4
"""Variance of luma, 0 to 1, below which a window is flat: its matte is only averaged."""


def refined(matte: Gray, picture: Picture, strength: float) -> Gray:
    """The matte at the size of the picture, float32 (H, W), its edges on the picture's edges."""
    layout = picture.layout
    out = np.empty((layout.height, layout.width), np.float32)
    scale = min(1.0, _SIDE / max(layout.width, layout.height))
    rows, columns = (max(2, round(n * scale)) for n in (layout.height, layout.width))
    small = np.clip(resized(matte, columns, rows), 0.0, 1.0).astype(np.float32)
    guide = np.empty((rows, columns), np.float32)
    top = np.float32(2**layout.depth - 1)
    _shrink(picture.planes[0], top, guide)
    gain = np.empty_like(guide)
    offset = np.empty_like(guide)
    _lines(guide, small, _RADIUS, np.float32(_CALM), gain, offset)
    _apply(picture.planes[0], top, gain, offset, small, np.float32(strength), out)
    return out


@kernel
def _shrink(plane, top, out):
    """Means of the blocks of pixels that each sample stands for."""
    height, width = plane.shape
    rows, columns = out.shape
    bins, counts = np.empty(width, np.int64), np.zeros(columns, np.int64)
    for x in range(width):
        bins[x] = min(x * columns // width, columns - 1)
        counts[bins[x]] += 1
    line = np.zeros(columns, np.int64)
    y = 0
    for row in range(rows):
        line[:] = 0
        first = y
        last = max((row + 1) * height // rows, first + 1)
        while y < last:
            for x in range(width):
                line[bins[x]] += plane[y, x]
            y += 1
        for column in range(columns):
            count = np.float32(max(counts[column], 1) * (last - first))
            out[row, column] = np.float32(line[column]) / (count * top)


@kernel
def _lines(guide, matte, radius, calm, gain, offset):
    mean_g, mean_m = np.empty_like(guide), np.empty_like(guide)
    mean_gg, mean_gm = np.empty_like(guide), np.empty_like(guide)
    means(guide, radius, mean_g)
    means(matte, radius, mean_m)
    means(guide * guide, radius, mean_gg)
    means(guide * matte, radius, mean_gm)
    slope = (mean_gm - mean_g * mean_m) / (mean_gg - mean_g * mean_g + calm)
    means(slope, radius, gain)
    means(mean_m - slope * mean_g, radius, offset)


@kernel
def _apply(plane, top, gain, offset, small, strength, out):
    height, width = out.shape
    rows, columns = gain.shape
    half, one, zero = np.float32(0.5), np.float32(1.0), np.float32(0.0)
    scale_x, scale_y = np.float32(columns / width), np.float32(rows / height)
    low, reach = np.float32(0.12), np.float32(1.0 / 0.76)
    line_a, line_b = np.empty(columns, np.float32), np.empty(columns, np.float32)
    line_m = np.empty(columns, np.float32)
    lefts, shares = np.empty(width, np.int32), np.empty(width, np.float32)
    for column in range(width):
        x = min(max((np.float32(column) + half) * scale_x - half, zero), np.float32(columns - 1))
        lefts[column] = min(int(x), max(columns - 2, 0))
        shares[column] = x - np.float32(lefts[column])
    for row in range(height):
        y = min(max((np.float32(row) + half) * scale_y - half, zero), np.float32(rows - 1))
        above = min(int(y), max(rows - 2, 0))
        below = min(above + 1, rows - 1)
        fy = y - np.float32(above)
        for column in range(columns):
            line_a[column] = gain[above, column] * (one - fy) + gain[below, column] * fy
            line_b[column] = offset[above, column] * (one - fy) + offset[below, column] * fy
            line_m[column] = small[above, column] * (one - fy) + small[below, column] * fy
        column = 0
        while column < width:
            left = lefts[column]
            right = min(left + 1, columns - 1)
            stop = column + 1
            while stop < width and lefts[stop] == left:
                stop += 1
            flat = max(abs(line_a[left]), abs(line_a[right])) < np.float32(1e-4)
            if flat and max(line_m[left], line_m[right]) < np.float32(0.01):
                out[row, column:stop] = zero
            elif flat and min(line_m[left], line_m[right]) > np.float32(0.99):
                out[row, column:stop] = one
            else:
                for at in range(column, stop):
                    fx = shares[at]
                    a = line_a[left] * (one - fx) + line_a[right] * fx
                    b = line_b[left] * (one - fx) + line_b[right] * fx
                    m = line_m[left] * (one - fx) + line_m[right] * fx
                    value = m + strength * (a * np.float32(plane[row, at]) / top + b - m)
                    # A veil of a few percent over the background is worse than a harder edge.
                    value = (value - low * strength) * (one + strength * (reach - one))
                    out[row, at] = min(max(value, zero), one)
            column = stop
