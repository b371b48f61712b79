"""Pictures as light, and back: sums of light are what a camera would have seen.

Invariant: a picture that is turned into light and back again is the same to the bit at up to 12
bits a sample; colours outside the range of the screen survive the way and are cut only at the end.

The curve is a cubic, continued as an odd function below black: plain arithmetic, which processors do
on eight pixels at once, where a table is read one by one. Its signals stay within 0.0013 of sRGB's,
within 0.02 for the darkest twentieth of the light.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import inlined, kernel
from farm.media.planes import Layout, Picture, empty_planes

Light = NDArray[np.float32]

_F = np.float32
_CUBE, _SQUARE, _PLAIN = _F(0.305306011), _F(0.682171111), _F(0.012522878)


def add_light(
    total: Light,
    picture: Picture,
    weight: float,
    gain: Light | None = None,
    offset: Light | None = None,
) -> None:
    """Add ``weight * (gain * light + offset)`` of a picture to float32 (3, H, W).

    Red, green and blue light, 1.0 is white; chroma is one sample for its block of pixels.
    """
    gains = np.ones(3, np.float32) if gain is None else gain
    offsets = np.zeros(3, np.float32) if offset is None else offset
    scale, shift = gains * _F(weight), offsets * _F(weight)
    layout = picture.layout
    if layout.rgb:
        green, blue, red = picture.planes
        for channel, plane in enumerate((red, green, blue)):
            peak = _F(1.0 / (2**layout.depth - 1))
            _add_channel(total[channel], plane, peak, scale[channel], shift[channel])
    else:
        _add(total, *picture.planes, *layout.halving, numbers_of(layout), scale, shift)


def light_of(picture: Picture) -> Light:
    """float32 (3, H, W): red, green and blue light of a picture."""
    total = np.zeros((3, picture.layout.height, picture.layout.width), np.float32)
    add_light(total, picture, 1.0)
    return total


def picture_of_light(light: Light, layout: Layout) -> Picture:
    """Light as a picture of that layout; its chroma is the mean of each block of pixels."""
    planes = empty_planes(layout)
    top = _F(2**layout.depth - 1)
    if layout.rgb:
        for channel, plane in zip((1, 2, 0), planes, strict=True):
            _store_channel(light[channel], plane, top)
    else:
        _store(light, *planes, *layout.halving, numbers_of(layout), top)
    return Picture(layout, planes)


def signal_of(light: Light) -> Light:
    """The signal, 0 to 1 where the screen reaches, of light of any shape."""
    out = np.empty(light.size, np.float32)
    _to_signals(light.reshape(-1), out)
    return out.reshape(light.shape)


def luma_of(signal: Light, layout: Layout) -> Light:
    """The luma (H, W) of a signal float32 (3, H, W)."""
    red, blue = (_F(part) for part in layout.luma)
    luma: Light = signal[0] * red + signal[1] * (_F(1.0) - red - blue) + signal[2] * blue
    return luma


def picture_of_signal(signal: Light, layout: Layout) -> Picture:
    """A signal float32 (3, H, W) as a picture; its chroma is filtered to every other column."""
    planes = empty_planes(layout)
    top = _F(2**layout.depth - 1)
    if layout.rgb:
        for channel, plane in zip((1, 2, 0), planes, strict=True):
            plane[:] = np.clip(signal[channel] * top, 0, top) + _F(0.5)
    else:
        luma = luma_of(signal, layout)
        _store_signal(signal, luma, *planes, *layout.halving, numbers_of(layout), top)
    return Picture(layout, planes)


def numbers_of(layout: Layout) -> Light:
    """Black, luma range, grey, chroma range of the samples; luma weights of red and blue."""
    scale = 2.0 ** (layout.depth - 8)
    if layout.full:
        top = 2.0**layout.depth - 1
        ranges = [0.0, top, 128 * scale, top]
    else:
        ranges = [16 * scale, 219 * scale, 128 * scale, 224 * scale]
    return np.array([*ranges, *layout.luma], np.float32)


@inlined
def to_light(signal):
    """Light of a signal."""
    size = abs(signal)
    return signal * (_PLAIN + size * (_SQUARE + size * _CUBE))


@inlined
def to_signal(light):
    """Signal of light: the root of the cubic, from the quadratic's by three steps of Newton's."""
    size = abs(light)
    root = (np.sqrt(_PLAIN * _PLAIN + _F(4.0) * _SQUARE * size) - _PLAIN) * (_F(0.5) / _SQUARE)
    for _ in range(3):
        value = root * (_PLAIN + root * (_SQUARE + root * _CUBE)) - size
        slope = _PLAIN + root * (_F(2.0) * _SQUARE + root * (_F(3.0) * _CUBE))
        root -= value / slope
    return root if light >= _F(0.0) else -root


@inlined
def _bounded(value, top):
    value = value if value > _F(0.0) else _F(0.0)
    return (value if value < top else top) + _F(0.5)


@kernel
def _to_signals(light, out):
    for at in range(len(light)):
        out[at] = to_signal(light[at])


@kernel
def _add_channel(total, plane, peak, scale, shift):
    for row in range(plane.shape[0]):
        for column in range(plane.shape[1]):
            total[row, column] += scale * to_light(_F(plane[row, column]) * peak) + shift


@kernel
def _store_channel(light, plane, top):
    for row in range(plane.shape[0]):
        for column in range(plane.shape[1]):
            plane[row, column] = int(_bounded(to_signal(light[row, column]) * top, top))


@kernel
def _add(total, y, u, v, across, down, numbers, scale, shift):
    one, two = _F(1.0), _F(2.0)
    black, reach, grey, swing = numbers[0], one / numbers[1], numbers[2], one / numbers[3]
    red, blue = numbers[4], numbers[5]
    green = one - red - blue
    from_v, from_u = two * (one - red) * swing, two * (one - blue) * swing
    green_v, green_u = -red * from_v / green, -blue * from_u / green
    height, width = y.shape
    of_red, of_green = np.empty(width + 1, np.float32), np.empty(width + 1, np.float32)
    of_blue = np.empty(width + 1, np.float32)
    for row in range(height):
        us, vs = u[row >> down], v[row >> down]
        if across:
            for at in range(len(us)):
                cb, cr = _F(us[at]) - grey, _F(vs[at]) - grey
                of_red[2 * at] = of_red[2 * at + 1] = from_v * cr
                of_green[2 * at] = of_green[2 * at + 1] = green_v * cr + green_u * cb
                of_blue[2 * at] = of_blue[2 * at + 1] = from_u * cb
        else:
            for at in range(width):
                cb, cr = _F(us[at]) - grey, _F(vs[at]) - grey
                of_red[at] = from_v * cr
                of_green[at] = green_v * cr + green_u * cb
                of_blue[at] = from_u * cb
        for at in range(width):
            luma = (_F(y[row, at]) - black) * reach
            total[0, row, at] += scale[0] * to_light(luma + of_red[at]) + shift[0]
            total[1, row, at] += scale[1] * to_light(luma + of_green[at]) + shift[1]
            total[2, row, at] += scale[2] * to_light(luma + of_blue[at]) + shift[2]


@kernel
def _store(light, y, u, v, across, down, numbers, top):
    one, two = _F(1.0), _F(2.0)
    black, reach, grey, swing = numbers[0], numbers[1], numbers[2], numbers[3]
    red, blue = numbers[4], numbers[5]
    green = one - red - blue
    to_v, to_u = swing / (two * (one - red)), swing / (two * (one - blue))
    height, width = y.shape
    rows, columns = u.shape
    cb, cr = np.empty(width, np.float32), np.empty(width, np.float32)
    for high in range(rows):
        first = high << down
        stop = min(first + (1 << down), height)
        cb[:] = _F(0.0)
        cr[:] = _F(0.0)
        for row in range(first, stop):
            for at in range(width):
                r, g = to_signal(light[0, row, at]), to_signal(light[1, row, at])
                b = to_signal(light[2, row, at])
                luma = red * r + green * g + blue * b
                y[row, at] = int(_bounded(luma * reach + black, top))
                cb[at] += b - luma
                cr[at] += r - luma
        share = one / _F(stop - first)
        for left in range(columns):
            at = left << across
            other = min(at + across, width - 1)
            mean = (cb[at] + cb[other]) * _F(0.5) * share
            u[high, left] = int(_bounded(to_u * mean + grey, top))
            mean = (cr[at] + cr[other]) * _F(0.5) * share
            v[high, left] = int(_bounded(to_v * mean + grey, top))


@kernel
def _store_signal(signal, luma, y, u, v, across, down, numbers, top):
    one, two, quarter, half = _F(1.0), _F(2.0), _F(0.25), _F(0.5)
    black, reach, grey, swing = numbers[0], numbers[1], numbers[2], numbers[3]
    to_v = swing / (two * (one - numbers[4]))
    to_u = swing / (two * (one - numbers[5]))
    height, width = y.shape
    rows, columns = u.shape
    for row in range(height):
        for at in range(width):
            y[row, at] = int(_bounded(luma[row, at] * reach + black, top))
    cb, cr = np.empty(width, np.float32), np.empty(width, np.float32)
    for high in range(rows):
        first = high << down
        other = min(first + down, height - 1)
        for at in range(width):
            shade = luma[first, at] + luma[other, at]
            cb[at] = half * (signal[2, first, at] + signal[2, other, at] - shade)
            cr[at] = half * (signal[0, first, at] + signal[0, other, at] - shade)
        for place in range(columns):
            at = place << across
            blue, red = cb[at], cr[at]
            if across:
                left, right = max(at - 1, 0), min(at + 1, width - 1)
                blue = half * blue + quarter * (cb[left] + cb[right])
                red = half * red + quarter * (cr[left] + cr[right])
            u[high, place] = int(_bounded(to_u * blue + grey, top))
            v[high, place] = int(_bounded(to_v * red + grey, top))
