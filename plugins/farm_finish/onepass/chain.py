"""Steps as generators: frames go in, frames come out, and no more are held than a step needs.

Invariant: between two steps a frame is what it would be had it been written to a file without loss
and read again; so the order of generators is the order of stages.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain

import numpy as np
from av.video.frame import PictureType, VideoFrame

from farm.media.film import stored_frame
from farm.media.planes import Picture, picture_of
from farm_finish.deliver.quality import pixel_format
from farm_finish.frames.enlarge import enlarged
from farm_finish.frames.interpolate import smoothed
from farm_finish.frames.params import EnlargeParams, InterpolateParams, new_count
from farm_finish.grade.look import look_for
from farm_finish.grade.params import GradeParams
from farm_finish.grade.pixels import Grader
from farm_finish.normalise.geometry import planned
from farm_finish.normalise.look import Look
from farm_finish.normalise.params import NormaliseParams
from farm_finish.normalise.picture_line import PictureLine
from farm_finish.params import EncodeParams

_RGB, _BT709, _LIMITED, _FULL = 0, 1, 1, 2


@dataclass(frozen=True, slots=True)
class Reel:
    """Pictures that are made one after another. total : how many there will be."""

    fps: Fraction
    total: int
    made: Iterator[Picture]

    def pictures(self, start: int = 0) -> Iterator[Picture]:
        """The pictures; there is no way but from the first one on."""
        assert start == 0
        return self.made


def stepped(reel: Reel, step: object, seed: int) -> Reel:
    """The reel after a step, given by its parameters."""
    if isinstance(step, EnlargeParams):
        return replace(reel, made=_enlarged(reel.made, step))
    if isinstance(step, InterpolateParams):
        total = new_count(reel.total, reel.fps, step.rate)
        return Reel(step.rate, total, smoothed(reel, 0, total, step))
    assert isinstance(step, GradeParams)
    return replace(reel, made=_graded(reel.made, step, seed))


def fed(
    frames: Iterator[VideoFrame], fps: Fraction, total: int, steps: Sequence[object], seed: int
) -> tuple[Iterator[VideoFrame], Fraction, int]:
    """Normalised frames through the steps: frames, their rate, and how many there will be."""
    plain = map(settled, frames)
    if not steps:
        return plain, fps, total
    reel = Reel(fps, total, (picture_of(frame, "video") for frame in plain))
    for step in steps:
        reel = stepped(reel, step, seed)
    return map(stored_frame, reel.made), reel.fps, reel.total


def encodable(frames: Iterator[VideoFrame], params: EncodeParams) -> Iterator[VideoFrame]:
    """Frames in the form that ``video.encode`` gives to its encoder."""
    first = next(frames, None)
    if first is None:
        return
    flat = NormaliseParams(background=params.background, deinterlace="off")
    geometry = planned(first.width, first.height, Fraction(1), 0, False, flat)
    line = PictureLine(_look(first), geometry, pixel_format(params), "none", None, flat)
    for frame in chain([first], frames):
        for _, done in line.push(Fraction(0), frame):
            # An encoder takes it as an order.
            done.pict_type = PictureType.NONE
            yield done


def settled(frame: VideoFrame) -> VideoFrame:
    """A normalised frame with the tags that its file would have, and none of its past."""
    if round(frame.rotation / 90) % 4:
        frame = _copied(frame)
    rgb = frame.format.is_rgb
    frame.colorspace, frame.color_range = (_RGB, _FULL) if rgb else (_BT709, _LIMITED)
    frame.color_primaries = frame.color_trc = _BT709
    return frame


def _copied(frame: VideoFrame) -> VideoFrame:
    """The planes alone: a picture that stands upright must not be turned once more."""
    made = VideoFrame(frame.width, frame.height, frame.format.name)
    for old, new in zip(frame.planes, made.planes, strict=True):
        rows = np.frombuffer(old, np.uint8).reshape(-1, old.line_size)
        wide = min(old.line_size, new.line_size)
        room = np.zeros((new.buffer_size // new.line_size, new.line_size), np.uint8)
        room[: len(rows), :wide] = rows[: len(room), :wide]
        new.update(room.tobytes())
    return made


def _look(frame: VideoFrame) -> Look:
    rgb = frame.format.is_rgb
    return Look(
        first_s=Fraction(0),
        width=frame.width,
        height=frame.height,
        aspect=Fraction(1),
        turns=0,
        mirrored=False,
        askew=0,
        format=frame.format.name,
        matrix="bt709",
        full_range=rgb,
        transfer="sdr",
        gamut="bt709",
        peak_nits=0.0,
        flagged=False,
        found=None,
    )


def _enlarged(pictures: Iterator[Picture], params: EnlargeParams) -> Iterator[Picture]:
    for picture in pictures:
        size = params.size_for(picture.layout.width, picture.layout.height)
        yield enlarged(picture, *size, params.sharpness)


def _graded(pictures: Iterator[Picture], params: GradeParams, seed: int) -> Iterator[Picture]:
    grader: Grader | None = None
    for number, picture in enumerate(pictures):
        if grader is None:
            grader = Grader(look_for(params, None, picture.layout), params.grain_size, seed)
        yield grader.graded(picture, number)
