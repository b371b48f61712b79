"""The stage ``signal.flow``: where each pixel of a picture is found in the next.

Invariant: red and green of a pixel are its motion in 1/64 pixel around 32768, across and down; blue
is 65535 where the motion there and back agrees, else 0. The last picture of a film and those before
a cut have no motion and are sure of none.

Form of the numbers: M. Menze and A. Geiger, "Object Scene Flow for Autonomous Vehicles", 2015 (the
16-bit pictures of the KITTI benchmark).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from farm import Result, Task
from farm.media.between import Motion
from farm.media.film import film, write_lossless
from farm.media.flow import Field
from farm.media.lanczos import resized
from farm.media.planes import Layout, Picture
from farm.media.spans import is_cut
from farm.media.warping import Weights, strays
from farm_vision.signals.params import FlowParams
from farm_vision.signals.wheel import coloured
from farm_vision.signals.windows import share_and_next

SCHEMA = "farm.flow/1"
SCALE, MIDDLE = 64, 32768
"""Steps of a pixel's motion, and the sample that says none."""


def run(task: Task[FlowParams]) -> Result:
    """Measure the motion of the window of ``video`` to ``segment`` and ``scale``."""
    target: Path = task.output("segment", ".mkv")
    params = task.params
    still: list[int] = []
    largest = 0.0
    first = task.window.start if task.window else 0
    with film(task.input("video").path, "video") as source:

        def measured() -> Iterator[Picture]:
            nonlocal largest
            for index, (picture, following) in enumerate(share_and_next(task, source.pictures)):
                field, sure = motion(picture, following)
                if not sure.any():
                    still.append(first + index)
                largest = max(largest, float(np.hypot(*(field * sure[..., None]).T).max()))
                if params.form == "wheel":
                    reach = params.full_colour or max(sure.shape) / 40
                    yield coloured(field, sure, reach)
                else:
                    yield encoded(field, sure)

        frames = write_lossless(target, measured(), source.fps)
    note: Path = task.output("scale", ".json")
    note.write_text(json.dumps(_note(params, first, frames, still, largest), indent=2) + "\n")
    task.progress(1, 1)
    return {"segment": target, "scale": note}


def motion(picture: Picture, following: Picture | None) -> tuple[Field, Weights]:
    """Motion float32 (H, W, 2) in pixels, and 1.0 (H, W) where it is sure, else 0.0."""
    layout = picture.layout
    none = np.zeros((layout.height, layout.width), np.float32)
    if following is None:
        return np.zeros((*none.shape, 2), np.float32), none
    found = Motion.of(picture, following)
    if is_cut(found):
        return np.zeros((*none.shape, 2), np.float32), none
    there, doubt = found.there, strays(found.there, found.back)
    rows, columns = doubt.shape
    if (rows, columns) != none.shape:
        scales = layout.width / columns, layout.height / rows
        parts = [
            resized(np.ascontiguousarray(there[..., part]), layout.width, layout.height) * scale
            for part, scale in enumerate(scales)
        ]
        there = np.stack(parts, axis=-1).astype(np.float32)
        doubt = resized(doubt, layout.width, layout.height)
    return there, (doubt < 0.5).astype(np.float32)


def encoded(field: Field, sure: Weights) -> Picture:
    """Motion as a picture of 16 bits a sample."""
    height, width = sure.shape
    layout = Layout(width, height, "gbrp", 16, full=True, matrix=0)
    red, green = (
        np.clip(np.rint(field[..., part] * SCALE) + MIDDLE, 0, 65535).astype(np.uint16)
        for part in range(2)
    )
    return Picture(layout, (green, (sure * 65535).astype(np.uint16), red))


def decoded(picture: Picture) -> tuple[Field, Weights]:
    """The inverse of :func:`encoded`."""
    green, blue, red = (plane.astype(np.float32) for plane in picture.planes)
    field = (np.stack([red, green], axis=-1) - np.float32(MIDDLE)) / np.float32(SCALE)
    return field, (blue > 32767).astype(np.float32)


def _note(
    params: FlowParams, first: int, frames: int, still: list[int], largest: float
) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "form": params.form,
        "unit": "pixels a frame, right and down",
        "red": f"(sample - {MIDDLE}) / {SCALE}: across",
        "green": f"(sample - {MIDDLE}) / {SCALE}: down",
        "blue": "65535: sure, 0: not",
        "scale": SCALE,
        "middle": MIDDLE,
        "start": first,
        "frames": frames,
        "without_motion": still,
        "largest": round(largest, 3),
    }
