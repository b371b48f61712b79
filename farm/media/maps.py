"""Films of 16-bit grey whose samples are measures and no colours.

Invariant: what is written is read back to the bit, by whatever reader: FFV1, gray16le, full range.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from farm.media import ffv1
from farm.media.film import no_frames
from farm.media.source import opened, video_stream

Samples = NDArray[np.uint16]


def write_maps(path: Path, maps: Iterable[Samples], fps: Fraction) -> int:
    """Write uint16 (H, W) pictures to Matroska; the number of them. Raises InputError if none."""
    written = 0
    with av.open(str(path), "w", format="matroska", options={"fflags": "+bitexact"}) as output:
        stream: VideoStream | None = None
        for samples in maps:
            height, width = samples.shape
            if stream is None:
                options = ffv1.options(width, height, "gray16le") | {"coder": "1"}
                stream = output.add_stream("ffv1", rate=fps, options=options)
                stream.width, stream.height, stream.pix_fmt = width, height, "gray16le"
                stream.codec_context.thread_count = 1
                stream.codec_context.time_base = 1 / fps
                stream.codec_context.color_range = 2
                stream.codec_context.flags |= 0x800000  # Bit-exact: no library version in the file.
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(samples), format="gray16le")
            frame.color_range = 2
            frame.pts, frame.time_base = written, 1 / fps
            for packet in stream.encode(frame):
                output.mux(packet)
            written += 1
        if stream is None:
            raise no_frames("video")
        for packet in stream.encode(None):
            output.mux(packet)
    return written


def read_maps(path: Path, label: str) -> Iterator[Samples]:
    """The pictures of such a film, uint16 (H, W). Raises InputError as ``opened`` does."""
    with opened(path, label) as container:
        for frame in container.decode(video_stream(container, label)):
            yield frame.to_ndarray(format="gray16le").astype(np.uint16, copy=False)
