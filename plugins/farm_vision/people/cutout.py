"""The stage ``matte.cutout``: a film and its matte as one film with alpha.

Invariant: as many frames as both have, of the same size; alpha is the matte, straight, and where it is
whole the colours are those of the film.

Half-covered edges show the background's colour. With ``clean`` they take that of what is whole beside
them: M. Forte and F. Pitie, "F, B, Alpha Matting", 2020, name this blur fusion; here in one pass.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from farm import InputError, Result, Task
from farm.media.ahead import ahead
from farm.media.compiled import kernel
from farm.media.film import film
from farm.media.maps import Samples, read_maps
from farm.media.planes import Picture, frame_of
from farm_vision.people.alpha import write_alpha
from farm_vision.people.params import CutoutParams

Pixels = NDArray[np.uint8]
_BLUR = 7
"""Pixels of 720 lines that an edge is wide."""
_NOTHING, _WHOLE = 1311, 64224
"""Levels of the matte at which 2 and 98 % of a pixel are covered."""


def run(task: Task[CutoutParams]) -> Result:
    """Write ``video`` with ``matte`` as its alpha to ``alpha``."""
    target = task.output("alpha", ".mkv")
    total = task.input("video").facts.frames or 0
    with film(task.input("video").path, "video") as source, ahead(source.pictures()) as pictures:
        mattes = read_maps(task.input("matte").path, "matte")

        def watched(made: Iterator[Pixels]) -> Iterator[Pixels]:
            for number, pixels in enumerate(made):
                task.progress(number, max(total, number + 1), f"frame {number}")
                yield pixels

        def cut() -> Iterator[Pixels]:
            number = 0
            for picture in pictures:
                matte = next(mattes, None)
                if matte is None:
                    raise _unequal(f"more than {number} frames", f"{number} frames")
                size = picture.layout.height, picture.layout.width
                if matte.shape != size:
                    raise _unequal(f"{size[1]}x{size[0]}", f"{matte.shape[1]}x{matte.shape[0]}")
                yield cutout(picture, matte, clean=task.params.clean)
                number += 1
            if next(mattes, None) is not None:
                raise _unequal(f"{number} frames", "more")

        # One core makes pictures while another one writes them.
        with ahead(cut()) as made:
            write_alpha(target, watched(made), source.fps)
    task.progress(1, 1)
    return {"alpha": target}


def cutout(picture: Picture, matte: Samples, *, clean: bool) -> Pixels:
    """uint8 (H, W, 4): blue, green, red, alpha."""
    pixels = frame_of(picture).reformat(format="bgra", threads=1).to_ndarray()
    if clean:
        radius = max(4, round(_BLUR * min(matte.shape) / 720))
        _clean(pixels.copy(), matte, radius, pixels)
    _give_alpha(matte, pixels)
    return pixels


@kernel
def _give_alpha(matte, pixels):
    height, width = matte.shape
    for row in range(height):
        for column in range(width):
            pixels[row, column, 3] = (np.int64(matte[row, column]) * 255 + 32767) // 65535


@kernel
def _clean(seen, matte, radius, out):
    """Half-covered pixels take the mean colour of what is whole around them."""
    height, width = matte.shape
    for row in range(height):
        for column in range(width):
            if matte[row, column] < _NOTHING or matte[row, column] > _WHOLE:
                continue
            blue, green, red, count = 0, 0, 0, 0
            for y in range(max(row - radius, 0), min(row + radius + 1, height), 2):
                for x in range(max(column - radius, 0), min(column + radius + 1, width), 2):
                    if matte[y, x] > _WHOLE:
                        blue += seen[y, x, 0]
                        green += seen[y, x, 1]
                        red += seen[y, x, 2]
                        count += 1
            if count == 0:
                continue
            # The less of a pixel is covered, the more of its colour comes from inside.
            own = (matte[row, column] / 65535.0) ** 2
            near = (blue / count, green / count, red / count)
            for channel in range(3):
                value = near[channel] + (seen[row, column, channel] - near[channel]) * own
                out[row, column, channel] = np.uint8(min(max(value + 0.5, 0.0), 255.0))


def _unequal(expected: str, got: str) -> InputError:
    return InputError(
        "does not belong to the video",
        where="matte",
        expected=expected,
        got=got,
        mend="Send the matte that was made of this very film.",
        code="matte.other-film",
    )
