"""The stage ``depth.estimate``, whichever provider looks: frames in, maps of one scale out.

Invariant: as many maps as frames, of the frames' aspect; equal inputs give equal bytes; a cut ends
what a map may know of the past.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from farm import Result, Task
from farm.media.film import film, no_frames
from farm.media.planes import Picture
from farm_vision.depth.frames import Estimate, Frame, frames_of
from farm_vision.depth.record import Record
from farm_vision.depth.steady import steadied

Estimator = Callable[[Iterable[Frame]], Iterator[tuple[Frame, Estimate]]]
"""Gives each frame with its map, in order; it may look ahead."""


def write_depth(task: Task[Any], estimator: Estimator) -> Result:
    """Estimate the depth of ``video``: ``depth`` and its document ``scale``.

    The parameters are DepthEstimateParams.
    """
    depth: Path = task.output("depth", ".mkv")
    scale: Path = task.output("scale", ".json")
    store = task.scratch / "maps.raw"
    with film(task.input("video").path, "video") as source, store.open("w+b") as kept:
        total = source.count()
        if not total:
            raise no_frames("video")
        record = Record(kept)
        frames = frames_of(_told(task, source.pictures(), total))
        for frame, estimate in steadied(estimator(frames), task.params.smoothing):
            record.add(estimate, frame.first)
        record.write(
            depth,
            scale,
            source.fps,
            lambda number: task.progress(total + number / 10, total * 1.1, f"map {number}"),
        )
    store.unlink()
    task.progress(1, 1)
    return {"depth": depth, "scale": scale}


def _told(task: Task[Any], pictures: Iterable[Picture], total: int) -> Iterator[Picture]:
    for number, picture in enumerate(pictures):
        task.progress(number, total * 1.1, f"frame {number}")
        yield picture
