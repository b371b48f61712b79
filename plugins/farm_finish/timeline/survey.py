"""What a timeline's media are, found by reading them once.

Invariant: frames are counted and not believed; a film that cannot be cut by frame number, or whose
pictures are in no form that is worked on, is refused here, before anything is made of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm import InputError, InputFile, MediaKind
from farm.media.planes import picture_of
from farm.media.source import frame_rate, opened, video_stream
from farm_finish.timeline.model import Source
from farm_finish.timeline.moments import frames_of
from farm_finish.timeline.parameter_sets import Setup, frames_only, scan, setup_of

Tick = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Copyable:
    """The packets of a film that may be copied, in the order they are decoded.

    shown : number of each one's picture. instant : whether decoding can begin with it.
    form : size, pixel format and colours.
    """

    setup: Setup
    shown: NDArray[np.int64]
    instant: NDArray[np.bool_]
    form: tuple[object, ...]

    def stretch(self, first: int, stop: int) -> tuple[int, int] | None:
        """The longest run of pictures within ``first`` to ``stop`` that stands alone: from an
        instantaneous refresh on, up to where all that was decoded has been shown."""
        starts = np.flatnonzero(self.instant & (self.shown >= first) & (self.shown < stop))
        if not len(starts):
            return None
        begin = int(starts[np.argmin(self.shown[starts])])
        lead = int(self.shown[begin])
        run = self.shown[begin : begin + (stop - lead)]
        highest = np.maximum.accumulate(run)
        closed = np.flatnonzero(highest - lead == np.arange(len(run)))
        closed = closed[highest[closed] < stop]
        if not len(closed) or int(run.min()) < lead:
            return None
        return lead, lead + int(closed[-1]) + 1

    def delay(self, first: int, frames: int) -> int:
        """Frames by which packets of a stretch are decoded before they are shown, at most."""
        begin = int(np.flatnonzero(self.shown == first)[0])
        run = self.shown[begin : begin + frames] - first
        return int((np.arange(frames) - run).max())


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A source, and how it may be copied, if at all."""

    source: Source
    copyable: Copyable | None = None
    refused: InputError | None = field(default=None)
    """Why its pictures cannot be used, if they cannot; its sound may be."""


def survey(file: InputFile, number: int, name: str, tick: Tick) -> Surveyed:
    """Look at one file. ``tick`` is called now and then and may raise.

    Raises
    ------
    InputError : it is no media that can be on a timeline.
    """
    if is_still(file):
        width, height = _still_size(file.path, name)
        return Surveyed(Source(number, name, "still", width=width, height=height))
    with opened(file.path, name) as container:
        if not container.streams.video:
            if not container.streams.audio:
                raise InputError(
                    "holds neither pictures nor sound",
                    where=name,
                    expected="a film, a sound or a still picture",
                    mend="Send media files at `media`.",
                    code="timeline.no-media",
                )
            return Surveyed(Source(number, name, "sound", sound_s=_sound_s(container, None)))
        return _film(container, number, name, tick)


def is_still(file: InputFile) -> bool:
    """Whether a file is one picture that stands."""
    if file.kind is not MediaKind.ANY:
        return file.kind is MediaKind.IMAGE
    with opened(file.path) as container:
        return container.format.name == "image2" or container.format.name.endswith("_pipe")


def _film(container: InputContainer, number: int, name: str, tick: Tick) -> Surveyed:
    stream = video_stream(container, name)
    fps, base = frame_rate(stream), Fraction(stream.time_base or Fraction(1, 1000))
    codec = stream.codec.canonical_name
    context = stream.codec_context
    setup = setup_of(codec, bytes(context.extradata or b""))
    times: list[int] = []
    instants: list[bool] = []
    hidden, keys = False, 0
    for index, packet in enumerate(container.demux(stream)):
        if index % 256 == 0:
            tick()
        if packet.size == 0:
            continue
        hidden = hidden or packet.is_discard or packet.pts is None
        if packet.is_discard:
            continue
        keys += packet.is_keyframe
        times.append(packet.pts if packet.pts is not None else len(times))
        if setup is not None:
            instant, sound = scan(codec, bytes(packet), setup)
            instants.append(instant)
            setup = setup if sound else None
    if not times:
        raise InputError(
            "has no frames",
            where=name,
            mend="Send a video with at least one picture.",
            code="media.no-frames",
        )
    start = min(times)
    moments = (np.array(times, np.int64) - start) * float(base * fps)
    shown = np.rint(moments).astype(np.int64)
    ordered = np.sort(shown)
    steady = bool(np.array_equal(ordered, np.arange(len(shown)))) and bool(
        np.abs(moments - shown).max() < 0.25
    )
    refused = None if steady else _unsteady(name)
    frame = _first_frame(container, name)
    if refused is None:
        refused = _refused(frame, stream.sample_aspect_ratio, name)
    turned = round(frame.rotation / 90) % 2 == 1
    size = (frame.height, frame.width) if turned else (frame.width, frame.height)
    source = Source(
        number,
        name,
        "film",
        frames=len(times),
        fps=fps,
        width=size[0],
        height=size[1],
        start_s=start * base,
        sound_s=_sound_s(container, start * base) if container.streams.audio else Fraction(0),
        timecode=_timecode(container, fps, name),
        key_every=max(1, len(times) // max(1, keys)),
    )
    copyable = None
    plain = refused is None and not hidden and not frame.rotation
    if setup is not None and plain and frames_only(setup):
        form = (size, frame.format.name, _colours(frame))
        copyable = Copyable(setup, shown, np.array(instants, np.bool_), form)
    return Surveyed(source, copyable, refused)


def _first_frame(container: InputContainer, name: str) -> VideoFrame:
    container.seek(0)
    frame = next(container.decode(video=0), None)
    if frame is None:
        raise InputError(
            "has no picture that can be decoded",
            where=name,
            mend="Check that the file plays, and send it again.",
            code="media.no-frames",
        )
    return frame


def _refused(frame: VideoFrame, aspect: Fraction | None, name: str) -> InputError | None:
    got = ""
    if aspect and aspect not in (0, 1):
        got = f"pixels of {str(aspect).replace('/', ':')}"
    elif any(component.is_alpha for component in frame.format.components):
        got = "pictures with transparency"
    if got:
        return InputError(
            "is in no form that a timeline takes",
            where=name,
            expected="square pixels without transparency",
            got=got,
            mend="Normalise it first (media.normalise).",
            code="timeline.form",
        )
    try:
        picture_of(frame, name)
    except InputError as error:
        return error
    return None


def _unsteady(name: str) -> InputError:
    return InputError(
        "its frames do not follow one another at a constant rate",
        where=name,
        expected="a constant frame rate",
        mend="Normalise it first (media.normalise).",
        code="timeline.uneven",
    )


def _colours(frame: VideoFrame) -> tuple[int, ...]:
    """Matrix, primaries, transfer, range; what is not tagged reads as players read it."""
    matrix = int(frame.colorspace)
    if matrix == 2 and frame.height >= 720:
        matrix = 1
    rest = (int(frame.color_primaries), int(frame.color_trc))
    if matrix == 1:
        rest = tuple(1 if tag == 2 else tag for tag in rest)
    return (matrix, *rest, 2 if frame.color_range == 2 else 1)


def _sound_s(container: InputContainer, start_s: Fraction | None) -> Fraction:
    stream = container.streams.audio[0]
    base = Fraction(stream.time_base or Fraction(1, 1000))
    begin = (stream.start_time or 0) * base
    if stream.duration:
        end = begin + stream.duration * base
    elif container.duration:
        end = Fraction((container.start_time or 0) + container.duration, 1_000_000)
    else:
        end = begin
    return max(Fraction(0), end - (begin if start_s is None else start_s))


def _timecode(container: InputContainer, fps: Fraction, name: str) -> int:
    tags = [container.metadata, *(stream.metadata for stream in container.streams)]
    for tag in tags:
        if text := tag.get("timecode"):
            try:
                return frames_of(text, fps, name)
            except InputError:
                return 0
    return 0


def _still_size(path: Path, name: str) -> tuple[int, int]:
    from PIL import Image

    try:
        with Image.open(path) as image:
            return image.size
    except (OSError, Image.DecompressionBombError) as error:
        raise InputError(
            "cannot be read as a picture",
            where=name,
            got=str(error),
            mend="Check that the file opens, and send it again.",
            code="media.unreadable",
        ) from error
