"""A mouth's motion from sound alone, for speech whose words nobody knows.

Invariant: the mouth is shut in silence; nothing here knows a language.

How far a mouth is open is heard in the first formant, whether lips are spread or round in the second
(P. Ladefoged, "A Course in Phonetics"). Formants are peaks of the spectrum by linear prediction (J.
Makhoul, "Linear Prediction: A Tutorial Review", 1975).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from farm_vision.hearing.listening import RATE, Samples, Spans
from farm_vision.speech.records import MouthFrame, Viseme, VisemeName
from farm_vision.speech.shapes import VISEMES

Series = NDArray[np.float64]
HOP = 160
"""Samples from one look to the next: 10 ms."""
_SIZE, _ORDER, _POINTS = 400, 16, 512
_STEP_S = HOP / RATE
_FLOOR_DB, _SPAN_DB = -58.0, 32.0
_SOFT_S = 0.022
_SHORTEST = 4
"""Looks that a viseme lasts at least."""
_VOWELS: tuple[VisemeName, ...] = ("aa", "E", "ih", "oh", "ou")


@dataclass(frozen=True, slots=True)
class Looks:
    """Values every 10 ms. level : decibels. voiced, hiss : 0 to 1. first, second : formants, Hz."""

    level: Series
    voiced: Series
    hiss: Series
    first: Series
    second: Series


def looks(sound: Samples) -> Looks:
    """What a sound is like from moment to moment."""
    parts: list[Series] = []
    spans = Spans(_SIZE, HOP)
    for at in range(0, len(sound), 30 * RATE):
        parts.append(_look(spans.take(sound[at : at + 30 * RATE])))
    parts.append(_look(spans.rest()))
    return Looks(*np.concatenate(parts, axis=1))


def _look(spans: Samples) -> Series:
    """(5, spans): the fields of :class:`Looks`."""
    if not len(spans):
        return np.zeros((5, 0))
    plain = spans.astype(np.float64) * np.hamming(_SIZE)
    power = np.mean(spans.astype(np.float64) ** 2, axis=1)
    level = np.maximum(10 * np.log10(np.maximum(power, 1e-12)), -100.0)
    spectrum = np.abs(np.fft.rfft(plain, 2 * _POINTS)) ** 2
    hertz = np.fft.rfftfreq(2 * _POINTS, 1 / RATE)
    total = np.maximum(spectrum.sum(axis=1), 1e-12)
    hiss = spectrum[:, hertz > 3000].sum(axis=1) / total
    alike = np.fft.irfft(spectrum, axis=1)
    shortest, longest = RATE // 400, RATE // 70
    # What the window takes from a far likeness is given back.
    window = np.fft.irfft(np.abs(np.fft.rfft(np.hamming(_SIZE), 2 * _POINTS)) ** 2)
    alike = alike[:, :longest] * (window[0] / window[:longest])
    voiced = alike[:, shortest:].max(axis=1) / np.maximum(alike[:, 0], 1e-12)
    # Speech falls by about 6 dB an octave, which hides the higher formants.
    raised = np.diff(spans.astype(np.float64), axis=1, prepend=0) * np.hamming(_SIZE)
    envelope = _envelope(raised)
    first = _peak(envelope, hertz, np.full(len(spans), 220.0), np.full(len(spans), 950.0), 450.0)
    low = np.maximum(first + 250.0, 650.0)
    second = _peak(envelope, hertz, low, np.full(len(spans), 2900.0), 1450.0)
    return np.stack([level, np.clip(voiced, 0, 1), hiss, first, second])


def _envelope(spans: Series) -> Series:
    """(spans, frequencies): spectrum of the prediction filter of each span."""
    power = np.abs(np.fft.rfft(spans, 2 * _POINTS)) ** 2
    alike = np.fft.irfft(power, axis=1)[:, : _ORDER + 1]
    alike[:, 0] = alike[:, 0] * 1.0001 + 1e-9
    place = np.abs(np.arange(_ORDER)[:, None] - np.arange(_ORDER))
    weights = np.linalg.solve(alike[:, place], alike[:, 1:, None])[..., 0]
    inverse = np.concatenate([np.ones((len(spans), 1)), -weights], axis=1)
    shape: Series = -20 * np.log10(np.maximum(np.abs(np.fft.rfft(inverse, 2 * _POINTS)), 1e-9))
    return shape


def _peak(envelope: Series, hertz: Series, low: Series, high: Series, usual: float) -> Series:
    """The lowest peak between two frequencies, the middle one of five looks; ``usual`` without one."""
    inner = np.zeros(envelope.shape, bool)
    inner[:, 1:-1] = (envelope[:, 1:-1] > envelope[:, :-2]) & (envelope[:, 1:-1] >= envelope[:, 2:])
    inner &= (hertz >= low[:, None]) & (hertz <= high[:, None])
    found = np.where(inner.any(axis=1), hertz[inner.argmax(axis=1)], usual)
    around = np.lib.stride_tricks.sliding_window_view(np.pad(found, 2, "edge"), 5)
    middle: Series = np.median(around, axis=1)
    return middle


def mouths(
    found: Looks, count: int, fps: float, strength: float = 1.0
) -> tuple[list[Viseme], list[MouthFrame]]:
    """The visemes of a sound and the mouth in each of ``count`` frames."""
    top = max(float(np.percentile(found.level, 95)), _FLOOR_DB + _SPAN_DB)
    loud = np.clip((found.level - (top - _SPAN_DB)) / (0.75 * _SPAN_DB), 0.0, 1.0)
    loud *= np.clip((found.level - _FLOOR_DB) / 6.0, 0.0, 1.0)
    vowel = loud * np.clip((found.voiced - 0.4) / 0.25, 0.0, 1.0) * (found.hiss < 0.4)
    jaw = np.clip((found.first - 260.0) / 480.0, 0.0, 1.0)
    opening = vowel * (0.08 + 0.8 * jaw) + 0.1 * loud * (1 - vowel)
    wide = np.clip((found.second - 1400.0) / 800.0, 0.0, 1.0) * vowel * 0.8
    rounded = np.clip((1150.0 - found.second) / 400.0, 0.0, 1.0) * vowel
    rounded *= np.clip((700.0 - found.first) / 200.0, 0.0, 1.0)
    wide = np.maximum(wide, 0.35 * loud * (found.hiss > 0.5))
    mouth = np.stack([opening, wide, rounded])
    names = _steady(_named(mouth, loud, vowel, found.hiss))
    soft = np.stack([_softened(row) for row in mouth])
    soft[0] = np.minimum(soft[0], np.clip(_softened(loud) * 4, 0.0, 1.0))
    visemes = _runs(names, loud)
    steps = np.clip(((np.arange(count) + 0.5) / fps / _STEP_S).astype(int), 0, len(names) - 1)
    past = (np.arange(count) + 0.5) / fps > len(names) * _STEP_S
    frames = []
    for number, step in enumerate(steps):
        values = np.zeros(3) if past[number] else soft[:, step] * np.array([strength, 1.0, 1.0])
        name: VisemeName = "sil" if past[number] else names[step]
        frames.append(
            MouthFrame(number, *(round(float(v), 3) for v in np.clip(values, 0, 1)), name)
        )
    return visemes, frames


def _named(mouth: Series, loud: Series, vowel: Series, hiss: Series) -> list[VisemeName]:
    goals = np.array([[getattr(VISEMES[v], part) for part in ("open", "wide", "round")]
                      for v in _VOWELS])  # fmt: skip
    nearest = np.square(mouth.T[:, None] - goals).sum(axis=2).argmin(axis=1)
    names: list[VisemeName] = []
    for number, near in enumerate(nearest):
        if loud[number] < 0.12:
            names.append("sil")
        elif vowel[number] >= 0.35:
            names.append(_VOWELS[near])
        else:
            names.append("SS" if hiss[number] > 0.4 else "DD")
    return names


def _steady(names: list[VisemeName]) -> list[VisemeName]:
    """The same without visemes that last too short to be seen."""
    made = list(names)
    at = 0
    while at < len(made):
        stop = at
        while stop < len(made) and made[stop] == made[at]:
            stop += 1
        if at and stop - at < _SHORTEST:
            made[at:stop] = [made[at - 1]] * (stop - at)
        at = stop
    return made


def _runs(names: list[VisemeName], loud: Series) -> list[Viseme]:
    edges = [0, *(n for n in range(1, len(names)) if names[n] != names[n - 1]), len(names)]
    return [
        Viseme(
            round(first * _STEP_S, 3),
            round(stop * _STEP_S, 3),
            names[first],
            round(1.0 if names[first] == "sil" else float(loud[first:stop].mean()), 3),
        )
        for first, stop in pairwise(edges)
        if stop > first
    ]


def _softened(row: Series) -> Series:
    reach = 3 * round(_SOFT_S / _STEP_S) + 1
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) * _STEP_S / _SOFT_S) ** 2)
    padded = np.pad(row, reach, "edge")
    soft: Series = np.convolve(padded, taps / taps.sum(), "valid")
    return soft
