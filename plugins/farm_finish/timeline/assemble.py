"""The stage ``timeline.join``: rendered windows and copied stretches become one film.

Invariant: the film has exactly the frames of its timeline, each once, on one gapless grid; nothing
is encoded here but its sound, once for all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

from av.container import InputContainer
from av.packet import Packet

from farm import FarmError, InputError, Result, Task
from farm.media.source import opened, video_stream
from farm_finish.audio.pictures import inspect_pictures
from farm_finish.delivery import Interleaver, delivered, ticks
from farm_finish.join import inspect, timed
from farm_finish.sound import add_sound, sound_packets
from farm_finish.timeline.model import Bake, Piece, Source
from farm_finish.timeline.params import AssembleParams
from farm_finish.timeline.planning import read_plan

Shown = tuple[Packet, int]
"""A packet, and the number of its picture from the beginning of its piece."""


def run(task: Task[AssembleParams]) -> Result:
    """Put ``segments``, ``media`` and ``audio`` together to ``video``."""
    target: Path = task.output("video", ".mp4")
    bake = read_plan(task.input("plan").path)
    timeline = bake.timeline
    segments = [file.path for file in task.inputs["segments"]]
    sounds = [file.path for file in task.inputs.get("audio", ())]
    media = [file.path for file in task.inputs.get("media", ())]
    delay = max(bake.delay, _check_segments(bake, segments))
    timescale, frame_ticks = ticks(timeline.fps)
    with ExitStack() as stack:
        first = stack.enter_context(opened(segments[0], "segment 1"))
        out = stack.enter_context(delivered(target, task.params.metadata, timescale))
        video = out.add_stream_from_template(video_stream(first, "segment 1"), opaque=True)
        video.time_base = Fraction(1, timescale)
        if bake.codec == "h265":
            video.codec_context.codec_tag = "hvc1"  # What Apple's players look for.
        if bake.setup:
            video.codec_context.extradata = bytes.fromhex(bake.setup)
        sound: Iterator[Packet] = iter(())
        if sounds:
            track = add_sound(out, task.params.audio_kbps)
            sound = sound_packets(
                track, sounds[0], "audio", timeline.length / timeline.fps, Fraction(0)
            )
        interleaver = Interleaver(out, sound)
        made = _made(segments, timeline.fps)
        decoded = 0
        for piece in bake.pieces:
            packets = _taken(made, piece) if piece.source is None else _copied(bake, piece, media)
            for packet, shown in packets:
                if decoded % 32 == 0:
                    task.progress(decoded, timeline.length, f"frame {decoded}")
                packet.pts = (piece.at + shown) * frame_ticks
                packet.dts = (decoded - delay) * frame_ticks
                packet.duration, packet.time_base = frame_ticks, Fraction(1, timescale)
                packet.stream = video
                interleaver.mux(packet)
                decoded += 1
        interleaver.close()
    _check_film(target, timeline.length, timeline.fps)
    task.progress(1, 1)
    return {"video": target}


def _check_segments(bake: Bake, segments: Sequence[Path]) -> int:
    """Frames by which rendered packets are decoded ahead. Raises InputError."""
    delay = frames = 0
    for number, path in enumerate(segments, 1):
        label = f"segment {number}"
        frames += inspect(path, label).frames
        with opened(path, label) as container:
            stream = video_stream(container, label)
            for order, (_, shown, _) in enumerate(
                timed(container.demux(stream), bake.timeline.fps, label)
            ):
                delay = max(delay, order - shown)
    if frames != max(1, bake.rendered):
        raise InputError(
            "the segments are not those of the plan",
            where="segments",
            expected=f"{max(1, bake.rendered)} frames",
            got=str(frames),
            mend="Render every window of this plan.",
            code="timeline.segments",
        )
    return delay


def _made(segments: Sequence[Path], fps: Fraction) -> Iterator[Shown]:
    """Packets of all windows, with the number of the rendered picture."""
    begin = 0
    for number, path in enumerate(segments, 1):
        with opened(path, f"segment {number}") as container:
            stream = video_stream(container, path.name)
            count = 0
            for packet, shown, _ in timed(container.demux(stream), fps, path.name):
                yield packet, begin + shown
                count += 1
        begin += count


def _taken(made: Iterator[Shown], piece: Piece) -> Iterator[Shown]:
    """The next packets of the windows, which are those of a piece."""
    for _ in range(piece.frames):
        packet, number = next(made)
        shown = number - piece.rendered
        if not 0 <= shown < piece.frames:
            raise _leaks(f"rendered picture {number}", piece)
        yield packet, shown


def _copied(bake: Bake, piece: Piece, media: Sequence[Path]) -> Iterator[Shown]:
    """Packets of a stretch of a source."""
    assert piece.source is not None
    source = bake.timeline.sources[piece.source]
    with opened(media[source.file], source.name) as container:
        packets = _from(container, source, piece.first)
        for _ in range(piece.frames):
            packet, number = next(packets, (None, 0))
            shown = number - piece.first
            if packet is None or not 0 <= shown < piece.frames:
                raise _leaks(f"picture {number} of {source.name}", piece)
            yield packet, shown


def _from(container: InputContainer, source: Source, first: int) -> Iterator[Shown]:
    """Packets of a film from picture ``first`` on, with their numbers."""
    stream = video_stream(container, source.name)
    base, fps = Fraction(stream.time_base or 1), source.fps or Fraction(25)
    goal = round((source.start_s + first / fps) / base)
    if first:
        container.seek(goal, stream=stream, backward=True)
    begun = False
    for packet in container.demux(stream):
        if packet.size == 0 or packet.pts is None:
            continue
        number = round((packet.pts * base - source.start_s) * fps)
        begun = begun or number == first
        if begun:
            yield packet, number


def _leaks(what: str, piece: Piece) -> FarmError:
    return FarmError(
        "a piece of the film does not stand alone",
        where=what,
        expected=f"frames {piece.at} to {piece.at + piece.frames - 1} of the film",
        code="timeline.leak",
    )


def _check_film(path: Path, length: int, fps: Fraction) -> None:
    written = inspect_pictures(path, path.name)
    if written.frames != length or written.fps != fps:
        raise FarmError(
            "the film has the wrong length",
            where=path.name,
            expected=f"{length} frames at {fps} per second",
            got=f"{written.frames} at {written.fps}",
            code="timeline.wrong-length",
        )
