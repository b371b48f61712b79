"""Motion as colours: the hue says where to, the strength how far.

Invariant: no motion is white, the fullest colour is ``reach`` pixels, what goes further is darker;
where the motion is not known the picture is black.

Source of the wheel: S. Baker et al., "A Database and Evaluation Methodology for Optical Flow", 2011.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from farm.media.flow import Field
from farm.media.planes import Layout, Picture
from farm.media.warping import Weights

_STEPS = (15, 6, 4, 11, 13, 6)
"""Steps of the wheel from red to yellow, green, cyan, blue, magenta and back."""
_ENDS = ((1, 0, 0), (1, 1, 0), (0, 1, 0), (0, 1, 1), (0, 0, 1), (1, 0, 1), (1, 0, 0))


@cache
def _wheel() -> NDArray[np.float32]:
    parts = [
        np.linspace(_ENDS[at], _ENDS[at + 1], count, endpoint=False)
        for at, count in enumerate(_STEPS)
    ]
    return np.concatenate(parts).astype(np.float32)


def coloured(field: Field, sure: Weights, reach: float) -> Picture:
    """A picture (gbrp, 8 bits) of motion (H, W, 2) in pixels."""
    wheel = _wheel()
    u, v = field[..., 0] / np.float32(reach), field[..., 1] / np.float32(reach)
    far = np.sqrt(u * u + v * v)[..., None]
    place = (np.arctan2(-v, -u) / np.float32(np.pi) + 1) / 2 * (len(wheel) - 1)
    low = np.floor(place).astype(int)
    share = (place - low)[..., None]
    hue = wheel[low] * (1 - share) + wheel[(low + 1) % len(wheel)] * share
    colour = np.where(far <= 1, 1 - far * (1 - hue), hue * np.float32(0.75))
    values = (colour * sure[..., None] * 255 + 0.5).astype(np.uint8)
    height, width = sure.shape
    layout = Layout(width, height, "gbrp", 8, full=True, matrix=0)
    red, green, blue = (np.ascontiguousarray(values[..., part]) for part in range(3))
    return Picture(layout, (green, blue, red))
