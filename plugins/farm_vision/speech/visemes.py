"""The stage ``speech.visemes``: what a mouth does while something is said, for each frame of a film.

Invariant: one line of the mouth for every frame of the film, whichever way it was found; the document
says which way that was.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np

from farm import InputError, Result, Task
from farm_vision.hearing.listening import RATE, Samples, frames_of, heard
from farm_vision.speech import coarticulation, formants
from farm_vision.speech.params import VisemeParams
from farm_vision.speech.records import Visemes, read_phones, write_visemes


def run(task: Task[VisemeParams]) -> Result:
    """From ``phones`` where they are given, vowels sized by ``audio``; else from ``audio`` alone.

    Raises
    ------
    InputError : neither is given, or one cannot be read.
    """
    if not task.inputs.get("phones"):
        return run_by_sound(task)
    target: Path = task.output("visemes", ".json")
    phones = read_phones(task.input("phones").path, "phones")
    last_s = max([phones.length_s, *(phone.end_s for phone in phones.phones[-1:])])
    loud = None
    if task.inputs.get("audio"):
        sound = _sound(task)
        loud, last_s = _levels(sound), max(last_s, len(sound) / RATE)
    made = coarticulation.made_of(phones.phones, last_s, loud)
    frames = frames_of(task)
    fps, count = float(frames.fps), frames.total(Fraction(last_s))
    mouth = coarticulation.frames(made, count, fps, task.params.strength)
    write_visemes(target, Visemes(fps, phones.language, "phones", coarticulation.told(made), mouth))
    task.progress(1, 1)
    return {"visemes": target}


def run_by_sound(task: Task[VisemeParams]) -> Result:
    """From loudness and formants, in any language; ``phones`` count for nothing."""
    target: Path = task.output("visemes", ".json")
    if not task.inputs.get("audio"):
        raise InputError(
            "there is nothing to speak",
            where="speech.visemes",
            expected="phones of speech.phones, a sound, or both",
            mend="Send one of them.",
            code="visemes.nothing",
        )
    sound = _sound(task)
    task.progress(0.3, 1, "formants")
    found = formants.looks(sound)
    frames = frames_of(task)
    fps, count = float(frames.fps), frames.total(Fraction(len(sound), RATE))
    visemes, mouth = formants.mouths(found, count, fps, task.params.strength)
    write_visemes(target, Visemes(fps, "", "sound", visemes, mouth))
    task.progress(1, 1)
    return {"visemes": target}


def _sound(task: Task[VisemeParams]) -> Samples:
    parts = []
    for number, part in enumerate(heard(task.input("audio").path)):
        task.progress(0.3 * number / (number + 10), 1, "listening")
        parts.append(part)
    return np.concatenate(parts)


def _levels(sound: Samples) -> Callable[[float, float], float]:
    """Level of a stretch of seconds, decibels; minus infinity in digital silence."""
    power = np.concatenate([[0.0], np.cumsum(sound.astype(np.float64) ** 2)])

    def level(start_s: float, end_s: float) -> float:
        first, stop = (min(len(sound), round(at * RATE)) for at in (start_s, end_s))
        mean = (power[stop] - power[first]) / max(1, stop - first)
        return float(10 * np.log10(mean)) if mean > 1e-12 else -np.inf

    return level
