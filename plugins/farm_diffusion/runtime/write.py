"""What was made, as files; broken pictures are found here.

Invariant: a film has exactly the frames that were asked for, and no file holds numbers that are none or
nothing but black.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import BrokenOutput, Task
from farm.media.film import write_lossless
from farm.media.planes import Layout, Picture
from farm_diffusion.choices import RecipeParams, Settings
from farm_diffusion.recipes import RecipeError
from farm_diffusion.runtime.libraries import library
from farm_diffusion.sections import Output

Pixels = NDArray[np.uint8]
_BLACK = 2
"""Levels of 255: a result no part of which is brighter is taken for a failure."""


def written(
    task: Task[RecipeParams], settings: Settings, made: Mapping[str, Any]
) -> dict[str, Path | Sequence[Path]]:
    """Write the fields of a call's result to their ports.

    Raises
    ------
    BrokenOutput : pictures or sound that are none.
    """
    files: dict[str, Path | Sequence[Path]] = {}
    for port, output in task.params.recipe.outputs.items():
        value = made.get(output.field)
        if value is None:
            continue
        task.checkpoint()
        files[port] = _write(task, port, output, value, settings)
    return files


def _write(
    task: Task[RecipeParams], port: str, output: Output, value: Any, settings: Settings
) -> Path | Sequence[Path]:
    if output.gives == "video":
        return _film(task, port, pixels(value, port, film=True), settings)
    if output.gives == "image":
        return _picture(task, port, pixels(value, port)[0])
    if output.gives == "images":
        return [_picture(task, port, picture) for picture in pixels(value, port)]
    if output.gives == "audio":
        return _sound(task, port, *value)
    if output.gives == "json":
        path = task.output(port, ".json")
        path.write_text(json.dumps(value, indent=1, sort_keys=True), encoding="utf-8")
        return path
    return _moved(task, port, value)


def pixels(value: Any, port: str, *, film: bool = False) -> Sequence[Pixels]:
    """uint8 (H, W, channels) of each picture of a result.

    value : pictures; an array (T, H, W, C) or a tensor (T, C, H, W), numbers 0 to 1 or uint8. One
    film in a list, or as the first axis of five, is that film.

    Raises
    ------
    BrokenOutput : numbers that are none, or nothing but black.
    """
    if hasattr(value, "detach"):
        tensor = value.detach().float() if value.is_floating_point() else value.detach()
        value = np.moveaxis(tensor.cpu().numpy(), -3, -1)
    if isinstance(value, list | tuple):
        if len(value) == 1 and isinstance(value[0], list | tuple):
            value = value[0]
        elif len(value) == 1 and film and np.ndim(np.asarray(value[0])) == 4:
            return pixels(value[0], port)
        value = [np.asarray(picture) for picture in value]
    else:
        value = np.asarray(value)
        if value.ndim == 5:
            value = value[0]
        elif value.ndim in (2, 3):
            value = value[None]
    pictures = [_levels(picture, port) for picture in value]
    if not pictures:
        raise _broken(port, "holds no picture", "none")
    # What is see-through is meant to be; black is only a fault where everything is.
    if max(int(picture.max()) for picture in pictures) <= _BLACK:
        raise _broken(port, "is black from end to end", f"no level above {_BLACK} of 255")
    return pictures


def _levels(picture: Any, port: str) -> Pixels:
    values = np.asarray(picture)
    if values.ndim == 2:
        values = values[..., None]
    if values.dtype != np.uint8:
        if not np.isfinite(values).all():
            raise not_finite(port)
        values = np.rint(np.clip(values.astype(np.float32), 0, 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(values)


def not_finite(where: str) -> BrokenOutput:
    """The complaint about numbers that are none."""
    return _broken(where, "holds numbers that are none", "NaN or infinity")


def _broken(where: str, what: str, got: str) -> BrokenOutput:
    return BrokenOutput(
        what,
        where=where,
        expected="a picture",
        got=got,
        mend="Try precision bfloat16 or float32, the model's own scheduler, or another seed.",
        code="diffusion.broken",
    )


def _film(
    task: Task[RecipeParams], port: str, frames: Sequence[Pixels], settings: Settings
) -> Path:
    """FFV1, RGB, exactly as many frames as were asked for."""
    if len(frames) < settings.frames:
        raise RecipeError(
            "the pipeline made too few frames",
            where=f"{task.params.recipe.provider}: {port}",
            expected=str(settings.frames),
            got=str(len(frames)),
            mend="Set step, plus and minimum of frames in the recipe as the model counts.",
            code="diffusion.frames",
        )
    path = task.output(port, ".mkv")
    write_lossless(path, _planes(task, frames[: settings.frames]), settings.fps)
    return path


def _planes(task: Task[RecipeParams], frames: Sequence[Pixels]) -> Iterator[Picture]:
    height, width = frames[0].shape[:2]
    layout = Layout(width, height, "gbrp", full=True, matrix=0, primaries=1, transfer=13)
    for frame in frames:
        task.checkpoint()
        rgb = np.broadcast_to(frame[..., :3], (height, width, 3))
        red, green, blue = (np.ascontiguousarray(rgb[..., channel]) for channel in range(3))
        yield Picture(layout, (green, blue, red))


def _picture(task: Task[RecipeParams], port: str, values: Pixels) -> Path:
    path = task.output(port, ".png")
    library("PIL.Image").fromarray(values if values.shape[-1] > 1 else values[..., 0]).save(
        path, "PNG", compress_level=3
    )
    return path


def _sound(task: Task[RecipeParams], port: str, samples: Any, rate: int) -> Path:
    """Float WAV. samples : (channels, n)."""
    import av
    from av.audio.frame import AudioFrame

    if hasattr(samples, "detach"):
        samples = samples.detach().float().cpu().numpy()
    values = np.atleast_2d(np.asarray(samples, np.float32))
    if not np.isfinite(values).all():
        raise not_finite(port)
    path = task.output(port, ".wav")
    layout = "mono" if len(values) == 1 else "stereo"
    with av.open(str(path), "w", format="wav", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("pcm_f32le", rate=rate, layout=layout)
        interleaved = np.ascontiguousarray(values[:2].T).reshape(1, -1)
        frame = AudioFrame.from_ndarray(interleaved, format="flt", layout=layout)
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _moved(task: Task[RecipeParams], port: str, value: Any) -> Path | Sequence[Path]:
    """Files that the call wrote: those in scratch go to the port."""
    paths = [Path(path) for path in value] if isinstance(value, list | tuple) else [Path(value)]
    kept = []
    for path in paths:
        if path.parent == task.scratch:
            path = path.rename(task.output(port, path.suffix))
        kept.append(path)
    return kept if isinstance(value, list | tuple) else kept[0]
