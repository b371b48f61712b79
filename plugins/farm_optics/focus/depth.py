"""Depth maps: how far away each pixel is, as 1/distance.

Invariant: float32 (H, W) in 1/m of the picture's own size, 0 for infinitely far; where a smaller map
is enlarged, no distance is made up between a thing and what is behind it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm import InputError
from farm.media.compiled import kernel
from farm.media.film import film
from farm.media.planes import Picture
from farm_optics import measures
from farm_optics.params import DepthParams

Power = NDArray[np.float32]
SCHEMA = "farm.depth/1"
_STEP = np.float32(1.15)
"""Neighbours whose distances differ by more belong to different things."""


@contextmanager
def depth_maps(path: Path, params: DepthParams) -> Iterator[Callable[[int, int], Iterator[Power]]]:
    """A function of first frame and count that gives the maps of those frames.

    One map alone is that of every frame: the camera and the scene stand still.

    Raises
    ------
    InputError : it cannot be read, has colours, or ends before the film does.
    """
    with film(path, "depth") as source:
        alone = source.count() == 1

        def maps(start: int, count: int | None) -> Iterator[Power]:
            stop = None if count is None else start + count
            if not alone:
                for picture in source.pictures(start, stop):
                    yield power_of(picture, params)
                return
            power = power_of(next(source.pictures()), params)
            while stop is None or start < stop:
                yield power
                start += 1

        yield maps


def power_of(picture: Picture, params: DepthParams) -> Power:
    """1/distance of a map, at its own size."""
    sample = _grey(picture)
    if params.depth == "metres":
        metres = sample * np.float32(65535 * params.depth_unit_m)
        return np.where(metres > 0, 1 / np.maximum(metres, np.float32(1e-6)), np.float32(0))
    near, far = measures.distance_m(params.near), measures.distance_m(params.far)
    if params.depth == "distance":
        return 1 / (np.float32(near) + sample * np.float32(far - near))
    return np.float32(1 / far) + sample * np.float32(1 / near - 1 / far)


def fitted(power: Power, width: int, height: int) -> Power:
    """A map at another size. Raises InputError if its aspect is another."""
    rows, columns = power.shape
    if (columns, rows) == (width, height):
        return power
    if abs(columns * height - rows * width) > 0.02 * rows * width + max(width, height):
        raise InputError(
            "has another shape than the picture",
            where="depth",
            expected=f"{width}x{height}, or smaller in the same aspect",
            got=f"{columns}x{rows}",
            mend="Make the depth map from this very picture.",
            code="depth.aspect",
        )
    out = np.empty((height, width), np.float32)
    _enlarge(np.ascontiguousarray(power), out)
    return out


def scaled_by(path: Path | None, params: DepthParams) -> DepthParams:
    """The parameters as the document at ``scale`` says, if there is one.

    Raises
    ------
    InputError : it is no such document.
    """
    if path is None:
        return params
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if document["schema"] != SCHEMA:
            raise ValueError(f"schema {document['schema']!r}")
        told = {
            "depth": document["coding"],
            "near": document.get("near_m", params.near),
            "far": document.get("far_m", params.far),
            "depth_unit_m": document.get("unit_m", params.depth_unit_m),
        }
        checked = DepthParams(**told)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            "does not say how the depth is scaled",
            where="scale",
            expected=f'a JSON object with schema "{SCHEMA}" and a coding',
            got=str(error).splitlines()[0],
            mend="Give the document that was made with the depth map.",
            code="depth.scale",
        ) from error
    return params.model_copy(update=checked.model_dump())


def _grey(picture: Picture) -> NDArray[np.float32]:
    layout = picture.layout
    if layout.rgb:
        green, blue, red = picture.planes
        if not (np.array_equal(green, blue) and np.array_equal(green, red)):
            raise _coloured()
        return np.asarray(green * np.float32(1 / (2**layout.depth - 1)), np.float32)
    y, u, v = picture.planes
    grey, slack = 1 << (layout.depth - 1), 3 << (layout.depth - 8)
    if (
        max(int(u.max()) - grey, grey - int(u.min()), int(v.max()) - grey, grey - int(v.min()))
        > slack
    ):
        raise _coloured()
    low, high = (0, 2**layout.depth - 1)
    if not layout.full:
        low, high = 16 << (layout.depth - 8), 235 << (layout.depth - 8)
    sample = (y.astype(np.float32) - np.float32(low)) * np.float32(1 / (high - low))
    return np.clip(sample, np.float32(0), np.float32(1))


def _coloured() -> InputError:
    return InputError(
        "is in colour",
        where="depth",
        expected="shades of grey, of 8 to 16 bits",
        got="a picture with colours",
        mend="Send the depth map itself, not a picture of it in false colours.",
        code="depth.coloured",
    )


@kernel
def _enlarge(power, out):
    """Between four neighbours that belong together, else the nearest of them."""
    rows, columns = power.shape
    height, width = out.shape
    half, one = np.float32(0.5), np.float32(1.0)
    down, across = np.float32(rows) / np.float32(height), np.float32(columns) / np.float32(width)
    for y in range(height):
        at = min(max((np.float32(y) + half) * down - half, np.float32(0.0)), np.float32(rows - 1))
        above = int(at)
        below = min(above + 1, rows - 1)
        fy = at - np.float32(above)
        for x in range(width):
            along = (np.float32(x) + half) * across - half
            along = min(max(along, np.float32(0.0)), np.float32(columns - 1))
            left = int(along)
            right = min(left + 1, columns - 1)
            fx = along - np.float32(left)
            a, b = power[above, left], power[above, right]
            c, d = power[below, left], power[below, right]
            if max(max(a, b), max(c, d)) > _STEP * min(min(a, b), min(c, d)):
                out[y, x] = power[below if fy > half else above, right if fx > half else left]
            else:
                upper, lower = a * (one - fx) + b * fx, c * (one - fx) + d * fx
                out[y, x] = upper * (one - fy) + lower * fy
