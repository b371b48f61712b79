"""The stage ``signal.normals``: which way each surface faces, from its depth.

Invariant: red points right, green up, blue towards the camera, each ``(value + 1) / 2`` of 255; a
plane has one normal all over it, whatever the lens; where there is no depth the surface faces the
camera.

A plane's inverse depth ``w`` is linear in the pixel, so its normal is exactly
``(f w_x, f w_y, w - x w_x - y w_y)`` with ``x`` and ``y`` from the middle of the picture and ``f``
in pixels. Of the slopes to both sides the lower counts, so that nothing leans at the rim of a thing.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm import Result, Task
from farm.media.compiled import kernel
from farm.media.film import film, write_lossless
from farm.media.planes import Layout, Picture
from farm_vision.signals.depth_scale import Scale, inverse_depth, scale_of
from farm_vision.signals.params import NormalParams
from farm_vision.signals.windows import share

Plane = NDArray[np.float32]
_USUAL_FOCAL = 0.9
"""Focal length, in widths of the picture, of the main camera of a telephone."""


def run(task: Task[NormalParams]) -> Result:
    """Turn the window of ``depth`` into normals at ``segment``."""
    params = task.params
    target: Path = task.output("segment", ".mkv")
    notes = task.inputs.get("scale", ())
    scale = scale_of(notes[0].path) if notes else Scale()
    focal = params.focal or scale.focal or _USUAL_FOCAL
    with film(task.input("depth").path, "depth") as source:

        def faced() -> Iterator[Picture]:
            for frame in share(task, source.frames):
                inverse = inverse_depth(frame, scale)
                yield normals_picture(normals(inverse, focal * inverse.shape[1], params.smooth))

        write_lossless(target, faced(), source.fps)
    task.progress(1, 1)
    return {"segment": target}


def normals(inverse: Plane, focal: float, smooth: float = 0.0) -> Plane:
    """Unit normals float32 (H, W, 3), right, up and towards the camera.

    inverse : 1/depth (H, W), 0 where it is not known. focal, smooth : pixels.
    """
    height, width = inverse.shape
    if smooth > 0:
        held = np.empty_like(inverse)
        _averaged(inverse, int(np.ceil(smooth * 2)), np.float32(smooth), held)
        inverse = held
    out = np.empty((height, width, 3), np.float32)
    _face(inverse, np.float32(focal), out)
    return out


def normals_picture(facing: Plane) -> Picture:
    """Normals as a picture (gbrp, 8 bits)."""
    height, width = facing.shape[:2]
    values = np.rint((facing + 1) * np.float32(127.5)).astype(np.uint8)
    red, green, blue = (np.ascontiguousarray(values[..., part]) for part in range(3))
    return Picture(Layout(width, height, "gbrp", 8, full=True, matrix=0), (green, blue, red))


@kernel
def _averaged(inverse, reach, sigma, out):
    """Means of what is about as near: nothing is averaged over the rim of a thing."""
    height, width = inverse.shape
    for row in range(height):
        for column in range(width):
            own = inverse[row, column]
            if own <= 0:
                out[row, column] = own
                continue
            total, weights = np.float32(0.0), np.float32(0.0)
            for y in range(max(row - reach, 0), min(row + reach + 1, height)):
                for x in range(max(column - reach, 0), min(column + reach + 1, width)):
                    other = inverse[y, x]
                    away = np.float32((y - row) ** 2 + (x - column) ** 2) / (sigma * sigma)
                    apart = (other - own) / own * np.float32(20.0)
                    unlike = np.float32(1.0) + away + apart * apart
                    weight = np.float32(1.0) / (unlike * unlike)
                    if other > 0:
                        total += weight * other
                        weights += weight
            out[row, column] = total / weights


@kernel
def _lower(before, here, after):
    """The lower of the slopes to both sides; 0 when neither side is known."""
    if before <= 0 and after <= 0:
        return np.float32(0.0)
    if before <= 0:
        return after - here
    if after <= 0:
        return here - before
    left, right = here - before, after - here
    if abs(left) > np.float32(3.0) * abs(right):
        return right
    if abs(right) > np.float32(3.0) * abs(left):
        return left
    return np.float32(0.5) * (left + right)


@kernel
def _face(inverse, focal, out):
    height, width = inverse.shape
    middle_x, middle_y = np.float32(width - 1) / 2, np.float32(height - 1) / 2
    none = np.float32(0.0)
    for row in range(height):
        for column in range(width):
            here = inverse[row, column]
            out[row, column, 0] = none
            out[row, column, 1] = none
            out[row, column, 2] = np.float32(1.0)
            if here <= 0:
                continue
            left = inverse[row, column - 1] if column else none
            right = inverse[row, column + 1] if column < width - 1 else none
            above = inverse[row - 1, column] if row else none
            below = inverse[row + 1, column] if row < height - 1 else none
            across, down = _lower(left, here, right), _lower(above, here, below)
            x, y = np.float32(column) - middle_x, np.float32(row) - middle_y
            a, b = -focal * across, focal * down
            c = here - x * across - y * down
            size = np.sqrt(a * a + b * b + c * c)
            if size > 0:
                out[row, column, 0] = a / size
                out[row, column, 1] = b / size
                out[row, column, 2] = c / size
