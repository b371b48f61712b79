"""What floats and falls in the air of a shot.

Invariant: what was named is there and can be seen; what was refused is not, whatever the weather.
"""

from __future__ import annotations

from typing import cast

from farm_procedural.create.advice import Advice
from farm_procedural.create.asks import Asks
from farm_procedural.create.chance import Chance
from farm_procedural.create.genres import Genre
from farm_procedural.instruction import Axis, Decision
from farm_procedural.script import ParticleKind, Particles

DEGREES = {"right": 0.0, "up-right": 45.0, "up": 90.0, "up-left": 135.0, "left": 180.0,
           "down-left": 225.0, "down": 270.0, "down-right": 315.0}  # fmt: skip
"""Directions of the vocabulary as degrees, counter-clockwise from the right."""

WEATHER_PARTICLES = {
    "drizzle": ("rain", 0.5, 0.8), "rain": ("rain", 1.0, 1.0), "storm": ("rain", 1.6, 1.3),
    "snow": ("snow", 1.0, 1.0), "blizzard": ("snow", 2.4, 2.0),
}  # fmt: skip
"""Kind, density and speed of what falls."""


def particles_for(
    asks: Asks,
    scene: str | None,
    scenery: str,
    genre: Genre,
    level: float,
    chance: Chance,
    advice: Advice,
) -> tuple[Particles, ...]:
    """What floats or falls in a shot in which so much (``level``, 0 to 1) moves."""
    refused = asks.refused(Axis.PARTICLES)
    weather = {d.value: d for d in asks.own(Axis.WEATHER)}
    speed = 0.0 if level <= 0 else round(0.5 + 1.1 * level, 4)
    windy = 1.8 if "windy" in weather else 1.0
    found: dict[str, Particles] = {}
    for name, decision in weather.items():
        if name in WEATHER_PARTICLES:
            kind, density, pace = WEATHER_PARTICLES[name]
            if kind not in refused:
                thick = round(min(3.0, density * max(0.4, decision.amount)), 4)
                found[kind] = _particle(asks, kind, thick, speed * pace * windy)
    for decision in asks.own(Axis.PARTICLES)[:3]:
        if decision.value not in found:
            thick = round(min(3.0, _SAID * max(0.3, decision.amount)), 4)
            found[decision.value] = _particle(asks, decision.value, thick, speed * windy)
    for weathered, kinds in (("rain", {"rain"}), ("snow", {"snow"})):
        if weathered in asks.refused(Axis.WEATHER):
            found = {kind: item for kind, item in found.items() if kind not in kinds}
    if found:
        return tuple(found.values())
    quiet = asks.says(Axis.GRADIENT, "flat") or scene in ("gradient", "abstract", "room")
    if quiet or scenery == "gradient" or level <= 0 or asks.nothing_of(Axis.PARTICLES):
        return ()
    learned = advice.on(Axis.PARTICLES, refused)
    if learned is not None and learned.value in _FLOATING:
        density = min(2.0, max(0.2, learned.numbers.get("density", 0.8)))
        pace = min(2.0, max(0.2, learned.numbers.get("speed", 1.0)))
        return (_particle(asks, learned.value, density, speed * pace),)
    free = [kind for kind in genre.particles if kind in _FLOATING and kind not in refused]
    if scenery == "nebula" and "stars" not in refused:
        free = ["stars"]
    if not free or asks.refused(Axis.PARTICLES) >= set(_FLOATING):
        return ()
    kind = chance.pick("floats", free)
    return (_particle(asks, kind, chance.between("density", 0.5, 0.9), speed),)


_SAID = 1.4
"""Density of what was named, so that nobody has to look for it."""

_FLOATING = ("dust", "bokeh", "petals", "leaves", "fireflies", "embers", "sparks", "stars",
             "bubbles", "confetti", "rain", "snow")  # fmt: skip


def of_camera(asks: Asks) -> bool:
    """Whether the direction that was said is that of the camera: "the camera pans to the right"."""
    word = next(iter(asks.said(Axis.DIRECTION)), None)
    if word is None:
        return False
    return any(
        word.start - move.stop >= 0 and not set(_between(asks, move, word)) - _TOWARDS
        for move in asks.said(Axis.CAMERA)
        if move.value in ("pan", "tilt")
    )


_TOWARDS = frozenset(["to", "the", "slowly", "gently", "fast", "quickly", "towards", "toward"])


def _between(asks: Asks, one: Decision, other: Decision) -> list[str]:
    return asks.instruction.text[one.stop : other.start].casefold().split()


def _particle(asks: Asks, kind: str, density: float, speed: float) -> Particles:
    direction: float | None = None
    word = None if of_camera(asks) else next(iter(asks.said(Axis.DIRECTION)), None)
    # Rain that falls needs no direction, but what was told to go somewhere goes there.
    if word is not None and word.value in DEGREES:
        direction = DEGREES[word.value]
    return Particles(cast("ParticleKind", kind), density, round(min(3.0, speed), 4), direction)
