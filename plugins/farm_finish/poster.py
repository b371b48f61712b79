"""The stage ``image.poster``: one frame that tells what the film is about.

Invariant: among a few frames after the first tenth, the one with most to see wins; a black, white
or flat one wins only when there is nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.codec.context import CodecContext
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from farm import InputError, Result, Task
from farm.media.picture import (
    delivery_size,
    levelled,
    source_matrix,
    source_range,
    standing,
)
from farm.media.source import frame_rate, opened, video_stream
from farm_finish.deliver.reading import Wanted, upright
from farm_finish.normalise.look import orientation
from farm_finish.params import PosterParams

CANDIDATES = (0.10, 0.25, 0.40, 0.55, 0.70, 0.85)
LONGEST_WALK = 600
"""Frames decoded at most to reach one candidate behind its key frame."""


def run(task: Task[PosterParams]) -> Result:
    """Write the poster of ``video`` to ``image``."""
    target: Path = task.output("image", ".jpg")
    best: VideoFrame | None = None
    best_score = -1.0
    with opened(task.input("video").path, "video") as container:
        stream = video_stream(container, "video")
        for index, frame in enumerate(_candidates(container, stream)):
            task.progress(index, len(CANDIDATES), f"candidate {index + 1}")
            score = interest(frame)
            if score > best_score:
                best, best_score = frame, score
        if best is None:
            raise InputError(
                "has no frames",
                where="video",
                mend="Send a video with at least one picture.",
                code="media.no-frames",
            )
    with upright(task.input("video").path, Wanted(lambda _: "rgb24")) as film:
        # A new frame: the converted one still carries the turns that it was given.
        picture = film.open.converted(best).to_ndarray()
    target.write_bytes(jpeg(VideoFrame.from_ndarray(picture, format="rgb24"), task.params.width))
    task.progress(1, 1)
    return {"image": target}


def interest(frame: VideoFrame) -> float:
    """How much there is to see: contrast and detail, less when nearly all is black or white."""
    small = frame.reformat(width=160, height=90, format="gray").to_ndarray().astype(np.float64)
    detail = np.abs(np.diff(small, axis=0)).mean() + np.abs(np.diff(small, axis=1)).mean()
    mean = small.mean()
    exposed = np.clip((mean - 12) / 30, 0.05, 1.0) * np.clip((250 - mean) / 20, 0.05, 1.0)
    return float((small.std() + 4 * detail) * exposed)


def jpeg(frame: VideoFrame, width: int = 0) -> bytes:
    """A frame, upright, as JPEG in high quality; ``width`` 0 keeps its size."""
    turns, mirrored, _ = orientation(frame)
    frame = levelled(frame)
    turned = turns % 2 == 1
    across, down = (frame.height, frame.width) if turned else (frame.width, frame.height)
    scale = Fraction(width, across) if width else Fraction(1)
    size = delivery_size(round(across * scale), round(down * scale))
    # JPEG files are BT.601, full range, whatever the film was.
    picture = frame.reformat(
        width=size[1] if turned else size[0],
        height=size[0] if turned else size[1],
        format="yuvj420p",
        src_colorspace=source_matrix(frame),
        dst_colorspace=Colorspace.ITU601,
        src_color_range=source_range(frame),
        dst_color_range=ColorRange.JPEG,
        threads=1,
    )
    picture = standing(picture, turns, mirrored)
    context = CodecContext.create("mjpeg", "w")
    context.width, context.height, context.pix_fmt = picture.width, picture.height, "yuvj420p"
    context.time_base = Fraction(1, 25)
    context.thread_count = 1
    context.options = {"qmin": "2", "qmax": "2", "flags": "+bitexact"}
    picture.pts, picture.time_base = 0, Fraction(1, 25)
    packets = [*context.encode(picture), *context.encode(None)]
    return b"".join(bytes(packet) for packet in packets)


def _candidates(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    base = stream.time_base or Fraction(1, 1000)
    start = stream.start_time or 0
    length = stream.duration
    if not length and container.duration:
        length = round(Fraction(container.duration, 1_000_000) / base)
    if not length:
        yield from _unindexed(container, stream)
        return
    slack = 1 / (2 * frame_rate(stream) * base)
    for share in CANDIDATES:
        goal = start + int(length * share)
        container.seek(goal, stream=stream, backward=True)
        reached = None
        for walked, frame in enumerate(container.decode(stream)):
            reached = frame
            if (frame.pts is not None and frame.pts + slack >= goal) or walked >= LONGEST_WALK:
                break
        if reached is not None:
            yield reached


def _unindexed(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """Every eighth of the first frames, when the file does not tell its length."""
    for index, frame in enumerate(container.decode(stream)):
        if index % 8 == 0:
            yield frame
        if index >= LONGEST_WALK:
            return
