"""The points of a face, frame by frame: files of ``farm.face/1`` read and written.

Invariant: a track has exactly one face of 468 points for every frame of its film; where a film shows
none the points are those of the frames around it, and a film that shows none at all is refused.

The layout of the points is that of the face mesh network: Y. Kartynnik et al., "Real-time Facial
Surface Geometry from Monocular Video on Mobile GPUs", 2019.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import InputError

Points = NDArray[np.float64]
SCHEMA, POINTS = "farm.face/1", 468
UPPER_OUTER = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
UPPER_INNER = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_INNER = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
LOWER_OUTER = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
JAW = (172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397)
OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
UNDER_NOSE, CHIN, CROWN = 2, 152, 10
UPPER_LIDS = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133),
    (362, 398, 384, 385, 386, 387, 388, 466, 263),
)
LOWER_LIDS = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133),
    (362, 382, 381, 380, 374, 373, 390, 249, 263),
)
"""Each eye from left to right as the picture shows a face that looks at the camera."""
BROWS = ((46, 53, 52, 65, 55), (285, 295, 282, 283, 276))


@dataclass(frozen=True, slots=True)
class Face:
    """points (468, 3): pixels right, down, and away from the camera. expression: by name, among them
    the head's turn, nod and tilt in degrees."""

    points: Points
    score: float
    expression: dict[str, float]

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of the points."""
        low, high = self.points[:, :2].min(axis=0), self.points[:, :2].max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


@dataclass(frozen=True, slots=True)
class Faces:
    """All faces of each frame. width, height: pixels of the film they were found in."""

    width: int
    height: int
    fps: Fraction
    frames: list[list[Face]]


def read_faces(path: Path, label: str) -> Faces:
    """The faces at ``path``.

    Raises
    ------
    InputError : it is no ``farm.face/1`` of 468 points a face.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
        header = json.loads(lines[0])
        if header.get("schema") != SCHEMA:
            raise ValueError(f"schema {header.get('schema')}")
        frames = [[_face(face) for face in json.loads(line)["faces"]] for line in lines[1:]]
        width, height = int(header["width"]), int(header["height"])
        fps = Fraction(header["fps"])
        if width < 1 or height < 1 or fps <= 0:
            raise ValueError("a size or rate of nothing")
        return Faces(width, height, fps, frames)
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise InputError(
            "cannot be read",
            where=label,
            expected=f"JSON lines, schema {SCHEMA}, of {POINTS} points a face",
            got=str(error)[:200],
            mend="Send the output of face.landmarks for this picture or film.",
            code="avatar.face",
        ) from error


def track(path: Path, label: str, width: int, height: int, frames: int) -> Points:
    """Points (frames, 468, 3) in the pixels of a film: of the largest face in each frame.

    Raises
    ------
    InputError : it cannot be read, shows no face, or has another number of frames.
    """
    faces = read_faces(path, label)
    if len(faces.frames) != frames:
        raise InputError(
            "does not belong to the loop",
            where=label,
            expected=f"{frames} frames",
            got=str(len(faces.frames)),
            mend="Send the points of this very film.",
            code="avatar.mesh-frames",
        )
    known = [n for n, found in enumerate(faces.frames) if found]
    if not known:
        raise no_face(label)
    scale = np.array([width / faces.width, height / faces.height, width / faces.width])
    out = np.empty((frames, POINTS, 3))
    for number in range(frames):
        nearest = min(known, key=lambda other: abs(other - number))
        out[number] = max(faces.frames[nearest], key=_size).points * scale
    return out


def write_track(path: Path, width: int, height: int, fps: Fraction, frames: Iterable[Face]) -> int:
    """Write one face for each frame; the number of frames."""
    header = {
        "schema": SCHEMA,
        "width": width,
        "height": height,
        "fps": str(fps),
        "layout": "face468",
        "provider": "farm_avatar",
    }
    count = 0
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(json.dumps(header, separators=(",", ":")) + "\n")
        for face in frames:
            points = np.concatenate([face.points, np.full((POINTS, 1), face.score)], axis=1)
            told: dict[str, Any] = {
                "id": 1,
                "score": round(face.score, 3),
                "filled": False,
                "box": [round(side, 2) for side in face.box],
                "points": (np.round(points, 2) + 0.0).tolist(),
                "expression": {name: round(v, 3) for name, v in face.expression.items()},
            }
            line = {"frame": count, "cut": False, "faces": [told]}
            file.write(json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n")
            count += 1
    return count


def no_face(label: str) -> InputError:
    """The complaint about a picture in which nobody looks at the camera."""
    return InputError(
        "shows no face that looks at the camera",
        where=label,
        expected="one person, facing the camera, mouth and both eyes visible",
        got="no face",
        mend="Send a photo from in front, well lit, with the face at least a fifth of its height.",
        code="avatar.no-face",
    )


def _size(face: Face) -> float:
    left, top, right, bottom = face.box
    return (right - left) * (bottom - top)


def _face(record: dict[str, Any]) -> Face:
    points = np.array(record["points"], np.float64)
    if points.shape != (POINTS, 4) or not np.isfinite(points).all():
        raise ValueError(f"{POINTS} points of four numbers are due")
    expression = {str(k): float(v) for k, v in dict(record.get("expression", {})).items()}
    return Face(points[:, :3], float(record["score"]), expression)
