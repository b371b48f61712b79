"""Frames as planes of numbers, and back, without touching a single one of them.

Invariant: a picture that goes through unchanged is the same to the bit, with the same pixel
format, matrix, range and tags; what these planes cannot hold is refused, never approximated.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm import InputError
from farm.media.picture import levelled, source_matrix, source_range

Plane = NDArray[Any]

# Luma weights of red and blue, by the scaler's matrix number.
_LUMA = {1: (0.2126, 0.0722), 4: (0.30, 0.11), 7: (0.212, 0.087)}
_BT601 = (0.299, 0.114)
_BT2020 = (0.2627, 0.0593)
_FAMILIES = {"yuv420p": (1, 1), "yuv422p": (1, 0), "yuv444p": (0, 0), "gbrp": (0, 0)}
_HIGH_DYNAMIC = (16, 18)  # PQ and HLG


@dataclass(frozen=True, slots=True)
class Layout:
    """How the numbers of a picture are to be read.

    family : ``yuv420p``, ``yuv422p``, ``yuv444p`` or ``gbrp``. depth : bits of a sample.
    luma : weights of red and blue. matrix, primaries, transfer : tags of the source, as numbers.
    """

    width: int
    height: int
    family: str
    depth: int = 8
    full: bool = False
    luma: tuple[float, float] = (0.2126, 0.0722)
    matrix: int = 2
    primaries: int = 2
    transfer: int = 2

    @property
    def rgb(self) -> bool:
        """Whether the planes are green, blue, red."""
        return self.family == "gbrp"

    @property
    def halving(self) -> tuple[int, int]:
        """How often the chroma planes are halved across and down: 0 or 1 each."""
        return _FAMILIES[self.family]

    @property
    def pixel_format(self) -> str:
        """The pixel format of the planes."""
        return self.family if self.depth == 8 else f"{self.family}{self.depth}le"

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Rows and columns of each plane."""
        across, down = self.halving
        chroma = ((self.height + down) >> down, (self.width + across) >> across)
        return [(self.height, self.width), chroma, chroma]

    @property
    def dtype(self) -> type[np.uint8] | type[np.uint16]:
        """Type of a sample."""
        return np.uint8 if self.depth == 8 else np.uint16

    def resized(self, width: int, height: int) -> Layout:
        """The same for another size."""
        return replace(self, width=width, height=height)


@dataclass(frozen=True, slots=True)
class Picture:
    """Planes (rows, columns) in the order Y, Cb, Cr or green, blue, red."""

    layout: Layout
    planes: tuple[Plane, Plane, Plane]


def picture_of(frame: VideoFrame, label: str) -> Picture:
    """The planes of a decoded frame, upright.

    Raises
    ------
    InputError : high dynamic range, interlaced fields, or pixels that are not square.
    """
    _refuse(frame, label)
    frame = levelled(frame)
    family, depth = _family(frame)
    full = source_range(frame).value == 2
    rgb = family == "gbrp"
    target = family if depth == 8 else f"{family}{depth}le"
    if frame.format.name not in (target, target.replace("yuv", "yuvj")):
        matrix, reach = source_matrix(frame), source_range(frame)
        frame = frame.reformat(
            format=target,
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=reach,
            dst_color_range=reach,
            threads=1,
        )
    code = source_matrix(frame).value
    tagged = int(frame.colorspace)
    layout = Layout(
        width=frame.width,
        height=frame.height,
        family=family,
        depth=depth,
        full=full or rgb,
        luma=_BT2020 if tagged in (9, 10) else _LUMA.get(code, _BT601),
        matrix=0 if rgb else tagged,
        primaries=int(frame.color_primaries),
        transfer=int(frame.color_trc),
    )
    planes = []
    for plane, shape in zip(frame.planes, layout.shapes, strict=True):
        rows = np.frombuffer(memoryview(plane), layout.dtype).reshape(plane.height, -1)
        planes.append(rows[: shape[0], : shape[1]])
    picture = Picture(layout, (planes[0], planes[1], planes[2]))
    quarter = round(frame.rotation / 90) % 4
    return _turned(picture, quarter) if quarter else picture


def frame_of(picture: Picture) -> VideoFrame:
    """A frame in the picture's own pixel format, tagged."""
    layout = picture.layout
    frame = VideoFrame(layout.width, layout.height, layout.pixel_format)
    for plane, values in zip(frame.planes, picture.planes, strict=True):
        wide = plane.line_size // layout.dtype().itemsize
        rows = np.zeros((plane.height, wide), layout.dtype)
        rows[: values.shape[0], : values.shape[1]] = values
        plane.update(rows.tobytes())
    frame.colorspace = layout.matrix
    frame.color_range = 2 if layout.full else 1
    frame.color_primaries, frame.color_trc = layout.primaries, layout.transfer
    return frame


def empty_planes(layout: Layout) -> tuple[Plane, Plane, Plane]:
    """Planes to be written, of the right shapes and type."""
    y, u, v = (np.empty(shape, layout.dtype) for shape in layout.shapes)
    return y, u, v


def _family(frame: VideoFrame) -> tuple[str, int]:
    name = frame.format.name.replace("yuvj", "yuv")
    bits = max(component.bits for component in frame.format.components)
    if frame.format.is_rgb or name.startswith("pal"):
        return "gbrp", bits if bits in (8, 10, 12) else 16
    depth = bits if bits in (8, 10, 12) else 16
    for family in ("yuv444p", "yuv422p", "yuv420p"):
        if name.startswith(family):
            return family, depth
    return ("yuv420p" if name.startswith(("nv", "p01", "gray")) else "yuv444p"), depth


def _turned(picture: Picture, quarter: int) -> Picture:
    layout, planes = picture.layout, picture.planes
    if quarter % 2 and layout.family == "yuv422p":
        # Turned 4:2:2 would be halved downwards, which no encoder here takes.
        y, u, v = planes
        wide_u, wide_v = (p.repeat(2, axis=1)[:, : layout.width] for p in (u, v))
        planes = (y, wide_u, wide_v)
        layout = replace(layout, family="yuv444p")
    size = (layout.height, layout.width) if quarter % 2 else (layout.width, layout.height)
    y, u, v = (np.ascontiguousarray(np.rot90(plane, quarter)) for plane in planes)
    return Picture(layout.resized(*size), (y, u, v))


def _refuse(frame: VideoFrame, label: str) -> None:
    got = ""
    if int(frame.color_trc) in _HIGH_DYNAMIC:
        got = "high dynamic range"
    elif frame.interlaced_frame:
        got = "interlaced fields"
    if got:
        raise InputError(
            "is not in the form that pictures are worked on",
            where=label,
            expected="progressive frames of standard dynamic range",
            got=got,
            mend="Normalise it first (media.normalise).",
            code="frames.form",
        )
