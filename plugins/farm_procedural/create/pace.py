"""How fast a film is cut, from the words about cuts, the genre, the tempo and the mood.

Invariant: counted cuts are exact; a film that shall have no cuts has none.
"""

from __future__ import annotations

from farm_procedural.create.advice import Advice
from farm_procedural.create.asks import Asks
from farm_procedural.create.genres import Genre
from farm_procedural.create.story import UNCUT_UNDER_S, Rhythm
from farm_procedural.instruction import Axis
from farm_procedural.interpret.vocabulary import MOODS, TEMPOS

SHOT_S = {"few": 10.0, "some": 5.0, "many": 1.7, "rapid": 0.8}


def rhythm_of(asks: Asks, genre: Genre, bpm: float, length_s: float, advice: Advice) -> Rhythm:
    """The rhythm of a film of ``length_s`` seconds."""
    counted = asks.count("cuts")
    if counted is None and (shots := asks.count("shots")) is not None:
        counted = max(0, shots - 1)
    refused = asks.refused(Axis.CUTS)
    word = asks.value(Axis.CUTS)
    uncut = word == "none" or refused >= {"few", "some", "many", "rapid"}
    drama = genre.drama
    mood = MOODS.get(asks.value(Axis.MOOD) or "")
    if mood is not None:
        drama = min(1.0, max(0.0, drama * (0.4 + 1.2 * mood.tension)))
    if counted is not None:
        return Rhythm(5.0, counted, bpm, drama=0.3 * drama)
    if uncut:
        return Rhythm(length_s + 1, None, 0.0, uncut=True, drama=drama)
    if word in SHOT_S:
        return Rhythm(_no_faster(SHOT_S[word], refused, length_s), None, bpm, drama=drama)
    # Two shots at least are needed to see the transition that was asked for.
    if asks.said(Axis.TRANSITION) and length_s < UNCUT_UNDER_S:
        return Rhythm(max(1.0, length_s / (2 if length_s < 6 else 3)), None, bpm, drama=0.0)
    if length_s < UNCUT_UNDER_S:
        return Rhythm(length_s + 1, None, bpm, drama=drama)
    shot_s = genre.shot_s
    tempo = asks.value(Axis.TEMPO)
    if tempo is not None:
        shot_s *= (90.0 / TEMPOS[tempo]) ** 0.8
    elif mood is not None:
        shot_s /= mood.energy**0.6
    if asks.value(Axis.GENRE) is None:
        learned = advice.number(Axis.CUTS, "shot_s")
        shot_s = min(12.0, max(1.0, learned)) if learned is not None else shot_s
    return Rhythm(_no_faster(shot_s, refused, length_s), None, bpm, drama=drama)


def _no_faster(shot_s: float, refused: frozenset[str], length_s: float) -> float:
    """A length of shots that no refused pace has."""
    if refused & {"many", "rapid"}:
        shot_s = max(shot_s, min(6.0, length_s))
    return min(shot_s, 3.0) if "few" in refused and not refused & {"many", "rapid"} else shot_s
