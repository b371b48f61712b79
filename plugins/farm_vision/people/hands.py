"""Hands: found by their palms, and 21 points of each by the hand landmark network.

Invariant: points are pixels of the picture whatever way a hand points; a hand of which the network
itself doubts that it is one is none.

Source of the contracts: F. Zhang et al., "MediaPipe Hands: On-device Real-time Hand Tracking", 2020,
and its model card.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from farm import Task
from farm.media.planes import Picture
from farm_vision.people.anchors import anchors, detections
from farm_vision.people.network import Network, network
from farm_vision.people.regions import Points, Region, region_around, sampled, upright
from farm_vision.people.tracks import Find

MODEL = "mediapipe-hands"
POINTS = 21
_HAND = 0.5
_SEARCH = 0.5
_PALM = [0, 1, 2, 3, 5, 6, 9, 10, 13, 14, 17, 18]
"""Points that stay while fingers bend."""


class Hands:
    """A Finder of hands. Its finds tell in ``facts`` how surely a hand is the right one."""

    def __init__(self, detector: Network, landmarks: Network) -> None:
        self._detector, self._landmarks = detector, landmarks
        self._anchors = anchors(detector.side[0], ((8, 2), (16, 6)))

    def search(self, picture: Picture) -> list[Region]:
        """Squares around whole hands, their fingers upwards."""
        side = self._detector.side
        whole = Region.whole(picture.layout, side)
        raw, logits = self._detector(sampled(picture, whole, side))
        found = []
        for palm in detections(raw, logits, self._anchors, side[0], _SEARCH):
            wrist, _, finger = whole.outside(palm.points)[:3]
            low, high = whole.outside(palm.box.reshape(2, 2))
            middle, sides = (low + high) / 2, high - low
            region = Region(*map(float, (*middle, *sides)), upright(wrist, finger))
            found.append(region.scaled(2.6, -0.5))
        return found

    def look(self, picture: Picture, region: Region) -> Find | None:
        """The points of the hand in a region."""
        side = self._landmarks.side
        raw, hand, right, world = self._landmarks(sampled(picture, region, side))
        score = float(hand.reshape(-1)[0])
        if not score > _HAND:
            return None
        places = region.outside(raw.reshape(POINTS, 3).astype(np.float64) / side[0])
        sure = np.full((POINTS, 1), score)
        return Find(
            points=np.concatenate([places, sure], axis=1),
            score=score,
            region=_next(places),
            world=region.turned(world.reshape(POINTS, 3)),
            facts={"right": float(right.reshape(-1)[0])},
        )


def hands(task: Task[Any]) -> Hands:
    """The finder of hands, warm if this engine has used it before."""
    return Hands(
        network(task, MODEL, "palm_detection_full.tflite", 30),
        network(task, MODEL, "hand_landmark_full.tflite", 40),
    )


def _next(places: Points) -> Region:
    knuckles = ((places[5, :2] + places[13, :2]) / 2 + places[9, :2]) / 2
    angle = upright(places[0, :2], knuckles, math.pi / 2)
    return region_around(places[_PALM, :2], angle).scaled(2.0, -0.1)
