"""What moves where between two frames: block-wise optical flow, coarse to fine.

Invariant: flat blocks do not vote; a velocity that explains the next frame no better than standing
still is taken for stillness, so that grain is not mistaken for motion.

Source: B. Lucas and T. Kanade, "An iterative image registration technique" (1981), on a pyramid whose
coarsest level is searched in whole pixels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm_procedural.analyse.kernels import halve
from farm_procedural.compiled import inlined, kernel

F32 = NDArray[np.float32]
REACH = 4
"""Pixels of the coarsest level that are searched each way: about a sixth of the height."""
CALM = np.float32(6.0)
"""Squared luma steps that a block's gradients must outweigh to be believed."""


class Pyramid:
    """Three halvings of a small luma plane float32 (h, w), for flow; buffers are its own."""

    def __init__(self, height: int, width: int) -> None:
        self.levels: list[F32] = []
        for k in (1, 2, 3):
            shape = max(8, height >> k), max(8, width >> k)
            self.levels.append(np.zeros(shape, np.float32))

    def build(self, luma: F32) -> None:
        """Fill the levels."""
        source = luma
        for level in self.levels:
            if source.shape[0] >= 2 * level.shape[0] and source.shape[1] >= 2 * level.shape[1]:
                halve(source, level)
            else:  # A film of a few pixels: what there is, in the corner.
                level[: source.shape[0], : source.shape[1]] = source[
                    : level.shape[0], : level.shape[1]
                ]
            source = level


def flow(before: Pyramid, after: Pyramid, vectors: F32) -> None:
    """Set ``vectors`` float32 (rows, columns, 3) to x, y in pixels of the finest level, and trust
    0-1."""
    one, two, three = before.levels
    _flow(one, two, three, *after.levels, vectors)


def grid(height: int, width: int) -> tuple[int, int]:
    """Rows and columns of blocks over a small luma plane."""
    return max(1, (height >> 1) // 8), max(1, (width >> 1) // 8)


@inlined
def _at(plane, y, x):
    """The value between pixels, held at the border."""
    rows, columns = plane.shape
    y = min(max(y, np.float32(0.0)), np.float32(rows - 1.001))
    x = min(max(x, np.float32(0.0)), np.float32(columns - 1.001))
    i, j = np.int64(y), np.int64(x)
    v, u = y - np.float32(i), x - np.float32(j)
    upper = plane[i, j] + (plane[i, j + 1] - plane[i, j]) * u
    lower = plane[i + 1, j] + (plane[i + 1, j + 1] - plane[i + 1, j]) * u
    return upper + (lower - upper) * v


@kernel
def _search(before, after, top, left, side):
    """The whole-pixel step within reach whose absolute difference is least; stillness is preferred."""
    rows, columns = before.shape
    y0, y1 = max(0, top), min(rows, top + side)
    x0, x1 = max(0, left), min(columns, left + side)
    best, dx, dy = np.float32(0.0), 0, 0
    for y in range(y0, y1):
        for x in range(x0, x1):
            best += abs(before[y, x] - after[y, x])
    if best < np.float32(1.5) * (y1 - y0) * (x1 - x0):
        return 0, 0
    best *= np.float32(0.9)
    for v in range(-REACH, REACH + 1):
        for u in range(-REACH, REACH + 1):
            if y0 + v < 0 or y1 + v > rows or x0 + u < 0 or x1 + u > columns:
                continue
            total = np.float32(0.02) * (u * u + v * v)
            for y in range(y0, y1):
                for x in range(x0, x1):
                    total += abs(before[y, x] - after[y + v, x + u])
                if total >= best:
                    break
            if total < best:
                best, dx, dy = total, u, v
    return dx, dy


@kernel
def _refine(before, after, top, left, side, vx, vy):
    """One Lucas-Kanade step; the new velocity and the trace of the gradients per pixel."""
    rows, columns = before.shape
    y0, y1 = max(1, top), min(rows - 1, top + side)
    x0, x1 = max(1, left), min(columns - 1, left + side)
    xx = xy = yy = bx = by = np.float32(0.0)
    half = np.float32(0.5)
    for y in range(y0, y1):
        for x in range(x0, x1):
            gx = (before[y, x + 1] - before[y, x - 1]) * half
            gy = (before[y + 1, x] - before[y - 1, x]) * half
            step = before[y, x] - _at(after, np.float32(y) + vy, np.float32(x) + vx)
            xx += gx * gx
            xy += gx * gy
            yy += gy * gy
            bx += gx * step
            by += gy * step
    count = np.float32(max(1, (y1 - y0) * (x1 - x0)))
    calm = np.float32(0.04) * (xx + yy) + np.float32(0.25) * count
    det = (xx + calm) * (yy + calm) - xy * xy
    sx = ((yy + calm) * bx - xy * by) / det
    sy = ((xx + calm) * by - xy * bx) / det
    # A step of more than two pixels is a guess beyond what the gradients can tell.
    most = np.float32(2.0)
    return vx + min(max(sx, -most), most), vy + min(max(sy, -most), most), (xx + yy) / count


@kernel
def _misfit(before, after, top, left, side, vx, vy):
    rows, columns = before.shape
    total = np.float32(0.0)
    for y in range(max(0, top), min(rows, top + side)):
        for x in range(max(0, left), min(columns, left + side)):
            total += (before[y, x] - _at(after, np.float32(y) + vy, np.float32(x) + vx)) ** 2
    return total


@kernel
def _flow(one, two, three, one_after, two_after, three_after, vectors):
    rows, columns = vectors.shape[:2]
    zero, double = np.float32(0.0), np.float32(2.0)
    for i in range(rows):
        for j in range(columns):
            top, left = 8 * i - 2, 8 * j - 2
            still = _misfit(one, one_after, top, left, 12, zero, zero)
            if still < np.float32(0.5):
                _x, _y, trace = _refine(one, one_after, top, left, 12, zero, zero)
                vectors[i, j, 0], vectors[i, j, 1] = zero, zero
                vectors[i, j, 2] = trace / (trace + CALM)
                continue
            dx, dy = _search(three, three_after, 2 * i - 3, 2 * j - 3, 8)
            vx, vy = np.float32(dx), np.float32(dy)
            for _ in range(2):
                vx, vy, _trace = _refine(three, three_after, 2 * i - 2, 2 * j - 2, 6, vx, vy)
            vx, vy = vx * double, vy * double
            for _ in range(2):
                vx, vy, _trace = _refine(two, two_after, 4 * i - 2, 4 * j - 2, 8, vx, vy)
            vx, vy = vx * double, vy * double
            was_x, was_y = vx, vy
            vx, vy, trace = _refine(one, one_after, top, left, 12, vx, vy)
            if abs(vx - was_x) + abs(vy - was_y) > np.float32(0.04):
                vx, vy, trace = _refine(one, one_after, top, left, 12, vx, vy)
            moved = _misfit(one, one_after, top, left, 12, vx, vy)
            trust = trace / (trace + CALM)
            if moved > np.float32(0.9) * still:
                vx = vy = trust = zero
            else:
                trust *= np.float32(1.0) - moved / still
            vectors[i, j, 0], vectors[i, j, 1], vectors[i, j, 2] = vx, vy, trust


@kernel
def summarise(vectors, height, out):
    """Sums over a flow field; ``out`` float64 (8,): speed, moving share, x, y (up), zoom, turn, trust
    and blocks with any motion; lengths in frame heights per frame. height : of the finest level."""
    rows, columns = vectors.shape[:2]
    for k in range(out.shape[0]):
        out[k] = 0.0
    trusts = xs = ys = speeds = radii = grow = spin = 0.0
    for i in range(rows):
        for j in range(columns):
            trust = np.float64(vectors[i, j, 2])
            x, y = vectors[i, j, 0] / height, -vectors[i, j, 1] / height
            px = (8.0 * (j + 0.5) - 4.0 * columns) / height
            py = -(8.0 * (i + 0.5) - 4.0 * rows) / height
            speed = np.sqrt(x * x + y * y)
            trusts += trust
            xs += trust * x
            ys += trust * y
            speeds += trust * speed
            radii += trust * (px * px + py * py)
            grow += trust * (px * x + py * y)
            spin += trust * (px * y - py * x)
            out[1] += trust > 0.2 and speed * height > 0.03
            out[7] = max(out[7], speed)
    # A lone moving dot is not a moving picture: silence counts once a third of the blocks are flat.
    out[0] = speeds / max(trusts, 0.3 * rows * columns)
    out[1] /= rows * columns
    out[2] = xs / max(trusts, 1e-9)
    out[3] = ys / max(trusts, 1e-9)
    out[4] = grow / max(radii, 1e-9)
    out[5] = spin / max(radii, 1e-9)
    out[6] = trusts / (rows * columns)
