"""The grade on the pixels of a picture, row by row.

Invariant: chroma is one sample for its block of pixels on the way in and the mean of that block on
the way out, so that what a grade does not change comes out the same to the bit, and a colour
without saturation is grey; what lies beyond black and white survives all but a table.

Tetrahedral interpolation after J. Kasson et al., "Performing color space conversions with
three-dimensional linear interpolation", 1995.
"""

from __future__ import annotations

import numpy as np

from farm.media.compiled import inlined, kernel
from farm.media.light import numbers_of, to_light, to_signal
from farm.media.planes import Picture, empty_planes
from farm_finish.grade.curve import BELOW, STEPS
from farm_finish.grade.grain import grain, pattern
from farm_finish.grade.look import Look

_F = np.float32
_SIDE = 128
_GRAIN_PEAK = _F(6.75)
"""Makes ``l * (1 - l) ** 2`` 1 where it is highest, at a third."""


class Grader:
    """Grades pictures of one layout. size : of the grain in pixels."""

    def __init__(self, look: Look, size: float, seed: int) -> None:
        self.look = look
        self._size, self._seed = size, seed
        self._dither = pattern(_SIDE) if look.dither else np.zeros((3, _SIDE, _SIDE), np.float32)

    def graded(self, picture: Picture, number: int) -> Picture:
        """The picture after the grade. number : of the frame in the film, which its grain has."""
        look = self.look
        target = look.target
        if look.neutral:
            return Picture(target, picture.planes)
        noise = np.zeros((1, 1), np.float32)
        if look.grain:
            noise = grain(target.height, target.width, self._size, number, self._seed)
        planes = empty_planes(target)
        steps = (look.white, look.curve, _F(look.saturation))
        table = (
            np.array([look.dimensions, look.size, look.table_first], np.int32),
            look.cube,
            look.low,
            look.scale,
            _F(look.strength),
        )
        over = (_F(look.grain), noise, self._dither)
        if target.rgb:
            order = (2, 0, 1)  # Green, blue, red.
            sources = tuple(picture.planes[at] for at in order)
            results = tuple(planes[at] for at in order)
            luma = np.array(target.luma, np.float32)
            tops = _F(2**look.source.depth - 1), _F(2**target.depth - 1)
            _grade_rgb(*sources, *results, luma, *tops, *steps, *table, *over)
        else:
            numbers = numbers_of(look.source), numbers_of(target)
            top = _F(2**target.depth - 1)
            halving = target.halving
            _grade(*picture.planes, *planes, *halving, *numbers, top, *steps, *table, *over)
        return Picture(target, planes)


@inlined
def _whitened(r, g, b, white):
    for at in range(len(r)):
        red, green, blue = to_light(r[at]), to_light(g[at]), to_light(b[at])
        r[at] = to_signal(white[0, 0] * red + white[0, 1] * green + white[0, 2] * blue)
        g[at] = to_signal(white[1, 0] * red + white[1, 1] * green + white[1, 2] * blue)
        b[at] = to_signal(white[2, 0] * red + white[2, 1] * green + white[2, 2] * blue)


@inlined
def _bent(line, curve):
    last = len(curve) - 2
    for at in range(len(line)):
        place = line[at] * _F(STEPS) + _F(BELOW)
        step = min(max(int(place), 0), last)
        low = curve[step]
        line[at] = low + (place - _F(step)) * (curve[step + 1] - low)


@inlined
def _saturated(r, g, b, red, blue, amount):
    green = _F(1.0) - red - blue
    for at in range(len(r)):
        luma = red * r[at] + green * g[at] + blue * b[at]
        r[at] = luma + amount * (r[at] - luma)
        g[at] = luma + amount * (g[at] - luma)
        b[at] = luma + amount * (b[at] - luma)


@inlined
def _place(value, low, scale, last):
    place = (value - low) * scale
    place = place if place > _F(0.0) else _F(0.0)
    return place if place < last else last


@inlined
def _by_line(line, cube, channel, size, low, scale, share):
    last = _F(size - 1)
    for at in range(len(line)):
        value = line[at]
        place = _place(value, low, scale, last)
        step = min(int(place), size - 2)
        part = place - _F(step)
        found = cube[step, channel] * (_F(1.0) - part) + cube[step + 1, channel] * part
        line[at] = found if share == _F(1.0) else value + share * (found - value)


@inlined
def _by_cube(r, g, b, cube, size, low, scale, share):
    last, one = _F(size - 1), _F(1.0)
    whole = size * size
    for at in range(len(r)):
        red = _place(r[at], low[0], scale[0], last)
        green = _place(g[at], low[1], scale[1], last)
        blue = _place(b[at], low[2], scale[2], last)
        step_r, step_g = min(int(red), size - 2), min(int(green), size - 2)
        step_b = min(int(blue), size - 2)
        red, green, blue = red - _F(step_r), green - _F(step_g), blue - _F(step_b)
        first = step_r + size * step_g + whole * step_b
        # The corner of the cell is left along the axis that is furthest, then the next.
        if red > green:
            if green > blue:
                second, third, far, middle, near = 1, 1 + size, red, green, blue
            elif red > blue:
                second, third, far, middle, near = 1, 1 + whole, red, blue, green
            else:
                second, third, far, middle, near = whole, 1 + whole, blue, red, green
        elif blue > green:
            second, third, far, middle, near = whole, size + whole, blue, green, red
        elif blue > red:
            second, third, far, middle, near = size, size + whole, green, blue, red
        else:
            second, third, far, middle, near = size, 1 + size, green, red, blue
        second, third = first + second, first + third
        fourth = first + 1 + size + whole
        w0, w1, w2 = one - far, far - middle, middle - near
        new_r = w0 * cube[first, 0] + w1 * cube[second, 0] + w2 * cube[third, 0]
        new_r += near * cube[fourth, 0]
        new_g = w0 * cube[first, 1] + w1 * cube[second, 1] + w2 * cube[third, 1]
        new_g += near * cube[fourth, 1]
        new_b = w0 * cube[first, 2] + w1 * cube[second, 2] + w2 * cube[third, 2]
        new_b += near * cube[fourth, 2]
        if share == one:
            r[at], g[at], b[at] = new_r, new_g, new_b
        else:
            r[at] += share * (new_r - r[at])
            g[at] += share * (new_g - g[at])
            b[at] += share * (new_b - b[at])


@inlined
def _tabled(r, g, b, kind, cube, low, scale, share):
    if kind[0] == 1:
        _by_line(r, cube, 0, kind[1], low[0], scale[0], share)
        _by_line(g, cube, 1, kind[1], low[1], scale[1], share)
        _by_line(b, cube, 2, kind[1], low[2], scale[2], share)
    elif kind[0] == 3:
        _by_cube(r, g, b, cube, kind[1], low, scale, share)


@inlined
def _grained(r, g, b, red, blue, amount, noise):
    green, zero, one = _F(1.0) - red - blue, _F(0.0), _F(1.0)
    for at in range(len(r)):
        luma = min(max(red * r[at] + green * g[at] + blue * b[at], zero), one)
        more = amount * _GRAIN_PEAK * luma * (one - luma) * (one - luma) * noise[at]
        r[at] += more
        g[at] += more
        b[at] += more


@kernel
def _row(
    r, g, b, red, blue, white, curve, saturation, kind, cube, low, scale, share, amount, noise
):
    """Everything but reading and writing: one row of signals, in place."""
    if kind[2]:
        _tabled(r, g, b, kind, cube, low, scale, share)
    if len(white):
        _whitened(r, g, b, white)
    if len(curve):
        _bent(r, curve[0])
        _bent(g, curve[1])
        _bent(b, curve[2])
    if saturation != _F(1.0):
        _saturated(r, g, b, red, blue, saturation)
    if not kind[2]:
        _tabled(r, g, b, kind, cube, low, scale, share)
    if amount > _F(0.0):
        _grained(r, g, b, red, blue, amount, noise)


@inlined
def _whole(value, spread, top):
    value += spread + _F(0.5)
    value = value if value > _F(0.0) else _F(0.0)
    return int(value if value < top else top)


@kernel
def _grade_rgb(
    r, g, b, out_r, out_g, out_b, luma, top_in, top,
    white, curve, saturation, kind, cube, low, scale, share, amount, noise, dither,
):  # fmt: skip
    height, width = r.shape
    line_r, line_g = np.empty(width, np.float32), np.empty(width, np.float32)
    line_b = np.empty(width, np.float32)
    unit = _F(1.0) / top_in
    side = dither.shape[1]
    for row in range(height):
        for at in range(width):
            line_r[at] = _F(r[row, at]) * unit
            line_g[at] = _F(g[row, at]) * unit
            line_b[at] = _F(b[row, at]) * unit
        _row(
            line_r, line_g, line_b, luma[0], luma[1],
            white, curve, saturation, kind, cube, low, scale, share,
            amount, noise[row % noise.shape[0]],
        )  # fmt: skip
        for at in range(width):
            y, x = row % side, at % side
            out_r[row, at] = _whole(line_r[at] * top, dither[0, y, x], top)
            out_g[row, at] = _whole(line_g[at] * top, dither[1, y, x], top)
            out_b[row, at] = _whole(line_b[at] * top, dither[2, y, x], top)


@kernel
def _grade(
    y, u, v, out_y, out_u, out_v, across, down, numbers, target, top,
    white, curve, saturation, kind, cube, low, scale, share, amount, noise, dither,
):  # fmt: skip
    one, two = _F(1.0), _F(2.0)
    black, reach, grey, swing = numbers[0], one / numbers[1], numbers[2], one / numbers[3]
    red, blue = numbers[4], numbers[5]
    green = one - red - blue
    from_v, from_u = two * (one - red) * swing, two * (one - blue) * swing
    green_v, green_u = -red * from_v / green, -blue * from_u / green
    to_red, to_blue = target[4], target[5]
    to_green = one - to_red - to_blue
    to_v = target[3] / (two * (one - to_red))
    to_u = target[3] / (two * (one - to_blue))
    height, width = y.shape
    rows, columns = u.shape
    r, g = np.empty(width, np.float32), np.empty(width, np.float32)
    b = np.empty(width, np.float32)
    cb, cr = np.empty(width, np.float32), np.empty(width, np.float32)
    side = dither.shape[1]
    for high in range(rows):
        first = high << down
        stop = min(first + (1 << down), height)
        cb[:] = _F(0.0)
        cr[:] = _F(0.0)
        us, vs = u[high], v[high]
        for row in range(first, stop):
            for at in range(width):
                blues, reds = _F(us[at >> across]) - grey, _F(vs[at >> across]) - grey
                luma = (_F(y[row, at]) - black) * reach
                r[at] = luma + from_v * reds
                g[at] = luma + green_v * reds + green_u * blues
                b[at] = luma + from_u * blues
            _row(
                r, g, b, red, blue, white, curve, saturation, kind, cube, low, scale, share,
                amount, noise[row % noise.shape[0]],
            )  # fmt: skip
            for at in range(width):
                luma = to_red * r[at] + to_green * g[at] + to_blue * b[at]
                spread = dither[0, row % side, at % side]
                out_y[row, at] = _whole(luma * target[1] + target[0], spread, top)
                cb[at] += b[at] - luma
                cr[at] += r[at] - luma
        share_of = one / _F(stop - first)
        for left in range(columns):
            at = left << across
            other = min(at + across, width - 1)
            mean = (cb[at] + cb[other]) * _F(0.5) * share_of
            spread = dither[1, high % side, left % side]
            out_u[high, left] = _whole(to_u * mean + target[2], spread, top)
            mean = (cr[at] + cr[other]) * _F(0.5) * share_of
            spread = dither[2, high % side, left % side]
            out_v[high, left] = _whole(to_v * mean + target[2], spread, top)
