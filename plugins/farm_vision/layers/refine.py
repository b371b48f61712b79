"""The stage ``matte.refine``: a coarse matte becomes one that follows hair and soft edges.

Invariant: one matte for each frame, of its size; what was certain stays 0 or 65535; nothing is carried
over a cut. Whoever decides the doubted pixels, how they are found and made steady is the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import Result, Task
from farm.media.maps import Samples, write_maps
from farm.media.planes import Picture
from farm.media.warping import carried
from farm_vision.depth.frames import Frame, frames_of
from farm_vision.depth.steady import followed
from farm_vision.layers.colours import Colours, colours_of
from farm_vision.layers.guided import decided
from farm_vision.layers.paired import Pair, paired
from farm_vision.layers.params import RefineParams
from farm_vision.layers.trimap import Trimap, trimap_of

Share = NDArray[np.float32]
Decide = Callable[[Colours, Share, Trimap], Share]
"""Gives the matte of a picture, 0 to 1, from a coarse one and its trimap."""


def run(task: Task[RefineParams]) -> Result:
    """The provider that is always there: colours decide."""

    def decide(picture: Colours, matte: Share, trimap: Trimap) -> Share:
        height, width = matte.shape
        return decided(picture, matte, trimap, task.params.band_for(width, height))

    return write_refined(task, decide)


def write_refined(task: Task[Any], decide: Decide) -> Result:
    """Refine ``matte`` of ``video``. The parameters are RefineParams."""
    target, report = task.output("matte", ".mkv"), task.output("report", ".json")
    params: RefineParams = task.params
    doubt: list[float] = []
    with paired(task.input("video").path, {"matte": task.input("matte").path}) as source:

        def mattes() -> Iterator[Samples]:
            waiting: list[Pair] = []

            def pictures() -> Iterator[Picture]:
                for pair in source.pairs():
                    waiting.append(pair)
                    yield pair.picture

            before: Share | None = None
            for frame in frames_of(pictures()):
                task.progress(frame.number, source.count, f"frame {frame.number}")
                matte = waiting.pop().mattes[0] * np.float32(1 / 65535)
                height, width = matte.shape
                trimap = trimap_of(matte, params.band_for(width, height))
                doubted = trimap == np.float32(0.5)
                doubt.append(float(doubted.mean()))
                if doubted.any():
                    made = decide(colours_of(frame.picture), matte, trimap)
                    if before is not None and params.steady > 0:
                        made = _steadied(made, before, frame, params.steady)
                    matte = np.where(doubted, np.clip(made, 0, 1), trimap)
                else:
                    matte = trimap
                before = matte
                yield (matte * np.float32(65535) + np.float32(0.5)).astype(np.uint16)

        frames = write_maps(target, mattes(), source.film.fps)
    document = {
        "schema": "farm.matte/1",
        "of": "refined",
        "frames": frames,
        "pixel_format": "gray16le",
        "background": 0,
        "foreground": 65535,
        "doubted": [round(share, 4) for share in doubt],
    }
    report.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    task.progress(1, 1)
    return {"matte": target, "report": report}


def _steadied(matte: Share, before: Share, frame: Frame, share: float) -> Share:
    """Mixed with the matte before, where the motion is certain and both say much the same."""
    if frame.back is None or frame.there is None:
        return matte
    rows, columns = frame.grey.shape
    _, sure = followed(frame.grey, frame.back, frame.there)
    height, width = matte.shape
    down, across = np.arange(height) * rows // height, np.arange(width) * columns // width
    trust = sure[down][:, across] * np.float32(share)
    moved = carried(before * np.float32(65535), frame.back, 1.0, 65535) * np.float32(1 / 65535)
    # What changed by a lot was found anew: nothing is dragged behind.
    trust = trust * np.clip(1.5 - 2 * np.abs(moved - matte), 0, 1)
    return (matte + trust * (moved - matte)).astype(np.float32)
