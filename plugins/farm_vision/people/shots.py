"""Where a film cuts to another shot, told while it is read.

Invariant: a picture is said to begin a shot only when it differs from the one before much more than
those before it did, and optical flow cannot lead from the one to the other: a fast pan is no cut.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

import numpy as np

from farm.media.between import Motion
from farm.media.planes import Picture, Plane
from farm.media.spans import is_cut

_GRID = 48
"""Samples across the longer side that pictures are compared by."""
_LEAST, _TIMES = 10.0, 2.5
"""Levels of 255, and times what is usual, by which a picture must differ to be looked at closely."""


def shots(pictures: Iterable[Picture]) -> Iterator[tuple[Picture, bool]]:
    """Each picture, and whether it begins another shot than the one before it."""
    before: Picture | None = None
    sample: Plane | None = None
    usual: deque[float] = deque(maxlen=8)
    for picture in pictures:
        here = _sample(picture)
        cut = False
        if before is not None and sample is not None:
            apart = float(np.abs(here - sample).mean())
            suspect = apart > max(_LEAST, _TIMES * float(np.mean(usual or [0.0])))
            cut = suspect and is_cut(Motion.of(before, picture))
            usual.append(apart)
        if cut:
            usual.clear()
        before, sample = picture, here
        yield picture, cut


def _sample(picture: Picture) -> Plane:
    plane = picture.planes[0]
    step = max(1, max(plane.shape) // _GRID)
    scale = np.float32(255 / (2**picture.layout.depth - 1))
    return plane[step // 2 :: step, step // 2 :: step].astype(np.float32) * scale
