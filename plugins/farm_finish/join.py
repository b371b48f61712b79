"""The stage ``video.join``: segments become one film by copying packets.

Invariant: the joined film holds exactly the packets of its segments, in order, on one gapless
timeline; segments that do not fit together are refused before a byte is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from av.packet import Packet
from av.video.stream import VideoStream

from farm import FarmError, InputError, Result, Task
from farm.media.source import frame_rate, opened, video_stream
from farm_finish.delivery import Interleaver, delivered, ticks
from farm_finish.params import JoinParams
from farm_finish.sound import add_sound, sound_packets

JOINABLE = ("h264", "hevc", "av1")
_MEND = "Render all segments with the same size, rate and encoder settings."


@dataclass(frozen=True, slots=True)
class Segment:
    """What must be equal in all segments (``make``), and how many frames one has."""

    make: dict[str, str]
    fps: Fraction
    frames: int


def run(task: Task[JoinParams]) -> Result:
    """Join ``segments`` (and ``audio``) to ``video``."""
    paths = [file.path for file in task.inputs["segments"]]
    sounds = [file.path for file in task.inputs.get("audio", ())]
    target: Path = task.output("video", ".mp4")
    segments = []
    for index, path in enumerate(paths):
        task.progress(index, 2 * len(paths), f"segment {index + 1}")
        segments.append(inspect(path, f"segment {index + 1}"))
    fps = matched(segments)
    total = sum(segment.frames for segment in segments)
    timescale, frame_ticks = ticks(fps)
    with opened(paths[0]) as template, delivered(target, task.params.metadata, timescale) as out:
        video = out.add_stream_from_template(video_stream(template, "segment 1"), opaque=True)
        video.time_base = Fraction(1, timescale)
        sound: Iterator[Packet] = iter(())
        if sounds:
            track = add_sound(out, task.params.audio_kbps)
            sound = sound_packets(track, sounds[0], "audio", total / fps, None)
        interleaver = Interleaver(out, sound)
        begin = 0
        for index, (path, segment) in enumerate(zip(paths, segments, strict=True)):
            task.progress(len(paths) + index, 2 * len(paths), f"joining {index + 1}")
            with opened(path, f"segment {index + 1}") as container:
                stream = video_stream(container, path.name)
                for packet, pts, dts in timed(container.demux(stream), fps, path.name):
                    packet.pts = (begin + pts) * frame_ticks
                    packet.dts = (begin + dts) * frame_ticks
                    packet.duration = frame_ticks
                    packet.time_base = Fraction(1, timescale)
                    packet.stream = video
                    interleaver.mux(packet)
            begin += segment.frames
        interleaver.close()
    written = inspect(target, target.name).frames
    if written != total:
        raise FarmError(
            "the joined film has the wrong length",
            where=target.name,
            expected=f"{total} frames",
            got=f"{written}",
            code="join.length",
        )
    task.progress(1, 1)
    return {"video": target}


def inspect(path: Path, label: str) -> Segment:
    """Read the packets of one segment and check that it can stand in a timeline.

    Raises
    ------
    InputError : it does not start with a key frame, frames are missing, or the codec is not one
        that is delivered.
    """
    with opened(path, label) as container:
        stream = video_stream(container, label)
        fps = frame_rate(stream)
        make = _make(stream, fps)
        shown = []
        first_is_key = True
        for packet, pts, _ in timed(container.demux(stream), fps, label):
            if not shown:
                first_is_key = bool(packet.is_keyframe)
            shown.append(pts)
    if make["codec"] not in JOINABLE:
        raise InputError(
            "cannot be joined without encoding",
            where=label,
            expected=" or ".join(JOINABLE),
            got=make["codec"],
            mend="Encode it first (video.encode).",
            code="join.codec",
        )
    if not shown or not first_is_key or shown[0] != 0:
        raise InputError(
            "does not stand alone",
            where=label,
            expected="a first frame that is a key frame shown at time 0",
            got=f"first frame at {shown[0]}" if shown else "no frames",
            mend="Render segments as closed groups of pictures.",
            code="join.open-segment",
        )
    if sorted(shown) != list(range(len(shown))):
        raise InputError(
            "has gaps or doubled frames in its timeline",
            where=label,
            expected=f"frames 0 to {len(shown) - 1}, each once",
            got=f"frames {min(shown)} to {max(shown)}",
            mend="Render segments at a constant frame rate.",
            code="join.timeline",
        )
    return Segment(make, fps, len(shown))


def matched(segments: Sequence[Segment]) -> Fraction:
    """The frame rate of segments that fit together.

    Raises
    ------
    InputError : one differs from the first, naming it and the first thing that differs.
    """
    if not segments:
        raise InputError("nothing to join", where="segments", mend="Send at least one segment.")
    lead = segments[0]
    for number, segment in enumerate(segments[1:], 2):
        for name, value in segment.make.items():
            if value != lead.make[name]:
                raise InputError(
                    f"its {name} differs from that of segment 1",
                    where=f"segment {number}",
                    expected=lead.make[name],
                    got=value,
                    mend=_MEND,
                    code="join.mismatch",
                )
    return lead.fps


def timed(
    packets: Iterator[Packet], fps: Fraction, label: str
) -> Iterator[tuple[Packet, int, int]]:
    """Packets with presentation and decoding times counted in frames from the segment's start."""
    for packet in packets:
        if packet.size == 0:
            continue
        times = []
        for value in (packet.pts, packet.dts):
            exact = None if value is None else value * (packet.time_base or Fraction(1)) * fps
            if exact is None or abs(exact - round(exact)) > Fraction(1, 8):
                raise InputError(
                    "a frame lies off the grid of the frame rate",
                    where=label,
                    expected=f"multiples of 1/{fps} s",
                    got="no time" if exact is None else f"{float(exact / fps):.4f} s",
                    mend="Render segments at a constant frame rate.",
                    code="join.timeline",
                )
            times.append(round(exact))
        yield packet, times[0], times[1]


def _make(stream: VideoStream, fps: Fraction) -> dict[str, str]:
    context = stream.codec_context
    return {
        "codec": context.name if context.name in JOINABLE else stream.codec.canonical_name,
        "size": f"{context.width}x{context.height}",
        "frame rate": str(fps),
        "pixel format": str(context.pix_fmt),
        "encoder setup": bytes(context.extradata or b"").hex(),
    }
