"""Skeletons as pictures, in the colours that pose-guided models were trained on.

Invariant: black but for what is drawn; the same points give the same bits; a point of which nobody
is sure is not drawn, and neither is a limb that ends in it.

Colours, widths and order of OpenPose (Z. Cao et al., "OpenPose: Realtime Multi-Person 2D Pose
Estimation using Part Affinity Fields", 2019) as control models take them: limbs at 60 % of their
colour, joints on top of them; fingers in a circle of hues, faces as white dots.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.planes import Layout, Picture
from farm_vision.people.regions import Points
from farm_vision.people.skeleton import FINGERS, LIMBS

Colour = tuple[int, int, int]

COLOURS: tuple[Colour, ...] = (
    (255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0),
    (0, 255, 0), (0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255),
    (0, 0, 255), (85, 0, 255), (170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85),
)  # fmt: skip
_LIMB = 0.6
_SIDE = 512
"""Shorter side of a picture in which a limb is 8 pixels wide."""


class Canvas:
    """A black picture to draw on. thick : times the usual width of a limb."""

    def __init__(self, width: int, height: int, thick: float = 1.0) -> None:
        self._layout = Layout(width, height, "gbrp", full=True, matrix=0)
        self._pixels = np.zeros((3, height, width), np.uint8)
        self._scale = max(1.0, min(width, height) / _SIDE) * thick

    def body(self, points: Points, least: float) -> None:
        """OpenPose's 18 points (18, 3). least : confidence from which one is drawn."""
        sure = points[:, 2] >= least
        for (one, two), colour in zip(LIMBS, COLOURS, strict=False):
            if sure[one] and sure[two]:
                self._limb(points[one], points[two], 4.0, colour, _LIMB)
        for point, colour in zip(points[sure], np.array(COLOURS)[sure], strict=True):
            self._limb(point, point, 4.0, colour, 1.0)

    def hand(self, points: Points) -> None:
        """The 21 points of a hand (21, 2+)."""
        for index, (one, two) in enumerate(FINGERS):
            hue = colorsys.hsv_to_rgb(index / len(FINGERS), 1.0, 1.0)
            colour = tuple(round(255 * part) for part in hue)
            self._limb(points[one], points[two], 1.0, colour, 1.0)
        for point in points:
            self._limb(point, point, 2.0, (0, 0, 255), 1.0)

    def face(self, points: Points) -> None:
        """Points of a face (N, 2+), as dots."""
        for point in points:
            self._limb(point, point, 1.5, (255, 255, 255), 1.0)

    def picture(self) -> Picture:
        """What was drawn."""
        red, green, blue = self._pixels
        return Picture(self._layout, (green, blue, red))

    def _limb(
        self,
        one: Points,
        two: Points,
        radius: float,
        colour: Sequence[int] | NDArray[np.int_],
        strength: float,
    ) -> None:
        ends = np.array([one[0], one[1], two[0], two[1]], np.float64)
        if not np.isfinite(ends).all():
            return
        paint = np.array(colour, np.float64) * strength
        _ellipse(self._pixels, ends, radius * self._scale, paint)


@kernel
def _ellipse(pixels, ends, radius, paint):
    """An ellipse along a line, or a disc on a point, with soft edges a pixel wide."""
    height, width = pixels.shape[1:]
    middle_x, middle_y = (ends[0] + ends[2]) / 2.0, (ends[1] + ends[3]) / 2.0
    dx, dy = ends[2] - ends[0], ends[3] - ends[1]
    length = np.sqrt(dx * dx + dy * dy)
    cos, sin = (dx / length, dy / length) if length > 1e-9 else (1.0, 0.0)
    along = max(length / 2.0, radius)
    reach_x = np.sqrt(along * along * cos * cos + radius * radius * sin * sin) + 1.0
    reach_y = np.sqrt(along * along * sin * sin + radius * radius * cos * cos) + 1.0
    left, right = max(0.0, middle_x - reach_x), min(float(width), middle_x + reach_x + 1.0)
    top, bottom = max(0.0, middle_y - reach_y), min(float(height), middle_y + reach_y + 1.0)
    if left >= right or top >= bottom:
        return
    for row in range(int(top), int(bottom)):
        y = row + 0.5 - middle_y
        for column in range(int(left), int(right)):
            x = column + 0.5 - middle_x
            u, v = (cos * x + sin * y) / along, (cos * y - sin * x) / radius
            far = np.sqrt(u * u + v * v)
            # How quickly the ellipse is left here, so that its edge is a pixel wide all around.
            slope = np.sqrt((u / along) ** 2 + (v / radius) ** 2) / max(far, 1e-9)
            cover = min(max(0.5 - (far - 1.0) / max(slope, 1e-9), 0.0), 1.0)
            if far < 1e-6:
                cover = 1.0
            if cover <= 0.0:
                continue
            for channel in range(3):
                old = pixels[channel, row, column]
                new = old + cover * (paint[channel] - old)
                pixels[channel, row, column] = int(new + 0.5)
