"""The stage ``matte.person``: which share of each pixel belongs to a person.

Invariant: one matte for each frame, of its size; 0 is background and 65535 person; nothing is carried
over a cut, and where the motion is not known nothing is carried either.

A small network tells persons from background at 256 pixels. What it says is made steady by the matte
of the frame before, carried along the optical flow, and then brought to the edges of the picture by
a guided filter: K. He, J. Sun and X. Tang, "Guided Image Filtering", 2010, in the form of K. He and
J. Sun, "Fast Guided Filter", 2015.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import Result, Task
from farm.media.ahead import ahead
from farm.media.film import film, no_frames
from farm.media.flow import Field, Gray, flows
from farm.media.lanczos import resized
from farm.media.maps import Samples, write_maps
from farm.media.planes import Picture
from farm.media.warping import carried
from farm_vision.people.edges import refined
from farm_vision.people.follow import told
from farm_vision.people.network import Network, network
from farm_vision.people.params import MatteParams
from farm_vision.people.regions import Region, sampled
from farm_vision.people.shots import shots

MODEL = "mediapipe-selfie"
_WIDE = 1.3
"""Width over height from which the network for wide pictures is taken."""
_MOTION = 96
"""Longer side of the pictures that motion is measured on."""
_APART = 12.0
"""Levels of 255 by which a pixel may differ from where its motion leads before it is doubted."""


class Matting:
    """Mattes of the pictures of a film, in their order."""

    def __init__(self, net: Network, params: MatteParams) -> None:
        self._net, self._params = net, params
        self._before: tuple[Gray, Gray] | None = None

    def __call__(self, picture: Picture, cut: bool = False) -> Gray:
        """float32 (H, W), 0 to 1: the share of each pixel that belongs to a person."""
        layout, side = picture.layout, self._net.side
        whole = Region(layout.width / 2, layout.height / 2, layout.width, layout.height)
        seen = sampled(picture, whole, side)
        (matte,) = self._net(seen)
        matte = np.ascontiguousarray(matte.reshape(side), np.float32)
        if self._params.steady > 0:
            matte = self._steadied(seen, matte, cut)
        return refined(matte, picture, self._params.refine)

    def _steadied(self, seen: Gray, matte: Gray, cut: bool) -> Gray:
        """The matte mixed with the one before, where the motion tells that it is the same thing."""
        scale = _MOTION / max(matte.shape)
        rows, columns = (max(16, round(length * scale)) for length in matte.shape)
        grey = seen @ np.array([0.2126 * 255, 0.7152 * 255, 0.0722 * 255], np.float32)
        grey = resized(grey, columns, rows)
        if self._before is not None and not cut:
            known, old = self._before
            back, _ = flows(grey, known)
            apart = np.abs(carried(known, back, 1.0, 255) - grey)
            trust = self._params.steady / (1.0 + (apart / np.float32(_APART)) ** 2)
            trust = resized(trust.astype(np.float32), matte.shape[1], matte.shape[0])
            moved = _carried_matte(old, back)
            # What changed by a lot was found anew: nothing is dragged behind a quick arm.
            trust = trust * np.clip(1.5 - 2.0 * np.abs(moved - matte), 0.0, 1.0)
            matte = matte + np.clip(trust, 0.0, 0.95) * (moved - matte)
        self._before = grey, matte
        return matte


def run(task: Task[MatteParams]) -> Result:
    """Write the matte of ``video`` to ``matte``, and what its numbers mean to ``report``."""
    target, report = task.output("matte", ".mkv"), task.output("report", ".json")
    total = task.input("video").facts.frames or 0
    covers: list[float] = []
    cuts: list[int] = []

    def watched(made: Iterator[tuple[Samples, bool]]) -> Iterator[Samples]:
        for number, (matte, cut) in enumerate(made):
            task.progress(number, max(total, number + 1), f"frame {number}")
            if cut:
                cuts.append(number)
            covers.append(float(matte[::4, ::4].mean()) / 65535)
            yield matte

    with film(task.input("video").path, "video") as source, ahead(source.pictures()) as pictures:
        first = next(pictures, None)
        if first is None:
            raise no_frames("video")
        layout = first.layout
        wide = layout.width >= _WIDE * layout.height
        file = f"selfie_segmentation{'_landscape' if wide else ''}.tflite"
        matting = Matting(network(task, MODEL, file, 10), task.params)

        def mattes() -> Iterator[tuple[Samples, bool]]:
            for picture, cut in shots(chain([first], pictures)):
                yield sixteen(matting(picture, cut)), cut

        # One core makes mattes while another one writes them.
        with ahead(mattes()) as made:
            frames = write_maps(target, watched(made), source.fps)
    told(report, _report(frames, layout.width, layout.height, covers, cuts))
    task.progress(1, 1)
    return {"matte": target, "report": report}


def sixteen(matte: Gray) -> Samples:
    """0 to 1 as 0 to 65535."""
    levels: NDArray[np.uint16] = (matte * np.float32(65535.0) + np.float32(0.5)).astype(np.uint16)
    return levels


def _report(
    frames: int, width: int, height: int, covers: list[float], cuts: list[int]
) -> dict[str, Any]:
    empty = sum(cover < 0.002 for cover in covers)
    notes = []
    if empty == frames:
        notes.append("no person was found in any frame")
    elif empty:
        notes.append(f"no person was found in {empty} of {frames} frames")
    return {
        "schema": "farm.matte/1",
        "of": "person",
        "frames": frames,
        "width": width,
        "height": height,
        "pixel_format": "gray16le",
        "background": 0,
        "foreground": 65535,
        "mean_cover": round(sum(covers) / max(frames, 1), 4),
        "empty_frames": empty,
        "cuts": cuts,
        "notes": notes,
    }


def _carried_matte(matte: Gray, field: Field) -> Gray:
    """A matte carried along a flow of a smaller size."""
    moved: Gray = carried(matte * np.float32(65535.0), field, 1.0, 65535)
    return moved * np.float32(1.0 / 65535.0)
