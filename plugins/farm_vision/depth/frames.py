"""A clip as frames at the working size, each with its motion to the one before, and its cuts.

Invariant: frame ``n`` depends on the pictures ``n - 1`` and ``n`` only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm.media.between import Motion, working_gray
from farm.media.flow import Field, Gray
from farm.media.planes import Picture
from farm.media.spans import is_cut

Power = NDArray[np.float32]
"""1/distance (H, W), at the working size; 0 is infinitely far."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture. grey : float32 (H, W), 0 to 255. first : whether a shot begins with it.

    back : flow from this picture to the one before, there : from that one to this; ``None`` at the
    start of a shot.
    """

    number: int
    picture: Picture
    grey: Gray
    first: bool
    back: Field | None = None
    there: Field | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one frame looks like to a provider.

    power : in any unit unless ``metric``. free : what the provider cannot know of a map, which is
    then taken from the frame before: nothing, its ``scale``, or its scale and ``shift``.
    confidence : 0 to 1. method : which cue gave it. approach : how much nearer the camera came since
    the frame before, in the unit of ``1 / power``.
    """

    power: Power
    confidence: float
    method: str
    free: str
    metric: bool = False
    approach: float = 0.0


def frames_of(pictures: Iterable[Picture]) -> Iterator[Frame]:
    """The frames of a clip, in order."""
    before: Picture | None = None
    for number, picture in enumerate(pictures):
        if before is None:
            yield Frame(number, picture, working_gray(picture), True)
        else:
            motion = Motion.of(before, picture)
            if is_cut(motion):
                yield Frame(number, picture, motion.small[1], True)
            else:
                yield Frame(number, picture, motion.small[1], False, motion.back, motion.there)
        before = picture
