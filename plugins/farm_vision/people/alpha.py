"""Films with alpha: colours and how much of each pixel is there.

Invariant: what is written is read back to the bit: 8 bits a sample, full range, alpha straight.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm.media import ffv1


def write_alpha(path: Path, pictures: Iterable[NDArray[np.uint8]], fps: Fraction) -> int:
    """Write uint8 (H, W, 4), blue, green, red and alpha, as FFV1 in Matroska; the number of them."""
    frames = (
        VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="bgra") for pixels in pictures
    )
    return ffv1.write(path, frames, fps, lambda context: None)
