"""The stage ``pose.render``: the control video of a file of points.

Invariant: as many frames as the points have, of the size of the film they were found in.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat

from farm import InputError, Result, Task
from farm.media.film import no_frames, write_lossless
from farm.media.planes import Picture
from farm_vision.people.drawing import Canvas
from farm_vision.people.params import RenderParams
from farm_vision.people.records import Header, read
from farm_vision.people.regions import Points
from farm_vision.people.skeleton import FACE_OF_133, HANDS_OF_133, coco17, openpose18
from farm_vision.people.steady import Frame

_FACE = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
    70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 168, 197, 5, 4, 98, 97, 2, 326, 327,
    33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380,
    61, 40, 37, 0, 267, 270, 291, 321, 314, 17, 84, 91, 78, 81, 13, 311, 308, 402, 14, 178,
)  # fmt: skip
"""Outline, brows, nose, eyes and mouth: the points of the mesh that stand for a face."""


def run(task: Task[RenderParams]) -> Result:
    """Draw ``pose``, and ``face`` and ``hands`` if they are given, to ``control``."""
    target = task.output("control", ".mkv")
    header, persons = read(task.input("pose").path, "persons", "pose")
    others = [_beside(task, header, *what) for what in (("faces", "face"), ("hands", "hands"))]
    total = task.input("pose").facts.frames or 0

    def pictures() -> Iterator[Picture]:
        for frame in persons:
            faces, hands = (_next(of_port, frame.number) for of_port in others)
            task.progress(frame.number, max(total, frame.number + 1), f"frame {frame.number}")
            canvas = Canvas(header.width, header.height, task.params.thickness)
            for find in frame.finds:
                points = openpose18(coco17(find.points, header.layout))
                canvas.body(points, task.params.least)
                if header.layout == "wholebody133":
                    _whole(canvas, find.points, task.params.least)
            for find in hands.finds:
                canvas.hand(find.points)
            for find in faces.finds:
                canvas.face(find.points[list(_FACE)])
            yield canvas.picture()

    if not write_lossless(target, pictures(), header.fps):
        raise no_frames("pose")
    task.progress(1, 1)
    return {"control": target}


def _whole(canvas: Canvas, points: Points, least: float) -> None:
    """Hands and face of a body's own points, where they are sure."""
    for part in HANDS_OF_133:
        if points[part, 3].mean() >= least:
            canvas.hand(points[part])
    face = points[FACE_OF_133]
    canvas.face(face[face[:, 3] >= least])


def _next(frames: Iterator[Frame], number: int) -> Frame:
    frame = next(frames, None)
    if frame is None:
        raise InputError(
            "has fewer frames than the pose",
            where="face or hands",
            expected=f"a line for frame {number}",
            got=f"{number} frames",
            mend="Find both in the same film.",
            code="points.other-film",
        )
    return frame


def _beside(task: Task[RenderParams], header: Header, of: str, port: str) -> Iterator[Frame]:
    """The frames of another file of points of the same film; empty ones if it is not given."""
    if not task.inputs.get(port):
        return repeat(Frame(0))
    other, frames = read(task.input(port).path, of, port)
    if (other.width, other.height, other.fps) != (header.width, header.height, header.fps):
        raise InputError(
            "is of another film than the pose",
            where=port,
            expected=f"{header.width}x{header.height} at {header.fps} frames/s",
            got=f"{other.width}x{other.height} at {other.fps} frames/s",
            mend="Find both in the same film.",
            code="points.other-film",
        )
    return frames
