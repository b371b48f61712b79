"""The stage ``captions.track``: cues as tracks of text beside the pictures.

Invariant: pictures and sound are copied packet by packet, and a cue is shown at its moment after the
first picture, wherever the time stamps of the film begin.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.subtitles.stream import SubtitleStream

from farm import FarmError, InputError, Result, Task
from farm.media.source import opened, video_stream
from farm_finish.audio.mux import IN_MP4
from farm_finish.captions.cues import Captions, read_cues, spans
from farm_finish.captions.languages import three_letters
from farm_finish.captions.params import TrackParams
from farm_finish.captions.substation import ass_of
from farm_finish.delivery import delivered

_KINDS = {"mp4": ("mov_text",), "mkv": ("subrip", "webvtt")}
_MS = Fraction(1, 1000)
_OF_CONTAINER = ("major_brand", "minor_version", "compatible_brands", "encoder")


@dataclass(frozen=True, slots=True)
class _Text:
    """What a track shows from ``start_ms`` to ``end_ms`` on the film's own clock."""

    start_ms: int
    end_ms: int
    data: bytes
    track: int


def run(task: Task[TrackParams]) -> Result:
    """Copy ``video`` with a track of text for each of ``cues``.

    Raises
    ------
    InputError : a codec that the container does not take, or tracks of text in a form it lacks.
    """
    params = task.params
    target: Path = task.output("video", f".{params.container}")
    codec = _codec(params)
    captions = [read_cues(file.path, "cues") for file in task.inputs["cues"]]
    with opened(task.input("video").path, "video") as source:
        pictures = video_stream(source, "video")
        _check(source, params.container)
        begins = Fraction(pictures.start_time or 0) * (pictures.time_base or _MS)
        total = pictures.frames or 0
        with _output(target, params, source, pictures.time_base) as out:
            copied = {
                stream.index: _copied(out, stream, params.container)
                for stream in source.streams
                if stream.type in ("video", "audio", "subtitle")
            }
            tracks = [
                _track(out, codec, each, params.shown and number == 0)
                for number, each in enumerate(captions)
            ]
            texts = iter(_texts(captions, codec, round(begins * 1000)))
            try:
                _copy(task, source, copied, tracks, texts, out, pictures.index, total)
            except av.error.FFmpegError as error:
                raise InputError(
                    f"cannot be copied into {params.container}",
                    where="video",
                    got=str(error.strerror or error),
                    mend="Encode it first (video.encode), or ask for container: mkv.",
                    code="captions.container",
                ) from error
    written = _shown(target, len(captions))
    wanted = sum(1 for text in _texts(captions, codec, 0))
    if written != wanted:
        raise FarmError(
            "the tracks of text are not whole",
            where=target.name,
            expected=f"{wanted} cues",
            got=str(written),
            code="captions.incomplete",
        )
    task.progress(1, 1)
    return {"video": target}


def _copy(
    task: Task[TrackParams],
    source: InputContainer,
    copied: dict[int, Stream],
    tracks: Sequence[SubtitleStream],
    texts: Iterator[_Text],
    out: OutputContainer,
    pictures: int,
    total: int,
) -> None:
    """All packets in order, each text just before the pictures it goes with."""
    text = next(texts, None)
    done = 0
    for packet in source.demux():
        if not packet.size or packet.stream_index not in copied:
            continue
        if packet.stream_index == pictures:
            task.progress(done, max(total, done + 1), f"picture {done}")
            done += 1
            moment = Fraction(packet.dts or 0) * Fraction(packet.time_base or _MS)
            while text is not None and text.start_ms * _MS <= moment:
                out.mux(_packet(text, tracks))
                text = next(texts, None)
        packet.stream = copied[packet.stream_index]
        out.mux(packet)
    while text is not None:
        out.mux(_packet(text, tracks))
        text = next(texts, None)


def _codec(params: TrackParams) -> str:
    kinds = _KINDS[params.container]
    if params.codec == "auto":
        return kinds[0]
    if params.codec not in kinds:
        raise InputError(
            f"{params.codec} does not go into {params.container}",
            where="codec",
            expected=" or ".join(("auto", *kinds)),
            got=params.codec,
            code="captions.codec",
        )
    return params.codec


def _check(source: InputContainer, container: str) -> None:
    for stream in source.streams:
        name = stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"
        misfit = stream.type == "video" and container == "mp4" and name not in IN_MP4
        if stream.type == "subtitle":
            misfit = (name == "mov_text") != (container == "mp4")
        if misfit:
            raise InputError(
                f"its {stream.type} does not go into {container} as it is",
                where="video",
                expected=" or ".join(IN_MP4 if stream.type == "video" else _KINDS[container]),
                got=name,
                mend="Encode it first (video.encode), or ask for the other container.",
                code="captions.container",
            )


def _copied(out: OutputContainer, stream: Stream, container: str) -> Stream:
    copy = out.add_stream_from_template(stream, opaque=True)
    copy.time_base = stream.time_base
    if container == "mp4" and stream.codec_context.name == "hevc":
        copy.codec_context.codec_tag = "hvc1"  # What Apple's players look for.
    if "language" in stream.metadata:
        copy.metadata["language"] = stream.metadata["language"]
    return copy


def _track(out: OutputContainer, codec: str, captions: Captions, default: bool) -> SubtitleStream:
    stream = out.add_stream(codec)
    assert isinstance(stream, SubtitleStream)
    # The encoders of text take their styles from the head of an ASS file.
    stream.codec_context.subtitle_header = ass_of([]).encode()
    stream.codec_context.time_base = stream.time_base = _MS
    stream.metadata["language"] = three_letters(captions.language)
    stream.disposition = Disposition.default if default else Disposition(0)
    return stream


def _texts(captions: Sequence[Captions], codec: str, begins_ms: int) -> list[_Text]:
    """What the tracks show, in order of time."""
    found = []
    for track, each in enumerate(captions):
        # MP4 shows one text at a time; cues that overlap become one text for as long as they do.
        stretches = (
            spans(each.cues)
            if codec == "mov_text"
            else [(cue.start_ms, cue.end_ms, (n,)) for n, cue in enumerate(each.cues)]
        )
        for start, end, numbers in stretches:
            text = "\n".join(line for n in numbers for line in each.cues[n].lines)
            found.append(_Text(start + begins_ms, end + begins_ms, _coded(text, codec), track))
    return sorted(found, key=lambda text: text.start_ms)


def _coded(text: str, codec: str) -> bytes:
    if codec == "webvtt":
        return html.escape(text, quote=False).encode()
    data = text.encode()
    return len(data).to_bytes(2, "big") + data if codec == "mov_text" else data


def _packet(text: _Text, tracks: Sequence[SubtitleStream]) -> Packet:
    packet = Packet(text.data)
    packet.stream = tracks[text.track]
    packet.time_base = _MS
    packet.pts = packet.dts = text.start_ms
    packet.duration = text.end_ms - text.start_ms
    return packet


def _shown(path: Path, tracks: int) -> int:
    """Texts in the last ``tracks`` tracks of a file."""
    with opened(path, path.name) as container:
        found = container.streams.subtitles[-tracks:]
        # MP4 fills the time between texts with empty ones of two bytes.
        return sum(1 for packet in container.demux(*found) if packet.size > 2)


def _output(
    path: Path, params: TrackParams, source: InputContainer, base: Fraction | None
) -> AbstractContextManager[OutputContainer]:
    kept = {k: v for k, v in source.metadata.items() if k.lower() not in _OF_CONTAINER}
    tags = {**kept, **params.metadata}
    if params.container == "mp4":
        return delivered(path, tags, base.denominator if base else None)
    return _matroska(path, tags)


@contextmanager
def _matroska(path: Path, tags: dict[str, str]) -> Iterator[OutputContainer]:
    with av.open(str(path), "w", format="matroska", options={"fflags": "+bitexact"}) as container:
        for name, text in sorted(tags.items()):
            container.metadata[name] = text
        yield container
