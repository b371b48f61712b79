"""Contradictions: what a prompt asks for twice in two ways.

Invariant: nothing contradictory passes silently; of two contrary words the later one counts, the
earlier keeps half of its confidence, and a note says so. What is refused is never wanted besides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from farm_procedural.instruction import Axis, Decision
from farm_procedural.interpret.vocabulary import MOODS, VALUES

_SCALES: dict[Axis, int] = {
    Axis.BRIGHTNESS: 2, Axis.TEMPERATURE: 2, Axis.CONTRAST: 2, Axis.INTENSITY: 3, Axis.TEMPO: 2,
    Axis.CUTS: 2,
}  # fmt: skip
"""Axes whose values stand in order; as many steps apart they contradict."""

_PAIRS: dict[Axis, tuple[tuple[frozenset[str], frozenset[str]], ...]] = {
    axis: tuple((frozenset(a.split()), frozenset(b.split())) for a, b in pairs)
    for axis, pairs in {
        Axis.CAMERA: (
            ("zoom-in", "zoom-out"), ("pan-left", "pan-right"), ("tilt-up", "tilt-down"),
            ("dolly-in", "dolly-out"), ("rotate-left", "rotate-right"),
            ("static", " ".join(v for v in VALUES[Axis.CAMERA] if v != "static")),
        ),
        Axis.DIRECTION: (("left", "right"), ("up", "down"), ("in", "out"),
                         ("clockwise", "counter-clockwise")),
        Axis.SATURATION: (("grey muted", "vivid"), ("grey", "pastel natural")),
        Axis.DEPTH: (("blurred", "deep-focus"), ("flat", "deep layered"),
                     ("shallow-focus", "deep-focus")),
        Axis.MOTION: (("still", " ".join(v for v in VALUES[Axis.MOTION] if v != "still")),),
        Axis.SOUND: (("none", " ".join(v for v in VALUES[Axis.SOUND] if v != "none")),
                     ("loud", "quiet"), ("major", "minor")),
        Axis.TITLE: (("none", "title kinetic lower-third caption"),),
        Axis.GRADIENT: (("flat", "vertical horizontal radial angled conic diamond"),),
        Axis.WEATHER: (("clear", "cloudy fog drizzle rain storm snow blizzard"),),
        Axis.GRADE: (("clean", "grain film vintage vhs halation vignette"),),
        Axis.TEXTURE: (("smooth", "rough crystalline"),),
    }.items()
    for pairs in (pairs,)
}  # fmt: skip
_ACROSS = frozenset({"against", "on", "over", "in", "through", "amid", "behind", "under"})


def family(value: str) -> str:
    """ "zoom" of "zoom-in"; a value without direction is its own family."""
    return value.split("-")[0]


def settled(
    decisions: Sequence[Decision], text: str, refused: Sequence[Decision] = ()
) -> tuple[list[Decision], list[str]]:
    """Decisions of one part without contradictions, in the order of the text, and the notes."""
    notes: list[str] = []
    kept = _without_refused(decisions, refused, notes)
    for axis in Axis:
        wanted = [d for d in kept if d.axis is axis and not d.negated and d.confidence >= 0.8]
        wanted.sort(key=lambda d: d.start)
        for earlier, later in pairwise(wanted):
            if not _contrary(axis, earlier.value, later.value):
                continue
            between = text[earlier.stop : later.start].lower().split()
            if axis is Axis.BRIGHTNESS and _ACROSS & set(between) and len(between) < 5:
                # The ground fills the picture, so it leads.
                kept.append(replace(later, axis=Axis.CONTRAST, value="high", by="rule",
                                    name="bright against dark", confidence=0.7))  # fmt: skip
                kept = _halved(kept, earlier)
                continue
            if earlier.words.lower() == later.words.lower():
                continue
            notes.append(
                f"{earlier.words!r} and {later.words!r} contradict on {axis.value};"
                " the later one counts"
            )
            kept = _halved(kept, earlier)
    kept.sort(key=lambda d: (d.start, -d.confidence, d.axis.value, d.value))
    return kept, notes


def _halved(decisions: list[Decision], one: Decision) -> list[Decision]:
    return [replace(d, confidence=round(d.confidence / 2, 3)) if d is one else d for d in decisions]


def _contrary(axis: Axis, first: str, second: str) -> bool:
    if axis in _SCALES:
        order = list(VALUES[axis])
        return abs(order.index(first) - order.index(second)) >= _SCALES[axis]
    if axis is Axis.MOOD:
        return abs(MOODS[first].valence - MOODS[second].valence) > 1.25
    return any(
        (first in a and second in b) or (first in b and second in a)
        for a, b in _PAIRS.get(axis, ())
    )


def _without_refused(
    decisions: Sequence[Decision], refused: Sequence[Decision], notes: list[str]
) -> list[Decision]:
    refusals = [d for d in (*decisions, *refused) if d.negated]
    kept: list[Decision] = []
    lost: set[Decision] = set()
    for decision in decisions:
        against = (
            None if decision.negated else next((r for r in refusals if _covers(r, decision)), None)
        )
        if against is None:
            kept.append(decision)
        elif decision.confidence >= 0.8 and decision.words.lower() != against.words.lower():
            word = f"{decision.words!r} is wanted and refused ({against.words!r})"
            if decision.start > against.start and against in decisions:
                kept.append(decision)
                lost.add(against)
                notes.append(f"{word}; the later one counts")
            else:
                notes.append(f"{word}; the refusal counts")
    return [d for d in kept if d not in lost]


def _covers(refusal: Decision, wanted: Decision) -> bool:
    if refusal.axis is not wanted.axis:
        return False
    if refusal.value == wanted.value:
        return True
    return refusal.axis is Axis.CAMERA and refusal.value == family(wanted.value)
