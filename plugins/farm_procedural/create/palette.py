"""Which palette a shot starts from: named ones, the place's own, a learned one, or an invented one.

Invariant: a palette that was named is in the picture; one that nobody named never replaces it.
"""

from __future__ import annotations

from dataclasses import dataclass

from farm_procedural.create import harmony
from farm_procedural.create.advice import Advice
from farm_procedural.create.asks import SAID, Asks
from farm_procedural.create.chance import Chance
from farm_procedural.create.harmony import Stops, from_hex
from farm_procedural.instruction import Axis, Decision
from farm_procedural.interpret.palettes import PALETTES
from farm_procedural.interpret.vocabulary import MOODS

SCENE_PALETTES = {
    "sea": "sea", "beach": "lagoon", "lake": "lake", "river": "lake", "waterfall": "lake",
    "underwater": "reef", "forest": "forest", "jungle": "forest", "meadow": "meadow",
    "garden": "spring", "desert": "desert", "canyon": "desert", "mountains": "mountain",
    "volcano": "lava", "island": "lagoon", "snowfield": "snow", "glacier": "ice", "cave": "abyss",
    "city": "city", "street": "city", "room": "peach", "space": "cosmos", "nebula": "cosmos",
    "planet": "cosmos", "aurora": "aurora", "fire": "fire", "smoke": "fog", "sky": "sky",
    "clouds": "sky", "cyberspace": "neon",
}  # fmt: skip
"""A place's own colours, for when the words name the place and no colours."""

SKIES = ("sky", "aurora")
NIGHTS = ("night", "starlight", "moonlight")
GLOWING = ("lava", "fire")
DAYS = ("day", "sunlight")


@dataclass(frozen=True, slots=True)
class Choice:
    """sky, ground : five stops each. name : of the palette, empty for an invented one. said : the
    words named it."""

    sky: Stops
    ground: Stops
    name: str = ""
    said: bool = False


def palette_for(
    asks: Asks, scene: str | None, scenery: str, chance: Chance, advice: Advice
) -> Choice:
    """The palette of a shot before any word about colour and light."""
    wanted = _ranked(asks, scene)
    refused = asks.refused(Axis.PALETTE)
    own = SCENE_PALETTES.get(scene or "")
    own = None if own in refused else own
    if wanted:
        sky, name = _joined(wanted, scenery)
        ground = sky
        if own and own != name:
            ground = harmony.blended(_named(own), sky, 0.25)
        said = wanted[0].confidence >= SAID
        return _varied(Choice(sky, ground, name, said), asks, chance)
    if own:
        return _varied(Choice(_named(own), _named(own), own), asks, chance)
    found = advice.on(Axis.PALETTE, refused)
    if found is not None:
        if len(found.colours) == 5:
            learned = tuple(sorted(found.colours))
            return Choice(learned, learned, found.name)
        if found.value in PALETTES:
            return Choice(_named(found.value), _named(found.value), found.value)
    mood = MOODS.get(asks.value(Axis.MOOD) or "")
    stops = harmony.invented(chance.within("palette"), mood.valence if mood else 0.0)
    if scenery == "nebula":
        # Most of it is dark; its glow is no white.
        stops = tuple(harmony.lch(0.88 * s[0], harmony.chroma(s), harmony.hue(s)) for s in stops)
    return Choice(stops, stops)


def _ranked(asks: Asks, scene: str | None) -> list[Decision]:
    """Named palettes, the leading one first."""
    # Of several places each brings its own colours, for its own shots.
    elsewhere = {d.start for d in asks.all(Axis.SCENE) if d.value != scene}
    elsewhere -= {d.start for d in asks.all(Axis.SCENE) if d.value == scene}
    wanted = [
        d
        for d in asks.own(Axis.PALETTE)
        if d.value in PALETTES and (d.confidence >= SAID or d.stop == 0 or d.start not in elsewhere)
    ]
    dark = any(d.value in ("dark", "black") for d in asks.said(Axis.BRIGHTNESS))
    if dark and any(d.value not in DAYS for d in wanted):
        wanted = [d for d in wanted if d.value not in DAYS]
    # Of equally sure palettes a time of day outranks a place.
    return sorted(wanted, key=lambda d: (-round(d.confidence, 2), -PALETTES[d.value].rank))


def _joined(wanted: list[Decision], scenery: str) -> tuple[Stops, str]:
    """One palette of those that were named."""
    first = wanted[0].value
    stops = _named(first)
    others = [d for d in wanted[1:] if d.value != first]
    glowing = next((d for d in others if d.value in GLOWING and d.confidence >= SAID), None)
    if scenery in SKIES and first in NIGHTS and glowing:
        # By night the glow is all that is seen, on the sky as well.
        own = _named(glowing.value)
        return _ember(own), glowing.value
    if scenery in SKIES:
        # A sky keeps its colours; the next subject only shines through.
        return (harmony.blended(stops, _named(others[0].value), 0.12) if others else stops), first
    lit = [d for d in others if d.value not in NIGHTS]
    if first in NIGHTS and lit:
        # By night a thing keeps its own colours, with less light.
        own = _named(lit[0].value)
        if lit[0].value in GLOWING:
            return _ember(own), lit[0].value
        mean = sum(stop[0] for stop in own) / len(own)
        return harmony.blended(harmony.lit(own, min(mean, 0.40)), stops, 0.2), lit[0].value
    if others and others[0].confidence >= SAID and first not in NIGHTS:
        # Both were named: both are seen, the first in the depth, the second in the light.
        other = _named(others[0].value)
        if others[0].value in NIGHTS:
            return harmony.lit(stops, 0.40), first
        return (*stops[:3], harmony.mixed(other[2], other[3], 0.6), other[4]), first
    if others:
        stops = harmony.blended(stops, _named(others[0].value), 0.25)
    return stops, first


def _ember(stops: Stops) -> Stops:
    """A glow by night: the same colours with more of the dark ones, none of them dimmed to mud."""
    places = (0.0, 0.5, 1.2, 2.1, 3.2)
    return tuple(harmony.mixed(stops[int(p)], stops[min(4, int(p) + 1)], p % 1) for p in places)


def _varied(choice: Choice, asks: Asks, chance: Chance) -> Choice:
    """The same subject on another day: seed and unknown words turn the hues a little."""
    reach = 9.0 if asks.instruction.unknown else 6.0
    degrees = chance.between("turn", -reach, reach)
    sky, ground = harmony.turned(choice.sky, degrees), harmony.turned(choice.ground, degrees)
    return Choice(sky, ground, choice.name, choice.said)


def _named(name: str) -> Stops:
    return tuple(from_hex(colour) for colour in PALETTES[name].colours)
