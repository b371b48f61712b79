"""What colour the front and the back of a half-covered pixel have.

Invariant: front and back, mixed by the matte again, give the picture to half a level wherever colours
that a screen can show allow it; where the matte is full or nothing, always.

Source: M. Forte, "Approximate Fast Foreground Colour Estimation", 2021 (blur fusion, twice: from far
around, then from near).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.boxes import boxed
from farm.media.compiled import kernel
from farm_vision.layers.colours import Colours

Share = NDArray[np.float32]
"""float32 (H, W), 0 to 1."""

_FAR, _NEAR, _RIM = 45, 4, 5
_FEW = np.float32(1e-5)


def unmixed(picture: Colours, alpha: Share, behind: Colours, seen: Share | None = None) -> Colours:
    """The colours of the front, uint8 (3, H, W); nothing where none of it is near.

    behind : what is behind it, as it is going to be shown. seen : share of each pixel that shows
    front and behind at all and not something before both; all of it without.
    """
    weight = alpha if seen is None else alpha * seen
    out = np.zeros_like(picture)
    rows, columns = np.nonzero(alpha > 0)
    if not len(rows):
        return out
    height, width = alpha.shape
    top, left = max(rows.min() - _FAR, 0), max(columns.min() - _FAR, 0)
    part = np.s_[
        ..., top : min(rows.max() + _FAR + 1, height), left : min(columns.max() + _FAR + 1, width)
    ]
    image, back = picture[part].astype(np.float32), behind[part].astype(np.float32)
    cover, heavy = np.ascontiguousarray(alpha[part]), np.ascontiguousarray(weight[part])
    front = image
    for radius in (_FAR, _NEAR):
        near = boxed(heavy, radius)
        means = np.stack([boxed(plane * heavy, radius) for plane in front])
        means = np.where(near > _FEW, means / np.maximum(near, _FEW), front)
        rest = image - cover * means - (1 - cover) * back
        front = np.clip(means + heavy * rest, 0, 255)
    _settle(image, cover, back, np.ones_like(cover) if seen is None else seen[part], front)
    front[:, near <= _FEW] = 0
    out[part] = front + np.float32(0.5)
    return out


def eased(picture: Colours, alpha: Share, behind: Colours, unseen: NDArray[np.bool_]) -> Colours:
    """What was made up, led over into the background beside it: no seam, and no wrong colour taken
    out of the edge of the front."""
    clear = (np.float32(1) - alpha) ** 4
    near = boxed(clear, _RIM)
    share = np.where(unseen, np.clip(2 * near - np.float32(0.1), 0, 1), 0).astype(np.float32)
    out = behind.copy()
    for channel, plane in enumerate(picture):
        mean = boxed(plane * clear, _RIM) / np.maximum(near, _FEW)
        mixed = behind[channel] + share * (mean - behind[channel]) + np.float32(0.5)
        out[channel] = np.where(share > 0, np.clip(mixed, 0, 255), behind[channel])
    return out


def agreed(picture: Colours, alpha: Share, behind: Colours) -> Colours:
    """What is behind, changed by no more than it takes for the picture to be a mix with it.

    Front and back each take the part of the rest that weighs least: where almost all that is seen
    is the back, it becomes the picture.
    """
    front = unmixed(picture, alpha, behind)
    out = np.empty_like(behind)
    _agree(picture, alpha, behind, front, out)
    return out


@kernel
def _settle(image, alpha, back, seen, front):
    """The front takes what is left over, where it is wholly seen."""
    for channel in range(3):
        for row in range(alpha.shape[0]):
            for column in range(alpha.shape[1]):
                a = alpha[row, column]
                if a > np.float32(0) and seen[row, column] > np.float32(0.99):
                    rest = (
                        image[channel, row, column]
                        - (np.float32(1) - a) * back[channel, row, column]
                    )
                    value = rest / a
                    front[channel, row, column] = min(max(value, np.float32(0)), np.float32(255))


@kernel
def _agree(image, alpha, back, front, out):
    one, half = np.float32(1), np.float32(0.5)
    for row in range(alpha.shape[0]):
        for column in range(alpha.shape[1]):
            a = alpha[row, column]
            share = (one - a) / (a * a + (one - a) * (one - a))
            for channel in range(3):
                behind = np.float32(back[channel, row, column])
                before = np.float32(front[channel, row, column])
                rest = np.float32(image[channel, row, column]) - a * before - (one - a) * behind
                value = behind + share * rest
                out[channel, row, column] = int(
                    min(max(value, np.float32(0)), np.float32(255)) + half
                )
