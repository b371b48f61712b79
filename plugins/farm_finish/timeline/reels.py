"""The pictures of a shot's source, in the size and place in which the shot shows them.

Invariant: picture ``n`` is the source's picture ``n`` whichever was asked for before. A film of the
frame's size and form passes to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

from farm.media.film import Film, film
from farm.media.picture import source_matrix, source_range
from farm.media.planes import Picture, frame_of
from farm_finish.timeline.model import Shot, Source, Timeline

Planes = list[NDArray[np.uint8]]
Shown = tuple[Planes, NDArray[np.float32] | None, tuple[int, int]]
"""Planes of 4:2:0 in BT.709; the share of each pixel that covers, ``None`` for all; the corner."""

_SCALING = Interpolation.BICUBIC | 0x40000 | 0x2000 | 0x80000
"""Bicubic; accurate rounding, full chroma when reading RGB, the same bits on any processor."""


class Reel(Protocol):
    """Where a shot's pictures come from."""

    def picture(self, number: int) -> Shown:
        """The source's picture of that number, placed."""

    def close(self) -> None:
        """Let go of the file."""


def fitted_size(shot: Shot, source: Source, timeline: Timeline) -> tuple[int, int]:
    """Even size in which a shot's pictures are shown."""
    ratios = (timeline.width / source.width, timeline.height / source.height)
    ratio = (max(ratios) if shot.fit == "fill" else min(ratios)) * shot.scale
    return tuple(max(2, round(size * ratio / 2) * 2) for size in (source.width, source.height))  # type: ignore[return-value]


class FilmReel:
    """Pictures of a film, read on from one to the next."""

    def __init__(self, path: Path, shot: Shot, source: Source, timeline: Timeline) -> None:
        self._size = fitted_size(shot, source, timeline)
        self._corner = _corner(shot, self._size, timeline)
        self._stack = ExitStack()
        self._film: Film = self._stack.enter_context(film(path, source.name))
        self._pictures: Iterator[Picture] = iter(())
        self._next = -1
        # Farther ahead than that it is sooner to begin at the last key frame before.
        self._far = source.key_every // 2
        self._held: tuple[int, Planes] | None = None

    def picture(self, number: int) -> Shown:
        if self._held is None or self._held[0] != number:
            if self._next < 0 or not 0 <= number - self._next <= self._far:
                self._pictures, self._next = self._film.pictures(number), number
            for picture in self._pictures:
                self._next += 1
                if self._next > number:
                    self._held = number, planes_of(frame_of_picture(picture), self._size)
                    break
            else:
                # The survey counted it, so the file changed or breaks off: says so itself.
                list(self._film.pictures(number, number + 1))
        assert self._held is not None
        return self._held[1], None, self._corner

    def close(self) -> None:
        self._stack.close()


class StillReel:
    """A picture that stands, with its transparency."""

    def __init__(self, path: Path, shot: Shot, source: Source, timeline: Timeline) -> None:
        from PIL import Image, ImageOps

        size = fitted_size(shot, source, timeline)
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image) or image
            resized = upright.convert("RGBA").resize(size, Image.Resampling.LANCZOS)
        values = np.asarray(resized)
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(values[..., :3]), format="rgb24")
        self._planes = planes_of(frame, size)
        cover = values[..., 3].astype(np.float32) / 255
        self._cover = None if cover.min() == 1 else cover
        self._corner = _corner(shot, size, timeline)

    def picture(self, number: int) -> Shown:
        return self._planes, self._cover, self._corner

    def close(self) -> None:
        self._planes = []


def frame_of_picture(picture: Picture) -> VideoFrame | Picture:
    """The picture itself where its planes can be shown as they are, else as a frame to convert."""
    layout = picture.layout
    matrix = layout.matrix if layout.matrix in (1, 2) else 0
    high = layout.height >= 720
    plain = layout.family == "yuv420p" and layout.depth == 8 and not layout.full
    even = layout.width % 2 == 0 and layout.height % 2 == 0
    ready = plain and even and (matrix == 1 or (matrix == 2 and high))
    return picture if ready else frame_of(picture)


def planes_of(source: VideoFrame | Picture, size: tuple[int, int]) -> Planes:
    """Planes (rows, columns) of 4:2:0 in limited-range BT.709, of that size."""
    if isinstance(source, Picture):
        if (source.layout.width, source.layout.height) == size:
            return [np.asarray(plane) for plane in source.planes]
        source = frame_of(source)
    frame = source.reformat(
        width=size[0],
        height=size[1],
        format="yuv420p",
        src_colorspace=source_matrix(source),
        dst_colorspace=Colorspace.ITU709,
        src_color_range=source_range(source),
        dst_color_range=ColorRange.MPEG,
        interpolation=_SCALING,
        threads=1,
    )
    planes = []
    for index, plane in enumerate(frame.planes):
        wide, high = (size[0], size[1]) if index == 0 else (size[0] // 2, size[1] // 2)
        planes.append(np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[:high, :wide])
    return planes


def _corner(shot: Shot, size: tuple[int, int], timeline: Timeline) -> tuple[int, int]:
    """The upper left corner, on even pixels, because colour has every second one only."""
    return (
        round((shot.x * timeline.width - size[0] / 2) / 2) * 2,
        round((shot.y * timeline.height - size[1] / 2) / 2) * 2,
    )
