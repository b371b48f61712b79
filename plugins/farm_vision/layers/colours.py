"""Pictures as red, green and blue of 8 bits, and back.

Invariant: an RGB picture of 8 bits comes through the same to the bit.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.light import light_of, signal_of
from farm.media.planes import Layout, Picture

Colours = NDArray[np.uint8]
"""uint8 (3, H, W): red, green, blue."""


def colours_of(picture: Picture) -> Colours:
    """Red, green and blue of a picture; a sample of chroma is that of each of its pixels."""
    layout = picture.layout
    if layout.rgb and layout.depth == 8:
        green, blue, red = picture.planes
        return np.stack([red, green, blue])
    signal = signal_of(light_of(picture))
    return np.clip(signal * np.float32(255) + np.float32(0.5), 0, 255).astype(np.uint8)


def picture_of_colours(colours: Colours, like: Layout) -> Picture:
    """An RGB picture, tagged with the primaries and the curve of another."""
    _, height, width = colours.shape
    layout = Layout(
        width,
        height,
        "gbrp",
        full=True,
        matrix=0,
        primaries=like.primaries,
        transfer=like.transfer,
    )
    red, green, blue = colours
    return Picture(layout, (green, blue, red))
