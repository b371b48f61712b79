"""How a screen recording is told: dead air is cut, waits run fast, the rest plays as it was.

Invariant: time never runs backwards, nothing that changes is left out but the repetitions of a wait,
and what is cut away stood still.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from farm_avatar.compose.screen import Change, Survey

DEAD_S, KEPT_S = 1.6, 0.7
"""What stands still for longer is dead air, and how much of it is left to breathe."""
WAIT_S, WAIT_SPEED = 2.4, 6.0
_BEAT_S = 1.2
"""A spinner or a cursor that blinks moves at least this often."""
_SMALL = 1 / 20
"""Share of the picture's width that a wait may move in."""
FASTEST_FIT = 1.5


@dataclass(frozen=True, slots=True)
class Piece:
    """``source_s`` to ``until_s`` of the recording, played ``speed`` times as fast from ``at_s``."""

    at_s: float
    source_s: float
    until_s: float
    speed: float

    @property
    def length_s(self) -> float:
        """How long it is shown."""
        return (self.until_s - self.source_s) / self.speed


@dataclass(frozen=True, slots=True)
class Tempo:
    """A recording as it is told. cut_s, hurried_s : seconds of it left out, and played fast."""

    pieces: tuple[Piece, ...]
    cut_s: float = 0.0
    hurried_s: float = 0.0

    @property
    def length_s(self) -> float:
        """How long it takes."""
        last = self.pieces[-1]
        return last.at_s + last.length_s

    def source(self, at_s: float) -> float:
        """The moment of the recording that is shown ``at_s`` seconds after its beginning."""
        place = bisect_right([piece.at_s for piece in self.pieces], max(0.0, at_s)) - 1
        piece = self.pieces[max(0, place)]
        return min(piece.until_s, piece.source_s + (at_s - piece.at_s) * piece.speed)

    def shown(self, source_s: float) -> float:
        """When a moment of the recording is shown; one that is cut away, when it would have been."""
        place = bisect_right([piece.source_s for piece in self.pieces], source_s) - 1
        piece = self.pieces[max(0, place)]
        inside = min(piece.until_s, max(piece.source_s, source_s)) - piece.source_s
        return piece.at_s + inside / piece.speed


def tempo(seen: Survey, speed: float, tidy: bool, room_s: float) -> Tempo:
    """The pieces of a recording. speed : of all of it. tidy : cut dead air and hurry waits.

    room_s : how long it may take; it is played up to half as fast again to fit.
    """
    parts = list(_parts(seen)) if tidy else [(seen.begin_s, seen.end_s, 1.0)]
    taken = sum((until - begin) / rate for begin, until, rate in parts) / speed
    fit = min(FASTEST_FIT, max(1.0, taken / room_s)) if tidy and room_s > 0 else 1.0
    pieces: list[Piece] = []
    at_s = 0.0
    for begin, until, rate in parts:
        piece = Piece(at_s, begin, until, rate * speed * fit)
        pieces.append(piece)
        at_s += piece.length_s
    whole = seen.end_s - seen.begin_s
    kept = sum(until - begin for begin, until, _ in parts)
    hurried = sum(until - begin for begin, until, rate in parts if rate > 1)
    return Tempo(tuple(pieces), max(0.0, whole - kept), hurried)


def _parts(seen: Survey) -> Iterator[tuple[float, float, float]]:
    """Begin and end of what is kept, and how fast it is played."""
    begin = seen.begin_s
    for start, stop, kind in sorted([*_waits(seen), *_still(seen)]):
        if start < begin or stop <= start:
            continue
        if kind == "wait":
            if start > begin:
                yield begin, start, 1.0
            yield start, stop, WAIT_SPEED
            begin = stop
        else:
            # It breathes on both sides of the cut.
            if start + KEPT_S / 2 > begin:
                yield begin, start + KEPT_S / 2, 1.0
            begin = stop - KEPT_S / 2
    if begin < seen.end_s:
        yield begin, seen.end_s, 1.0


def _still(seen: Survey) -> Iterator[tuple[float, float, str]]:
    edges = [seen.begin_s, *(change.at_s for change in seen.changes), seen.end_s]
    for start, stop in pairwise(edges):
        if stop - start >= DEAD_S:
            yield start, stop, "still"


def _waits(seen: Survey) -> Iterator[tuple[float, float, str]]:
    changes: Sequence[Change] = seen.changes
    most = max(48.0, seen.size[0] * _SMALL)
    first = 0
    while first < len(changes):
        left, top = changes[first].left, changes[first].top
        right, bottom = changes[first].right, changes[first].bottom
        last = first
        for number in range(first + 1, len(changes)):
            change = changes[number]
            left, top = min(left, change.left), min(top, change.top)
            right, bottom = max(right, change.right), max(bottom, change.bottom)
            late = change.at_s - changes[number - 1].at_s > _BEAT_S
            if late or right - left > most or bottom - top > most:
                break
            last = number
        if last - first >= 3 and changes[last].at_s - changes[first].at_s >= WAIT_S:
            yield changes[first].at_s, changes[last].at_s, "wait"
            first = last + 1
        else:
            first += 1
