"""The stage ``camera.reshoot``: a clip as another camera would have seen it.

Invariant: exactly as many frames as the clip has (or as were asked of a single picture); frame ``n``
depends on picture, map and camera ``n`` and on the first map only, so windows are those of the whole.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import islice, repeat
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm import InputError, Result, Task
from farm.media.film import film, no_frames, write_lossless
from farm.media.lanczos import resized
from farm.media.light import Light, light_of, picture_of_light
from farm.media.maps import write_maps
from farm.media.planes import Picture
from farm_optics import measures
from farm_optics.focus.depth import Power, depth_maps, fitted, scaled_by
from farm_optics.reshoot.complete import completed
from farm_optics.reshoot.layers import Layers, layered
from farm_optics.reshoot.params import ReshootParams
from farm_optics.reshoot.project import Drawn, drawn, focal_px, sampled
from farm_optics.reshoot.trajectory import View, read_views, views

Mask = NDArray[np.uint8]
PREVIEW = 320
"""Longer side of a preview, pixels."""
_MARGIN = 0.125
"""Share of the width that a picture is mirrored beyond its edges."""
_LEAST_SEEN = 0.02


def run(task: Task[ReshootParams]) -> Result:
    """Draw the window's views to ``segment``; ``holes`` shows what was made up."""
    segment: Path = task.output("segment", ".mkv")
    holes: Path = task.output("holes", ".mkv")
    scale = task.inputs.get("scale") or ()
    scaled = scaled_by(scale[0].path if scale else None, task.params)
    params = ReshootParams.model_validate(scaled.model_dump())
    masks = task.scratch / "holes.raw"
    with film(task.input("video").path, "video") as source:
        total = source.count()
        if not total:
            raise no_frames("video")
        count = total if total > 1 else params.frames
        start, stop = (task.window.start, task.window.stop) if task.window else (0, count)
        stop = min(stop, count)
        path = cameras(task, params, count)
        with masks.open("w+b") as kept:
            shape: list[tuple[int, int]] = []

            def told() -> Iterator[Picture]:
                for number, (picture, made_up) in enumerate(
                    _views(task, params, path, total, start, stop)
                ):
                    task.progress(number, stop - start, f"frame {start + number}")
                    shape[:] = [(made_up.shape[0], made_up.shape[1])]
                    kept.write(np.packbits(made_up).tobytes())
                    yield picture

            write_lossless(segment, told(), source.fps)
            kept.seek(0)
            height, width = shape[0]
            row = (height * width + 7) // 8
            packed = (np.frombuffer(kept.read(row), np.uint8) for _ in range(stop - start))
            bits = (np.unpackbits(part, count=height * width) for part in packed)
            write_maps(
                holes,
                (bit.reshape(height, width).astype(np.uint16) * np.uint16(65535) for bit in bits),
                source.fps,
            )
    masks.unlink()
    task.progress(1, 1)
    return {"segment": segment, "holes": holes}


def cameras(task: Task[ReshootParams], params: ReshootParams, count: int) -> list[View]:
    """A view for each frame of the whole clip. Raises InputError."""
    sent = task.inputs.get("trajectory") or ()
    if sent:
        return read_views(sent[0].path, count, params.fov_deg)
    return views(params, count, _subject(task.input("depth").path, params), task.seed)


def _subject(path: Path, params: ReshootParams) -> float:
    """Distance of what a move is about: as given, or of what is in front in the first map's middle."""
    if params.subject is not None:
        distance = measures.distance_m(params.subject)
        if math.isfinite(distance):
            return distance
    with depth_maps(path, params) as maps:
        power = next(iter(maps(0, 1)))
    height, width = power.shape
    middle = power[height // 5 : height - height // 5, width // 5 : width - width // 5]
    return 1 / max(float(np.percentile(middle, 80)), 1e-3)


def _views(
    task: Task[ReshootParams],
    params: ReshootParams,
    path: Sequence[View],
    total: int,
    start: int,
    stop: int,
) -> Iterator[tuple[Picture, Mask]]:
    with (
        film(task.input("video").path, "video") as source,
        depth_maps(task.input("depth").path, params) as maps,
    ):
        if total == 1:
            picture = next(source.pictures())
            pairs: Iterator[tuple[Picture, Power]] = repeat(
                (picture, next(iter(maps(0, 1)))), stop - start
            )
        else:
            count = stop - start
            pairs = zip(source.pictures(start, stop), maps(start, count), strict=False)
        made: tuple[Picture, Layers, Picture] | None = None
        for number, (picture, power) in enumerate(islice(pairs, stop - start), start):
            task.checkpoint()
            if made is None or made[0] is not picture:
                shown, light, sized = _canvas(picture, power, params.look != "picture")
                margin, behind = _reach(path, sized, params)
                made = picture, layered(light, sized, margin, behind), shown
            _, layers, shown = made
            yield _view(layers, shown, path[number], params, number)


def _canvas(picture: Picture, power: Power, small: bool) -> tuple[Picture, Light, Power]:
    """The picture, or a small one for a preview, its light, and its map at the same size."""
    light, layout = light_of(picture), picture.layout
    power = fitted(power, layout.width, layout.height)
    if not small:
        return picture, light, power
    scale = min(1.0, PREVIEW / max(layout.width, layout.height))
    size = (max(16, round(side * scale / 2) * 2) for side in (layout.width, layout.height))
    less = layout.resized(*size)
    light = np.stack([resized(one, less.width, less.height) for one in light])
    rows = np.arange(less.height) * layout.height // less.height
    columns = np.arange(less.width) * layout.width // less.width
    return Picture(less, picture.planes), light, np.ascontiguousarray(power[rows][:, columns])


def _reach(path: Sequence[View], power: Power, params: ReshootParams) -> tuple[int, int]:
    """Pixels of margin, and pixels behind edges that any camera of the path may come to see."""
    width = power.shape[1]
    way = max(float(np.linalg.norm(view.pose[:3, 3])) for view in path)
    turned = max(float(np.abs(view.pose[:3, :3] - np.eye(3)).max()) for view in path)
    wider = max(view.fov_deg for view in path) > params.fov_deg + 1e-6
    if way == 0 and turned == 0 and not wider:
        return 0, 0
    low, high = np.percentile(power, (1, 99))
    shift = focal_px(width, params.fov_deg) * way * float(high - low)
    behind = int(min(max(math.ceil(1.3 * shift) + 2, 4), width // 6)) if way else 0
    return (round(_MARGIN * width) if params.fill else 0), behind


def _view(
    layers: Layers, shown: Picture, view: View, params: ReshootParams, number: int
) -> tuple[Picture, Mask]:
    layout = shown.layout
    _check_place(layers, view, params, number)
    made = drawn(layers, view, params.fov_deg, layout.width, layout.height)
    if float((made.sheet >= 0).mean()) < _LEAST_SEEN:
        raise _through("the camera sees nothing of the scene", number, "a view of the picture")
    light = sampled(layers, made)
    known = made.sheet >= 0
    if params.look == "picture":
        if params.fill:
            light = completed(light, known, made.power)
    else:
        light = _marked(light, made, layers.margin, params.look == "points")
    return picture_of_light(light, layout), _made_up(
        made, layers.margin, layout.width, layout.height
    )


def _made_up(made: Drawn, margin: int, width: int, height: int) -> Mask:
    """1 where the picture did not show what the view needs."""
    x, y = made.place[..., 0] - margin, made.place[..., 1] - margin
    inside = (x > -0.6) & (y > -0.6) & (x < width - 0.4) & (y < height - 0.4)
    return np.asarray(~((made.sheet == 0) & inside), np.uint8)


def _marked(light: Light, made: Drawn, margin: int, points: bool) -> Light:
    """A preview: lines of the source's grid over the dimmed picture, or some of its points."""
    every = 4 if points else 16
    off = np.abs((made.place - margin) % every - every / 2)
    on = off >= every / 2 - (0.8 if points else 0.6)
    near = (on[..., 0] & on[..., 1]) if points else (on[..., 0] | on[..., 1])
    front = near & (made.sheet == 0)
    if points:
        return np.where(front, np.minimum(light * 1.5, 1), np.float32(0)).astype(np.float32)
    return np.where(front, np.float32(0.6) + light * 0.4, light * np.float32(0.3)).astype(
        np.float32
    )


def _check_place(layers: Layers, view: View, params: ReshootParams, number: int) -> None:
    """Refuse a camera that stands on or behind what the picture shows."""
    x, y, z = view.pose[:3, 3]
    if z <= 0:
        return
    power, margin = layers.sheets[0].power, layers.margin
    height, width = (side - 2 * margin for side in power.shape)
    focal = focal_px(width, params.fov_deg)
    column = round(focal * x / z + (width - 1) / 2)
    row = round(focal * y / z + (height - 1) / 2)
    if 0 <= column < width and 0 <= row < height:
        reach = 1 / max(float(power[row + margin, column + margin]), 1e-9)
        if z >= 0.98 * reach:
            raise _through(
                "the camera goes through the scene", number, f"less than {reach:.4g} forward",
                f"{z:.4g}",
            )  # fmt: skip


def _through(what: str, number: int, expected: str, got: str = "") -> InputError:
    return InputError(
        what,
        where=f"trajectory, frame {number}",
        expected=expected,
        got=got,
        mend="Shorten the move, or keep it beside what stands in the way.",
        code="camera.through",
    )
