"""Mattes decided anew by colour.

Invariant: what comes out lies between 0 and 1, and is 0 or 1 where the trimap is certain.

Each doubted pixel is placed between a colour of the subject and one of the background that rays from it
meet and that explain it best: E. Gastal and M. Oliveira, "Shared Sampling for Real-Time Alpha
Matting", 2010. A guided filter that sees all three colours then makes neighbours that look alike
agree: K. He, J. Sun and X. Tang, "Guided Image Filtering", 2010, section 3.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.boxes import boxed
from farm.media.compiled import kernel
from farm_vision.layers.colours import Colours
from farm_vision.layers.trimap import Trimap

_CALM = np.float32(1e-4)
_DISTINCT = np.float32(0.004)
"""Squared distance of two colours, 0 to 1, from which telling them apart is half trusted."""
_RAYS = 12
_FAITH = np.float32(0.005)
"""What it costs to say the opposite of the coarse matte, against squared differences of colours."""
_NEARNESS = np.float32(0.002)
"""What a whole reach away costs, against squared differences of colours."""


def decided(
    picture: Colours, matte: NDArray[np.float32], trimap: Trimap, band: int
) -> NDArray[np.float32]:
    """The matte float32 (H, W), 0 to 1, decided anew where ``trimap`` is in doubt."""
    doubted = trimap == np.float32(0.5)
    if not doubted.any():
        return trimap
    rows, columns = np.nonzero(doubted)
    reach = 4 * band
    part = np.s_[
        max(rows.min() - reach, 0) : rows.max() + reach + 1,
        max(columns.min() - reach, 0) : columns.max() + reach + 1,
    ]
    image = picture[:, part[0], part[1]].astype(np.float32) * np.float32(1 / 255)
    sure = np.ascontiguousarray(trimap[part])
    placed = np.empty_like(sure)
    soft = boxed(matte[part], 2)
    _place(image, soft, sure, 4 * band, placed)
    smooth = colour_guided(image, placed, max(1, band // 3))
    out = trimap.copy()
    out[part] = np.where(sure == np.float32(0.5), np.clip(smooth, 0, 1), sure)
    return out


def colour_guided(
    image: NDArray[np.float32], values: NDArray[np.float32], radius: int
) -> NDArray[np.float32]:
    """``values`` (H, W) as lines of the colours float32 (3, H, W) around each pixel."""
    means = np.stack([boxed(plane, radius) for plane in image])
    mean = boxed(values, radius)
    both = np.stack([boxed(plane * values, radius) for plane in image]) - means * mean
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    spread = np.stack([boxed(image[a] * image[b], radius) - means[a] * means[b] for a, b in pairs])
    lines = np.empty((4, *values.shape), np.float32)
    _lines(spread, both, means, mean, _CALM, lines)
    smooth = [boxed(line, radius) for line in lines]
    out: NDArray[np.float32] = smooth[3] + sum(
        line * plane for line, plane in zip(smooth[:3], image, strict=True)
    )
    return out


@kernel
def _place(image, matte, sure, reach, out):
    """Each doubted pixel between the two colours that explain it best, of those that rays from it
    meet first on either side."""
    height, width = sure.shape
    fronts, backs = np.empty((_RAYS, 3), np.float32), np.empty((_RAYS, 3), np.float32)
    front_far, back_far = np.empty(_RAYS, np.float32), np.empty(_RAYS, np.float32)
    half, one = np.float32(0.5), np.float32(1)
    for row in range(height):
        for column in range(width):
            if sure[row, column] != half:
                out[row, column] = sure[row, column]
                continue
            # Neighbours look into other directions; the filter makes them agree.
            turn = np.float32((row * 7 + column * 3) % 5) / np.float32(5)
            few = many = 0
            for ray in range(_RAYS):
                angle = (np.float32(ray) + turn) * np.float32(2 * np.pi / _RAYS)
                dx, dy = np.cos(angle), np.sin(angle)
                met_front = met_back = False
                for step in range(1, reach, 2):
                    y, x = int(row + step * dy + half), int(column + step * dx + half)
                    if y < 0 or x < 0 or y >= height or x >= width or (met_front and met_back):
                        break
                    if sure[y, x] == one and not met_front:
                        met_front = True
                        front_far[few] = np.float32(step)
                        for channel in range(3):
                            fronts[few, channel] = image[channel, y, x]
                        few += 1
                    elif sure[y, x] == np.float32(0) and not met_back:
                        met_back = True
                        back_far[many] = np.float32(step)
                        for channel in range(3):
                            backs[many, channel] = image[channel, y, x]
                        many += 1
            best, found, trust = np.float32(1e9), matte[row, column], np.float32(0)
            for a in range(few):
                for b in range(many):
                    far = along = off = np.float32(0)
                    for channel in range(3):
                        apart = fronts[a, channel] - backs[b, channel]
                        far += apart * apart
                        along += apart * (image[channel, row, column] - backs[b, channel])
                    place = min(max(along / max(far, np.float32(1e-6)), np.float32(0)), one)
                    for channel in range(3):
                        mix = place * fronts[a, channel] + (one - place) * backs[b, channel]
                        rest = image[channel, row, column] - mix
                        off += rest * rest
                    astray = place - matte[row, column]
                    cost = (
                        off
                        + _FAITH * astray * astray
                        + _NEARNESS * (front_far[a] + back_far[b]) / np.float32(reach)
                    )
                    if cost < best:
                        best, found = cost, place
                        trust = far / (far + _DISTINCT) / (one + off / max(far, np.float32(1e-6)))
            out[row, column] = matte[row, column] + trust * (found - matte[row, column])


@kernel
def _lines(spread, both, means, mean, calm, lines):
    """Slopes and offset for each window: the covariance of its colours, inverted."""
    for row in range(mean.shape[0]):
        for column in range(mean.shape[1]):
            rr, rg, rb = (
                spread[0, row, column] + calm,
                spread[1, row, column],
                spread[2, row, column],
            )
            gg, gb = spread[3, row, column] + calm, spread[4, row, column]
            bb = spread[5, row, column] + calm
            a, b, c = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
            d, e, f = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
            det = rr * a + rg * b + rb * c
            x, y, z = both[0, row, column], both[1, row, column], both[2, row, column]
            offset = mean[row, column]
            if det > np.float32(1e-14):
                red = (a * x + b * y + c * z) / det
                green = (b * x + d * y + e * z) / det
                blue = (c * x + e * y + f * z) / det
            else:
                red = green = blue = np.float32(0)
            lines[0, row, column], lines[1, row, column] = red, green
            lines[2, row, column] = blue
            offset -= red * means[0, row, column] + green * means[1, row, column]
            lines[3, row, column] = offset - blue * means[2, row, column]
