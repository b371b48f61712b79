"""How a shot moves: level, direction, pulse and camera.

Invariant: still means that nothing moves at all; a direction that was asked for is the direction of
the picture, so the camera goes the other way; a refused camera move is not made, by nobody's wish.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from farm_procedural.create.advice import Advice
from farm_procedural.create.air import DEGREES, of_camera
from farm_procedural.create.asks import Asks
from farm_procedural.create.chance import Chance
from farm_procedural.create.genres import Genre
from farm_procedural.instruction import Axis
from farm_procedural.interpret.vocabulary import INTENSITIES, MOODS, TEMPOS
from farm_procedural.script import CameraMove, Easing, Motion, Move

LEVELS = {
    "still": 0.0, "drift": 0.22, "float": 0.26, "flow": 0.42, "wave": 0.42, "swirl": 0.5,
    "spin": 0.6, "orbit": 0.5, "pulse": 0.5, "breathe": 0.22, "rise": 0.42, "fall": 0.42,
    "explode": 0.9, "implode": 0.8, "grow": 0.42, "shrink": 0.42, "bounce": 0.6, "shake": 0.7,
    "flicker": 0.45, "glitch": 0.8, "morph": 0.45,
}  # fmt: skip
"""How much moves, by the kind of motion, when nothing is said about how much."""

EASINGS: dict[str, Easing] = {
    "explode": "out", "implode": "in", "bounce": "bounce", "shake": "elastic", "glitch": "elastic",
    "pulse": "pulse", "breathe": "in-out", "spin": "linear", "drift": "linear", "rise": "out",
    "fall": "in",
}  # fmt: skip

USUAL_LEVEL = 0.36
PACE = 0.085
"""Frame heights per second that a camera slides at the usual motion."""


@dataclass(frozen=True, slots=True)
class Movement:
    """motion and camera of a shot; level 0 is a still picture."""

    motion: Motion
    camera: tuple[CameraMove, ...]


def level_of(asks: Asks, genre: Genre, chance: Chance, advice: Advice) -> float:
    """How much of a shot moves, 0 (still) to 1 (frantic)."""
    if asks.says(Axis.MOTION, "still") or asks.says(Axis.INTENSITY, "still"):
        return 0.0
    word = asks.first(Axis.INTENSITY)
    kind = asks.first(Axis.MOTION)
    if word is not None:
        base = INTENSITIES[word.value]
        level = base * word.amount**0.5 if base >= 0.45 else base / word.amount**0.7
        if kind is not None and base >= 0.45:
            level = max(level, 0.8 * LEVELS[kind.value])
    else:
        level = LEVELS[kind.value] * kind.amount**0.5 if kind else USUAL_LEVEL
        level *= _pace(asks)
        if kind is None and asks.value(Axis.MOOD) is None and asks.value(Axis.TEMPO) is None:
            learned = advice.on(Axis.MOTION, asks.refused(Axis.MOTION))
            if learned is not None and "level" in learned.numbers:
                level = min(0.85, max(0.08, learned.numbers["level"]))
            else:
                level *= genre.level * chance.between("level", 0.85, 1.2)
    refused = {INTENSITIES[value] for value in asks.refused(Axis.INTENSITY)}
    if any(value <= 0.2 for value in refused) or "still" in asks.refused(Axis.MOTION):
        level = max(level, 0.55)
    if any(value >= 0.65 for value in refused):
        level = min(level, 0.3)
    return round(min(1.0, max(0.05, level)), 4)


def movement_for(
    asks: Asks, genre: Genre, level: float, length_s: float, bpm: float, chance: Chance,
    advice: Advice, *, free: bool
) -> Movement:  # fmt: skip
    """Motion and camera of a shot of ``length_s`` seconds.

    free : whether the camera may move where the words say nothing of it.
    """
    if level <= 0:
        return Movement(Motion(0.0, None, "linear", 0.0), ())
    kinds = [d.value for d in asks.own(Axis.MOTION)]
    aimed = _direction(asks, kinds)
    # "Pans right" sends the camera there, not the picture.
    direction = None if of_camera(asks) else aimed
    if direction is None and not asks.first(Axis.DIRECTION):
        learned = advice.number(Axis.DIRECTION, "degrees")
        direction = None if learned is None else learned % 360
    pulse = 0.0
    if "pulse" in kinds or "bounce" in kinds or asks.value(Axis.GENRE) in ("party", "music-video"):
        pulse = bpm
    if "breathe" in kinds:
        pulse = round(bpm / 6, 3)
    if "pulse" in asks.refused(Axis.MOTION):
        pulse = 0.0
    easing = next((EASINGS[kind] for kind in kinds if kind in EASINGS), "in-out")
    camera = _camera(asks, genre, level, length_s, aimed, kinds, chance, advice, free)
    return Movement(Motion(level, direction, cast("Easing", easing), pulse), camera)


def _pace(asks: Asks) -> float:
    """What mood and tempo make of the usual motion, 0.35 to 2."""
    factor = 1.0
    mood = asks.first(Axis.MOOD)
    if mood is not None:
        factor *= MOODS[mood.value].energy ** min(1.5, max(0.5, mood.amount))
    tempo = asks.first(Axis.TEMPO)
    if tempo is not None:
        factor *= (TEMPOS[tempo.value] / 90.0) ** (1.2 * min(1.5, max(0.5, tempo.amount)))
    return min(2.4, max(0.3, factor))


def _direction(asks: Asks, kinds: list[str]) -> float | None:
    refused = asks.refused(Axis.DIRECTION)
    word = next((d for d in asks.said(Axis.DIRECTION) if d.value in DEGREES), None)
    if word is not None:
        return DEGREES[word.value]
    for kind, name in (("rise", "up"), ("fall", "down")):
        if kind in kinds and name not in refused:
            return DEGREES[name]
    return None


def _camera(
    asks: Asks, genre: Genre, level: float, length_s: float, direction: float | None,
    kinds: list[str], chance: Chance, advice: Advice, free: bool
) -> tuple[CameraMove, ...]:  # fmt: skip
    refused = asks.refused(Axis.CAMERA)
    if asks.says(Axis.CAMERA, "static") or asks.nothing_of(Axis.CAMERA):
        return ()
    moves: dict[Move, CameraMove] = {}

    def add(name: str, strength: float) -> None:
        for move in _moves(name, strength, length_s, direction, chance, refused):
            moves.setdefault(move.move, move)

    for decision in asks.own(Axis.CAMERA)[:3]:
        add(decision.value, min(2.0, max(0.35, decision.amount)) * (0.7 + 0.9 * level))
    if moves:
        return tuple(moves.values())
    implied = {"explode": "zoom-in", "implode": "zoom-out", "grow": "zoom-in",
               "shrink": "zoom-out", "shake": "handheld", "glitch": "handheld"}  # fmt: skip
    for kind in kinds:
        if kind in implied and implied[kind] not in refused:
            add(implied[kind], 0.8 + level)
    # What goes away from the middle does so as in a zoom in.
    turns = {"in": "zoom-out", "out": "zoom-in", "clockwise": "rotate-right",
             "counter-clockwise": "rotate-left"}  # fmt: skip
    for decision in asks.said(Axis.DIRECTION):
        if decision.value in turns and turns[decision.value] not in refused:
            add(turns[decision.value], 0.7 + level)
    if direction is not None:
        _follow(moves, direction, level, length_s, refused)
    if moves or not free:
        return tuple(moves.values())
    learned = advice.on(Axis.CAMERA, refused)
    if learned is not None:
        if learned.value == "static":
            return ()
        add(learned.value, min(1.6, max(0.3, learned.numbers.get("amount", 1.0))))
    if not moves:
        worn = advice.weights(Axis.CAMERA)
        weights = {m: w * worn.get(m, 1.0) for m, w in genre.moves.items() if m not in refused}
        if weights:
            add(chance.weighed("move", weights), 0.35 + 0.75 * level)
    return tuple(moves.values())


def _follow(
    moves: dict[Move, CameraMove], direction: float, level: float, length_s: float,
    refused: frozenset[str]
) -> None:  # fmt: skip
    """Slide so that the picture goes in ``direction``: the camera goes the other way."""
    way = round(PACE * (0.5 + 2.0 * level) * min(length_s, 20.0), 4)
    across = {0.0: 1, 45.0: 1, 315.0: 1, 180.0: -1, 135.0: -1, 225.0: -1}.get(direction, 0)
    upward = {90.0: 1, 45.0: 1, 135.0: 1, 270.0: -1, 225.0: -1, 315.0: -1}.get(direction, 0)
    if across and "pan" not in refused:
        moves.setdefault("pan", CameraMove("pan", -across * way, "linear"))
    if upward and "tilt" not in refused:
        moves.setdefault("tilt", CameraMove("tilt", -upward * way * 0.6, "linear"))


def _moves(
    name: str, strength: float, length_s: float, direction: float | None, chance: Chance,
    refused: frozenset[str]
) -> list[CameraMove]:  # fmt: skip
    """A camera value as moves; ``strength`` 1 is plain."""
    if name in refused:
        return []
    span = min(length_s, 12.0) * strength
    sign = chance.sign(f"way of {name}")

    def way(positive: str, negative: str) -> int:
        if positive in refused:
            return -1
        return 1 if negative in refused else sign

    slide, tilt = PACE * span, 0.055 * span
    zoom_in, zoom_out = min(1.2, 0.065 * span), -min(0.5, 0.045 * span)
    turn = min(60.0, 4.5 * span)
    if name == "zoom":
        return [CameraMove("zoom", _r(zoom_in if way("zoom-in", "zoom-out") > 0 else zoom_out))]
    if name == "pan":
        side = way("pan-right", "pan-left")
        if direction is not None and direction not in (90.0, 270.0):
            side = 1 if direction in (0.0, 45.0, 315.0) else -1
        return [CameraMove("pan", _r(side * slide), "linear")]
    if name == "tilt":
        return [CameraMove("tilt", _r(way("tilt-up", "tilt-down") * tilt), "linear")]
    if name == "rotate":
        return [CameraMove("rotate", _r(way("rotate-left", "rotate-right") * turn), "linear")]
    table: dict[str, list[CameraMove]] = {
        "zoom-in": [CameraMove("zoom", _r(zoom_in))],
        "zoom-out": [CameraMove("zoom", _r(zoom_out))],
        "pan-left": [CameraMove("pan", _r(-slide), "linear")],
        "pan-right": [CameraMove("pan", _r(slide), "linear")],
        "tilt-up": [CameraMove("tilt", _r(tilt), "linear")],
        "tilt-down": [CameraMove("tilt", _r(-tilt), "linear")],
        "rotate-left": [CameraMove("rotate", _r(turn), "linear")],
        "rotate-right": [CameraMove("rotate", _r(-turn), "linear")],
        "dolly": [CameraMove("dolly", _r(min(1.0, 0.13 * span)))],
        "dolly-in": [CameraMove("dolly", _r(min(1.0, 0.13 * span)))],
        "dolly-out": [CameraMove("dolly", _r(-min(1.0, 0.13 * span)))],
        "handheld": [CameraMove("handheld", _r(min(1.0, 0.45 * strength)))],
        "orbit": [
            CameraMove("pan", _r(sign * slide * 0.8), "linear"),
            CameraMove("rotate", _r(sign * turn * 0.4), "linear"),
        ],
    }
    return table.get(name, [])


def _r(value: float) -> float:
    return round(value, 4)
