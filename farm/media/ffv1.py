"""How FFV1 is set up: a picture stands alone, is protected by checksums, and takes little memory.

Invariant: what is written is read back to the bit; the settings follow from size and pixel format
alone.

FFV1's version 3 (RFC 9043) is what every reader knows. Its encoder asks for a buffer of twenty to a
hundred bytes a pixel and touches all of it, which at 4K is 260 to 800 MB; version 4, which FFmpeg
calls experimental, asks for little more than the picture. It is taken where version 3 would need
too much: beyond 1440p.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
from av import VideoFormat
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from farm.domain.errors import InputError

LARGEST_BUFFER = 200 << 20
"""Bytes that version 3 may ask for; no picture of 1080p needs more."""
_LARGEST_SLICE = 8 << 24


def write(
    path: Path,
    frames: Iterable[VideoFrame],
    fps: Fraction,
    tag: Callable[[VideoCodecContext], None],
    **settings: str,
) -> int:
    """Write frames of one form to Matroska, every one a key frame; the number of them.

    tag : sets how colours are to be read. settings : of the encoder, instead of :func:`options`.

    Raises
    ------
    InputError : there is no frame.
    """
    written = 0
    with av.open(str(path), "w", format="matroska", options={"fflags": "+bitexact"}) as output:
        stream: VideoStream | None = None
        for frame in frames:
            if stream is None:
                width, height, form = frame.width, frame.height, frame.format.name
                how = options(width, height, form) | settings
                stream = output.add_stream("ffv1", rate=fps, options=how)
                stream.width, stream.height, stream.pix_fmt = width, height, form
                context = stream.codec_context
                context.thread_count, context.time_base = 1, 1 / fps
                tag(context)
                context.flags |= 0x800000  # Bit-exact: no library version in the file.
            frame.pts, frame.time_base = written, 1 / fps
            for packet in stream.encode(frame):
                output.mux(packet)
            written += 1
        if stream is None:
            raise no_frames("video")
        for packet in stream.encode(None):
            output.mux(packet)
    return written


def no_frames(label: str) -> InputError:
    """The complaint about a film without a picture."""
    return InputError(
        "has no frames",
        where=label,
        mend="Send a video with at least one picture.",
        code="media.no-frames",
    )


def options(width: int, height: int, pixel_format: str) -> dict[str, str]:
    """Settings of the encoder for pictures of that form."""
    form = VideoFormat(pixel_format)
    bits = max(part.bits for part in form.components)
    samples = width * height
    for part in form.components[1:]:
        thin = not part.is_luma and not part.is_alpha and not form.is_rgb
        samples += form.chroma_width(width) * form.chroma_height(height) if thin else width * height
    # Codes of Golomb and Rice: as small as the range coder's for a film, and read in half the time.
    settings = {"g": "1", "slicecrc": "1", "coder": "0", "context": "0"}
    settings["slices"] = _slices(width, height, form)
    if samples * (2 * bits + 5 + 2 * form.is_rgb) <= LARGEST_BUFFER:
        return settings | {"level": "3"}
    return settings | {"level": "4", "strict": "experimental"}


def _slices(width: int, height: int, form: VideoFormat) -> str:
    """How many slices are needed: those that are too large are refused."""
    bits = width * height * sum(part.bits + 1 for part in form.components)
    return next((str(count) for count in (4, 16) if bits < count * _LARGEST_SLICE), "30")
