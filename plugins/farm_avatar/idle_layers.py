"""A portrait taken apart: the person in clean colours, how much of each pixel is theirs, and what is
behind them.

Invariant: colours of the person go on beyond their outline, so that nothing of the old background
shines through hair, however it is scaled; over its own background the person is the picture again.

Source: M. Forte, "Approximate Fast Foreground Colour Estimation", 2021 (blurred estimates of both
sides, corrected so that together they are the picture), with boxes for its blurs.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from farm.media.boxes import boxed
from farm.media.lanczos import resized

Colours = NDArray[np.float32]
_WIDE, _NARROW = 0.06, 0.009
"""Radii of the two blurs, of the picture's shorter side."""
_HAZE, _WHOLE = np.float32(0.06), np.float32(0.90)
"""Shares below and above which a matte's doubt is none: no haze around a person, no holes in ears."""
_HOLE = 0.016
"""Radius of the surroundings that tell a hole from an edge, of the picture's shorter side."""
_TINY = np.float32(1e-4)


def firm(alpha: Colours, place: tuple[int, int]) -> Colours:
    """A matte (H, W), 0 to 1, without haze or pieces beyond the person, and holes within.

    place : right and down, where the person surely is. They go on below the picture: what is
    enclosed by them and its lower border is a hole.
    """
    firmed = np.clip((alpha - _HAZE) / (_WHOLE - _HAZE), 0, 1).astype(np.float32)
    height, width = alpha.shape
    piece = Image.fromarray((firmed > 0).astype(np.uint8) * 255).copy()
    ImageDraw.floodfill(piece, place, 128)
    firmed[np.asarray(piece) == 255] = 0
    mask = Image.new("L", (width + 2, height + 1), 0)
    mask.paste(Image.fromarray((firmed > 0.5).astype(np.uint8) * 255), (1, 1))
    ImageDraw.floodfill(mask, (0, 0), 128)
    within = (np.asarray(mask)[1:, 1:-1] != 128).astype(np.float32)
    reach = max(2, round(_HOLE * min(alpha.shape)))
    firmed[boxed(within, reach) > 0.999] = 1
    # A straight edge has half of its surroundings covered, a hole nearly all of them.
    around = np.clip((boxed(firmed, reach) - 0.66) / 0.12, 0, 1).astype(np.float32)
    whole: Colours = firmed + (np.float32(1) - firmed) * around
    return whole


def person(picture: Colours, alpha: Colours) -> Colours:
    """The person's colours (3, H, W) everywhere. picture : (3, H, W) 0 to 255, alpha : 0 to 1."""
    side = min(alpha.shape)
    ahead, behind = picture, picture
    for radius in (max(2, round(_WIDE * side)), max(1, round(_NARROW * side))):
        ahead, behind = _parted(picture, ahead, behind, alpha, radius)
    solid = alpha > 0.995
    known = np.where(solid, picture, ahead)
    return _spread(known, (alpha > 0.05).astype(np.float32))


def ground(picture: Colours, alpha: Colours) -> Colours:
    """What is behind the person (3, H, W): where they stand it is made up of what is around."""
    reach = max(2, round(0.012 * min(alpha.shape)))
    free = (boxed(alpha, reach) < 0.01).astype(np.float32)
    return _spread(picture, free) if free.any() else picture


def _parted(
    picture: Colours, ahead: Colours, behind: Colours, alpha: Colours, radius: int
) -> tuple[Colours, Colours]:
    rest = np.float32(1) - alpha
    weight, other = boxed(alpha, radius) + _TINY, boxed(rest, radius) + _TINY
    out, back = np.empty_like(picture), np.empty_like(picture)
    for channel in range(3):
        blurred = boxed(ahead[channel] * alpha, radius) / weight
        beyond = boxed(behind[channel] * rest, radius) / other
        missing = picture[channel] - alpha * blurred - rest * beyond
        out[channel] = np.clip(blurred + alpha * missing, 0, 255)
        back[channel] = np.clip(beyond + rest * missing, 0, 255)
    return out, back


def _spread(picture: Colours, known: Colours) -> Colours:
    """What is not known takes the colours around it, from ever coarser pictures."""
    height, width = known.shape
    if min(height, width) < 8 or known.min() > 0.5:
        mean = (picture * known).sum(axis=(1, 2)) / max(float(known.sum()), 1e-6)
        return np.where(known > 0.5, picture, mean[:, None, None]).astype(np.float32)
    rows, columns = (height + 1) // 2, (width + 1) // 2
    pad = ((0, rows * 2 - height), (0, columns * 2 - width))
    share = np.pad(known, pad).reshape(rows, 2, columns, 2).sum(axis=(1, 3))
    sums = np.stack(
        [
            np.pad(plane * known, pad).reshape(rows, 2, columns, 2).sum(axis=(1, 3))
            for plane in picture
        ]
    )
    small = (sums / np.maximum(share, np.float32(1e-6))).astype(np.float32)
    coarse = _spread(small, (share > 0).astype(np.float32))
    wide = np.stack([resized(plane, columns * 2, rows * 2) for plane in coarse])
    filled = np.where(known > 0.5, picture, wide[:, :height, :width])
    return np.clip(filled, 0, 255).astype(np.float32)
