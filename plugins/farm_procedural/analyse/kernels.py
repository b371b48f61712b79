"""What is counted in every frame, in one pass over small planes.

Invariant: a frame is read once, averaged down to at most 320 x 180; every later number comes from
the small planes, so that the cost of a film hardly depends on its size.
"""

from __future__ import annotations

import numpy as np

from farm_procedural.compiled import kernel

EDGE = 20.0
"""Sum of central differences of luma, 0-255, from which a pixel lies on an edge."""


@kernel
def shrink(source, width, out, zero, gain, low):
    """Average uint8 (H, line) down to float32 (h, w): ``(mean - zero) * gain + low``, 0 to 255.

    width : columns that count; the rest of each line is padding and is not read.
    """
    height = source.shape[0]
    rows, columns = out.shape
    line = np.empty(width, np.uint32)
    for i in range(rows):
        top, bottom = i * height // rows, (i + 1) * height // rows
        for x in range(width):
            line[x] = source[top, x]
        for y in range(top + 1, bottom):
            for x in range(width):
                line[x] += source[y, x]
        for j in range(columns):
            left, right = j * width // columns, (j + 1) * width // columns
            total = np.uint32(0)
            for x in range(left, right):
                total += line[x]
            area = np.float32((bottom - top) * (right - left))
            value = (np.float32(total) / area - zero) * gain + low
            out[i, j] = min(max(value, np.float32(0.0)), np.float32(255.0))


@kernel
def halve(source, out):
    """Average float32 (2 h, 2 w) down to (h, w); an odd last row or column is left out."""
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            total = source[2 * i, 2 * j] + source[2 * i, 2 * j + 1]
            total += source[2 * i + 1, 2 * j] + source[2 * i + 1, 2 * j + 1]
            out[i, j] = total * np.float32(0.25)


@kernel
def count_light(luma, histogram, out):
    """Sums over luma float32 (h, w), 0-255.

    histogram : int64 (256,), grows. out : float64 (12,), set to: sum, sum of squares, edges,
    neighbour differences, x and y moments, left, right, upper, lower, middle ninth, its pixels.
    """
    rows, columns = luma.shape
    out[:] = 0.0
    for i in range(rows):
        for j in range(columns):
            histogram[np.int64(luma[i, j])] += 1
    # Column by column, so that the sums are vector code without reordering any of them.
    sums = np.zeros(columns, np.float32)
    squares = np.zeros(columns, np.float32)
    falls = np.zeros(columns, np.float32)
    edges = np.zeros(columns, np.float32)
    steps = np.zeros(columns, np.float32)
    upper, first, last = np.zeros(columns), np.zeros(columns), np.zeros(columns)
    for i in range(rows):
        if i == (rows + 1) // 2:
            upper[:] = sums
        if i == rows // 3:
            first[:] = sums
        if i == 2 * rows // 3:
            last[:] = sums
        down = np.float32(i + 0.5)
        for j in range(columns):
            value = luma[i, j]
            sums[j] += value
            squares[j] += value * value
            falls[j] += value * down
    if rows == 1:
        upper[:] = sums
    for i in range(1, rows - 1):
        for j in range(1, columns - 1):
            step = abs(luma[i, j + 1] - luma[i, j - 1]) + abs(luma[i + 1, j] - luma[i - 1, j])
            steps[j] += step
            edges[j] += np.float32(1.0) if step > np.float32(EDGE) else np.float32(0.0)
    for j in range(columns):
        total = np.float64(sums[j])
        out[0] += total
        out[1] += squares[j]
        out[2] += edges[j]
        out[3] += steps[j]
        out[4] += total * (j + 0.5)
        out[5] += falls[j]
        out[6 if 2 * j < columns else 7] += total
        out[8] += upper[j]
        out[9] += total - upper[j]
        if columns // 3 <= j < 2 * columns // 3:
            out[10] += last[j] - first[j]
            out[11] += 2 * rows // 3 - rows // 3


@kernel
def count_colours(luma, cb, cr, table, histogram, cells, counts):
    """Colours of float32 planes: luma (h, w), cb and cr (h2, w2), full-range codes.

    table : OKLab by code. histogram : int64 (64, 64, 64), grows. cells : float32 (r, c, 3), set to
    the mean OKLab of each cell. counts : float32 (r, c), scratch.
    """
    rows, columns = cb.shape
    height, width = luma.shape
    high, wide = counts.shape
    cells[:] = 0.0
    counts[:] = 0.0
    for i in range(rows):
        y0, y1 = i * height // rows, max(i * height // rows + 1, (i + 1) * height // rows)
        row = i * high // rows
        for j in range(columns):
            x0, x1 = j * width // columns, max(j * width // columns + 1, (j + 1) * width // columns)
            total = np.float32(0.0)
            for y in range(y0, y1):
                for x in range(x0, x1):
                    total += luma[y, x]
            k = np.int64(total / np.float32((y1 - y0) * (x1 - x0))) >> 2
            u = min(np.int64(cb[i, j] + np.float32(2.0)) >> 2, 63)
            v = min(np.int64(cr[i, j] + np.float32(2.0)) >> 2, 63)
            histogram[k, u, v] += 1
            column = j * wide // columns
            counts[row, column] += np.float32(1.0)
            for c in range(3):
                cells[row, column, c] += table[k, u, v, c]
    for row in range(high):
        for column in range(wide):
            for c in range(3):
                cells[row, column, c] /= counts[row, column]


@kernel
def local_variance(luma, side):
    """Mean over cells of ``side`` pixels of the variance of luma within a cell."""
    total, cells = 0.0, 0
    for top in range(0, luma.shape[0] - side + 1, side):
        for left in range(0, luma.shape[1] - side + 1, side):
            first = second = 0.0
            for y in range(top, top + side):
                for x in range(left, left + side):
                    value = luma[y, x]
                    first += value
                    second += value * value
            count = side * side
            total += max(0.0, second / count - (first / count) ** 2)
            cells += 1
    return total / max(1, cells)


@kernel
def compare_cells(cells, before, last, out):
    """Cells float32 (r, c, 3) of three frames in a row, the newest first; ``out`` float64 (7,).

    Means of lightness, a, b and chroma; mean OKLab step since ``before``; correlation with it; mean
    distance of ``before`` from the line between its neighbours, in lightness.
    """
    rows, columns = cells.shape[:2]
    count = rows * columns
    now, then = np.zeros(3), np.zeros(3)
    chroma = step = bend = 0.0
    for i in range(rows):
        for j in range(columns):
            length = 0.0
            for c in range(3):
                one, other = np.float64(cells[i, j, c]), np.float64(before[i, j, c])
                now[c] += one
                then[c] += other
                length += (one - other) ** 2
            step += np.sqrt(length)
            chroma += np.sqrt(np.float64(cells[i, j, 1]) ** 2 + np.float64(cells[i, j, 2]) ** 2)
            bend += abs(before[i, j, 0] - 0.5 * (cells[i, j, 0] + last[i, j, 0]))
    both = one_power = other_power = 0.0
    for i in range(rows):
        for j in range(columns):
            for c in range(3):
                one = cells[i, j, c] - now[c] / count
                other = before[i, j, c] - then[c] / count
                both += one * other
                one_power += one * one
                other_power += other * other
    noise = 1e-4 * count
    out[0], out[1], out[2] = now[0] / count, now[1] / count, now[2] / count
    out[3], out[4], out[6] = chroma / count, step / count, bend / count
    out[5] = (both + noise) / (np.sqrt(one_power * other_power) + noise)
