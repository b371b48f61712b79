"""The stage ``mouth.render``: visemes as a film of a drawn mouth, to look at.

Invariant: as many frames as the visemes have, at their rate; the same mouth gives the same bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm import Result, Task
from farm.media.film import no_frames, write_lossless
from farm.media.planes import Layout, Picture
from farm_vision.speech.params import MouthParams
from farm_vision.speech.records import MouthFrame, read_visemes

Plane = NDArray[np.float64]
_SKIN, _LIP, _LOWER = (226, 178, 150), (176, 74, 80), (190, 88, 92)
_INSIDE, _TEETH, _TONGUE = (58, 16, 22), (242, 238, 230), (196, 98, 100)
_TONGUES = {"TH": 0.62, "DD": 0.5, "nn": 0.55, "SS": 0.35, "ih": 0.35, "E": 0.3}
"""How high the tongue stands, 1 at the upper teeth."""
_LOW = 0.16


def run(task: Task[MouthParams]) -> Result:
    """Draw ``visemes`` to ``video``. Raises InputError."""
    target: Path = task.output("video", ".mkv")
    document = read_visemes(task.input("visemes").path, "visemes")
    side, total = task.params.side, len(document.frames)

    def pictures() -> Iterator[Picture]:
        for mouth in document.frames:
            task.progress(mouth.frame, total, f"frame {mouth.frame}")
            yield drawn(mouth, side)

    fps = Fraction(document.fps).limit_denominator(10_000)
    if not write_lossless(target, pictures(), fps):
        raise no_frames("visemes")
    task.progress(1, 1)
    return {"video": target}


def drawn(mouth: MouthFrame, side: int) -> Picture:
    """A mouth, seen from in front. side : pixels of the picture."""
    down, across = (np.mgrid[:side, :side] + 0.5) / side - 0.5
    soft = 1.0 / side
    half = 0.29 * (1 + 0.2 * mouth.wide - 0.42 * mouth.round)
    gap = 0.34 * mouth.open
    top, bottom = -0.3 * gap - 0.05, 0.7 * gap - 0.05
    inner = 0.95 * half
    full = 1 + 0.35 * mouth.round - 0.15 * mouth.wide
    arch = np.sqrt(np.clip(1 - (across / half) ** 2, 0, 1))
    hole = np.clip(1 - (across / inner) ** 2, 0, 1) ** 0.6
    middle = (top + bottom) / 2 + 0.03 * mouth.wide * (across / half) ** 2 * -1
    upper, lower = middle + (top - middle) * hole, middle + (bottom - middle) * hole
    bow = 1 - 0.28 * np.exp(-((across / 0.05) ** 2))
    outer_top = upper - 0.062 * full * bow * arch**0.8
    # A lower lip that touches the teeth is drawn in.
    tucked = 0.5 if mouth.viseme == "FF" else 1.0
    outer_bottom = lower + 0.088 * full * tucked * arch
    within = np.abs(across) < half
    paint = np.empty((3, side, side))
    paint[:] = np.array(_SKIN, float)[:, None, None]
    paint *= 1 - 0.14 * np.exp(-(((down - outer_bottom - 0.05) / 0.03) ** 2)) * arch
    _cover(paint, _LIP, _band(down, outer_top, lower, soft) * within)
    _cover(paint, _LOWER, _band(down, lower, outer_bottom, soft) * within)
    shine = np.exp(-(((down - lower - 0.035 * full) / 0.014) ** 2) - (across / (0.5 * half)) ** 2)
    paint += 28 * shine * within * _band(down, lower, outer_bottom, soft)
    if gap > 0:
        open_here = _band(down, upper, lower, soft) * (np.abs(across) < inner)
        _cover(paint, _INSIDE, open_here)
        high = bottom - (bottom - top) * _TONGUES.get(mouth.viseme, _LOW)
        tongue = high + 0.5 * (across / inner) ** 2 * max(gap, 0.05)
        _cover(paint, _TONGUE, open_here * _band(down, tongue, np.full_like(down, 1.0), soft))
        teeth = top + min(0.075, 0.55 * gap) * np.ones_like(down)
        _cover(paint, _TEETH, open_here * _band(down, upper - 1, teeth, soft))
        below = bottom - min(0.03, 0.12 * gap)
        _cover(paint, _TEETH, 0.8 * open_here * _band(down, np.full_like(down, below), lower, soft))
    else:
        line = np.exp(-(((down - middle) / 0.006) ** 2)) * (np.abs(across) < 0.96 * half)
        _cover(paint, _INSIDE, 0.7 * line)
    pixels = np.rint(np.clip(paint, 0, 255)).astype(np.uint8)
    red, green, blue = pixels
    return Picture(Layout(side, side, "gbrp", full=True, matrix=0), (green, blue, red))


def _band(down: Plane, top: Plane, bottom: Plane, soft: float) -> Plane:
    """1 between two edges, with a pixel of softness."""
    below = np.clip((down - top) / soft + 0.5, 0, 1)
    above = np.clip((bottom - down) / soft + 0.5, 0, 1)
    covered: Plane = below * above
    return covered


def _cover(paint: Plane, colour: tuple[int, int, int], share: Plane) -> None:
    paint += share * (np.array(colour, float)[:, None, None] - paint)
