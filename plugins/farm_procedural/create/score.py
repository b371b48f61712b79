"""What the sound follows: mood, pulse, key, noise beds and instruments.

Invariant: silence that was asked for is silence; a sound that was refused is not in the score.
"""

from __future__ import annotations

from farm_procedural.create.advice import Advice
from farm_procedural.create.asks import Asks
from farm_procedural.create.chance import Chance
from farm_procedural.create.genres import USUAL, Genre
from farm_procedural.instruction import Axis
from farm_procedural.interpret.vocabulary import MOODS, TEMPOS
from farm_procedural.script import Score

BEDS = ("wind", "rain", "sea", "fire", "hum", "night")
INSTRUMENTS = ("pad", "pluck", "bass", "drums", "bells", "choir")

SCENE_BEDS = {
    "sea": "sea", "beach": "sea", "island": "sea", "lake": "wind", "river": "rain",
    "waterfall": "rain", "underwater": "hum", "forest": "night", "jungle": "night",
    "meadow": "wind", "garden": "night", "desert": "wind", "canyon": "wind", "mountains": "wind",
    "volcano": "fire", "snowfield": "wind", "glacier": "wind", "cave": "hum", "city": "hum",
    "street": "hum", "space": "hum", "nebula": "hum", "planet": "hum", "aurora": "wind",
    "fire": "fire", "smoke": "wind", "cyberspace": "hum", "sky": "wind", "clouds": "wind",
}  # fmt: skip
WEATHER_BEDS = {
    "rain": ("rain", 0.7), "drizzle": ("rain", 0.4), "storm": ("rain", 0.9), "fog": ("wind", 0.3),
    "snow": ("wind", 0.35), "blizzard": ("wind", 0.9), "windy": ("wind", 0.7),
    "heat": ("night", 0.4),
}  # fmt: skip
PARTICLE_BEDS = {"rain": "rain", "embers": "fire", "fireflies": "night"}


def pulse(asks: Asks, genre: Genre, chance: Chance, advice: Advice) -> float:
    """Beats per minute, 30 to 220."""
    counted = asks.count("bpm")
    if counted is not None:
        return float(min(220, max(30, counted)))
    tempo = asks.first(Axis.TEMPO)
    if tempo is not None:
        return float(TEMPOS[tempo.value])
    learned = advice.number(Axis.TEMPO, "bpm")
    if learned is not None:
        return round(min(180.0, max(44.0, learned)), 2)
    mood = MOODS.get(asks.value(Axis.MOOD) or "")
    factor = (mood.energy if mood else 1.0) ** 0.5
    if asks.value(Axis.GENRE) is None:
        factor *= chance.between("bpm", 0.9, 1.12)
    return float(round(min(176.0, max(46.0, genre.bpm * factor))))


def score_for(asks: Asks, genre: Genre, scene: str | None, bpm: float, chance: Chance) -> Score:
    """The score of a film whose main place is ``scene``."""
    refused = asks.refused(Axis.SOUND)
    wanted = {d.value: min(2.0, max(0.3, d.amount)) for d in asks.all(Axis.SOUND)}
    moods = [(MOODS[d.value], d.amount * d.confidence) for d in asks.all(Axis.MOOD)[:3]]
    valence, tension = genre.valence, genre.tension
    if moods:
        weight = sum(amount for _, amount in moods)
        valence = sum(m.valence * amount for m, amount in moods) / weight
        tension = sum(m.tension * amount for m, amount in moods) / weight
        if asks.first(Axis.GENRE) is not None:
            valence = 0.7 * valence + 0.3 * genre.valence
            tension = 0.7 * tension + 0.3 * genre.tension
    if "major" in wanted or "minor" in refused:
        valence = max(valence, 0.5)
    if "minor" in wanted or "major" in refused:
        valence = min(valence, -0.5)
    return Score(
        valence=round(valence, 4),
        tension=round(min(1.0, max(0.0, tension)), 4),
        bpm=bpm,
        root=36 + chance.number("root") % 14,
        bed=_bed(asks, scene, wanted, refused),
        instruments=_instruments(asks, genre, wanted, refused),
        silent="none" in wanted or asks.nothing_of(Axis.SOUND),
    )


def _bed(
    asks: Asks, scene: str | None, wanted: dict[str, float], refused: frozenset[str]
) -> dict[str, float]:
    levels: dict[str, float] = {}
    if scene in SCENE_BEDS:
        levels[SCENE_BEDS[scene]] = 0.45
    for decision in asks.all(Axis.WEATHER):
        if decision.value in WEATHER_BEDS:
            name, level = WEATHER_BEDS[decision.value]
            levels[name] = max(levels.get(name, 0.0), level)
    if asks.says(Axis.WEATHER, "storm", "windy"):
        levels["wind"] = max(levels.get("wind", 0.0), 0.55)
    for decision in asks.all(Axis.PARTICLES):
        if decision.value in PARTICLE_BEDS:
            name = PARTICLE_BEDS[decision.value]
            levels[name] = max(levels.get(name, 0.0), 0.4)
    for name in BEDS:
        if name in wanted:
            levels[name] = min(1.0, 0.75 * wanted[name])
    if not levels:
        levels["wind"] = 0.18
    return {name: round(level, 4) for name, level in levels.items() if name not in refused}


def _instruments(
    asks: Asks, genre: Genre, wanted: dict[str, float], refused: frozenset[str]
) -> dict[str, float]:
    levels = dict(genre.instruments or USUAL.instruments)
    asked = [name for name in INSTRUMENTS if name in wanted]
    if asked:
        # What was named leads; the rest steps back.
        levels = {name: level * 0.55 for name, level in levels.items()}
        levels |= {name: min(1.0, 0.85 * wanted[name]) for name in asked}
    moods = {d.value for d in asks.all(Axis.MOOD)}
    if moods & {"calm", "meditative", "sad", "lonely", "sacred", "cosy"} and "drums" not in wanted:
        levels["drums"] = 0.0
    if moods & {"energetic", "chaotic", "angry", "triumphant"} and "drums" not in levels:
        levels["drums"] = 0.6
    if moods & {"sacred", "epic"}:
        levels["choir"] = max(levels.get("choir", 0.0), 0.6)
    gain = 1.25 if "loud" in wanted else 0.55 if "quiet" in wanted or "loud" in refused else 1.0
    return {
        name: round(min(1.0, level * gain), 4)
        for name, level in levels.items()
        if name not in refused and level > 0
    }
