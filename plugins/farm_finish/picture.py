"""Frames of any kind made ready for delivery: upright, even, 4:2:0, BT.709.

Invariant: the colours that were meant are the colours that are shown: the matrix and range of the
source are honoured, and an untagged source is read the way players read it.
"""

from __future__ import annotations

import numpy as np
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


def source_matrix(frame: VideoFrame) -> Colorspace:
    """The matrix a frame was made with; untagged: BT.709 from 720 lines on, else BT.601."""
    if frame.colorspace in _MATRICES:
        return _MATRICES[frame.colorspace]
    return Colorspace.ITU709 if frame.height >= 720 else Colorspace.ITU601


def source_range(frame: VideoFrame) -> ColorRange:
    """Full or limited range of a frame."""
    full = frame.color_range == 2 or frame.format.name.startswith(("yuvj", "gray", "rgb", "gbr"))
    return ColorRange.JPEG if full else ColorRange.MPEG


def delivery_size(width: int, height: int) -> tuple[int, int]:
    """The even size a picture is delivered in: 4:2:0 has no odd ones."""
    return max(2, width // 2 * 2), max(2, height // 2 * 2)


def delivery_frame(frame: VideoFrame) -> VideoFrame:
    """The frame as ``yuv420p`` in limited-range BT.709, upright and of even size."""
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
    return upright(ready, frame.rotation)


def upright(frame: VideoFrame, rotation: int) -> VideoFrame:
    """A planar 4:2:0 frame turned by the container's rotation (degrees, counter-clockwise)."""
    quarter = round(rotation / 90) % 4
    if quarter == 0:
        return frame
    planes = []
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        planes.append(np.rot90(rows[: plane.height, : plane.width], quarter))
    height, width = planes[0].shape
    flat = np.concatenate([plane.reshape(-1) for plane in planes])
    turned = VideoFrame.from_ndarray(flat.reshape(height * 3 // 2, width), format=frame.format.name)
    turned.colorspace, turned.color_range = frame.colorspace, frame.color_range
    return turned
