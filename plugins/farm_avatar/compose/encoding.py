"""A scene as a segment of H.264 that is joined to the next by copying packets.

Invariant: the bytes depend on the frames and the settings alone (one thread, no AVX-512, no date,
name or version), the first frame is an instantaneous refresh, and no group of pictures is open.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
from av.video.frame import VideoFrame
from llvmlite.binding import get_host_cpu_features

from farm_avatar.compose.params import ComposeParams
from farm_avatar.compose.planes import Planes, views_of

_GROUP_S = 4
BT709, LIMITED = 1, 1


def encode(
    path: Path,
    size: tuple[int, int],
    fps: int,
    frames: int,
    params: ComposeParams,
    draw: Callable[[int, Planes], None],
) -> None:
    """Draw and encode ``frames`` frames to an MP4. draw : writes frame ``n`` to planes."""
    # Without B-frames a packet's place is its frame's, in any player and at any seam.
    own = f"open-gop=0:bframes=0:aq-mode=3:keyint={_GROUP_S * fps}{_plain_vectors()}"
    options = {"preset": params.preset, "crf": str(params.crf), "x264-params": own}
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as output:
        stream = output.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        context = stream.codec_context
        context.thread_count, context.thread_type = 1, "FRAME"
        context.time_base = Fraction(1, fps)
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED
        for number in range(frames):
            frame = VideoFrame(*size, "yuv420p")
            draw(number, Planes(*views_of(frame)))
            frame.pts, frame.time_base = number, Fraction(1, fps)
            for packet in stream.encode(frame):
                output.mux(packet)
        for packet in stream.encode(None):
            output.mux(packet)


@cache
def _plain_vectors() -> str:
    """Keeps the encoder from AVX-512, with which the same small frames gave other bytes from run to
    run; SSE4.2 to AVX2 agree to the bit."""
    return ":asm=avx2" if get_host_cpu_features().get("avx512f") else ""
