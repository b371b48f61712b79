"""Single pictures as PNG.

Invariant: the samples of the picture, with no date and no library's name in the file.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from av.codec.context import CodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation

from farm.media.picture import source_matrix
from farm.media.planes import Picture, frame_of

_PRECISE = Interpolation.BICUBIC | 0x40000 | 0x2000 | 0x80000


def write_png(path: Path, picture: Picture) -> None:
    """Write a picture, of 8 bits a sample or else of 16."""
    frame = frame_of(picture)
    wide = picture.layout.depth > 8
    path.write_bytes(
        png(
            frame.reformat(
                format="rgb48be" if wide else "rgb24",
                src_colorspace=source_matrix(frame),
                src_color_range=ColorRange.JPEG if picture.layout.full else ColorRange.MPEG,
                dst_color_range=ColorRange.JPEG,
                interpolation=_PRECISE,
                threads=1,
            )
        )
    )


def png(frame: VideoFrame) -> bytes:
    """A frame in a pixel format that PNG has."""
    context = CodecContext.create("png", "w")
    context.width, context.height, context.pix_fmt = frame.width, frame.height, frame.format.name
    context.time_base = Fraction(1, 25)
    context.thread_count = 1
    context.options = {"flags": "+bitexact"}
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    return b"".join(bytes(packet) for packet in [*context.encode(frame), *context.encode(None)])
