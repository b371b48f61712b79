"""Prompts for the loop: each one says something that none before it said.

Invariant: a prompt is a plan, one value on each of some axes, in words. A plan is never used twice,
and as long as any two values have not met, the next plan brings two such values together: so the
covered part of the parameter space grows with every round.

Source of the idea: pairwise covering arrays, D. Cohen et al., "The AETG system" (1997).
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

from farm_procedural.interpret.vocabulary import MOODS, PALETTES, SCENES

Plan = tuple[int, ...]
"""For each axis the number of the value, or -1 for none."""

_ANY = -1
_SKIPPED_SCENES = ("abstract", "gradient", "room")
_SKIPPED_PALETTES = ("rainbow", "mono", "noir", "paint", "matrix", "mint", "peach", "earth")


def _names(values: Iterable[str], skipped: Sequence[str] = ()) -> tuple[str, ...]:
    return tuple(name.replace("-", " ") for name in values if name not in skipped)


AXES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("mood", "{}", _names(MOODS)),
    ("scene", "{}", _names(SCENES, _SKIPPED_SCENES)),
    ("palette", "in {} colours", _names(PALETTES, _SKIPPED_PALETTES)),
    ("colour", "with {}", ("red", "orange", "yellow", "green", "teal", "blue", "violet", "magenta",
                           "white", "black")),
    ("intensity", "{} motion", ("still", "calm", "moderate", "lively", "strong", "frantic")),
    ("direction", "moving {}", ("left", "right", "up", "down")),
    ("camera", "{}", ("zoom in", "zoom out", "pan left", "pan right", "tilt up", "rotating camera",
                      "dolly in", "handheld", "static camera")),
    ("gradient", "{} gradient", ("vertical", "horizontal", "radial", "angled", "conic",
                                 "diamond")),
    ("texture", "{} texture", ("cloudy", "silky", "liquid", "marbled", "smoky",
                               "rough")),
    ("light", "{}", ("soft light", "light beams", "backlit", "glowing light", "spotlight",
                     "candle light")),
    ("particles", "{}", ("stars", "embers", "snow", "rain", "dust", "petals", "bokeh", "bubbles",
                         "sparks", "confetti", "leaves", "fireflies")),
    ("shape", "{}", ("circles", "rings", "triangles", "squares", "hexagons", "spirals",
                     "a grid")),
    ("brightness", "{}", ("dark", "dim", "bright")),
    ("saturation", "{} colours", ("muted", "pastel", "vivid")),
    ("contrast", "{} contrast", ("low", "high")),
    ("tempo", "{}", ("very slowly", "slowly", "fast", "very fast")),
    ("cuts", "{}", ("no cuts", "few cuts", "many cuts")),
    ("grade", "{}", ("film grain", "vignette", "letterbox", "sepia", "vintage film")),
)  # fmt: skip
"""Name, phrase, and values in words, in the order in which they are said."""

_CLASHES = (
    ("palette", "colour"), ("texture", "shape"), ("brightness", "light"), ("saturation", "grade"),
)  # fmt: skip
"""Axes that speak of the same thing; a plan takes one of the two."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """pairs : of values that met in some plan. possible : of all that may meet."""

    pairs: int
    possible: int
    values: int
    possible_values: int

    @property
    def share(self) -> float:
        """Of the pairs, 0-1."""
        return self.pairs / self.possible


Pair = tuple[int, int, int, int]


def next_plan(before: Sequence[Sequence[int]], seed: int) -> Plan:
    """A plan that is not among those before, and that brings together what has not met yet."""
    chance = random.Random(seed)
    used = {tuple(plan) for plan in before}
    met = covered(before)
    open_pairs = [pair for pair in _possible() if pair not in met]
    best: Plan | None = None
    best_gain = -1
    for _ in range(24):
        plan = [_ANY] * len(AXES)
        if open_pairs:
            a, x, b, y = open_pairs[chance.randrange(len(open_pairs))]
            plan[a], plan[b] = x, y
        for axis in chance.sample(range(len(AXES)), len(AXES)):
            if sum(value != _ANY for value in plan) >= 4 + chance.randrange(4):
                break
            if plan[axis] == _ANY and not _clashes(plan, axis):
                plan[axis] = chance.randrange(len(AXES[axis][2]))
        made = tuple(plan)
        gain = len(covered([made]) - met)
        if made not in used and gain > best_gain:
            best, best_gain = made, gain
    if best is not None:
        return best
    # Two dozen old plans in a row: count up from the last one instead of trusting to luck.
    plan = list(before[-1])
    while tuple(plan) in used:
        axis = chance.randrange(len(AXES))
        plan[axis] = chance.randrange(len(AXES[axis][2]))
    return tuple(plan)


def worded(plan: Sequence[int]) -> str:
    """The plan as a prompt."""
    said = {
        name: phrase.format(values[value])
        for (name, phrase, values), value in zip(AXES, plan, strict=True)
        if value != _ANY
    }
    head = " ".join(said.pop(name) for name in ("mood", "scene") if name in said)
    return ", ".join([head, *said.values()] if head else said.values())


def covered(plans: Iterable[Sequence[int]]) -> set[Pair]:
    """Pairs of values that met."""
    found: set[Pair] = set()
    for plan in plans:
        chosen = [(axis, value) for axis, value in enumerate(plan) if value != _ANY]
        found.update((a, x, b, y) for (a, x), (b, y) in combinations(chosen, 2))
    return found


def coverage(plans: Sequence[Sequence[int]]) -> Coverage:
    """How much of the space the plans have covered."""
    met = covered(plans)
    possible = _possible()
    values = {(axis, value) for plan in plans for axis, value in enumerate(plan) if value != _ANY}
    return Coverage(
        len(met & set(possible)),
        len(possible),
        len(values),
        sum(len(values) for _, _, values in AXES),
    )


def _possible() -> list[Pair]:
    return [
        (a, x, b, y)
        for (a, first), (b, second) in combinations(enumerate(AXES), 2)
        if (first[0], second[0]) not in _CLASHES
        for x in range(len(first[2]))
        for y in range(len(second[2]))
    ]


def _clashes(plan: Sequence[int], axis: int) -> bool:
    own = AXES[axis][0]
    others = {AXES[k][0] for k, value in enumerate(plan) if value != _ANY}
    return any(own in pair and (set(pair) - {own}) & others for pair in _CLASHES)
