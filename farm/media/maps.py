"""Films of 16-bit grey whose samples are measures and no colours.

Invariant: what is written is read back to the bit, by whatever reader: FFV1, gray16le, full range.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm.media import ffv1
from farm.media.source import opened, video_stream

Samples = NDArray[np.uint16]


def write_maps(path: Path, maps: Iterable[Samples], fps: Fraction) -> int:
    """Write uint16 (H, W) pictures to Matroska; the number of them. Raises InputError if none."""

    def frame(samples: Samples) -> VideoFrame:
        made = VideoFrame.from_ndarray(np.ascontiguousarray(samples), format="gray16le")
        made.color_range = 2
        return made

    def tag(context: VideoCodecContext) -> None:
        context.color_range = 2

    # FFV1 codes more than 8 bits by the range coder only.
    return ffv1.write(path, map(frame, maps), fps, tag, coder="1")


def read_maps(path: Path, label: str) -> Iterator[Samples]:
    """The pictures of such a film, uint16 (H, W). Raises InputError as ``opened`` does."""
    with opened(path, label) as container:
        for frame in container.decode(video_stream(container, label)):
            yield frame.to_ndarray(format="gray16le").astype(np.uint16, copy=False)
