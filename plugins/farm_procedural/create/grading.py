"""Light and grade of a shot.

Invariant: a grade that was refused is exactly neutral; strengths stay within what still looks like a
film, however many words ask for more.
"""

from __future__ import annotations

from dataclasses import replace

from farm_procedural.create.advice import Advice
from farm_procedural.create.asks import Asks
from farm_procedural.create.chance import Chance
from farm_procedural.create.genres import Genre
from farm_procedural.create.harmony import Stops
from farm_procedural.instruction import Axis
from farm_procedural.interpret.vocabulary import MOODS
from farm_procedural.script import Grade, Light

SUNNY = ("dawn", "sunset", "golden-hour", "day", "sunlight", "lagoon")
"""Palettes of a sky in which the sun stands."""


def light_for(
    asks: Asks, palette: Stops, scenery: str, genre: Genre, still: bool, chance: Chance,
    advice: Advice
) -> Light:  # fmt: skip
    """The light of a shot. still : no unrest, whatever else is asked."""
    refused = asks.refused(Axis.LIGHT)
    wanted = {d.value: min(2.0, max(0.3, d.amount)) for d in asks.own(Axis.LIGHT)}
    mean = sum(stop[0] for stop in palette) / len(palette)
    # The lighter a picture is, the less glow it bears before it is only white.
    bloom = genre.bloom * (1.0 if mean < 0.55 else 0.6)
    light = Light("none", 0.3, chance.between("angle", 55, 125), 0.2, genre.beams * 0.6, bloom)
    learned = None if wanted else advice.on(Axis.LIGHT, refused)
    if learned is not None:
        limits = {"bloom": 0.9, "beams": 0.6, "rim": 0.7, "key": 0.8}
        known = {k: v for k, v in learned.numbers.items() if k in limits}
        light = replace(light, **{k: round(min(limits[k], max(0, v)), 4) for k, v in known.items()})
        wanted = {learned.value: 1.0} if not known and learned.value in _EFFECTS else wanted
    for name, amount in wanted.items():
        light = replace(light, **_effect(name, amount))
    orb = light.orb
    if orb == "none" and scenery == "sky" and "sun" not in refused:
        names = {d.value for d in asks.own(Axis.PALETTE)}
        orb = "sun" if names & set(SUNNY) else "moon" if "moonlight" in names else "none"
    dim = any(d.value in ("dark", "black") for d in asks.said(Axis.BRIGHTNESS))
    if orb == "sun" and dim and not any(d.value == "sun" for d in asks.said(Axis.LIGHT)):
        orb = "none"
    if orb == "sun" and asks.says(Axis.WEATHER, "storm") and not _told_of_sun(asks):
        # Behind the clouds of a storm there is no disc to be seen.
        orb = "none"
    if orb in refused or (orb == "moon" and "moon" in refused):
        orb = "none"
    weather = {d.value for d in asks.own(Axis.WEATHER)}
    if "storm" in weather and "lightning" not in refused:
        light = replace(light, flicker=max(light.flicker, 0.35))
    if "fog" in weather:
        light = replace(light, bloom=min(1.0, light.bloom + 0.15), key=light.key * 0.6)
    motions = {d.value for d in asks.own(Axis.MOTION)}
    if motions & {"flicker", "glitch"}:
        light = replace(light, flicker=max(light.flicker, 0.6))
    off = {"beams": "beams", "bloom": "bloom", "rim": "rim", "hard": "key"}
    light = replace(light, **{field: 0.0 for name, field in off.items() if name in refused})
    restless = {"flicker", "lightning", "candle"} & refused
    if still or restless or "flicker" in asks.refused(Axis.MOTION):
        light = replace(light, flicker=0.0)
    values = {name: round(getattr(light, name), 4) for name in ("key", "rim", "beams", "bloom")}
    return replace(light, orb=orb, **values)


def _told_of_sun(asks: Asks) -> bool:
    """Whether the sun itself was named, and not a time of day that usually has one."""
    return any(d.value == "sun" and d.confidence >= 0.85 for d in asks.said(Axis.LIGHT))


_EFFECTS: dict[str, dict[str, object]] = {
    "sun": {"orb": "sun", "key": 0.5}, "moon": {"orb": "moon", "key": 0.3},
    "soft": {"key": 0.12, "rim": 0.1, "bloom": 0.6}, "hard": {"key": 0.85, "bloom": 0.25},
    "backlit": {"key": 0.2, "rim": 0.8, "angle": 90.0}, "rim": {"rim": 0.8},
    "beams": {"beams": 0.65}, "bloom": {"bloom": 0.85}, "spotlight": {"key": 0.8, "beams": 0.3},
    "flicker": {"flicker": 0.55}, "candle": {"flicker": 0.3, "key": 0.4, "bloom": 0.6},
    "lightning": {"flicker": 0.8}, "reflections": {"rim": 0.45, "bloom": 0.6},
}  # fmt: skip


def _effect(name: str, amount: float) -> dict[str, object]:
    scaled: dict[str, object] = {}
    for field, value in _EFFECTS[name].items():
        if isinstance(value, float) and field != "angle":
            scaled[field] = round(min(1.0, value * amount**0.6), 4)
        else:
            scaled[field] = value
    return scaled


def grade_for(asks: Asks, palette: Stops, genre: Genre, advice: Advice) -> Grade:
    """The grade of a shot."""
    refused = asks.refused(Axis.GRADE)
    words = {d.value: min(2.0, max(0.3, d.amount)) for d in asks.own(Axis.GRADE)}
    grade = Grade(
        contrast=genre.contrast,
        saturation=genre.saturation if asks.first(Axis.SATURATION) is None else 1.0,
        grain=genre.grain,
        vignette=genre.vignette,
        halation=genre.halation,
        letterbox=genre.letterbox,
    )
    if asks.own(Axis.COLOUR) and grade.saturation < 1.0:
        grade = replace(grade, saturation=1.0)
    if not words and asks.first(Axis.GENRE) is None:
        learned = advice.on(Axis.GRADE, refused)
        if learned is not None:
            words = {learned.value: 0.8} if learned.value in _GRADES else words
            known = {k: v for k, v in learned.numbers.items() if k in _MOST}
            grade = replace(
                grade, **{k: round(min(_MOST[k], max(0.0, v)), 4) for k, v in known.items()}
            )
    for name, amount in words.items():
        grade = _graded(grade, name, amount)
    mood = MOODS.get(asks.value(Axis.MOOD) or "")
    if mood is not None and "clean" not in words and mood.valence < -0.5:
        grade = replace(grade, vignette=min(0.6, grade.vignette + 0.12))
    grade = _toned(grade, asks)
    mean = sum(stop[0] for stop in palette) / len(palette)
    if mean < 0.36:
        # In the dark a vignette swallows what little there is to see.
        grade = replace(
            grade, vignette=min(grade.vignette, 0.28), contrast=min(grade.contrast, 1.12)
        )
    if mean > 0.68 and grade.gain == (1.0, 1.0, 1.0):
        # The film's soft shoulder takes light from a light picture; this gives it back.
        grade = replace(grade, gain=(round(1 + 0.6 * (mean - 0.68), 4),) * 3)
    return _without(grade, refused)


_GRADES: dict[str, dict[str, float | tuple[float, float, float]]] = {
    "clean": {"grain": 0.0, "vignette": 0.0, "halation": 0.0, "contrast": 1.0},
    "film": {"grain": 0.22, "halation": 0.25, "contrast": 1.06, "vignette": 0.3},
    "grain": {"grain": 0.6},
    "vignette": {"vignette": 0.65},
    "halation": {"halation": 0.65},
    "letterbox": {"letterbox": 2.39},
    "sepia": {"grain": 0.2, "vignette": 0.4, "gain": (1.04, 1.0, 0.92)},
    "noir": {"saturation": 0.0, "contrast": 1.3, "vignette": 0.5, "grain": 0.3},
    "bleach": {"saturation": 0.5, "contrast": 1.3, "gain": (1.04, 1.04, 1.04)},
    "teal-orange": {"lift": (-0.012, 0.006, 0.022), "gain": (1.07, 1.0, 0.92), "contrast": 1.06},
    "faded": {"lift": (0.05, 0.05, 0.055), "contrast": 0.88, "saturation": 0.85},
    "vintage": {"lift": (0.03, 0.02, 0.012), "gain": (1.05, 1.0, 0.9), "grain": 0.45,
                "vignette": 0.5, "saturation": 0.85, "halation": 0.3},
    "technicolor": {"saturation": 1.3, "contrast": 1.12},
    "vhs": {"grain": 0.5, "saturation": 1.1, "contrast": 0.92, "halation": 0.35,
            "lift": (0.02, 0.02, 0.03)},
}  # fmt: skip

_MOST = {"grain": 0.6, "vignette": 0.6, "halation": 0.6}


def _graded(grade: Grade, name: str, amount: float) -> Grade:
    values: dict[str, object] = {}
    for field, value in _GRADES[name].items():
        if field in ("grain", "vignette", "halation") and isinstance(value, float):
            values[field] = round(min(1.0, value * amount), 4)
        else:
            values[field] = value
    return replace(grade, **values)  # type: ignore[arg-type]


def _toned(grade: Grade, asks: Asks) -> Grade:
    """Words of contrast and brightness, in the grade's part of them."""
    contrast = next(iter(asks.said(Axis.CONTRAST)), None)
    if contrast is not None and contrast.value != "medium":
        strong = 1 + 0.22 * contrast.amount if contrast.value == "high" else 0.85
        grade = replace(grade, contrast=round(min(1.5, strong), 4))
    refused = asks.refused(Axis.CONTRAST)
    if "high" in refused:
        grade = replace(grade, contrast=min(grade.contrast, 0.95))
    if "low" in refused:
        grade = replace(grade, contrast=max(grade.contrast, 1.08))
    word = next((d.value for d in asks.said(Axis.BRIGHTNESS)), None)
    if word in ("bright", "blinding"):
        gamma = 1.1 if word == "bright" else 1.2
        grade = replace(grade, gamma=(gamma,) * 3, vignette=min(grade.vignette, 0.1))
    elif asks.value(Axis.SATURATION) == "pastel":
        grade = replace(grade, vignette=min(grade.vignette, 0.1))
    if word in ("dark", "black"):
        gamma = 0.94
        grade = replace(grade, gamma=(gamma,) * 3)
    if {"dark", "dim", "black"} & asks.refused(Axis.BRIGHTNESS):
        grade = replace(grade, vignette=min(grade.vignette, 0.12))
    if asks.value(Axis.SATURATION) == "vivid":
        grade = replace(grade, saturation=1.2)
    if any(d.value == "grey" for d in asks.said(Axis.SATURATION)):
        grade = replace(grade, saturation=0.0, lift=(0.0,) * 3, gain=(1.0,) * 3)
    return grade


def _without(grade: Grade, refused: frozenset[str]) -> Grade:
    for name, field in (("grain", "grain"), ("vignette", "vignette"), ("halation", "halation"),
                        ("letterbox", "letterbox")):  # fmt: skip
        if name in refused:
            grade = replace(grade, **{field: 0.0})
    if refused & {"film", "vintage", "vhs"}:
        grade = replace(grade, grain=0.0, halation=0.0)
    return grade
