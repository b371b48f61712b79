"""A picture as the bytes that networks are given.

Invariant: uint8 (H, W, 3), red, green, blue, 0 to 255, in the picture's own transfer curve.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.media.lanczos import resized
from farm.media.light import light_of, signal_of
from farm.media.planes import Picture

Rgb = NDArray[np.uint8]


def rgb_of(picture: Picture, longest: int) -> Rgb:
    """The picture, shrunk to ``longest`` pixels on its longer side if it is larger."""
    light: NDArray[Any] = light_of(picture)
    layout = picture.layout
    scale = min(1.0, longest / max(layout.width, layout.height))
    if scale < 1:
        size = max(1, round(layout.width * scale)), max(1, round(layout.height * scale))
        light = np.stack([resized(channel, *size) for channel in light])
    signal = signal_of(np.ascontiguousarray(light, np.float32))
    return np.ascontiguousarray(
        np.rint(signal.clip(0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    )
