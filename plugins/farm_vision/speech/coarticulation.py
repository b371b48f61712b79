"""A mouth's motion from the phones that are said.

Invariant: lips are together in the frame at the middle of every P, B and M, and in silence; open, wide
and round lie within 0 and 1 and change without a jump.

Source: M. Cohen and D. Massaro, "Modeling Coarticulation in Synthetic Visual Speech", 1993: a shape
is dominant within its phone and less so farther off, ``firm * exp(-rate * distance)``, and the mouth
is the mean of all shapes by their dominance. Here a distance counts from the inner half of the phone,
and where lips must meet nothing else has a say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm_vision.speech.records import MouthFrame, Phone, Viseme
from farm_vision.speech.shapes import PHONES, REST, Shape

Series = NDArray[np.float64]
Loud = Callable[[float, float], float]
PAUSE_S = 0.12
"""A mouth does not rest in a shorter one."""
_BEFORE, _AFTER, _LIPS_BEFORE = 22.0, 26.0, 13.0
"""Rates by 1/s: of the opening ahead of a shape and behind it; rounding is anticipated farther."""
_REACH_S = 0.5
_LEAST = 1e-4
_LIPS_S, _TEETH_S, _REST_S = 0.075, 0.06, 0.12
"""How long it takes from lips together to anything."""
_VOWELS = frozenset({"aa", "E", "ih", "oh", "ou"})


@dataclass(frozen=True, slots=True)
class Made:
    """A shape, when it is made, and how fully."""

    shape: Shape
    start_s: float
    end_s: float
    weight: float = 1.0


def made_of(phones: Sequence[Phone], length_s: float, loud: Loud | None = None) -> list[Made]:
    """The shapes of all phones with the rests between them.

    loud : level of a stretch of seconds, decibels; soft vowels are made with a smaller mouth.
    """
    made: list[Made] = []
    at = 0.0
    for phone in phones:
        if phone.start_s - at >= PAUSE_S:
            made.append(Made(REST, at, phone.start_s))
        elif made and phone.start_s > at:
            # Nobody rests here: what was last said lasts.
            made[-1] = Made(made[-1].shape, made[-1].start_s, phone.start_s)
        start = phone.start_s
        for shape in PHONES[phone.phone]:
            stop = start + shape.share * (phone.end_s - phone.start_s)
            made.append(Made(shape, start, stop))
            start = stop
        at = phone.end_s
    if length_s - at > 1e-6:
        made.append(Made(REST, at, length_s))
    return _weighted(made, loud) if loud else made


def _weighted(made: list[Made], loud: Loud) -> list[Made]:
    levels = [loud(part.start_s, part.end_s) for part in made]
    vowels = [
        level
        for part, level in zip(made, levels, strict=True)
        if part.shape.viseme in _VOWELS and np.isfinite(level)
    ]
    if not vowels:
        return made
    full = float(np.percentile(vowels, 75))
    return [
        Made(part.shape, part.start_s, part.end_s, min(1.0, max(0.5, 1 + (level - full) / 30)))
        if part.shape.viseme in _VOWELS
        else part
        for part, level in zip(made, levels, strict=True)
    ]


def told(made: Sequence[Made]) -> list[Viseme]:
    """The shapes as the document lists them."""
    return [
        Viseme(round(p.start_s, 3), round(p.end_s, 3), p.shape.viseme, round(p.weight, 3))
        for p in made
        if p.end_s > p.start_s
    ]


def frames(made: Sequence[Made], count: int, fps: float, strength: float = 1.0) -> list[MouthFrame]:
    """The mouth in the middle of each frame. strength : times the opening."""
    moments = (np.arange(count) + 0.5) / fps
    opening, wide, rounded = _mixed(made, moments, fps)
    opening = np.minimum(np.clip(opening * strength, 0.0, 1.0), _closed(made, moments, fps))
    names = _names(made, moments, fps)
    return [
        MouthFrame(number, *(round(float(np.clip(v, 0.0, 1.0)), 3) for v in values), names[number])
        for number, values in enumerate(zip(opening, wide, rounded, strict=True))
    ]


def _mixed(made: Sequence[Made], moments: Series, fps: float) -> Series:
    """(3, frames): open, wide and round by dominance."""
    sums, weights = np.zeros((3, len(moments))), np.full((3, len(moments)), _LEAST)
    for part in made:
        shape = part.shape
        near = _near(part, moments, fps, _REACH_S)
        inner = (part.end_s - part.start_s) / 4
        ahead = np.maximum(part.start_s + inner - moments[near], 0.0)
        behind = np.maximum(moments[near] - (part.end_s - inner), 0.0)
        jaw = shape.firm * np.exp(-_BEFORE * ahead - _AFTER * behind)
        lips = shape.firm_lips * np.exp(-_LIPS_BEFORE * ahead - _AFTER * behind)
        shares = np.stack([jaw, lips, lips])
        goal = np.array([shape.open * part.weight, shape.wide, shape.round])
        sums[:, near] += shares * goal[:, None]
        weights[:, near] += shares
    mixed: Series = sums / weights
    return mixed


def _closed(made: Sequence[Made], moments: Series, fps: float) -> Series:
    """The most that the mouth may be open."""
    most = np.ones(len(moments))
    for part in made:
        ramp_s, least = {
            "PP": (_LIPS_S, 0.0),
            "FF": (_TEETH_S, 0.12),
            "sil": (_REST_S, 0.0),
        }.get(part.shape.viseme, (0.0, 1.0))
        if not ramp_s:
            continue
        # Before and after all of it the mouth rests too.
        start = part.start_s - (2 * ramp_s if part is made[0] else 0.0)
        stop = part.end_s + (2 * ramp_s if part is made[-1] else 0.0)
        middle, half = (start + stop) / 2, (stop - start) / 2
        # A frame at least, or a quick closure would fall between two.
        half = max(half - ramp_s, 0.0) if part.shape is REST else max(0.6 * half, 0.51 / fps)
        near = _near(part, moments, fps, ramp_s + 1 / fps)
        away = np.clip((np.abs(moments[near] - middle) - half) / ramp_s, 0.0, 1.0)
        rise = away * away * (3 - 2 * away)
        most[near] = np.minimum(most[near], least + (1 - least) * rise)
    return most


def _near(part: Made, moments: Series, fps: float, reach_s: float) -> slice:
    first = max(0, int((part.start_s - reach_s) * fps) - 1)
    return slice(first, min(len(moments), max(first, int((part.end_s + reach_s) * fps) + 2)))


def _names(made: Sequence[Made], moments: Series, fps: float) -> list[str]:
    """The viseme in each frame; none of lips that meet is missed."""
    names = ["sil"] * len(moments)
    for part in made:
        near = _near(part, moments, fps, 0.0)
        for number in range(near.start, near.stop):
            if part.start_s <= moments[number] < part.end_s:
                names[number] = part.shape.viseme
    for part in made:
        if part.shape.viseme == "PP":
            number = int((part.start_s + part.end_s) / 2 * fps)
            if number < len(names):
                names[number] = "PP"
    return names
