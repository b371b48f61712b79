"""Cues: what is read on the screen, from when to when.

Invariant: cues are sorted by when they begin, each lasts at least a millisecond and shows something.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from pydantic import Field

from farm import InputError
from farm_finish.captions.documents import read_document, write_document

SCHEMA = "farm.cues/1"
MOST_CUES = 50_000
MOST_AT_ONCE = 8
LONGEST_LINE = 500
Moment = Annotated[int, Field(ge=0, le=360_000_000)]


@dataclass(frozen=True, slots=True)
class Timed:
    """A word of a cue and when it is said, ms."""

    text: str
    start_ms: Moment
    end_ms: Moment


@dataclass(frozen=True, slots=True)
class Cue:
    """Lines shown from ``start_ms`` (included) to ``end_ms`` (not included).

    words : when each of the words is said, in the order of the lines; empty when not known.
    """

    start_ms: Moment
    end_ms: Moment
    lines: tuple[Annotated[str, Field(min_length=1, max_length=LONGEST_LINE)], ...]
    words: tuple[Timed, ...] = ()

    @property
    def text(self) -> str:
        """The lines as one."""
        return " ".join(self.lines)


@dataclass(frozen=True, slots=True)
class Captions:
    """The cues of a film in one language: an ISO 639 code, empty when not known."""

    language: Annotated[str, Field(pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$")]
    cues: Annotated[list[Cue], Field(max_length=MOST_CUES)] = field(default_factory=list)


def read_cues(path: Path, label: str) -> Captions:
    """The captions at ``path``.

    Raises
    ------
    InputError : they are none, or a cue is empty, ends before it begins or is out of order.
    """
    captions = read_document(path, SCHEMA, Captions, label)
    for number, complaint in complaints(captions.cues):
        raise InputError(complaint, where=f"{label}, cues.{number}", code="captions.bad-cue")
    return captions


def complaints(cues: Sequence[Cue]) -> list[tuple[int, str]]:
    """Numbers of the cues that are not as they must be, and why."""
    found = []
    before = 0
    ends: list[int] = []
    for number, cue in enumerate(cues):
        while ends and ends[0] <= cue.start_ms:
            heappop(ends)
        heappush(ends, cue.end_ms)
        if cue.end_ms <= cue.start_ms:
            found.append((number, "a cue ends before it begins"))
        elif cue.start_ms < before:
            found.append((number, "a cue begins before the one in front of it"))
        elif not cue.lines:
            found.append((number, "a cue shows nothing"))
        elif len(ends) > MOST_AT_ONCE:
            found.append((number, f"more than {MOST_AT_ONCE} cues are shown at once"))
        before = cue.start_ms
    return found


def write_cues(path: Path, captions: Captions) -> None:
    """Write captions as JSON."""
    write_document(path, SCHEMA, captions)


def spans(cues: Sequence[Cue]) -> list[tuple[int, int, tuple[int, ...]]]:
    """Stretches of time and the numbers of the cues shown in each: ``(start_ms, end_ms, cues)``.

    Cues that overlap, as those of two speakers do, are shown together for as long as they do.
    """
    edges = sorted({edge for cue in cues for edge in (cue.start_ms, cue.end_ms)})
    found: list[tuple[int, int, tuple[int, ...]]] = []
    shown: list[int] = []
    following = 0
    for start, stop in pairwise(edges):
        shown = [number for number in shown if cues[number].end_ms > start]
        while following < len(cues) and cues[following].start_ms <= start:
            shown.append(following)
            following += 1
        if shown:
            found.append((start, stop, tuple(shown)))
    return found
