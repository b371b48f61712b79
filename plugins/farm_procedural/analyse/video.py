"""The stage ``video.analyse``: any video file becomes an analysis.

Invariant: a film is decoded once, without the deblocking that no measure needs; every frame counts.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.resampler import AudioResampler
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream
from numpy.typing import NDArray

from farm import InputError, Result, Task
from farm_procedural.analyse.hearing import Hearing
from farm_procedural.analyse.meter import Meter
from farm_procedural.analyse.oklab import Matrix
from farm_procedural.analyse.schema import Analysis, Audio, Media
from farm_procedural.sound.tables import RATE
from farm_procedural.stages_learning import AnalyseParams

_PLANAR = ("yuv420p", "yuvj420p")
_BT601 = (5, 6)


def run(task: Task[AnalyseParams]) -> Result:
    """Measure ``video`` and write ``analysis``."""
    source = task.input("video")
    total = source.facts.frames or 0

    def looked(done: int) -> None:
        task.progress(min(done, total or done), total or done + 1, f"frame {done}")

    found = analyse(source.path, threads=task.threads, looked=looked, sound=task.params.sound)
    target = task.output("analysis", ".json")
    target.write_text(json.dumps(found.record(), indent=1) + "\n", encoding="utf-8")
    task.progress(1, 1)
    return {"analysis": target}


def analyse(
    path: Path,
    *,
    threads: int = 1,
    looked: Callable[[int], None] | None = None,
    sound: bool = True,
) -> Analysis:
    """The analysis of a video file.

    looked : is told the number of frames so far, every dozen. sound : measure it too, if any.

    Raises
    ------
    InputError : it is no video, breaks off, or holds no picture.
    """
    with _opened(path) as container:
        if not container.streams.video:
            raise InputError(
                "has no pictures",
                where=path.name,
                expected="a video stream",
                got=", ".join(s.type for s in container.streams) or "nothing",
                mend="Send a video file.",
                code="media.no-video",
            )
        stream = container.streams.video[0]
        meter = _measured(container, stream, threads, looked)
        if meter is None:
            raise InputError(
                "has no frame that can be decoded",
                where=path.name,
                expected="at least one",
                mend="Check that the file plays, and send it again.",
                code="media.no-frames",
            )
        media = _media(path, container, stream, meter)
    heard = _heard(path) if sound and media.audio_codec else None
    return meter.analysis(media, heard)


def _measured(
    container: InputContainer,
    stream: VideoStream,
    threads: int,
    looked: Callable[[int], None] | None,
) -> Meter | None:
    stream.codec_context.thread_count = max(1, threads)
    stream.thread_type = "FRAME" if threads > 1 else "NONE"
    stream.codec_context.options = {"skip_loop_filter": "all"}
    meter: Meter | None = None
    for frame in container.decode(stream):
        if meter is None:
            matrix: Matrix = "bt601" if _is_bt601(frame) else "bt709"
            full = frame.format.name == "yuvj420p" or int(frame.color_range) == 2
            if frame.format.name not in _PLANAR:
                matrix, full = "bt709", False
            meter = Meter(frame.width, frame.height, _rate(stream), matrix=matrix, full=full)
        meter.add(*_planes(frame, meter))
        if looked is not None and meter.frames % 12 == 0:
            looked(meter.frames)
    return meter


def _planes(frame: VideoFrame, meter: Meter) -> list[NDArray[np.uint8]]:
    """Luma, cb and cr as uint8 4:2:0; other formats, and sizes that change midway, are converted."""
    same = frame.width == meter.width and frame.height == meter.height
    if frame.format.name not in _PLANAR or not same:
        frame = frame.reformat(
            width=meter.width,
            height=meter.height,
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
    views = []
    for plane in frame.planes:
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        views.append(rows[: plane.height, : plane.width])
    return views


def _is_bt601(frame: VideoFrame) -> bool:
    """As tagged; untagged small films are taken for standard definition, as players do."""
    space = int(frame.colorspace)
    return space in _BT601 or (space not in (1, 9) and frame.height < 720)


def _rate(stream: VideoStream) -> Fraction:
    for rate in (stream.average_rate, stream.guessed_rate, stream.base_rate):
        if rate:
            return Fraction(rate)
    return Fraction(25)


def _media(path: Path, container: InputContainer, stream: VideoStream, meter: Meter) -> Media:
    seconds = float(meter.frames / meter.fps)
    sound = container.streams.audio[0] if container.streams.audio else None
    return Media(
        frames=meter.frames,
        fps=str(meter.fps),
        duration_s=round(seconds, 5),
        width=meter.width,
        height=meter.height,
        codec=stream.codec_context.codec.canonical_name,
        pixel_format=stream.codec_context.pix_fmt or "",
        bit_rate=round(path.stat().st_size * 8 / seconds),
        audio_codec=sound.codec_context.codec.canonical_name if sound else "",
        container=container.format.name,
    )


def _heard(path: Path) -> Audio:
    """Loudness of the first sound stream."""
    with _opened(path) as container:
        stream = container.streams.audio[0]
        resampler = AudioResampler(format="fltp", layout="stereo", rate=RATE)
        meter = Hearing()
        for frame in container.decode(stream):
            for part in resampler.resample(frame):
                meter.hear(part.to_ndarray())
        if meter.samples:
            for part in resampler.resample(None):
                meter.hear(part.to_ndarray())
        return meter.audio(stream.rate or RATE, stream.channels)


@contextmanager
def _opened(path: Path) -> Iterator[InputContainer]:
    try:
        with av.open(str(path)) as container:
            yield container
    except av.error.FFmpegError as error:
        raise InputError(
            "cannot be read as media",
            where=path.name,
            got=str(error.strerror or error),
            mend="Check that the file plays, and send it again.",
            code="media.unreadable",
        ) from error
