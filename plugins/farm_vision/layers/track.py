"""The stage ``object.track``: one click, and a mask of what was clicked for every frame.

Invariant: one mask for each frame, of the film's size; a frame in which the object was not found has an
empty mask and says why. Frames before the clicked one are followed backwards in time. Memory does
not grow with the film.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from farm import InputError, Result, Task
from farm.media.film import Film, film, no_frames
from farm.media.maps import Samples, write_maps
from farm.media.planes import Picture
from farm_vision.layers.params import TrackParams, place_in

SCHEMA = "farm.track/1"
_CHUNK = 8

State = Literal["seen", "part", "hidden", "lost"]


@dataclass(frozen=True, slots=True)
class Find:
    """The object in one frame. mask : float32 (H, W), 0 to 1, of the film's size.

    state : ``seen``; ``part`` of it; ``hidden`` behind something for now; ``lost``, not to be found
    for long or since a cut. confidence : 0 to 1.
    """

    mask: NDArray[np.float32]
    state: State
    confidence: float


class Tracker(Protocol):
    """Follows one object through pictures in the order they are given."""

    def begin(self, picture: Picture, x: float, y: float, beside: Picture | None) -> Find:
        """What lies at a place of a picture. beside : a picture next to it in time.

        Raises InputError if there is nothing that can be told from what is around it.
        """

    def follow(self, picture: Picture) -> Find:
        """The same in the next picture."""


def write_track(task: Task[Any], tracker: Callable[[], Tracker]) -> Result:
    """Follow what is clicked in ``video``. The parameters are TrackParams."""
    target, report = task.output("matte", ".mkv"), task.output("report", ".json")
    params: TrackParams = task.params
    rows: list[dict[str, Any]] = []
    with film(task.input("video").path, "video") as source:
        total = source.count()
        clicked, beside = _clicked(source, total, params)
        place = place_in(params, clicked.layout.width, clicked.layout.height)
        done = 0

        def told(find: Find) -> Find:
            nonlocal done
            done += 1
            task.progress(min(done, total), total, f"{find.state}")
            return find

        def finds() -> Iterator[Find]:
            store = task.scratch / "earlier.raw"
            earlier = Earlier(store)
            one = tracker()
            one.begin(clicked, *place, beside)
            for stop in range(params.frame, 0, -_CHUNK):
                for picture in reversed(list(source.pictures(max(0, stop - _CHUNK), stop))):
                    earlier.put(told(one.follow(picture)))
            yield from earlier.reversed()
            earlier.close()
            store.unlink()
            one = tracker()
            yield told(one.begin(clicked, *place, beside))
            for picture in source.pictures(params.frame + 1, total):
                yield told(one.follow(picture))

        def masks() -> Iterator[Samples]:
            for number, find in enumerate(finds()):
                rows.append(_row(number, find))
                yield (find.mask * np.float32(65535) + np.float32(0.5)).astype(np.uint16)

        frames = write_maps(target, masks(), source.fps)
    counts = {
        state: sum(row["state"] == state for row in rows)
        for state in ("seen", "part", "hidden", "lost")
    }
    document = {
        "schema": SCHEMA,
        "click": {"x": params.x, "y": params.y, "frame": params.frame},
        "width": clicked.layout.width,
        "height": clicked.layout.height,
        "frames": frames,
        "counts": counts,
        "track": rows,
    }
    report.write_text(json.dumps(document) + "\n", encoding="utf-8")
    task.progress(1, 1)
    return {"matte": target, "report": report}


class Earlier:
    """Finds of the frames before the click, on disk, as they come: the latest first."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w+b")
        self._shape = (0, 0)
        self._places: list[tuple[int, int, State, float]] = []

    def put(self, find: Find) -> None:
        """Keep one."""
        packed = zlib.compress((find.mask * 255 + np.float32(0.5)).astype(np.uint8).tobytes(), 1)
        self._shape = find.mask.shape
        self._places.append((self._file.tell(), len(packed), find.state, find.confidence))
        self._file.write(packed)

    def reversed(self) -> Iterator[Find]:
        """All, the last that was put first."""
        for at, size, state, confidence in reversed(self._places):
            self._file.seek(at)
            mask = np.frombuffer(zlib.decompress(self._file.read(size)), np.uint8)
            shaped = mask.reshape(self._shape).astype(np.float32) / np.float32(255)
            yield Find(shaped, state, confidence)

    def close(self) -> None:
        """Nothing is read any more."""
        self._file.close()


def _clicked(source: Film, total: int, params: TrackParams) -> tuple[Picture, Picture | None]:
    """The clicked picture and one beside it. Raises InputError."""
    if not total:
        raise no_frames("video")
    if params.frame >= total:
        raise InputError(
            "has no such frame",
            where="frame",
            expected=f"0 to {total - 1}",
            got=f"{params.frame}",
            mend="Click a frame of the film.",
            code="track.frame",
        )
    (picture,) = source.pictures(params.frame, params.frame + 1)
    if total == 1:
        return picture, None
    near = params.frame + 1 if params.frame + 1 < total else params.frame - 1
    (beside,) = source.pictures(near, near + 1)
    return picture, beside


def _row(number: int, find: Find) -> dict[str, Any]:
    row: dict[str, Any] = {
        "frame": number,
        "state": find.state,
        "confidence": round(find.confidence, 3),
    }
    rows, columns = np.nonzero(find.mask > 0.5)
    if len(rows):
        row |= {
            "box": [int(columns.min()), int(rows.min()), int(columns.max()), int(rows.max())],
            "centre": [round(float(columns.mean()), 2), round(float(rows.mean()), 2)],
            "area": len(rows),
        }
    return row
