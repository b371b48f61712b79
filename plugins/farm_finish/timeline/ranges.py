"""Times and ranges of a cut, checked against its media.

Invariant: a range that comes out of here lies within its media, a length is at least one frame, and
a complaint names the place in the document.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from farm import InputError
from farm_finish.timeline.document import Crossfade, Dissolve, Document, FromStart, Wipe
from farm_finish.timeline.model import Source
from farm_finish.timeline.moments import frames_of, seconds_of
from farm_finish.timeline.shelf import Shelf


@dataclass(slots=True)
class Cut:
    """A dissolve or wipe between the items before and after it; ``where`` in the document."""

    length: int
    before: int
    where: str
    item: Dissolve | Wipe | Crossfade


class Ruler:
    """Reads the times of a document at ``fps``. convert : whether clips of other rates are taken."""

    def __init__(self, document: Document, shelf: Shelf, fps: Fraction, convert: bool) -> None:
        self.document, self.shelf = document, shelf
        self.fps, self.convert = fps, convert

    def cut(self, item: Dissolve | Wipe | Crossfade, pending: Cut | None, where: str) -> Cut:
        if pending:
            raise lonely(where)
        value = (
            item.dissolve
            if isinstance(item, Dissolve)
            else item.wipe
            if isinstance(item, Wipe)
            else item.crossfade
        )
        length = self.length(value, where)
        before = length // 2
        if item.before is not None:
            before = frames_of(item.before, self.fps, f"{where}.before")
        if not 0 <= before <= length:
            raise InputError(
                "begins after its cut or ends before it",
                where=where,
                expected=f"before: 0 to {length}",
                got=str(before),
                mend="Give the part that lies before the cut.",
                code="timeline.change",
            )
        return Cut(length, before, where, item)

    def source_time(
        self, value: int | str | FromStart, name: str, source: Source, where: str
    ) -> Fraction:
        """A moment of the media in frames of the film, counted from its first picture."""
        if isinstance(value, FromStart):
            return Fraction(frames_of(value.from_start, self.fps, where))
        frames = frames_of(value, self.fps, where)
        return Fraction(frames - self.origin(name, source))

    def origin(self, name: str, source: Source) -> Fraction:
        start = self.shelf.start(name)
        if start is not None:
            return Fraction(frames_of(start, self.fps, f"media.{name}.start"))
        if self.document.source_times == "timecode" and source.fps:
            return source.timecode * self.fps / source.fps
        return Fraction(0)

    def whole(self, source: Source) -> Fraction:
        return source.frames * self.fps / (source.fps or self.fps)

    def length(self, value: int | str, where: str) -> int:
        length = frames_of(value, self.fps, where)
        if length < 1:
            raise InputError(
                "lasts no time" if length == 0 else "is negative",
                where=where,
                expected="at least one frame",
                got=f"{length} frames",
                mend="Give a length, or take it out.",
                code="timeline.bad-length",
            )
        return length

    def seconds(self, value: int | str, where: str) -> Fraction:
        seconds = seconds_of(value, self.fps, where)
        if seconds < 0:
            raise InputError(
                "is negative",
                where=where,
                expected="0 or more",
                got=str(value),
                mend="Give a time that is not before the beginning.",
                code="timeline.negative",
            )
        return seconds

    def check_range(
        self, begin: Fraction, end: Fraction, whole: Fraction, name: str, where: str
    ) -> None:
        """All in frames of the film from the first picture on."""
        what, code = "", ""
        if begin < 0:
            what, code = "begins before its media", "timeline.before-media"
        elif end <= begin:
            what, code = "ends before it begins, or lasts no time", "timeline.reversed-range"
        elif begin >= whole or end > whole + Fraction(1, 1000):
            what, code = "goes beyond its media", "timeline.beyond-media"
        if what:
            raise InputError(
                what,
                where=where,
                expected=f"a range within 0 to {float(whole):g} frames of {name}",
                got=f"{float(begin):g} to {float(end):g}",
                mend="Mend `in` and `out`; if they are time codes, say when the media start.",
                code=code,
            )


def speed_of(value: float | str, where: str) -> Fraction:
    try:
        speed = Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        speed = Fraction(0)
    what, code = "", "timeline.speed"
    if speed < 0:
        what, code = "runs backwards, which is not made", "timeline.reversed"
    elif not Fraction(1, 100) <= speed <= 100:
        what = "has a speed that is not made"
    if what:
        raise InputError(
            what,
            where=where,
            expected="a constant speed from 0.01 to 100",
            got=str(value),
            mend="Turn the media round first, or give another speed.",
            code=code,
        )
    return speed.limit_denominator(10_000)


def check_fades(fades: Sequence[Fraction | int], length: Fraction | int, where: str) -> None:
    if min(fades) < 0 or sum(fades) > length:
        raise InputError(
            "its fades do not fit into it",
            where=where,
            expected=f"0 to {float(length):g} frames in all",
            got=" and ".join(f"{float(fade):g}" for fade in fades),
            mend="Make them shorter.",
            code="timeline.fades",
        )


def overlap(where: str, end: Fraction | int, at: Fraction | int) -> InputError:
    return InputError(
        "two clips overlap on one track",
        where=where,
        expected=f"to begin at frame {float(end):g} or later",
        got=f"frame {float(at):g}",
        mend="Move it, put it on a track of its own, or put a dissolve between them.",
        code="timeline.overlap",
    )


def lonely(where: str) -> InputError:
    return InputError(
        "has nothing to go from or to",
        where=where,
        expected="a clip on both sides of it, or on one side and a gap on the other",
        mend="Put it between two clips that touch.",
        code="timeline.lonely-change",
    )
