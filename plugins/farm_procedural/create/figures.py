"""What stands before the field: shapes and words.

Invariant: an asked number of shapes is exact; shapes and letters can be told from what is behind
them; a shape or a text that was refused is not there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from farm_procedural.create import harmony
from farm_procedural.create.advice import Advice
from farm_procedural.create.asks import Asks
from farm_procedural.create.chance import Chance
from farm_procedural.create.harmony import Lab, Stops
from farm_procedural.instruction import Axis
from farm_procedural.script import Overlay, ShapeKind, Title, TitleStyle

MOST_SHAPES = 60
LONG_TITLE = 200
SIZES = {"circle": 0.17, "ring": 0.22, "triangle": 0.19, "square": 0.16, "hexagon": 0.18,
         "star": 0.19, "heart": 0.19, "line": 0.4, "wave": 0.45, "spiral": 0.3,
         "grid": 0.5}  # fmt: skip
"""Radius of a single shape in frame heights."""

OUTLINED = ("ring", "line", "wave", "spiral", "grid")


def overlays_for(
    asks: Asks, scene: str | None, palette: Stops, own: Lab | None, level: float, aspect: float,
    chance: Chance, advice: Advice
) -> tuple[Overlay, ...]:  # fmt: skip
    """The shapes of a shot. own : the colour that the words gave them. aspect : width / height."""
    wanted = [d for d in asks.own(Axis.SHAPE) if d.confidence >= 0.5]
    kinds = {d.value for d in asks.own(Axis.MOTION)}
    made = []
    for number, decision in enumerate(wanted[:4]):
        count = asks.count(decision.value)
        if count is None:
            plural = decision.words.casefold().endswith("s")
            count = 3 + chance.number(f"count {decision.value}") % 5 if plural else 1
        count = min(MOST_SHAPES, max(1, count))
        colour = own if own is not None and number == 0 else _seen(palette, number)
        size = _size(decision.value, count, aspect)
        if decision.amount != 1.0:
            size *= min(1.5, max(0.6, decision.amount))
        shape = _overlay(decision.value, count, size, colour, level, kinds, chance)
        # Its own colour is seen as it is, nothing shining through.
        made.append(replace(shape, opacity=1.0) if colour == own else shape)
    if made or asks.nothing_of(Axis.SHAPE):
        return tuple(made)
    if scene in _SCENE_SHAPES and _SCENE_SHAPES[scene] not in asks.refused(Axis.SHAPE):
        return (_scene_shape(scene, palette, level, aspect, chance),)
    learned = advice.on(Axis.SHAPE, asks.refused(Axis.SHAPE))
    if learned is None or learned.value not in SIZES:
        return ()
    count = round(min(12.0, max(1.0, learned.numbers.get("count", 1.0))))
    size = min(0.4, max(0.05, learned.numbers.get("size", SIZES[learned.value])))
    soft = _overlay(learned.value, count, size, _seen(palette, 0), level, kinds, chance)
    return (soft,)


_SCENE_SHAPES = {"planet": "circle", "cyberspace": "grid"}
"""Places that are not what they are without a shape."""


def _scene_shape(
    scene: str, palette: Stops, level: float, aspect: float, chance: Chance
) -> Overlay:
    kind = _SCENE_SHAPES[scene]
    if kind == "circle":
        size = chance.between("planet", 0.26, 0.34) * min(1.0, aspect)
        return Overlay("circle", 1, size, palette[3], 0.97, 0.01, 0.0, 0.02 if level else 0.0)
    return Overlay("grid", 1, SIZES["grid"], palette[3], 0.5, 0.02, 0.0, 0.0, False)


def _overlay(
    kind: str, count: int, size: float, colour: Lab, level: float, kinds: set[str], chance: Chance
) -> Overlay:
    spin = 1.0 if level > 0 else 0.0
    turn = chance.sign(f"turn {kind}") * (4 + 40 * level) * spin
    if "spin" in kinds:
        turn = chance.sign(f"turn {kind}") * (90 + 120 * level)
    if kind in ("circle", "ring", "line", "wave", "grid", "heart") and "spin" not in kinds:
        turn = 0.0
    orbit = 0.02 + 0.06 * level
    if kinds & {"orbit", "swirl"}:
        orbit = 0.16 + 0.14 * level
    if kind in ("grid", "line", "wave"):
        orbit *= 0.3
    return Overlay(
        cast("ShapeKind", kind),
        count,
        round(size, 4),
        colour,
        0.9,
        0.015,
        round(turn, 3) * spin,
        round(orbit, 4) * spin,
        kind not in OUTLINED,
    )


def _size(kind: str, count: int, aspect: float) -> float:
    """So large that all of them have room: a single one keeps its size, many share the frame."""
    if count <= 1:
        return SIZES[kind] * min(1.0, aspect)
    return SIZES[kind] * min(1.0, aspect) * max(0.22, 1.25 / count**0.5) ** 1.0


def _seen(palette: Stops, number: int) -> Lab:
    """A colour of the palette that stands out from the middle of it."""
    middle = palette[2][0]
    lights = (palette[4], palette[3], palette[4], palette[3])
    darks = (palette[0], palette[1], palette[0], palette[1])
    chosen = lights[number] if middle < 0.66 else darks[number]
    return harmony.lch(
        min(0.97, chosen[0] + 0.06) if middle < 0.66 else max(0.06, chosen[0] - 0.06),
        harmony.chroma(chosen),
        harmony.hue(chosen),
    )


def titles_for(
    asks: Asks, texts: Sequence[str], palette: Stops, length_s: float, chance: Chance
) -> tuple[Title, ...]:
    """The texts of a shot, one after the other in its time."""
    if not texts or asks.says(Axis.TITLE, "none") or asks.nothing_of(Axis.TITLE):
        return ()
    refused = asks.refused(Axis.TITLE)
    style = asks.value(Axis.TITLE) or ("lower-third" if asks.value(Axis.GENRE) == "news" else None)
    if style is None:
        style = "kinetic" if asks.value(Axis.GENRE) in ("lyric", "music-video") else "title"
    if style in refused:
        style = next(s for s in ("title", "caption", "lower-third", "kinetic") if s not in refused)
    place, size = _PLACES[style]
    light = palette[2][0] < 0.72
    colour = harmony.lch(0.97 if light else 0.14, 0.015, harmony.hue(palette[3]))
    slot = length_s / len(texts)
    made = []
    for number, text in enumerate(texts):
        shown = text[:LONG_TITLE]
        fitting = min(size, 1.5 / max(8, len(shown))) if style in ("title", "kinetic") else size
        start = min(0.3, 0.12 * slot)
        made.append(
            Title(
                shown,
                cast("TitleStyle", style),
                round(number * slot + start, 3),
                round(max(0.2, min(slot - 2 * start, 6.0 + 0.05 * len(shown))), 3),
                place,
                round(max(0.03, fitting), 4),
                colour,
            )
        )
    return tuple(made)


_PLACES: dict[str, tuple[tuple[float, float], float]] = {
    "title": ((0.5, 0.47), 0.13),
    "kinetic": ((0.5, 0.5), 0.15),
    "lower-third": ((0.24, 0.82), 0.055),
    "caption": ((0.5, 0.9), 0.045),
}
"""Middle of the text and its size by style."""
