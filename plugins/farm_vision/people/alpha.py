"""Films with alpha: colours and how much of each pixel is there.

Invariant: what is written is read back to the bit: 8 bits a sample, full range, alpha straight.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from farm.media import ffv1
from farm.media.film import no_frames


def write_alpha(path: Path, pictures: Iterable[NDArray[np.uint8]], fps: Fraction) -> int:
    """Write uint8 (H, W, 4), blue, green, red and alpha, as FFV1 in Matroska; the number of them."""
    written = 0
    with av.open(str(path), "w", format="matroska", options={"fflags": "+bitexact"}) as output:
        stream: VideoStream | None = None
        for pixels in pictures:
            height, width = pixels.shape[:2]
            if stream is None:
                stream = output.add_stream(
                    "ffv1", rate=fps, options=ffv1.options(width, height, "bgra")
                )
                stream.width, stream.height, stream.pix_fmt = width, height, "bgra"
                stream.codec_context.thread_count = 1
                stream.codec_context.time_base = 1 / fps
                stream.codec_context.flags |= 0x800000  # Bit-exact: no library version in the file.
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="bgra")
            frame.pts, frame.time_base = written, 1 / fps
            for packet in stream.encode(frame):
                output.mux(packet)
            written += 1
        if stream is None:
            raise no_frames("video")
        for packet in stream.encode(None):
            output.mux(packet)
    return written
