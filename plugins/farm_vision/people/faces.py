"""Faces: found near and far by BlazeFace, and 468 points of each by the face mesh network.

Invariant: points are pixels of the picture whatever way a head is turned; a face of which the
network itself doubts that it is one is none.

Sources of the contracts: V. Bazarevsky et al., "BlazeFace", 2019; Y. Kartynnik et al., "Real-time
Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019, and their model cards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from farm import Task
from farm.media.planes import Layout, Picture
from farm_vision.people.anchors import Detection, anchors, detections, merged
from farm_vision.people.expression import expression
from farm_vision.people.network import Network, network
from farm_vision.people.regions import Points, Region, region_around, sampled, upright
from farm_vision.people.tracks import Find

MODEL = "mediapipe-face"
POINTS = 468
_LOOSE = 1.5
_FACE = 0.5
_SEARCH, _SURE = 0.6, 0.7
_PART = 0.66
"""Side of a part in which tiny faces are looked for, in shorter sides of the picture."""
_SMALLEST = 192
"""Pixels; a smaller part shows nothing that the whole picture does not."""
_EYES = (33, 263)
"""Outer corners of the person's right and left eye."""


class Faces:
    """A Finder of faces."""

    def __init__(self, near: Network, far: Network, mesh: Network) -> None:
        self._mesh = mesh
        # The one sees faces that fill the picture, the other those of a few dozen pixels.
        self._detectors = (
            (near, anchors(near.side[0], ((8, 2), (16, 6)))),
            (far, anchors(far.side[0], ((4, 1),))),
        )

    def search(self, picture: Picture) -> list[Region]:
        """Upright squares around faces; tiny ones are looked for where there are no larger."""
        found = self._found(
            picture, [Region.whole(picture.layout, (1, 1))], self._detectors, _SEARCH
        )
        if not found:
            found = self._found(picture, _parts(picture.layout), self._detectors[1:], _SURE)
        if not found:
            return []
        found.sort(key=lambda face: -face.score)
        once = merged(
            np.array([face.box for face in found]),
            np.array([face.points for face in found]),
            np.array([face.score for face in found]),
            0.3,
        )
        return [_square(face) for face in once]

    def _found(
        self,
        picture: Picture,
        parts: list[Region],
        detectors: Sequence[tuple[Network, Points]],
        least: float,
    ) -> list[Detection]:
        """Faces in parts of the picture, in its pixels."""
        found: list[Detection] = []
        for part in parts:
            for detector, middles in detectors:
                side = detector.side
                outputs = detector(sampled(picture, part, side, -1.0, 1.0))
                logits, raw = sorted(outputs, key=lambda output: output.shape[1])
                for face in detections(raw, logits, middles, side[0], least):
                    corners = part.outside(face.box.reshape(2, 2)).reshape(-1)
                    found.append(replace(face, box=corners, points=part.outside(face.points)))
        return found

    def look(self, picture: Picture, region: Region) -> Find | None:
        """The points of the face in a region, and what it expresses."""
        side = self._mesh.side
        raw, logit = self._mesh(sampled(picture, region, side))
        score = 1.0 / (1.0 + math.exp(-float(np.clip(logit.reshape(-1)[0], -60.0, 60.0))))
        if not score > _FACE:
            return None
        places = region.outside(raw.reshape(POINTS, 3).astype(np.float64) / side[0])
        angle = upright(places[_EYES[0]], places[_EYES[1]], 0.0)
        sure = np.full((POINTS, 1), score)
        return Find(
            points=np.concatenate([places, sure], axis=1),
            score=score,
            region=region_around(places[:, :2], angle).scaled(_LOOSE),
            facts=expression(places),
        )


def faces(task: Task[Any]) -> Faces:
    """The finder of faces, warm if this engine has used it before."""
    return Faces(
        network(task, MODEL, "face_detection_short_range.tflite", 10),
        network(task, MODEL, "face_detection_full_range_sparse.tflite", 15),
        network(task, MODEL, "face_landmark.tflite", 15),
    )


def _parts(layout: Layout) -> list[Region]:
    """Squares that cover the picture with overlap."""
    side = _PART * min(layout.width, layout.height)
    if side < _SMALLEST:
        return []

    def middles(length: int) -> list[float]:
        count = math.ceil((length - side) / (0.8 * side)) + 1
        return [side / 2 + (length - side) * n / max(count - 1, 1) for n in range(count)]

    return [Region(x, y, side, side) for y in middles(layout.height) for x in middles(layout.width)]


def _square(face: Detection) -> Region:
    low, high = face.box[:2], face.box[2:]
    angle = upright(face.points[0], face.points[1], 0.0)
    middle: Points = (low + high) / 2
    sides = high - low
    return Region(
        float(middle[0]), float(middle[1]), float(sides[0]), float(sides[1]), angle
    ).scaled(_LOOSE)
