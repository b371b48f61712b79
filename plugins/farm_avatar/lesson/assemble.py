"""The stage ``lesson.assemble``: the joined film gets its sound and chapters, and a transcript.

Invariant: pictures and sound are copied packet by packet; the film is as long as its scenes are, to
the frame, and each chapter begins with the first frame of its scene.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream

from farm import FarmError, InputError, Result, Task
from farm.media.source import opened, video_stream
from farm_avatar.lesson.params import AssembleParams
from farm_avatar.lesson.script_files import LessonFile, as_json, read_lesson
from farm_avatar.lesson.speaking import read_json

CHAPTERS = "farm.chapters/1"
_OPTIONS = {"movflags": "+faststart+use_metadata_tags", "fflags": "+bitexact"}
_OF_CONTAINER = ("major_brand", "minor_version", "compatible_brands", "encoder")


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of the film; frames ``start`` (included) to ``stop`` (not included)."""

    title: str
    start: int
    stop: int


def run(task: Task[AssembleParams]) -> Result:
    """Write ``video`` with chapters, ``chapters`` and ``transcript``.

    Raises
    ------
    InputError : the film is not as long as its scenes.
    """
    lesson = read_lesson(task.input("lesson").path)
    lengths = [
        int(read_json(file.path, "farm.timing/1", "timing")["frames"])
        for file in task.inputs["timing"]
    ]
    _check(task, lesson, lengths)
    found = chapters(lesson, lengths)
    video, listing = task.output("video", ".mp4"), task.output("chapters", ".json")
    text = task.output("transcript", ".md")
    text.write_text(transcript(lesson, lengths), encoding="utf-8")
    listing.write_bytes(as_json(_record(found, lesson)))
    with ExitStack() as stack:
        source = stack.enter_context(opened(task.input("video").path, "video"))
        sounds = [
            stack.enter_context(opened(file.path, "audio")) for file in task.inputs.get("audio", ())
        ]
        tags = {k: v for k, v in source.metadata.items() if k.lower() not in _OF_CONTAINER}
        tags |= {"title": lesson.title, **({"artist": lesson.author} if lesson.author else {})}
        base = video_stream(source, "video").time_base or Fraction(1, 90_000)
        options = {**_OPTIONS, "video_track_timescale": str(base.denominator)}
        with av.open(str(video), "w", format="mp4", options=options) as out:
            for name, value in sorted(tags.items()):
                out.metadata[name] = value
            out.set_chapters([_marker(number, each, lesson) for number, each in enumerate(found)])
            _copy(task, source, sounds, out, sum(lengths))
    _whole(video, found)
    task.progress(1, 1)
    return {"video": video, "chapters": listing, "transcript": text}


def chapters(lesson: LessonFile, lengths: list[int]) -> list[Chapter]:
    """The chapters of a lesson whose scenes have so many frames; together they are all of it."""
    found: list[Chapter] = []
    at = 0
    for scene, frames in zip(lesson.scenes, lengths, strict=True):
        if scene.chapter and at:
            found.append(Chapter(scene.title, at, at + frames))
        elif found:
            found[-1] = Chapter(found[-1].title, found[-1].start, at + frames)
        else:
            found.append(Chapter(scene.title or lesson.title, 0, frames))
        at += frames
    return found


def transcript(lesson: LessonFile, lengths: list[int]) -> str:
    """What is said, as Markdown, with the moment each scene begins."""
    lines = [f"# {lesson.title}", ""]
    if lesson.author:
        lines += [f"*{lesson.author}*", ""]
    at = 0
    for scene, frames in zip(lesson.scenes, lengths, strict=True):
        if scene.sentences:
            lines += [f"## {scene.title} ({moment(at / lesson.fps)})", ""]
            lines += [" ".join(said.text for said in scene.sentences), ""]
        at += frames
    return "\n".join(lines).rstrip() + "\n"


def moment(time_s: float) -> str:
    """Minutes and seconds: ``1:05``; ``1:00:05`` from an hour on."""
    minutes, seconds = divmod(int(time_s), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def _record(found: list[Chapter], lesson: LessonFile) -> dict[str, Any]:
    return {
        "schema": CHAPTERS,
        "title": lesson.title,
        "fps": lesson.fps,
        "chapters": [
            {
                "title": each.title,
                "start_s": each.start / lesson.fps,
                "end_s": each.stop / lesson.fps,
                "start_frame": each.start,
            }
            for each in found
        ],
    }


def _marker(number: int, chapter: Chapter, lesson: LessonFile) -> Any:
    return {
        "id": number,
        "start": chapter.start,
        "end": chapter.stop,
        "time_base": Fraction(1, lesson.fps),
        "metadata": {"title": chapter.title},
    }


def _copy(
    task: Task[AssembleParams],
    source: InputContainer,
    sounds: list[InputContainer],
    out: OutputContainer,
    total: int,
) -> None:
    """All packets of the film, and of a sound in place of its own, in the order of their times."""
    heard = sounds[0] if sounds else source
    copies: dict[tuple[int, int], Stream] = {}
    for container, kind in ((source, "video"), (heard, "audio"), (source, "subtitle")):
        for stream in container.streams:
            if stream.type == kind:
                copies[id(container), stream.index] = _copied(stream, out)
    ways = [_packets(each, copies) for each in (source, *sounds)]
    done = 0
    for packet in heapq.merge(*ways, key=_when):
        if packet.stream.type == "video":
            done += 1
            task.progress(done, total + 1, f"frame {done}")
        out.mux(packet)


def _copied(stream: Stream, out: OutputContainer) -> Stream:
    copy = out.add_stream_from_template(stream, opaque=True)
    copy.time_base = stream.time_base
    if "language" in stream.metadata:
        copy.metadata["language"] = stream.metadata["language"]
    copy.disposition = Disposition(stream.disposition)
    return copy


def _packets(
    container: InputContainer, copies: Mapping[tuple[int, int], Stream]
) -> Iterator[Packet]:
    """Packets of the streams that have a copy, each as one of the copy."""
    for packet in container.demux():
        copy = copies.get((id(container), packet.stream_index))
        if packet.size and copy is not None:
            packet.stream = copy
            yield packet


def _when(packet: Packet) -> float:
    return float(Fraction(packet.dts or 0) * Fraction(packet.time_base or 1))


def _check(task: Task[AssembleParams], lesson: LessonFile, lengths: list[int]) -> None:
    if len(lengths) != len(lesson.scenes):
        raise InputError(
            "has another number of scenes than the lesson",
            where="timing",
            expected=str(len(lesson.scenes)),
            got=str(len(lengths)),
            mend="Send the timing of every scene, in order.",
            code="lesson.other-scenes",
        )
    with opened(task.input("video").path, "video") as film:
        stream = video_stream(film, "video")
        frames = sum(1 for packet in film.demux(stream) if packet.size)
    if frames != sum(lengths):
        raise InputError(
            "is not as long as its scenes",
            where="video",
            expected=f"{sum(lengths)} frames",
            got=str(frames),
            mend="Join the segments of these very scenes, all of them and in order.",
            code="lesson.other-length",
        )


def _whole(path: Path, found: list[Chapter]) -> None:
    with av.open(str(path)) as film:
        marked = [chapter["metadata"].get("title") for chapter in film.chapters()]
    if marked != [each.title for each in found]:
        raise FarmError(
            "the chapters were not written",
            where=path.name,
            expected=str(len(found)),
            got=str(marked)[:200],
            code="lesson.chapters",
        )
