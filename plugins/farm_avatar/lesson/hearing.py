"""Which moments of a film are heard when: those of the pictures that are shown.

Invariant: what is heard at a moment belongs to the picture that is shown at it: a clip that freezes
is silent from there on, one that begins again is heard again, and what a recording leaves out of its
pictures it leaves out of its sound.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from farm.media.source import frame_rate, opened, video_stream
from farm_avatar.compose.overlays import CARD_OUT_S
from farm_avatar.compose.pace import pace_of
from farm_avatar.compose.scene import Scene, Visual
from farm_avatar.compose.tempo import Piece

_HELD_S = 0.1
"""How long a clip that is repeated stays on its last picture (``compose.moving.Clip``)."""


@dataclass(frozen=True, slots=True)
class Span:
    """Where a visual is on screen: seconds of its scene. clear_s : a card covers it until then."""

    start_s: float
    stop_s: float
    fps: int
    clear_s: float = 0.0

    @property
    def room_s(self) -> float:
        """How long it is on screen."""
        return self.stop_s - self.start_s


def span_of(scene: Scene, start_s: float, stop_s: float) -> Span:
    """The span of a visual of a scene between two moments."""
    clear_s = max(0.0, scene.chapter.seconds - CARD_OUT_S) if scene.chapter else 0.0
    return Span(start_s, stop_s, scene.fps, clear_s)


def heard_pieces(
    visual: Visual, path: Path, label: str, span: Span, told: Callable[[str], None]
) -> tuple[list[Piece], float]:
    """What is heard of a film from the moment it is on screen, and how much was cut out of it, s.

    Raises
    ------
    InputError : it cannot be read.
    """
    cut_s = 0.0
    if visual.kind == "screen" and visual.dead_air:
        _, pace = pace_of(path, label, visual, span.room_s, told)
        pieces, cut_s = list(pace.pieces), pace.cut_s
    else:
        last_s, end_s = _last_picture(path, label, visual.end_s)
        repeated = visual.kind == "clip" and visual.on_end == "loop"
        begins = [0.0, *_again(visual, span, last_s)] if repeated else [0.0]
        pieces = [Piece(at_s, visual.start_s, end_s, visual.speed) for at_s in begins]
    return list(_within(pieces, span.clear_s - span.start_s, span.room_s)), cut_s


def begin_of(path: Path, label: str) -> Fraction:
    """The moment of a file at which its pictures begin, seconds. Raises InputError."""
    with opened(path, label) as container:
        stream = video_stream(container, label)
        return (stream.start_time or 0) * Fraction(stream.time_base or Fraction(1, 1000))


def _last_picture(path: Path, label: str, end_s: float | None) -> tuple[float, float]:
    """When a film's last picture is shown and no longer is, seconds after the first; from ``end_s``
    on there is none."""
    with opened(path, label) as container:
        stream = video_stream(container, label)
        base, start = Fraction(stream.time_base or Fraction(1, 1000)), stream.start_time or 0
        last, ticks = 0, 0
        for packet in container.demux(stream):
            if not packet.size or packet.pts is None or packet.is_discard:
                continue
            at = packet.pts - start
            if at >= last and (end_s is None or float(at * base) < end_s):
                last, ticks = at, packet.duration or 0
        gone_s = float(last * base) + (float(ticks * base) or float(1 / frame_rate(stream)))
    return float(last * base), gone_s if end_s is None else min(gone_s, end_s)


def _again(visual: Visual, span: Span, last_s: float) -> Iterator[float]:
    """When a repeated clip begins again: at a frame of the scene, as ``compose.moving.Clip`` does."""
    begun_s = 0.0
    number = max(0, int(span.start_s * span.fps) - 1)
    while (now_s := number / span.fps) < span.stop_s:
        number += 1
        if now_s + 1e-6 < span.start_s or now_s < span.clear_s:
            continue
        at_s = max(0.0, now_s - span.start_s)
        if visual.start_s + (at_s - begun_s) * visual.speed > last_s + _HELD_S:
            begun_s = at_s
            yield at_s


def _within(pieces: list[Piece], begin_s: float, stop_s: float) -> Iterator[Piece]:
    """The pieces up to one another, and between two moments."""
    edges = [*(piece.at_s for piece in pieces[1:]), stop_s]
    for piece, edge_s in zip(pieces, edges, strict=True):
        late_s = max(0.0, begin_s - piece.at_s)
        heard = replace(piece, at_s=piece.at_s + late_s,
                        source_s=piece.source_s + late_s * piece.speed)  # fmt: skip
        room_s = min(edge_s, stop_s) - heard.at_s
        until_s = min(heard.until_s, heard.source_s + room_s * heard.speed)
        if until_s > heard.source_s:
            yield replace(heard, until_s=until_s)
