"""The stage ``layers.split``: a film as its background, its subject and what stands before it.

Invariant: as many frames in each layer as in the film; the layers put over one another again are the
film, to one level where the mattes are full or nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import Result, Task
from farm.media.film import film, write_lossless
from farm.media.planes import Picture
from farm_vision.layers.background import Backgrounds, Later, Steps, Told, covers, steps_of
from farm_vision.layers.camera import STILL
from farm_vision.layers.colours import Colours, colours_of, picture_of_colours
from farm_vision.layers.paired import Paired, paired
from farm_vision.layers.params import SplitParams
from farm_vision.layers.unmixing import Share, unmixed
from farm_vision.people.alpha import write_alpha

SCHEMA = "farm.layers/1"


def run(task: Task[SplitParams]) -> Result:
    """Take ``video`` apart by ``matte`` and, if given, ``front_matte``."""
    files = {
        port: task.input(port).path for port in ("matte", "front_matte") if task.inputs.get(port)
    }
    background = task.output("background", ".mkv")
    result = {"background": background, "subject": task.output("subject", ".mkv")}
    if "front_matte" in files:
        result["foreground"] = task.output("foreground", ".mkv")
    with paired(task.input("video").path, files) as source:
        told = _counted(task, (2 + len(result)) * source.count)
        steps = steps_of(source, task.params, told)
        store = task.scratch / "later.raw"
        later = Later(store, source, steps, task.params.guard, told)
        try:
            backgrounds = Backgrounds(later, steps, task.params, told)
            write_lossless(background, _pictures(source, backgrounds), source.film.fps)
        finally:
            later.close()
            store.unlink()
        fps = source.film.fps
        write_alpha(result["subject"], _subjects(source, background, told), fps)
        if "foreground" in result:
            fronts = _fronts(source, background, result["subject"], told)
            write_alpha(result["foreground"], fronts, fps)
        result["report"] = task.output("report", ".json")
        result["report"].write_text(
            json.dumps(_report(source, steps, backgrounds.seen_share)) + "\n"
        )
    task.progress(1, 1)
    return result


def recomposed(background: Colours, *layers: NDArray[np.uint8]) -> Colours:
    """Layers uint8 (H, W, 4), blue, green, red and straight alpha, over a background, in order."""
    out = background.astype(np.float32)
    for layer in layers:
        alpha = layer[..., 3] * np.float32(1 / 255)
        out += alpha * (layer[..., 2::-1].transpose(2, 0, 1) - out)
    return (out + np.float32(0.5)).astype(np.uint8)


def _pictures(source: Paired, backgrounds: Backgrounds) -> Iterator[Picture]:
    for pair in source.pairs():
        yield picture_of_colours(backgrounds.picture(pair), pair.picture.layout)


def _subjects(source: Paired, background: Path, told: Told) -> Iterator[NDArray[np.uint8]]:
    with film(background, "background") as behind:
        for pair, back in zip(source.pairs(), behind.pictures(), strict=True):
            told("cuts out the subject")
            cover, *fronts = covers(pair)
            seen = 1 - fronts[0] if fronts else None
            colours = unmixed(colours_of(pair.picture), cover, colours_of(back), seen)
            yield _layer(colours, cover)


def _fronts(
    source: Paired, background: Path, subject: Path, told: Told
) -> Iterator[NDArray[np.uint8]]:
    with film(background, "background") as behind, film(subject, "subject") as between:
        rows = zip(source.pairs(), behind.pictures(), between.frames(), strict=True)
        for pair, back, frame in rows:
            told("cuts out the foreground")
            cover = covers(pair)[1]
            beneath = recomposed(colours_of(back), frame.to_ndarray(format="bgra"))
            yield _layer(unmixed(colours_of(pair.picture), cover, beneath), cover)


def _layer(colours: Colours, cover: Share) -> NDArray[np.uint8]:
    alpha = (cover * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    return np.dstack([*colours[::-1], alpha])


def _counted(task: Task[Any], total: int) -> Told:
    done = 0

    def told(note: str) -> None:
        nonlocal done
        if note:
            done += 1
        task.progress(min(done, total), total, note)

    return told


def _report(source: Paired, steps: Steps, seen_share: list[float]) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "frames": source.count,
        "fps": str(source.film.fps),
        "shots": [number for number, step in enumerate(steps) if step is None],
        "camera_moves": any(step is not None and (step != STILL).any() for step in steps),
        "mean_seen": round(float(np.mean(seen_share)), 4),
        "seen": [round(share, 3) for share in seen_share],
        "alpha": "straight, 8 bits, over sRGB-like signal values: back + alpha * (layer - back)",
        "order": ["background", "subject", "foreground"][: 2 + (len(source.mattes) > 1)],
    }
