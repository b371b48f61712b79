"""Films with alpha, plane by plane: luma, two chromas at half the size, and coverage.

Invariant: BT.709, limited range, straight alpha, FFV1 in Matroska; a film without alpha has three
planes and is otherwise the same; what is written is read back to the bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from farm.media import ffv1
from farm.media.between import Motion
from farm.media.film import Film, film
from farm.media.picture import source_matrix, source_range
from farm.media.planes import Layout, Picture

Plane = NDArray[np.uint8]
Planes = tuple[Plane, ...]
"""Luma (H, W), two chromas (H/2, W/2), and coverage (H, W) where there is alpha."""


@dataclass(frozen=True, slots=True)
class AlphaFilm:
    """An open film whose frames are planes."""

    film: Film

    @property
    def fps(self) -> Fraction:
        """Frames per second."""
        return self.film.fps

    def frames(self) -> Iterator[Planes]:
        """Every frame. Raises InputError as :class:`Film` does."""
        for frame in self.film.frames():
            yield planes_of(frame)


@contextmanager
def alpha_film(path: Path, label: str) -> Iterator[AlphaFilm]:
    """The film at ``path``, open. Raises InputError as :func:`farm.media.film.film` does."""
    with film(path, label) as source:
        yield AlphaFilm(source)


def planes_of(frame: VideoFrame) -> Planes:
    """The planes of any frame; alpha only where its form has one."""
    alpha = any(part.is_alpha for part in frame.format.components)
    target = "yuva420p" if alpha else "yuv420p"
    if (
        frame.format.name != target
        or source_matrix(frame) != Colorspace.ITU709
        or source_range(frame) != ColorRange.MPEG
    ):
        frame = frame.reformat(
            format=target,
            src_colorspace=source_matrix(frame),
            dst_colorspace=Colorspace.ITU709,
            src_color_range=source_range(frame),
            dst_color_range=ColorRange.MPEG,
            threads=1,
        )
    return tuple(
        np.frombuffer(memoryview(plane), np.uint8)
        .reshape(-1, plane.line_size)[: plane.height, : plane.width]
        .copy()
        for plane in frame.planes
    )


def frame_of(planes: Planes) -> VideoFrame:
    """A tagged frame of planes; of odd sizes nothing is known here."""
    height, width = planes[0].shape
    frame = VideoFrame(width, height, "yuva420p" if len(planes) == 4 else "yuv420p")
    for plane, values in zip(frame.planes, planes, strict=True):
        if plane.line_size == values.shape[1]:
            plane.update(np.ascontiguousarray(values))
        else:
            rows = np.zeros((plane.height, plane.line_size), np.uint8)
            rows[:, : values.shape[1]] = values
            plane.update(rows)
    frame.colorspace, frame.color_range = 1, 1
    frame.color_primaries, frame.color_trc = 1, 1
    return frame


def write_planes(path: Path, frames: Iterable[Planes], fps: Fraction) -> int:
    """Write frames to Matroska; the number of them. Raises InputError if there is none."""

    def tag(context: VideoCodecContext) -> None:
        context.colorspace, context.color_range = 1, 1
        context.color_primaries, context.color_trc = 1, 1

    return ffv1.write(path, map(frame_of, frames), fps, tag)


def between(one: Planes, two: Planes, share: float) -> Planes:
    """What is seen a share of the way from one frame to the next, 0 to 1, along their motion."""
    height, width = one[0].shape
    layout = Layout(width, height, "yuv420p", matrix=1, primaries=1, transfer=1)
    motion = Motion.of(_picture(layout, *one[:3]), _picture(layout, *two[:3]))
    made = motion.picture(share).planes
    if len(one) == 3:
        return made
    # Coverage goes where the picture goes: the motion is measured once, and carries both.
    cover = replace(
        motion,
        first=_picture(layout, one[3], *one[1:3]),
        second=_picture(layout, two[3], *two[1:3]),
    )
    return (*made, cover.picture(share).planes[0])


def _picture(layout: Layout, luma: Plane, blue: Plane, red: Plane) -> Picture:
    return Picture(layout, (luma, blue, red))
