"""The stages that follow persons, faces or hands through a film.

Invariant: a film is read once, from its first frame to its last; memory holds a few dozen frames
however long it is; every frame gets its line.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from farm import Result, Task
from farm.media.ahead import ahead
from farm.media.film import film, no_frames
from farm.media.planes import Picture
from farm_vision.people.body import bodies
from farm_vision.people.faces import faces
from farm_vision.people.hands import hands
from farm_vision.people.params import FaceParams, FollowParams
from farm_vision.people.records import Header, Written
from farm_vision.people.shots import shots
from farm_vision.people.steady import Frame, filled, smoothed
from farm_vision.people.tracks import Finder, Tracker

_RESCAN_S, _MEMORY_S = 0.4, 1.0


def run_pose(task: Task[FollowParams]) -> Result:
    """``pose.estimate``: 33 points of each person."""
    return followed(task, bodies(task), "persons", "body33", "pose", "mediapipe")


def run_face(task: Task[FaceParams]) -> Result:
    """``face.landmarks``: 468 points of each face, and what it expresses."""
    return followed(task, faces(task), "faces", "face468", "face", "mediapipe")


def run_hands(task: Task[FollowParams]) -> Result:
    """``hands.landmarks``: 21 points of each hand."""
    return followed(task, hands(task), "hands", "hand21", "hands", "mediapipe")


def followed(
    task: Task[Any], finder: Finder, of: str, layout: str, port: str, provider: str
) -> Result:
    """Follow what ``finder`` finds in ``video``; write the points and a report."""
    target, report = task.output(port, ".jsonl"), task.output("report", ".json")
    params = task.params
    with film(task.input("video").path, "video") as source:
        fps = source.fps
        with ahead(source.pictures()) as pictures:
            first = next(pictures, None)
            if first is None:
                raise no_frames("video")
            size = first.layout.width, first.layout.height
            written = Written(Header(of, *size, fps, layout, provider))
            tracker = Tracker(
                finder, params.most, round(_RESCAN_S * fps), max(params.gap, round(_MEMORY_S * fps))
            )
            found = tracked(task, tracker, chain([first], pictures))
            written.write(target, smoothed(filled(found, params.gap), params.smooth))
    told(report, written.report())
    task.progress(1, 1)
    return {port: target, "report": report}


def tracked(task: Task[Any], tracker: Tracker, pictures: Iterable[Picture]) -> Iterator[Frame]:
    """What each picture shows, as it was found."""
    total = task.input("video").facts.frames or 0
    for number, (picture, cut) in enumerate(shots(pictures)):
        task.progress(number, max(total, number + 1), f"frame {number}")
        yield Frame(number, cut, tracker.step(picture, cut))


def told(path: Path, report: dict[str, Any]) -> None:
    """Write a report."""
    path.write_text(json.dumps(report, indent=1, allow_nan=False) + "\n", encoding="utf-8")
