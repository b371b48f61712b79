"""A film read for delivery: upright, square pixels, one colour space, a constant rate.

Invariant: a film of constant rate gives each of its pictures exactly once. What needs no change
passes untouched; the line that changes pictures is that of ``media.normalise``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from pathlib import Path

from av.container import InputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.stream import VideoStream

from farm import InputError
from farm.media.source import frame_rate, opened, video_stream
from farm_finish.normalise.decoded import Damage, pictures
from farm_finish.normalise.geometry import Geometry, planned
from farm_finish.normalise.look import Look, first_look
from farm_finish.normalise.params import NormaliseParams
from farm_finish.normalise.picture_line import PictureLine
from farm_finish.normalise.timing import nearest_slot
from farm_finish.normalise.tonemap import tone_map

LONGEST_GAP_S = 10
"""A longer hole in the time stamps is a damaged file, not a still picture."""
_READ_THROUGH = 600
"""Frames of a film that is read through to pick some; in a longer one they are sought."""
_HDR_NITS, _SDR_NITS = 1000.0, 203.0
_BT2020_NC = 9
_BT709_TAGS = (1, 1, 1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """form : pixel format for a source that looks so. alpha : kept, else put over ``background``.

    width : at most so many pixels across (0: as many as there are). odd : odd sizes are fine.
    hdr : HDR stays what it is, else it is mapped to SDR. fps : at most so many pictures a second.
    """

    form: Callable[[Look], str]
    alpha: bool = False
    background: str = "#000000"
    width: int = 0
    odd: bool = False
    hdr: bool = False
    fps: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Upright:
    """An open film. tags : matrix, primaries and transfer of its pictures, as FFmpeg's numbers.

    total : how many pictures there are likely to be, 0 if the file does not tell. start_s : moment
    of the first in the file.
    """

    width: int
    height: int
    fps: Fraction
    total: int
    start_s: Fraction
    sound: bool
    look: Look
    first: VideoFrame
    tags: tuple[int, int, int]
    frames: Iterator[VideoFrame]
    open: Opened

    @property
    def length_s(self) -> Fraction:
        """Seconds; a day when the file does not tell."""
        return self.total / self.fps if self.total else Fraction(24 * 3600)

    def picked(
        self, numbers: Sequence[int], checkpoint: Callable[[], None]
    ) -> Iterator[tuple[int, VideoFrame]]:
        """``(number, picture)`` of those frames of a film whose ``frames`` were not read; numbers
        rise, and those beyond its end are left out. A long film is read around them only."""
        shown = self.open.decoded()
        for number in numbers:
            if self.total > _READ_THROUGH:
                self.open.seek(self.start_s + number / self.fps)
                shown = self.open.decoded()
            for moment, frame in shown:
                checkpoint()
                at = round((moment - self.start_s) * self.fps)
                if at >= number:
                    yield at, self.open.converted(frame)
                    break


@dataclass(frozen=True, slots=True)
class Opened:
    """What a film is read from."""

    container: InputContainer
    stream: VideoStream
    line: PictureLine

    def decoded(self) -> Iterator[tuple[Fraction, VideoFrame]]:
        """``(moment, frame)`` as they are stored, from where the container stands."""
        told = frame_rate(self.stream)
        return pictures(self.container, self.stream, "video", told, Damage(keep=False))

    def seek(self, moment_s: Fraction) -> None:
        """To the last key frame at or before a moment of the file."""
        ticks = int(moment_s / (self.stream.time_base or Fraction(1, 1000)))
        self.container.seek(ticks, stream=self.stream, backward=True)

    def converted(self, frame: VideoFrame) -> VideoFrame:
        """A stored frame as it is wanted."""
        ((_, done),) = self.line.push(Fraction(0), frame)
        # An encoder takes it as an order: films of key frames only would stay such.
        done.pict_type = PictureType.NONE
        return done


@contextmanager
def upright(path: Path, wanted: Wanted, *, frames: int = 0) -> Iterator[Upright]:
    """The film at ``path``, open; ``frames`` as was counted, 0 for not.

    Raises
    ------
    InputError : it cannot be read, has no picture, is damaged, or is RGB in HDR that is to stay.
    """
    look, told_tags, raw = _first(path)
    kept = wanted.hdr and _wide(look)
    if kept and look.rgb:
        raise InputError(
            "is HDR stored as RGB",
            where="video",
            expected="YCbCr, which HDR is delivered in",
            got=look.format,
            mend="Map it to SDR (hdr: map), or send it as yuv420p10.",
            code="deliver.hdr-rgb",
        )
    params = _shaping(look, wanted)
    # Pictures that are to keep their colours go through the line as if they were right already.
    seen = replace(look, matrix="bt709", gamut="bt709", transfer="sdr") if kept else look
    tone = None
    if seen.gamut != "bt709":
        peak = look.peak_nits or _HDR_NITS
        tone = tone_map(look.transfer, look.gamut, peak, _SDR_NITS)
    geometry = _geometry(seen, params, wanted)
    line = PictureLine(seen, geometry, wanted.form(look), "none", tone, params)
    with opened(path, "video") as container:
        stream = video_stream(container, "video")
        told = frame_rate(stream)
        fps = told if wanted.fps is None else min(told, wanted.fps)
        opening = Opened(container, stream, line)
        count = stream.frames or frames or _slots(path, told)
        yield Upright(
            width=geometry.width,
            height=geometry.height,
            fps=fps,
            total=ceil(count * fps / told),
            start_s=look.first_s,
            sound=bool(container.streams.audio),
            look=look,
            first=raw,
            tags=_tags(told_tags, look) if kept else _BT709_TAGS,
            frames=map(opening.converted, steady(opening.decoded(), fps)),
            open=opening,
        )


def steady(shown: Iterator[tuple[Fraction, VideoFrame]], fps: Fraction) -> Iterator[VideoFrame]:
    """A picture for each ``1 / fps``: each is shown until the next one's turn, and of several in
    one turn the last."""
    slot = 0
    held: VideoFrame | None = None
    start: Fraction | None = None
    for moment, frame in shown:
        start = moment if start is None else start
        at = nearest_slot(moment - start, fps)
        if at - slot > LONGEST_GAP_S * fps:
            at = slot + 1
            start = moment - at / fps
        if at < slot:
            continue
        for _ in range(slot, at):
            yield held  # type: ignore[misc]
        held, slot = frame, at
    if held is not None:
        yield held


def _slots(path: Path, fps: Fraction) -> int:
    """How many turns of ``1 / fps`` the packets of a film span; without time stamps, how many
    pictures there are."""
    count = 0
    first, last = None, 0
    with opened(path, "video") as container:
        stream = video_stream(container, "video")
        base = stream.time_base or Fraction(1, 1000)
        for packet in container.demux(stream):
            if not packet.size or packet.is_discard:
                continue
            count += 1
            if packet.pts is not None:
                first, last = (packet.pts, packet.pts) if first is None else (first, last)
                first, last = min(first, packet.pts), max(last, packet.pts)
    return count if first is None else nearest_slot((last - first) * base, fps) + 1


def _first(path: Path) -> tuple[Look, tuple[int, int, int], VideoFrame]:
    """What the first picture is like, its tags (matrix, primaries, transfer), and itself."""
    with opened(path, "video") as container:
        stream = video_stream(container, "video")
        shown = pictures(container, stream, "video", frame_rate(stream), Damage(keep=True))
        first = next(shown, None)
        look = None if first is None else first_look(iter([first]), stream, False)
    if first is None or look is None:
        raise InputError(
            "has no frames",
            where="video",
            mend="Send a video with at least one picture.",
            code="media.no-frames",
        )
    frame = first[1]
    tags = (int(frame.colorspace), int(frame.color_primaries), int(frame.color_trc))
    return look, tags, frame


def _shaping(look: Look, wanted: Wanted) -> NormaliseParams:
    alpha = "keep" if wanted.alpha else "flatten"
    params = NormaliseParams(alpha=alpha, background=wanted.background, deinterlace="off")  # type: ignore[arg-type]
    natural = planned(look.width, look.height, look.aspect, look.turns, look.mirrored, params)
    if not 0 < wanted.width < natural.width:
        return params
    return params.model_copy(update={"fit": "fit", "width": wanted.width // 2 * 2})


def _geometry(look: Look, params: NormaliseParams, wanted: Wanted) -> Geometry:
    if wanted.odd and look.aspect == 1 and params.fit == "keep":
        turned = look.turns % 2 == 1
        size = (look.height, look.width) if turned else (look.width, look.height)
        return Geometry(look.turns % 4, look.mirrored, None, None, None, *size)
    return planned(look.width, look.height, look.aspect, look.turns, look.mirrored, params)


def _wide(look: Look) -> bool:
    return look.gamut != "bt709" or look.transfer != "sdr"


def _tags(source: tuple[int, int, int], look: Look) -> tuple[int, int, int]:
    """Those of the source; what it left out as what it was taken for."""
    matrix, primaries, transfer = source
    curve = {"pq": 16, "hlg": 18}.get(look.transfer, 1)
    unsaid = (0, 2)
    return (
        _BT2020_NC if matrix in unsaid else matrix,
        _BT2020_NC if primaries in unsaid else primaries,
        curve if transfer in unsaid else transfer,
    )
