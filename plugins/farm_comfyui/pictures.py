"""Pictures and films as a server is to get them: of an exact size, rate and number of frames.

Invariant: the same film prepared in the same way gives the same bytes, because the client knows an
upload by its content.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.codec.context import CodecContext, Flags
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

from farm import InputError
from farm.media.picture import levelled, source_matrix, source_range
from farm_comfyui.bound import Preparation

Rgb = NDArray[np.uint8]
"""uint8 (H, W, 3), RGB 0-255."""

_PRECISE = Interpolation.LANCZOS | 0x40000 | 0x2000 | 0x80000
"""Accurate rounding, full chroma when reading RGB, the same bits on any processor."""
CRF = "8"
"""Far above what a model can tell from the original, at a tenth of a lossless upload."""


def rgb_of(frame: VideoFrame) -> Rgb:
    """A decoded frame in full-range RGB."""
    frame = levelled(frame)
    full = frame.reformat(
        format="rgb24",
        src_colorspace=source_matrix(frame),
        src_color_range=source_range(frame),
        dst_color_range=ColorRange.JPEG,
        interpolation=_PRECISE,
        threads=1,
    )
    return np.asarray(full.to_ndarray(), np.uint8)


def fitted(picture: Rgb, width: int | None, height: int | None, fit: str) -> Rgb:
    """The picture at that size: ``cover`` crops its centre, ``contain`` pads it with black,
    ``stretch`` distorts it, ``keep`` leaves it alone."""
    if fit == "keep" or width is None or height is None:
        return picture
    high, wide = picture.shape[:2]
    if (wide, high) == (width, height):
        return picture
    if fit == "cover":
        picture = _cropped(picture, width, height)
    elif fit == "contain":
        picture = _padded(picture, width, height)
    scaled = VideoFrame.from_ndarray(picture, format="rgb24").reformat(
        width=width, height=height, format="rgb24", interpolation=_PRECISE, threads=1
    )
    return np.asarray(scaled.to_ndarray(), np.uint8)


def cropped_share(wide: int, high: int, width: int, height: int) -> float:
    """Share of a picture's area that ``cover`` cuts away, 0 to 1."""
    source, target = wide / high, width / height
    return 1.0 - min(source, target) / max(source, target)


def resampled(
    frames: Iterable[VideoFrame], fps: Fraction, to_fps: int | None, total: int | None
) -> Iterator[VideoFrame]:
    """For each moment of the new rate the frame nearest in time; then exactly ``total``: cut, or the
    last one repeated."""
    rate = Fraction(to_fps) if to_fps else fps
    due, last = 0, None
    for number, frame in enumerate(frames):
        last = frame
        # Moment k lies nearest to frame n while k / rate < (n + 1/2) / fps.
        while due * fps * 2 < (2 * number + 1) * rate:
            if total is not None and due >= total:
                return
            yield frame
            due += 1
    if last is None:
        raise InputError(
            "has no frames", where="video", mend="Send a whole video.", code="comfy.invalid-format"
        )
    for _ in range(due, total or due):
        yield last


def write_png(path: Path, picture: Rgb) -> None:
    """One picture, without a date in it."""
    context = CodecContext.create("png", "w")
    context.width, context.height = picture.shape[1], picture.shape[0]
    context.pix_fmt, context.time_base, context.thread_count = "rgb24", Fraction(1, 25), 1
    frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    packets = chain(context.encode(frame), context.encode(None))
    path.write_bytes(b"".join(bytes(packet) for packet in packets))


def write_mp4(path: Path, pictures: Iterable[Rgb], fps: Fraction, crf: str = CRF) -> int:
    """H.264, by default as good as the original, with its index in front; the number of frames."""
    written = 0
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as container:
        stream = None
        for picture in pictures:
            if stream is None:
                high, wide = picture.shape[:2]
                options = {"crf": crf, "preset": "veryfast", "bf": "0", "threads": "1"}
                stream = container.add_stream("libx264", rate=fps, options=options)
                stream.width, stream.height = wide - wide % 2, high - high % 2
                stream.pix_fmt = "yuv420p"
                context = stream.codec_context
                context.colorspace, context.color_range = 1, 1
                context.color_primaries, context.color_trc = 1, 1
                context.flags |= Flags.bitexact
                container.flags |= 0x400  # Bit-exact: no library version in the file.
            frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24").reformat(
                width=stream.width,
                height=stream.height,
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
                interpolation=_PRECISE,
                threads=1,
            )
            frame.pts, frame.time_base = written, 1 / fps
            container.mux(stream.encode(frame))
            written += 1
        if stream is not None:
            container.mux(stream.encode(None))
    return written


def prepared(frames: Iterable[VideoFrame], fps: Fraction, how: Preparation) -> Iterator[Rgb]:
    """The frames of a film as ``how`` says, one by one."""
    total = 1 if how.kind == "image" else how.frames
    for frame in resampled(frames, fps, how.fps, total):
        yield fitted(rgb_of(frame), how.width, how.height, how.fit)


def _cropped(picture: Rgb, width: int, height: int) -> Rgb:
    high, wide = picture.shape[:2]
    across = min(wide, max(1, round(high * width / height)))
    down = min(high, max(1, round(wide * height / width)))
    left, top = (wide - across) // 2, (high - down) // 2
    return np.ascontiguousarray(picture[top : top + down, left : left + across])


def _padded(picture: Rgb, width: int, height: int) -> Rgb:
    high, wide = picture.shape[:2]
    across, down = max(wide, round(high * width / height)), max(high, round(wide * height / width))
    whole = np.zeros((down, across, 3), np.uint8)
    left, top = (across - wide) // 2, (down - high) // 2
    whole[top : top + high, left : left + wide] = picture
    return whole
