"""The stage ``video.enlarge``, and its provider that is always there: Lanczos and sharpening.

Invariant: every frame is enlarged by itself and by the same numbers, so what stands still stays
still; windows of a film are those frames that the whole would have given, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from farm import Result, Task
from farm.media.film import film, write_lossless
from farm.media.lanczos import resized, sharpened
from farm.media.light import light_of, luma_of, picture_of_signal, signal_of
from farm.media.planes import Picture
from farm_finish.frames.params import EnlargeParams

Enlarger = Callable[[Picture, int, int], Picture]
"""Makes a picture of a width and height in pixels, in the same layout."""


def run(task: Task[EnlargeParams]) -> Result:
    """The provider that is always there: Lanczos's filter and careful sharpening."""
    return write_larger(task, partial(enlarged, sharpness=task.params.sharpness))


def write_larger(task: Task[Any], enlarge: Enlarger) -> Result:
    """Enlarge the window of ``video`` to ``segment``. The parameters are SizeParams."""
    target: Path = task.output("segment", ".mkv")
    window = task.window
    start, stop = (window.start, window.stop) if window else (0, None)
    with film(task.input("video").path, "video") as source:

        def larger() -> Iterator[Picture]:
            for index, picture in enumerate(source.pictures(start, stop)):
                task.progress(index, window.frames if window else index + 1, f"frame {index}")
                size = task.params.size_for(picture.layout.width, picture.layout.height)
                yield enlarge(picture, *size)

        write_lossless(target, larger(), source.fps)
    task.progress(1, 1)
    return {"segment": target}


def enlarged(picture: Picture, width: int, height: int, sharpness: float = 0.4) -> Picture:
    """A picture at a larger size, in the same layout."""
    layout = picture.layout.resized(width, height)
    source = light_of(full_chroma(picture))
    signal = np.empty((3, height, width), np.float32)
    for channel in range(3):
        signal[channel] = signal_of(resized(source[channel], width, height))
    small = luma_of(signal_of(source), layout)
    signal += sharpened(luma_of(signal, layout), small, sharpness)
    return picture_of_signal(signal, layout)


def full_chroma(picture: Picture) -> Picture:
    """4:4:4 of a picture, not rounded: its chroma is enlarged from where it was taken.

    Chroma lies on every other column of luma, and between two rows of it.
    """
    layout = picture.layout
    if layout.halving == (0, 0):
        return picture
    across, down = layout.halving
    y, *chroma = (plane.astype(np.float32) for plane in picture.planes)
    full = []
    for plane in chroma:
        rows, columns = plane.shape
        wide = resized(plane, columns << across, rows << down, (0.25 * across, 0.0))
        full.append(wide[: layout.height, : layout.width])
    return Picture(replace(layout, family="yuv444p"), (y, full[0], full[1]))
