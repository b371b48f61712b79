"""Cinematography: which shot types follow one another, and how one becomes the next.

Invariant: a transition that was asked for is the one that is made, a refused one never; a transition
leaves both of its shots time to be seen, and dissolves join what belongs together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from farm_procedural.create.advice import Advice
from farm_procedural.create.asks import Asks
from farm_procedural.create.chance import Chance
from farm_procedural.create.genres import USUAL, Genre
from farm_procedural.create.story import Beat
from farm_procedural.instruction import Axis
from farm_procedural.script import Shot, Transition, TransitionKind

FRAMES_S = {"dissolve": 1.1, "wipe": 0.7, "fade": 1.0, "match": 0.8, "whip": 0.28}
"""Usual length of a transition in seconds."""

SHOWY = ("fade", "wipe", "match", "whip")

BY_ROLE = {
    "opening": {"wide": 3.0, "aerial": 2.0},
    "climax": {"close": 2.0, "low-angle": 1.8, "macro": 1.2},
    "ending": {"wide": 2.5, "aerial": 1.5, "medium": 1.2},
}
"""What suits a part of the story, as factors."""


def shot_types(
    asks: Sequence[Asks], beats: Sequence[Beat], genre: Genre, chance: Chance, advice: Advice
) -> list[str]:
    """The type of each shot: asked ones in the order of the text, else by genre and role; no free
    choice is made twice in a row."""
    types: list[str] = []
    for number, (ask, beat) in enumerate(zip(asks, beats, strict=True)):
        wanted = sorted(ask.own(Axis.SHOT), key=lambda d: (-round(d.confidence, 2), d.start))
        if wanted:
            types.append(wanted[number % len(wanted)].value)
            continue
        if len(beats) == 1:
            types.append("medium")
            continue
        refused = ask.refused(Axis.SHOT)
        worn = advice.weights(Axis.SHOT)
        factors = BY_ROLE.get(beat.role, {})
        options = {
            name: weight * factors.get(name, 1.0) * worn.get(name, 1.0)
            for name, weight in (genre.shots or USUAL.shots).items()
            if name not in refused and (not types or types[-1] != name)
        }
        types.append(chance.weighed(f"shot {number}", options) if options else "medium")
    return types


def framed(shot: Shot, kind: str) -> Shot:
    """The shot as its type frames it."""
    scale = {"wide": 1.2, "medium": 1.0, "close": 0.68, "macro": 0.42, "aerial": 1.35,
             "top-down": 1.25, "low-angle": 0.9}[kind]  # fmt: skip
    size = {"wide": 0.75, "close": 1.5, "macro": 2.1, "aerial": 0.65}.get(kind, 1.0)
    depth = shot.depth
    if kind == "close":
        depth = replace(depth, blur=max(depth.blur, 0.3), focus=0.8)
    elif kind == "macro":
        depth = replace(depth, blur=max(depth.blur, 0.55), focus=0.9)
    elif kind == "low-angle" and depth.layers:
        depth = replace(depth, rough=round(min(2.0, depth.rough * 1.25), 4))
    elif kind == "top-down":
        depth = replace(depth, layers=0, water=False)
    overlays = tuple(
        o if o.count > 1 else replace(o, size=round(min(0.42, o.size * size), 4))
        for o in shot.overlays
    )
    texture = replace(shot.texture, scale=round(shot.texture.scale * scale, 4))
    return replace(shot, texture=texture, depth=depth, overlays=overlays)


def transition_for(
    asks: Asks, beat: Beat, after: Beat, fps: int, genre: Genre, hard: bool, before: str,
    chance: Chance, advice: Advice
) -> Transition:  # fmt: skip
    """How a shot becomes the next. hard : cuts were counted in words, so cuts they are.
    before : the kind of the transition before this one."""
    refused = asks.refused(Axis.TRANSITION)
    wanted = asks.own(Axis.TRANSITION)
    if wanted:
        kind = wanted[chance.number("asked") % len(wanted)].value
    elif (hard and "cut" not in refused) or (
        asks.says(Axis.CUTS, "many", "rapid") and "cut" not in refused
    ):
        kind = "cut"
    else:
        kind = _free(asks, beat, after, genre, before, refused, chance, advice)
    length = round(FRAMES_S.get(kind, 0.0) * fps * (1.5 if asks.amount(
        Axis.TRANSITION, kind) > 1.3 else 1.0))  # fmt: skip
    frames = min(length, beat.frames // 3, after.frames // 3)
    if kind != "cut" and frames < 2:
        return Transition("cut") if "cut" not in refused else Transition("dissolve", min(
            1, beat.frames - 1))  # fmt: skip
    angle = chance.pick("edge", (0.0, 0.0, 180.0, 90.0, 30.0)) if kind in ("wipe", "whip") else 0.0
    return Transition(cast("TransitionKind", kind), frames if kind != "cut" else 0, angle)


def _free(
    asks: Asks,
    beat: Beat,
    after: Beat,
    genre: Genre,
    before: str,
    refused: frozenset[str],
    chance: Chance,
    advice: Advice,
) -> str:
    """A transition by genre, and by what changes between the two shots."""
    weights = dict(genre.transitions or USUAL.transitions)
    if asks.refused(Axis.CUTS) or asks.says(Axis.CUTS, "none"):
        weights.pop("cut", None)
    if beat.phase != after.phase:
        # A new phase of one mood after another: joined softly, unless it breaks out.
        weights = {"dissolve": 5.0, "match": 1.5}
    if after.role == "ending" and beat.role != "ending":
        weights["fade"] = weights.get("fade", 0.0) + 1.0
    learned = advice.on(Axis.TRANSITION, refused)
    if learned is not None and learned.value in (*FRAMES_S, "cut"):
        return learned.value
    worn = advice.weights(Axis.TRANSITION)
    # What stands out is not done twice in a row; cuts and dissolves do not stand out.
    weights = {k: w * (0.2 if k == before and k in SHOWY else 1.0) for k, w in weights.items()}
    options = {k: w * worn.get(k, 1.0) for k, w in weights.items() if k not in refused}
    rest = [k for k in ("dissolve", "fade", "wipe", "match", "whip", "cut") if k not in refused]
    if not options:
        options = dict.fromkeys(rest[:1] or ["cut"], 1.0)
    return chance.weighed("transition", options)
