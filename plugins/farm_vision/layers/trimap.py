"""What of a matte is certain, and what is to be decided.

Invariant: a pixel is doubted only within the band around the outline of the matte, and wherever the
matte itself is neither full nor nothing; all others keep 0 or 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.boxes import boxed

Trimap = NDArray[np.float32]
"""float32 (H, W): 0 background, 1 subject, 0.5 doubted."""

_NOTHING, _FULL = 0.04, 0.96


def trimap_of(matte: NDArray[np.float32], band: int) -> Trimap:
    """matte : 0 to 1. band : pixels to both sides of the outline."""
    full, some = matte > _FULL, matte > _NOTHING
    # Sums of ones are exact: a square that is all full has the mean one.
    inside = boxed(full.astype(np.float32), band) > 1 - 1e-6
    outside = boxed(some.astype(np.float32), band) < 1e-6
    return np.where(inside, np.float32(1), np.where(outside, np.float32(0), np.float32(0.5)))
