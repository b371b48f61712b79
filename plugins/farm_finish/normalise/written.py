"""The files between stages: FFV1 in Matroska, and FLAC.

Invariant: nothing is lost, every frame stands alone, and the same pictures and samples give the
same bytes: one thread, no dates, no library versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm.media import ffv1

RATE = 48_000
BLOCK = 4096
_EXACT = {"fflags": "+bitexact"}
_DEEP = 1 << 23


def write_video(path: Path, frames: Iterable[VideoFrame], fps: Fraction) -> int:
    """Write frames of one size and format at a constant rate, tagged BT.709; gives their number."""
    count = 0
    with av.open(str(path), "w", format="matroska", options=dict(_EXACT)) as out:
        stream = out.add_stream("ffv1", rate=fps)
        context = stream.codec_context
        context.thread_count = 1
        for frame in frames:
            if count == 0:
                stream.width, stream.height = frame.width, frame.height
                stream.pix_fmt = frame.format.name
                context.time_base = 1 / fps
                how = ffv1.options(frame.width, frame.height, frame.format.name)
                context.options = {**how, "flags": "+bitexact"}
                rgb = av.VideoFormat(frame.format.name).is_rgb
                context.colorspace, context.color_range = (0, 2) if rgb else (1, 1)
                context.color_primaries = context.color_trc = 1
            frame.pts, frame.time_base = count, 1 / fps
            count += 1
            out.mux(stream.encode(frame))
        if count:
            out.mux(stream.encode(None))
    return count


def write_audio(path: Path, parts: Iterable[NDArray[np.float32]]) -> int:
    """Write float samples (2, n) at 48 kHz as FLAC of 24 bits; gives the number of samples."""
    count = 0
    with av.open(str(path), "w", format="flac", options=dict(_EXACT)) as out:
        stream = out.add_stream("flac", rate=RATE, layout="stereo", options={"flags": "+bitexact"})
        stream.codec_context.format = "s32"
        stream.codec_context.thread_count = 1
        for block in blocks(parts):
            # Exact for sources of up to 24 bits.
            whole = np.clip(np.rint(block.astype(np.float64) * _DEEP), -_DEEP, _DEEP - 1)
            packed = np.ascontiguousarray((whole.astype(np.int32) << 8).T).reshape(1, -1)
            frame = AudioFrame.from_ndarray(packed, format="s32", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = RATE, count, Fraction(1, RATE)
            count += block.shape[1]
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return count


def blocks(parts: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """The same samples in blocks of 4096; the last may be shorter."""
    rest = np.zeros((2, 0), np.float32)
    for part in parts:
        rest = np.concatenate([rest, part], axis=1) if rest.shape[1] else part
        whole = rest.shape[1] // BLOCK * BLOCK
        for at in range(0, whole, BLOCK):
            yield rest[:, at : at + BLOCK]
        rest = rest[:, whole:]
    if rest.shape[1]:
        yield rest
