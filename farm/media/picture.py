"""Frames of any kind made ready for delivery: upright, even, 4:2:0, BT.709.

Invariant: the colours that were meant are the colours that are shown: the matrix and range of the
source are honoured, and an untagged source is read the way players read it.
"""

from __future__ import annotations

import struct

import numpy as np
from av.sidedata.sidedata import Type as SideData
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation

# AVColorSpace values of a frame to the scaler's matrices.
_MATRICES = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.SMPTE170M,
    7: Colorspace.SMPTE240M,
}
_PRECISE = Interpolation.BICUBIC | 0x40000 | 0x2000 | 0x80000
"""Bicubic; accurate rounding, full chroma when reading RGB, the same bits on any processor."""


def orientation(frame: VideoFrame) -> tuple[int, bool, int]:
    """Quarter turns counter-clockwise, mirrored first, and the degrees that are no quarter."""
    matrix = side_data(frame).get(SideData.DISPLAYMATRIX, b"")
    if len(matrix) >= 36:
        # It maps (x, y) to (ax + cy, bx + dy).
        a, b, _, c, d, *_ = struct.unpack("=9i", matrix[:36])
        if a * d - b * c < 0:
            return _quarter(-a, -b), True, 0
    rotation = frame.rotation
    turns = round(rotation / 90) % 4
    askew = (rotation - 90 * round(rotation / 90) + 180) % 360 - 180
    return turns, False, askew


def side_data(frame: VideoFrame) -> dict[SideData, bytes]:
    """What the file says beside a picture, by kind; empty where PyAV cannot read it."""
    try:
        return {data.type: bytes(data) for data in frame.side_data}  # type: ignore
    except ValueError:
        # A type that PyAV has no name for (EXIF) hides all others; photos have no others.
        return {}


def _quarter(a: int, b: int) -> int:
    if abs(a) >= abs(b):
        return 0 if a > 0 else 2
    return 3 if b > 0 else 1


def source_matrix(frame: VideoFrame) -> Colorspace:
    """The matrix a frame was made with; untagged: BT.709 from 720 lines on, else BT.601."""
    if frame.colorspace in _MATRICES:
        return _MATRICES[frame.colorspace]
    return Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601


def source_range(frame: VideoFrame) -> ColorRange:
    """Full or limited range of a frame; an untagged grey is full."""
    name = frame.format.name
    full = frame.color_range == 2 or name.startswith(("yuvj", "rgb", "gbr"))
    grey = name.startswith(("gray", "ya")) and frame.color_range != 1
    return ColorRange.JPEG if full or grey else ColorRange.MPEG


def levelled(frame: VideoFrame) -> VideoFrame:
    """A grey of limited range as 4:2:0 of limited range; any other frame as it is.

    The scaler takes every grey for full range: told full twice, it leaves the levels alone.
    """
    if not frame.format.name.startswith("gray") or source_range(frame) == ColorRange.JPEG:
        return frame
    full = ColorRange.JPEG
    ready = frame.reformat(
        format="yuv420p" if frame.format.components[0].bits == 8 else "yuv420p10le",
        src_color_range=full,
        dst_color_range=full,
        threads=1,
    )
    ready.color_range, ready.colorspace = ColorRange.MPEG, source_matrix(frame)
    return ready


def delivery_size(width: int, height: int) -> tuple[int, int]:
    """The even size a picture is delivered in: 4:2:0 has no odd ones."""
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


def delivery_frame(frame: VideoFrame) -> VideoFrame:
    """The frame as ``yuv420p`` in limited-range BT.709, upright and of even size."""
    turns, mirrored, _ = orientation(frame)
    frame = levelled(frame)
    width, height = delivery_size(frame.width, frame.height)
    plain = (
        frame.format.name == "yuv420p"
        and (width, height) == (frame.width, frame.height)
        and source_matrix(frame) == Colorspace.ITU709
        and source_range(frame) == ColorRange.MPEG
    )
    ready = frame
    if not plain:
        ready = frame.reformat(
            width=width,
            height=height,
            format="yuv420p",
            src_colorspace=source_matrix(frame),
            dst_colorspace=Colorspace.ITU709,
            src_color_range=source_range(frame),
            dst_color_range=ColorRange.MPEG,
            interpolation=_PRECISE,
            threads=1,
        )
    return standing(ready, turns, mirrored)


def standing(frame: VideoFrame, turns: int, mirrored: bool) -> VideoFrame:
    """A planar 4:2:0 frame of 8 bits, mirrored (left and right), then turned (quarter turns,
    counter-clockwise)."""
    if not turns and not mirrored:
        return frame
    planes = []
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        pixels = rows[: plane.height, : plane.width]
        planes.append(np.rot90(pixels[:, ::-1] if mirrored else pixels, turns))
    height, width = planes[0].shape
    flat = np.concatenate([plane.reshape(-1) for plane in planes])
    turned = VideoFrame.from_ndarray(flat.reshape(height * 3 // 2, width), format=frame.format.name)
    turned.colorspace, turned.color_range = frame.colorspace, frame.color_range
    return turned
