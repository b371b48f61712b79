"""Where a shot is: scenery, gradient, texture, depth and what floats in the air.

Invariant: a gradient that was asked for is what the picture shows, not a hint under noise; nothing
that was refused floats, lies or stands in the picture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from farm_procedural.create.advice import Advice
from farm_procedural.create.air import particles_for
from farm_procedural.create.asks import SAID, Asks
from farm_procedural.create.chance import Chance
from farm_procedural.create.genres import Genre
from farm_procedural.create.harmony import from_hex
from farm_procedural.instruction import Axis
from farm_procedural.interpret.vocabulary import BRIGHTNESSES, SCENES
from farm_procedural.script import (
    Depth,
    Gradient,
    GradientKind,
    Particles,
    Scenery,
    Texture,
)

TEXTURES: dict[str, Texture] = {
    "smooth": Texture(0.0, 1.0, 0.0, 0.0, 1),
    "cloudy": Texture(0.5, 0.8, 0.3, 0.10, 5),
    "silky": Texture(0.42, 0.8, 0.55, 0.10, 3),
    "liquid": Texture(0.5, 0.9, 0.75, 0.18, 4),
    "marbled": Texture(0.55, 1.2, 0.75, 0.06, 5),
    "smoky": Texture(0.5, 1.1, 0.6, 0.12, 6),
    "rippled": Texture(0.4, 2.4, 0.2, 0.16, 2),
    "rough": Texture(0.6, 1.8, 0.15, 0.05, 6),
    "crystalline": Texture(0.55, 1.6, 0.1, 0.04, 2),
    "painterly": Texture(0.5, 1.4, 0.5, 0.06, 3),
    "cellular": Texture(0.55, 2.0, 0.12, 0.08, 1),
    "fibrous": Texture(0.5, 2.6, 0.3, 0.08, 4),
}
"""What a word for a surface means (flow at the usual motion)."""

BY_SCENERY: dict[str, Texture] = {
    "flow": Texture(0.40, 1.0, 0.50, 0.12, 4),
    "sky": Texture(0.40, 1.0, 0.50, 0.10, 4),
    "aurora": Texture(0.40, 1.0, 0.60, 0.12, 4),
    "gradient": Texture(0.08, 1.0, 0.30, 0.05, 3),
    "clouds": Texture(0.45, 0.9, 0.40, 0.13, 5),
    "nebula": Texture(0.45, 1.0, 0.50, 0.05, 6),
}
"""The surface of each scenery when nothing is said about it."""

ANGLES = {"vertical": 90.0, "horizontal": 0.0, "angled": 45.0}

PALE = ("pastel", "blossom", "peach", "mint", "spring", "snow", "ice", "joy", "candy")
"""Palettes that are light for the most part."""

QUIET = ("street", "room")
"""Places whose walls are no silk."""


@dataclass(frozen=True, slots=True)
class Place:
    """The parts of a shot that say where it is. scene : its name, ``None`` for no place."""

    scene: str | None
    scenery: Scenery
    gradient: Gradient
    texture: Texture
    depth: Depth
    particles: tuple[Particles, ...]


def scene_of(asks: Asks, turn: int = 0) -> str | None:
    """The place of a shot. turn : which of several equally sure places it is, in the film's order."""
    places = asks.own(Axis.SCENE)
    if not places:
        return None
    real = [d for d in places if d.value not in ("abstract", "gradient")] or list(places)
    sure = [d for d in real if d.confidence >= real[0].confidence - 0.05]
    if turn == 0 or len(sure) < 2:
        return real[0].value
    return sorted(sure, key=lambda d: d.start)[turn % len(sure)].value


def place_for(
    asks: Asks, scene: str | None, genre: Genre, level: float, chance: Chance, advice: Advice,
    *, whole: bool
) -> Place:  # fmt: skip
    """The place of a shot in which so much (``level``, 0 to 1) moves. whole : it is the only shot."""
    about = SCENES.get(scene or "")
    asked = next(iter(asks.said(Axis.GRADIENT)), None)
    scenery = cast("Scenery", about.scenery if about else _free_scenery(asks, chance))
    land = bool(about and (about.layers or about.water))
    if asked and not land and scenery in ("flow", "clouds", "gradient"):
        scenery = "gradient"
    gradient = _gradient(asks, asked.value if asked else None, scenery, chance, advice)
    gradient = _oriented(gradient, asks) if scenery == "gradient" else gradient
    texture = _texture(asks, scenery, level, about.scale if about else 1.0, chance, advice)
    if scene in QUIET or (asks.said(Axis.SHAPE) and asks.first(Axis.TEXTURE) is None):
        texture = replace(texture, amount=round(0.5 * texture.amount, 4))
    if asked:
        # The gradient is what was asked for; noise only keeps it alive.
        most = 0.08 + 0.2 * max(0.0, level - 0.4) if asks.first(Axis.TEXTURE) is None else 0.35
        texture = replace(texture, amount=round(min(texture.amount, most), 4))
    if asked and asked.value == "flat":
        texture = replace(texture, amount=0.0)
    return Place(
        scene,
        scenery,
        gradient,
        texture,
        _depth(asks, scene, whole),
        particles_for(asks, scene, scenery, genre, level, chance, advice),
    )


def _free_scenery(asks: Asks, chance: Chance) -> str:
    scene = asks.value(Axis.SCENE)
    if scene == "gradient" or asks.says(Axis.TEXTURE, "smooth"):
        return "gradient"
    if asks.says(Axis.WEATHER, "cloudy", "fog") and "clouds" not in asks.refused(Axis.SCENE):
        return "clouds"
    options = {"flow": 6.0, "clouds": 1.2, "nebula": 0.8}
    if _wants_light(asks):
        # Most of a nebula is dark.
        del options["nebula"]
    if asks.said(Axis.SHAPE) or asks.instruction.titles:
        # What stands in front is seen best before something quiet.
        options = {"flow": 2.0, "gradient": 1.0}
    return chance.weighed("scenery", {k: v for k, v in options.items() if k != "nebula" or
                                      "nebula" not in asks.refused(Axis.SCENE)})  # fmt: skip


def _wants_light(asks: Asks) -> bool:
    """Whether the picture has to be light, or must not be dark."""
    if asks.says(Axis.SATURATION, "pastel") or asks.says(Axis.PALETTE, *PALE):
        return True
    dark = any(BRIGHTNESSES[value] < 0 for value in asks.refused(Axis.BRIGHTNESS))
    word = asks.first(Axis.BRIGHTNESS)
    return dark or (word is not None and BRIGHTNESSES[word.value] > 0)


def _oriented(gradient: Gradient, asks: Asks) -> Gradient:
    """A gradient "from pink to orange": the first at the top, or on the left."""
    colours = sorted(asks.said(Axis.COLOUR), key=lambda d: d.start)
    if len(colours) != 2 or gradient.kind not in ("vertical", "horizontal"):
        return gradient
    first, second = (from_hex(d.value)[0] for d in colours)
    if gradient.kind == "vertical":
        return replace(gradient, angle=-90.0 if first < second else 90.0)
    return replace(gradient, angle=0.0 if first < second else 180.0)


def _gradient(
    asks: Asks, asked: str | None, scenery: str, chance: Chance, advice: Advice
) -> Gradient:
    refused = asks.refused(Axis.GRADIENT)
    if asked == "flat":
        return Gradient("vertical", 90.0, (0.0, 0.0), 0.0)
    strength = 0.8
    kind = asked
    angle: float | None = None
    if kind is not None:
        strength = min(1.0, 0.9 * asks.amount(Axis.GRADIENT, kind))
    else:
        found = advice.on(Axis.GRADIENT, refused)
        if found is not None and found.value in _SHAPES:
            kind, angle = found.value, found.numbers.get("angle")
            strength = min(1.0, max(0.2, found.numbers.get("strength", 0.8)))
    if kind is None:
        if scenery in ("sky", "aurora"):
            kind = "vertical" if "vertical" not in refused else "angled"
        else:
            worn = advice.weights(Axis.GRADIENT)
            free = {k: w * worn.get(k, 1.0) for k, w in _SHAPES.items() if k not in refused}
            kind = chance.weighed("gradient", free or {"vertical": 1.0})
    if angle is None:
        angle = ANGLES.get(kind, 0.0)
        if kind == "angled":
            angle = chance.pick("angle", (30.0, 45.0, 60.0, 120.0, 135.0, 150.0))
        elif kind == "conic":
            angle = chance.between("turn", 0, 360)
    centre = (0.0, 0.0)
    if asked is None and kind in ("radial", "conic", "diamond"):
        centre = (chance.between("cx", -0.25, 0.25), chance.between("cy", -0.15, 0.15))
    return Gradient(cast("GradientKind", kind), angle, centre, round(strength, 4))


_SHAPES = {"vertical": 2.0, "horizontal": 1.0, "radial": 2.0, "angled": 3.0, "conic": 0.6,
           "diamond": 0.5}  # fmt: skip


def _texture(
    asks: Asks, scenery: str, level: float, scale: float, chance: Chance, advice: Advice
) -> Texture:
    refused = asks.refused(Axis.TEXTURE)
    texture = BY_SCENERY[scenery]
    word = asks.first(Axis.TEXTURE)
    if word is not None:
        texture = TEXTURES[word.value]
        texture = replace(texture, amount=min(1.0, texture.amount * max(0.4, word.amount)))
    else:
        found = advice.on(Axis.TEXTURE, refused)
        if found is not None:
            texture = TEXTURES.get(found.value, texture)
            known = {k: v for k, v in found.numbers.items() if k in _LIMITS}
            texture = replace(texture, **{k: _limited(k, v) for k, v in known.items()})
        elif scenery in ("flow", "clouds"):
            texture = replace(
                texture,
                scale=round(texture.scale * chance.between("scale", 0.8, 1.25), 4),
                warp=round(min(1.0, texture.warp * chance.between("warp", 0.7, 1.15)), 4),
            )
    if word is None and {"rough", "marbled", "liquid"} & refused:
        texture = replace(texture, warp=min(texture.warp, 0.4), octaves=min(texture.octaves, 3))
    # What races moves more than in proportion: the eye gets used to a steady flow.
    pace = 0.15 + 2.1 * level + 3.4 * max(0.0, level - 0.5)
    flow = texture.flow * pace if level > 0 else 0.0
    return replace(texture, scale=round(texture.scale * scale, 4), flow=round(flow, 4))


_LIMITS = {"amount": (0.0, 1.0), "scale": (0.3, 4.0), "warp": (0.0, 1.0), "flow": (0.0, 0.5)}


def _limited(name: str, value: float) -> float:
    low, high = _LIMITS[name]
    return round(min(high, max(low, value)), 4)


def _depth(asks: Asks, scene: str | None, whole: bool) -> Depth:
    about = SCENES.get(scene or "")
    refused = asks.refused(Axis.DEPTH)
    layers, rough = (about.layers, about.rough) if about else (0, 0.5)
    land = layers > 0
    counted = asks.count("layers")
    if counted is not None:
        layers = min(6, max(0, counted))
    elif asks.says(Axis.DEPTH, "deep") and (land or _was_said(asks, "deep")):
        layers = min(6, max(layers + 2, 4))
    elif asks.says(Axis.DEPTH, "layered") and (land or _was_said(asks, "layered")):
        layers = max(layers, 3)
    if asks.says(Axis.DEPTH, "flat") or {"layered", "deep"} <= refused:
        layers = 0
    blur, focus = 0.0, 0.5
    if shallow := asks.says(Axis.DEPTH, "shallow-focus"):
        blur, focus = min(1.0, 0.6 * shallow.amount), 0.85
    if asks.says(Axis.WEATHER, "fog") and layers:
        blur, focus = 0.35, 0.95
    if asks.says(Axis.DEPTH, "blurred"):
        blur, focus = 0.9, 0.5
    if asks.says(Axis.DEPTH, "deep-focus") or refused & {"blurred", "shallow-focus"}:
        blur = 0.0
    water = bool(about and about.water) and scene not in asks.refused(Axis.SCENE)
    if whole and about and about.scenery == "sky":
        # One shot of several places shows all of them: hills above a lagoon.
        others = [SCENES[d.value] for d in asks.own(Axis.SCENE) if d.confidence >= SAID]
        water = water or any(other.water for other in others)
        layers = max([layers, *(other.layers for other in others if water or not layers)])
    return Depth(layers, round(rough, 4), water, round(blur, 4), focus)


def _was_said(asks: Asks, value: str) -> bool:
    return any(d.value == value for d in asks.said(Axis.DEPTH))
