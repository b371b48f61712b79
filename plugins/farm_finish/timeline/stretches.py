"""Which frames of a film are copied from its media, and which are made.

Invariant: pieces are all frames of the film, in order, each once. A copied piece shows its source's
pictures as they are, begins with an instantaneous refresh, and needs no packet outside of itself.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from farm_finish.timeline.model import Piece, Shot, Timeline
from farm_finish.timeline.parameter_sets import Setup
from farm_finish.timeline.survey import Copyable

LEAST = 8
"""Frames; a shorter copy would cost more in key frames around it than it saves."""


@dataclass(frozen=True, slots=True)
class Plain:
    """Frames ``at`` to ``stop`` of the film, which show a source from picture ``first`` on."""

    at: int
    stop: int
    source: int
    first: int

    def goes_on_with(self, other: Plain) -> bool:
        """Whether the other shows the next pictures of the same source, right after this."""
        due = self.first + self.stop - self.at
        return (self.source, self.stop, due) == (other.source, other.at, other.first)


def pieces_of(timeline: Timeline, copies: Sequence[Copyable | None]) -> tuple[Piece, ...]:
    """The pieces of a film. copies : how each of the timeline's sources may be copied, if at all."""
    pieces: list[Piece] = []
    for run in plain_runs(timeline):
        copyable = copies[run.source]
        found = copyable.stretch(run.first, run.first + run.stop - run.at) if copyable else None
        if found and found[1] - found[0] >= LEAST:
            begin = run.at + found[0] - run.first
            pieces.append(Piece(begin, found[1] - found[0], run.source, found[0]))
    return tuple(_filled(pieces, timeline.length))


def lead_setup(timeline: Timeline, copies: Sequence[Copyable | None]) -> Setup | None:
    """The decoder setup with which most can be copied; ``None`` if nothing can be."""
    gains: Counter[Setup] = Counter()
    for setup in dict.fromkeys(one.setup for one in copies if one):
        some = [one if one and one.setup == setup else None for one in copies]
        gains[setup] = sum(p.frames for p in pieces_of(timeline, some) if p.source is not None)
    best = gains.most_common(1)
    return best[0][0] if best and best[0][1] else None


def plain_runs(timeline: Timeline) -> Iterator[Plain]:
    """Runs of frames that are one source's pictures, one after another, with nothing done to them."""
    held: Plain | None = None
    for begin, stop in _intervals(timeline):
        shot = _only_shot(timeline, begin, stop)
        run = None
        if shot is not None:
            run = Plain(begin, stop, shot.source, shot.picture(begin))
        if held and run and held.goes_on_with(run):
            held = Plain(held.at, run.stop, held.source, held.first)
            continue
        if held:
            yield held
        held = run
    if held:
        yield held


def _intervals(timeline: Timeline) -> Iterator[tuple[int, int]]:
    """Stretches of the film in which nothing begins or ends."""
    edges = {0, timeline.length}
    for layer in timeline.layers:
        for item in layer.items:
            edges |= {item.at, item.at + item.fade_in, item.end - item.fade_out, item.end}
        for change in layer.changes:
            edges |= {change.at, change.end}
    ordered = sorted(edge for edge in edges if 0 <= edge <= timeline.length)
    yield from itertools.pairwise(ordered)


def _only_shot(timeline: Timeline, begin: int, stop: int) -> Shot | None:
    """The one shot that is all there is to see; ``None`` where more or less is."""
    for layer in reversed(timeline.layers):
        active = [item for item in layer.items if item.at < stop and item.end > begin]
        if not active:
            if any(change.at < stop and change.end > begin for change in layer.changes):
                return None
            continue
        if len(active) > 1 or any(c.at < stop and c.end > begin for c in layer.changes):
            return None
        (item,) = active
        faded = item.at + item.fade_in > begin or item.end - item.fade_out < stop
        if not isinstance(item, Shot) or faded or not item.whole:
            return None
        source = timeline.sources[item.source]
        fits = (source.width, source.height) == (timeline.width, timeline.height)
        exact = item.step == 1 and item.first.denominator == 1 and source.fps == timeline.fps
        return item if fits and exact and source.kind == "film" else None
    return None


def _filled(copied: Sequence[Piece], length: int) -> Iterator[Piece]:
    """The copied pieces, with pieces to render between them."""
    at = rendered = 0
    for piece in [*copied, Piece(length, 0)]:
        if piece.at > at:
            yield Piece(at, piece.at - at, rendered=rendered)
            rendered += piece.at - at
        if piece.frames:
            yield piece
        at = piece.at + piece.frames
