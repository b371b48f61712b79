"""Smooth enlargement of rows by a quadratic B-spline.

Invariant: no creases where a bilinear one would show the grid; weights are exact in float32.
"""

from __future__ import annotations

from farm_procedural.compiled import inlined
from farm_procedural.noise import f4, i4


@inlined
def row_between(line, cells, y, factor):
    """Cells of row ``y`` of the enlarged picture into ``line``, edges repeated on both sides."""
    h, w = cells.shape
    j = y // factor
    p = f4(f4(f4(i4(y - j * factor)) + f4(0.5)) / f4(factor) - f4(0.5))
    wa = f4(f4(0.5) * f4(f4(0.5) - p) * f4(f4(0.5) - p))
    wb = f4(f4(0.75) - p * p)
    wc = f4(f4(0.5) * f4(f4(0.5) + p) * f4(f4(0.5) + p))
    one, two, three = cells[max(j - 1, 0)], cells[j], cells[min(j + 1, h - 1)]
    for x in range(w):
        line[x + 1] = f4(wa * one[x] + wb * two[x] + wc * three[x])
    line[0] = line[1]
    line[w + 1] = line[w]


@inlined
def double(target, line, w):
    """A line of w + 2 cells (edges repeated) twice as wide: quadratic B-spline at the halves."""
    for x in range(w):
        a, b, c = line[x], line[x + 1], line[x + 2]
        target[2 * x] = f4(f4(0.28125) * a + f4(0.6875) * b + f4(0.03125) * c)
        target[2 * x + 1] = f4(f4(0.03125) * a + f4(0.6875) * b + f4(0.28125) * c)


@inlined
def quadruple(target, line, w):
    """The same, four times as wide."""
    for x in range(w):
        a, b, c = line[x], line[x + 1], line[x + 2]
        target[4 * x] = f4(f4(0.3828125) * a + f4(0.609375) * b + f4(0.0078125) * c)
        target[4 * x + 1] = f4(f4(0.1953125) * a + f4(0.734375) * b + f4(0.0703125) * c)
        target[4 * x + 2] = f4(f4(0.0703125) * a + f4(0.734375) * b + f4(0.1953125) * c)
        target[4 * x + 3] = f4(f4(0.0078125) * a + f4(0.609375) * b + f4(0.3828125) * c)
