"""A transparent picture over a plain colour.

Invariant: a fully opaque pixel stays as it is, a fully transparent one is exactly the background.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm_finish.normalise.compiled import kernel


def flattened(picture: NDArray[Any], background: tuple[int, int, int]) -> NDArray[Any]:
    """``picture``: uint8 or uint16 (H, W, 4), RGB and straight alpha; gives (H, W, 3).

    ``background`` is 0-255. Blending is done on the encoded values, as browsers do it.
    """
    full = np.iinfo(picture.dtype).max
    colour = np.array([level * (full // 255) for level in background], np.int64)
    result = np.empty((*picture.shape[:2], 3), picture.dtype)
    _over(picture, colour, full, result)
    return result


@kernel
def _over(
    picture: NDArray[Any], colour: NDArray[np.int64], full: int, result: NDArray[Any]
) -> None:
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            alpha = np.int64(picture[y, x, 3])
            for c in range(3):
                mixed = np.int64(picture[y, x, c]) * alpha + colour[c] * (full - alpha)
                result[y, x, c] = (mixed + full // 2) // full
