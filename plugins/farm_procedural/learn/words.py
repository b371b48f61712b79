"""Learned names as words of a prompt.

Invariant: a learned name means what its entry is, in values that the vocabulary has; so a prompt with
a learned name still says everything that its film needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from farm_procedural.analyse.oklab import to_hex
from farm_procedural.instruction import Axis
from farm_procedural.interpret.concept import LearnedWord
from farm_procedural.interpret.vocabulary import INTENSITIES, TEMPOS
from farm_procedural.learn.registry import Entry

_DIRECTIONS = ("right", "up-right", "up", "up-left", "left", "down-left", "down", "down-right")


def learned_words(entries: Iterable[Entry]) -> tuple[LearnedWord, ...]:
    """One word for each entry that a prompt can name, by name."""
    words = []
    for entry in sorted(entries, key=lambda entry: entry.name):
        implied = _implied(entry)
        if implied:
            words.append(LearnedWord(name=entry.name, implies=implied, confidence=0.8))
    return tuple(words)


def _implied(entry: Entry) -> tuple[tuple[str, str], ...]:
    trait = entry.trait
    if trait.kind == "colour":
        return ((Axis.COLOUR.value, _hex(trait.colours[0])),)
    if trait.kind == "palette":
        # Its most colourful stops say most about it; shadow and highlight follow from them.
        vivid = sorted(trait.colours, key=lambda lab: -math.hypot(lab[1], lab[2]))[:3]
        return tuple((Axis.COLOUR.value, _hex(lab)) for lab in vivid)
    if trait.kind in ("gradient", "camera"):
        return ((trait.kind, trait.value),)
    if trait.kind == "rhythm" and "bpm" in trait.numbers:
        return ((Axis.TEMPO.value, _nearest(TEMPOS, trait.numbers["bpm"])),)
    if trait.kind == "motion":
        found = [(Axis.INTENSITY.value, _nearest(INTENSITIES, trait.numbers["level"]))]
        if "degrees" in trait.numbers:
            name = _DIRECTIONS[round(trait.numbers["degrees"] / 45) % 8]
            found.append((Axis.DIRECTION.value, name))
        return tuple(found)
    return ()


def _nearest(values: dict[str, float], number: float) -> str:
    return min(values, key=lambda name: abs(values[name] - number))


def _hex(lab: tuple[float, float, float]) -> str:
    return to_hex(np.array(lab))
