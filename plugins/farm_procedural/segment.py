"""One window of a film as a closed group of pictures that can be joined by packet copy.

Invariant: the bytes depend on the frames, the size, the rate and the encoder options, never on the
number of cores or what lies in memory: one encoder thread, no AVX-512 in the encoder, and no
version, date or name in the container.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from llvmlite.binding import get_host_cpu_features
from numpy.typing import NDArray

from farm_procedural.render.planes import Planes

BT709 = 1
LIMITED = 1


def encode_segment(
    path: Path,
    render: Callable[[int, Planes], None],
    frames: Iterable[int],
    *,
    size: tuple[int, int],
    fps: int,
    crf: int,
    preset: str,
) -> int:
    """Render and encode ``frames`` into an MP4 of H.264 at ``path``; returns how many there are."""
    width, height = size
    params = f"open-gop=0:aq-mode=3{_plain_vectors()}"
    options = {"preset": preset, "crf": str(crf), "x264-params": params}
    count = 0
    with av.open(str(path), "w", format="mp4", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.thread_count = 1
        context.thread_type = "FRAME"
        context.time_base = Fraction(1, fps)
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED
        for number in frames:
            frame = VideoFrame(width, height, "yuv420p")
            render(number, _planes(frame))
            frame.pts = count
            frame.time_base = Fraction(1, fps)
            for packet in stream.encode(frame):
                container.mux(packet)
            count += 1
        for packet in stream.encode(None):
            container.mux(packet)
    return count


@cache
def _plain_vectors() -> str:
    """Keeps the encoder from AVX-512: with it, the same small frames gave other bytes from run to
    run (its macroblock tree reads past its rows); SSE4.2 to AVX2 agree to the bit."""
    return ":asm=avx2" if get_host_cpu_features().get("avx512f") else ""


def _planes(frame: VideoFrame) -> Planes:
    """The frame's own memory as arrays: the renderer writes where the encoder reads."""
    views: list[NDArray[np.uint8]] = []
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        views.append(rows[: plane.height, : plane.width])
    return Planes(*views)
