"""The motion between two pictures, and the picture at any moment of it.

Invariant: at moment 0 and 1 nothing is made up: callers use the pictures themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from farm.media.flow import Field, Gray, flows
from farm.media.lanczos import resized
from farm.media.planes import Picture
from farm.media.warping import Weights, agreement, carried, flow_at, mixed, shares

WORKING_SIDE = 512
"""Longer side of the pictures that motion is measured on."""


@dataclass(frozen=True, slots=True)
class Motion:
    """Two pictures and the flow from the first to the second and back, at the working size."""

    first: Picture
    second: Picture
    small: tuple[Gray, Gray]
    there: Field
    back: Field

    @classmethod
    def of(cls, first: Picture, second: Picture) -> Motion:
        """Measure the motion between two pictures of one layout."""
        small = working_gray(first), working_gray(second)
        there, back = flows(*small)
        return cls(first, second, small, there, back)

    def picture(self, moment: float) -> Picture:
        """What was seen at ``moment``, between 0 (the first) and 1 (the second)."""
        return self.weighed(moment)[0]

    def weighed(self, moment: float) -> tuple[Picture, Weights]:
        """The picture at ``moment``, and (H, W) at the working size how sure it is, 0.0 to 1.0."""
        field = flow_at(*self.small, self.there, self.back, moment)
        weight, _ = shares(self.there, self.back, field, moment)
        layout = self.first.layout
        top = 2**layout.depth - 1
        y, u, v = (
            mixed(one, two, field, weight, moment, top)
            for one, two in zip(self.first.planes, self.second.planes, strict=True)
        )
        sure = agreement(self.there, self.back, field, moment)
        return Picture(layout, (y, u, v)), sure

    def carried(self, side: int, moment: float) -> Picture:
        """The first (side 0) or second (side 1) picture alone, moved to ``moment``."""
        field = flow_at(*self.small, self.there, self.back, moment)
        source = (self.first, self.second)[side]
        reach = -moment if side == 0 else 1.0 - moment
        top = 2**source.layout.depth - 1
        y, u, v = (carried(plane, field, reach, top) for plane in source.planes)
        return Picture(source.layout, (y, u, v))


Maker = Callable[[Motion, float], Picture]
"""Makes what was seen at a moment of a motion; the classical one is ``Motion.picture``."""


def working_gray(picture: Picture) -> Gray:
    """float32 (H, W), 0 to 255: the luma, or green, at the size that motion is measured on."""
    layout = picture.layout
    plane = picture.planes[0].astype(np.float32) * np.float32(255 / (2**layout.depth - 1))
    scale = min(1.0, WORKING_SIDE / max(layout.width, layout.height))
    # The search needs room for a patch even in a sliver of a picture.
    width, height = max(16, round(layout.width * scale)), max(16, round(layout.height * scale))
    return (
        plane if (width, height) == (layout.width, layout.height) else resized(plane, width, height)
    )
