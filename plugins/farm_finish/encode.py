"""The stage ``video.encode``: any film as an MP4 for delivery.

Invariant: constant frame rate, and a source of constant rate keeps every frame exactly once. One
encoder thread and fixed options, so that the same film gives the same bytes on any machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path

from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from llvmlite.binding import get_host_cpu_features

from farm import InputError, Result, Task
from farm_finish.delivery import BT709, LIMITED_RANGE, Interleaver, delivered, ticks
from farm_finish.params import EncodeParams
from farm_finish.picture import delivery_frame
from farm_finish.sound import add_sound, sound_packets
from farm_finish.source import frame_rate, opened, video_stream

ENCODERS = {"h264": "libx264", "h265": "libx265", "av1": "libsvtav1"}
QUALITY: dict[tuple[str, str], dict[str, str]] = {
    ("h264", "draft"): {"preset": "veryfast", "crf": "26"},
    ("h264", "standard"): {"preset": "medium", "crf": "20"},
    ("h264", "high"): {"preset": "slow", "crf": "16"},
    ("h265", "draft"): {"preset": "superfast", "crf": "28"},
    ("h265", "standard"): {"preset": "medium", "crf": "23"},
    ("h265", "high"): {"preset": "slow", "crf": "19"},
    ("av1", "draft"): {"preset": "10", "crf": "38"},
    ("av1", "standard"): {"preset": "8", "crf": "30"},
    ("av1", "high"): {"preset": "5", "crf": "24"},
}
STEADY = {
    "h264": {},
    "h265": {"x265-params": "pools=none:frame-threads=1:log-level=error"},
    "av1": {"svtav1-params": "lp=1"},
}
LONGEST_GAP_S = 10
"""A longer hole in the time stamps is a damaged file, not a still picture."""


def run(task: Task[EncodeParams]) -> Result:
    """Encode ``video`` (and ``audio``, or the video's own sound) to ``video``."""
    target: Path = task.output("video", ".mp4")
    source = task.input("video")
    own_sound = [file.path for file in task.inputs.get("audio", ())]
    with opened(source.path, "video") as container:
        stream = video_stream(container, "video")
        fps = frame_rate(stream)
        total = stream.frames or source.facts.frames or 0
        frames = _steady(container.decode(stream), fps)
        first = next(frames, None)
        if first is None:
            raise InputError(
                "has no frames",
                where="video",
                mend="Send a video with at least one picture.",
                code="media.no-frames",
            )
        start_s = Fraction(stream.start_time or 0) * (stream.time_base or Fraction(1))
        length_s = _length_s(container.duration, total, fps)
        timescale, _ = ticks(fps)
        with delivered(target, task.params.metadata, timescale) as output:
            video = add_video(output, task.params, first, fps)
            sound: Iterator[Packet] = iter(())
            if own_sound:
                track = add_sound(output, task.params.audio_kbps)
                sound = sound_packets(track, own_sound[0], "audio", length_s, None)
            elif container.streams.audio:
                track = add_sound(output, task.params.audio_kbps)
                sound = sound_packets(track, source.path, "video", length_s, start_s)
            interleaver = Interleaver(output, sound)
            for index, frame in enumerate(chain([first], frames)):
                task.progress(index, max(total, index + 1), f"frame {index}")
                frame.pts, frame.time_base = index, 1 / fps
                for packet in video.encode(frame):
                    interleaver.mux(packet)
            for packet in video.encode(None):
                interleaver.mux(packet)
            interleaver.close()
    task.progress(1, 1)
    return {"video": target}


def add_video(
    output: OutputContainer, params: EncodeParams, first: VideoFrame, fps: Fraction
) -> VideoStream:
    """A new video track of the size of ``first``, a delivery frame; one thread, steady bytes."""
    options = QUALITY[params.codec, params.profile] | STEADY[params.codec]
    if params.codec == "h264" and get_host_cpu_features().get("avx512f"):
        # With AVX-512, x264 gave other bytes for the same small frames from run to run; SSE4.2 to
        # AVX2 agree to the bit.
        options["x264-params"] = "asm=avx2"
    stream = output.add_stream(ENCODERS[params.codec], rate=fps, options=options)
    stream.width, stream.height, stream.pix_fmt = first.width, first.height, "yuv420p"
    context = stream.codec_context
    context.thread_count, context.thread_type = 1, "FRAME"
    context.time_base = 1 / fps
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.color_range = LIMITED_RANGE
    if params.codec == "h265":
        context.codec_tag = "hvc1"  # What Apple's players look for.
    return stream


def _steady(frames: Iterator[VideoFrame], fps: Fraction) -> Iterator[VideoFrame]:
    """Delivery frames at a constant rate: late ones repeat the last, early ones are dropped."""
    shown = -1
    last: VideoFrame | None = None
    start: Fraction | None = None
    for frame in frames:
        at = shown + 1
        if frame.pts is not None and frame.time_base is not None:
            moment = frame.pts * frame.time_base
            start = moment if start is None else start
            at = round((moment - start) * fps)
        if at - shown > LONGEST_GAP_S * fps:
            at = shown + 1
            start = None
        if at <= shown:
            continue
        while last is not None and shown + 1 < at:
            shown += 1
            yield last
        last = delivery_frame(frame)
        shown += 1
        yield last


def _length_s(duration_us: int | None, frames: int, fps: Fraction) -> Fraction:
    if frames:
        return frames / fps
    return Fraction(duration_us or 0, 1_000_000) or Fraction(24 * 3600)
