"""Points of light spread over their blurs: the kernels of depth of field.

Invariant: every point gives all of its light, and nothing is read or written outside of the arrays,
which are larger than the picture by the reach of the blur on each side. Colours are premultiplied:
red, green, blue, cover.
"""

from __future__ import annotations

import numpy as np

from farm.media.compiled import kernel

_F = np.float32
_ONE, _TWO, _THREE = np.uintp(1), np.uintp(2), np.uintp(3)


@kernel
def pooled(light, blur, low, high, step, pad, source, known, radius):
    """The layer whose blur lies between ``low`` and ``high``, in blocks of ``step`` pixels.

    source : float32 (h, w, 4). known : the share of a block that is not nearer than the layer.
    radius : signed mean blur of the layer's part of a block. Beyond the edges the edge goes on.
    """
    height, width = blur.shape
    rows, columns = known.shape
    share = _F(1.0) / _F(step * step)
    for row in range(rows):
        for column in range(columns):
            red = green = blue = cover = seen = total = _F(0.0)
            for dy in range(step):
                y = min(max((row - pad) * step + dy, 0), height - 1)
                for dx in range(step):
                    x = min(max((column - pad) * step + dx, 0), width - 1)
                    here = blur[y, x]
                    if here < low:
                        continue
                    seen += _F(1.0)
                    if here < high:
                        red += light[0, y, x]
                        green += light[1, y, x]
                        blue += light[2, y, x]
                        cover += _F(1.0)
                        total += here
            source[row, column, 0] = red * share
            source[row, column, 1] = green * share
            source[row, column, 2] = blue * share
            source[row, column, 3] = cover * share
            known[row, column] = seen * share
            radius[row, column] = total / cover if cover > _F(0.0) else _F(0.0)


@kernel
def halved(values, known, less, less_known):
    """A pyramid's next level: means of what is known, weighted; one known pixel of four is enough."""
    height, width = known.shape
    rows, columns = less_known.shape
    for row in range(rows):
        for column in range(columns):
            total = _F(0.0)
            for channel in range(4):
                less[row, column, channel] = _F(0.0)
            for y in range(2 * row, min(2 * row + 2, height)):
                for x in range(2 * column, min(2 * column + 2, width)):
                    total += known[y, x]
                    for channel in range(4):
                        less[row, column, channel] += values[y, x, channel]
            if total > _F(1.0):
                for channel in range(4):
                    less[row, column, channel] /= total
                total = _F(1.0)
            less_known[row, column] = total


@kernel
def filled(values, known, less):
    """Put into what is unknown of a level what the next level knows of it, between its pixels."""
    height, width = known.shape
    rows, columns = less.shape[:2]
    for y in range(height):
        above = min(max((y - 1) // 2, 0), rows - 1)
        below = min(above + 1, rows - 1)
        fy = _F(0.0) if y == 0 else (_F(0.25) if y % 2 else _F(0.75))
        for x in range(width):
            rest = _F(1.0) - known[y, x]
            if rest <= _F(1e-6):
                continue
            left = min(max((x - 1) // 2, 0), columns - 1)
            right = min(left + 1, columns - 1)
            fx = _F(0.0) if x == 0 else (_F(0.25) if x % 2 else _F(0.75))
            for channel in range(4):
                upper = (
                    less[above, left, channel] * (_F(1.0) - fx) + less[above, right, channel] * fx
                )
                lower = (
                    less[below, left, channel] * (_F(1.0) - fx) + less[below, right, channel] * fx
                )
                values[y, x, channel] += rest * (upper * (_F(1.0) - fy) + lower * fy)


@kernel
def numbered(source, known, radius, usual, needed, tile, fields, rings, turns, quantum, pad, ids):
    """The number of each pixel's blur, -1 where it has no light to give.

    usual : blur of what was filled in. needed : tiles in which hidden pixels can be seen at all.
    """
    rows, columns = known.shape
    middle_y, middle_x = _F(0.5 * (rows - 1)), _F(0.5 * (columns - 1))
    corner = np.sqrt((middle_y - pad) ** 2 + (middle_x - pad) ** 2) + _F(1e-3)
    for row in range(rows):
        for column in range(columns):
            ids[row, column] = -1
            if source[row, column, 3] < _F(1e-4):
                continue
            if known[row, column] <= _F(0.0) and not needed[row // tile, column // tile]:
                continue
            here = radius[row, column]
            size = abs(here if here != _F(0.0) else usual)
            number = int(size * quantum + _F(0.5))
            if fields > 1:
                dy, dx = _F(row) - middle_y, _F(column) - middle_x
                out = np.sqrt(dy * dy + dx * dx) / corner
                ring = min(int(out * rings), rings - 1)
                angle = np.arctan2(dy, dx) / _F(2 * np.pi)
                angle = angle + _F(1.0) if angle < _F(0.0) else angle
                turn = min(int(angle * turns), turns - 1)
                number = (number * rings + ring) * turns + turn
            ids[row, column] = number


@kernel
def counted(ids, counts):
    """How often each blur is used."""
    for row in range(ids.shape[0]):
        for column in range(ids.shape[1]):
            if ids[row, column] >= 0:
                counts[ids[row, column]] += 1


@kernel
def spread(source, ids, places, starts, offsets, weights, canvas, stride, reach):
    """Add the changes of every pixel's blur to the flat canvas, all four channels."""
    for row in range(ids.shape[0]):
        for column in range(ids.shape[1]):
            if ids[row, column] < 0:
                continue
            place = places[ids[row, column]]
            red, green = source[row, column, 0], source[row, column, 1]
            blue, cover = source[row, column, 2], source[row, column, 3]
            base = ((row + reach) * stride + column + reach) * 4
            for n in range(np.uintp(starts[place]), np.uintp(starts[place + 1])):
                # Unsigned: no check for an index from the end, so that four sums are one.
                at, weight = np.uintp(base + offsets[n]), weights[n]
                canvas[at] += weight * red
                canvas[at + _ONE] += weight * green
                canvas[at + _TWO] += weight * blue
                canvas[at + _THREE] += weight * cover


@kernel
def spread_one(source, channel, ids, places, starts, offsets, weights, canvas, stride, reach):
    """The same for one channel alone."""
    for row in range(ids.shape[0]):
        for column in range(ids.shape[1]):
            if ids[row, column] < 0:
                continue
            place = places[ids[row, column]]
            value = source[row, column, channel]
            base = ((row + reach) * stride + column + reach) * 4 + channel
            for n in range(starts[place], starts[place + 1]):
                canvas[base + offsets[n]] += weights[n] * value


@kernel
def summed(canvas):
    """Sum the changes along each row (H, W, 4)."""
    for row in range(canvas.shape[0]):
        red = green = blue = cover = _F(0.0)
        for column in range(canvas.shape[1]):
            red += canvas[row, column, 0]
            green += canvas[row, column, 1]
            blue += canvas[row, column, 2]
            cover += canvas[row, column, 3]
            canvas[row, column, 0] = red
            canvas[row, column, 1] = green
            canvas[row, column, 2] = blue
            canvas[row, column, 3] = cover


@kernel
def laid_over(canvas, step, border, below, covered):
    """Lay a layer over premultiplied float32 (3, H, W), whose cover is (H, W). border : canvas pixels
    around the picture."""
    height, width = below.shape[1:]
    one, top = _F(1.0), _F(1.0) / _F(step)
    for y in range(height):
        at = (_F(y) + _F(0.5)) * top - _F(0.5) + _F(border)
        above = int(at)
        fy = at - _F(above)
        for x in range(width):
            if step == 1:
                red, green = canvas[above, x + border, 0], canvas[above, x + border, 1]
                blue, cover = canvas[above, x + border, 2], canvas[above, x + border, 3]
            else:
                along = (_F(x) + _F(0.5)) * top - _F(0.5) + _F(border)
                left = int(along)
                fx = along - _F(left)
                a, b = (one - fy) * (one - fx), (one - fy) * fx
                c, d = fy * (one - fx), fy * fx
                p, q = canvas[above, left], canvas[above, left + 1]
                r, s = canvas[above + 1, left], canvas[above + 1, left + 1]
                red = a * p[0] + b * q[0] + c * r[0] + d * s[0]
                green = a * p[1] + b * q[1] + c * r[1] + d * s[1]
                blue = a * p[2] + b * q[2] + c * r[2] + d * s[2]
                cover = a * p[3] + b * q[3] + c * r[3] + d * s[3]
            if cover > one:
                share = one / cover
                red, green, blue, cover = red * share, green * share, blue * share, one
            rest = one - cover
            below[0, y, x] = red + rest * below[0, y, x]
            below[1, y, x] = green + rest * below[1, y, x]
            below[2, y, x] = blue + rest * below[2, y, x]
            covered[y, x] = cover + rest * covered[y, x]


@kernel
def made_opaque(below, covered):
    """Divide premultiplied float32 (3, H, W) by its cover, of which each pixel has some."""
    for y in range(covered.shape[0]):
        for x in range(covered.shape[1]):
            share = _F(1.0) / max(covered[y, x], _F(1e-4))
            below[0, y, x] *= share
            below[1, y, x] *= share
            below[2, y, x] *= share
