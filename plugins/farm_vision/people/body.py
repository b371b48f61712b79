"""Persons: found by BlazePose's detector, and 33 points of each by its landmark network.

Invariant: points are pixels of the picture whatever way a person lies in it; a person of whom the
network itself doubts that it is one is none.

Source of the contract of both networks (anchors, key points, regions, outputs): V. Bazarevsky et
al., "BlazePose: On-device Real-time Body Pose tracking", 2020, and its model card.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from farm import Task
from farm.media.planes import Picture
from farm_vision.people.anchors import anchors, detections
from farm_vision.people.network import Network, Values, network
from farm_vision.people.regions import Points, Region, sampled, upright
from farm_vision.people.tracks import Find

MODEL = "mediapipe-pose"
POINTS = 33
_MIDDLE, _REACH = 33, 34
"""Helping points: the middle of the hips, and one on the circle around the whole body."""
_LOOSE = 1.25
_BODY = 0.5
_SEARCH = 0.5
_PEAK = 7
"""Cells of the heat map, across, that a point may be corrected in."""


class Bodies:
    """A Finder of persons."""

    def __init__(self, detector: Network, landmarks: Network) -> None:
        self._detector, self._landmarks = detector, landmarks
        side = detector.side[0]
        self._anchors = anchors(side, ((8, 2), (16, 2), (32, 6)))

    def search(self, picture: Picture) -> list[Region]:
        """Circles around whole persons, standing upright in their region."""
        side = self._detector.side
        whole = Region.whole(picture.layout, side)
        raw, logits = self._detector(sampled(picture, whole, side, -1.0, 1.0))
        found = detections(raw, logits, self._anchors, side[0], _SEARCH)
        return [_circle(*whole.outside(person.points)[:2]) for person in found]

    def look(self, picture: Picture, region: Region) -> Find | None:
        """The points of the person in a region."""
        side = self._landmarks.side
        raw, body, _, heat, world = self._landmarks(sampled(picture, region, side))
        score = float(body.reshape(-1)[0])
        if not score > _BODY:
            return None
        values = raw.reshape(-1, 5).astype(np.float64)
        values[:, :3] /= side[0]
        sure = _sigmoid(values[:, 3:5])
        places = _corrected(values[:, :2], heat)
        outside = region.outside(np.concatenate([places, values[:, 2:3]], axis=1))
        seen = sure.min(axis=1)[:, None]
        return Find(
            points=np.concatenate([outside[:POINTS], seen[:POINTS]], axis=1),
            score=score,
            region=_circle(outside[_MIDDLE], outside[_REACH]),
            world=region.turned(world.reshape(-1, 3)[:POINTS]),
        )


def bodies(task: Task[Any]) -> Bodies:
    """The finder of persons, warm if this engine has used it before."""
    return Bodies(
        network(task, MODEL, "pose_detection.tflite", 30),
        network(task, MODEL, "pose_landmark_full.tflite", 50),
    )


def _circle(middle: Points, reach: Points) -> Region:
    radius = math.hypot(reach[0] - middle[0], reach[1] - middle[1])
    angle = upright(middle, reach)
    return Region(float(middle[0]), float(middle[1]), 2 * radius, 2 * radius, angle).scaled(_LOOSE)


def _corrected(places: Points, heat: Values) -> Points:
    """Places (N, 2) moved to the middle of the heat around them, where it is clear."""
    rows, columns, count = heat.shape
    moved = places.copy()
    reach = _PEAK // 2
    at = np.floor(places * (columns, rows)).astype(int)
    for index in range(min(count, len(places))):
        column, row = at[index]
        if not (0 <= column < columns and 0 <= row < rows):
            continue
        top, left = max(row - reach, 0), max(column - reach, 0)
        near = _sigmoid(heat[top : row + reach + 1, left : column + reach + 1, index])
        total = float(near.sum())
        if near.max() < 0.5 or total <= 0:
            continue
        moved[index, 0] = (near.sum(axis=0) @ (np.arange(near.shape[1]) + left)) / total / columns
        moved[index, 1] = (near.sum(axis=1) @ (np.arange(near.shape[0]) + top)) / total / rows
    return moved


def _sigmoid(values: Any) -> Any:
    return 1.0 / (1.0 + np.exp(-np.clip(np.asarray(values, np.float64), -60.0, 60.0)))
