"""Onsets, tempo and beats, from how much a sound changes.

Invariant: times are seconds of the sound and rise; in silence there are none.

Source: D. Ellis, "Beat Tracking by Dynamic Programming", 2007: the tempo is the lag at which the
onset strength resembles itself most, near a tempo that people like; the beats are the path of best
score, which likes strong onsets and steps of one period.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from farm.media.compiled import kernel
from farm_vision.hearing.listening import RATE
from farm_vision.hearing.spectrum import HOP, Series

STEP_S = HOP / RATE
_USUAL, _OCTAVES = 120.0, 0.9
_SLOWEST, _FASTEST = 40.0, 240.0
_LEAST = 0.5
"""Rise in decibels that something must reach to be an onset at all."""
_EARLY_S = 0.009
"""How long before a click its rise in decibels is steepest, by the length of the spans."""
_PERIODIC = 0.08
"""Likeness of the onset strength and itself a period later, below which there is no beat."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """tempo : beats a minute, 0 when there is none. sure : 0 to 1. beats, onsets : seconds."""

    tempo: float
    sure: float
    beats: tuple[float, ...]
    onsets: tuple[float, ...]


def rhythm(growth: Series, tempo: float = 0.0, tightness: float = 100.0) -> Rhythm:
    """What an onset strength tells. tempo : that is expected, 0 for none."""
    smooth = _softened(growth, 0.008 / STEP_S)
    onsets = _peaks(smooth)
    spread = float(growth.std())
    if not onsets or spread <= 0:
        return Rhythm(0.0, 0.0, (), ())
    heard = tuple(_moment(smooth, at) for at in onsets)
    period, sure = _period(smooth, tempo)
    if sure < _PERIODIC:
        return Rhythm(0.0, sure, (), heard)
    strength = _softened(smooth / spread, period / 32)
    path = _path(strength, period, tightness)
    beats = tuple(_moment(smooth, at) for at in _trimmed(strength, path))
    if len(beats) < 2:
        return Rhythm(0.0, sure, (), heard)
    return Rhythm(60.0 / _spacing(beats), sure, beats, heard)


def _softened(series: Series, sigma: float) -> Series:
    reach = max(1, math.ceil(3 * sigma))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-6)) ** 2)
    return np.convolve(series, taps / taps.sum(), "full")[reach : reach + len(series)]


def _peaks(series: Series) -> list[int]:
    """Places that stand out from what is around them."""
    near, around = round(0.03 / STEP_S), round(0.1 / STEP_S)
    sums = np.concatenate([[0.0], np.cumsum(series)])
    found: list[int] = []
    floor = max(_LEAST / 4, 0.1 * float(series.max(initial=0.0)))
    for at in np.flatnonzero(series > floor):
        low, high = max(0, at - near), min(len(series), at + near + 1)
        if series[at] < series[low:high].max() or (found and at - found[-1] < near):
            continue
        left, right = max(0, at - around), min(len(series), at + around + 1)
        if series[at] > 1.5 * (sums[right] - sums[left]) / (right - left):
            found.append(int(at))
    return found


def _period(series: Series, tempo: float) -> tuple[float, float]:
    """Values from beat to beat, and how much the series resembles itself after them, 0 to 1."""
    centred = series - _softened(series, 0.4 / STEP_S)
    size = 1 << (2 * len(centred) - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    likeness = np.fft.irfft(spectrum.real**2 + spectrum.imag**2, size)[: len(centred)]
    lags = np.arange(round(60 / _FASTEST / STEP_S), round(60 / _SLOWEST / STEP_S) + 1)
    lags = lags[lags < len(likeness) - 1]
    if not len(lags) or likeness[0] <= 0:
        return 0.5 / STEP_S, 0.0
    # A long sound has as many pairs at each lag; a short one must not favour the short lags.
    fair = likeness[lags] / likeness[0] * (len(series) / (len(series) - lags))
    octaves = np.log2(lags * STEP_S * (tempo or _USUAL) / 60)
    width = 0.1 if tempo else _OCTAVES
    weighed = fair * np.exp(-0.5 * (octaves / width) ** 2)
    best = int(np.argmax(weighed))
    twice = int(np.argmin(np.abs(lags - lags[best] / 2)))
    # Beats twice as fast that are as clear and almost as likely are those that are heard.
    if fair[twice] > 0.9 * fair[best] and weighed[twice] > 0.7 * weighed[best]:
        best = twice
    lag = float(lags[best])
    if 0 < best < len(lags) - 1:
        lag += _summit(fair[best - 1], fair[best], fair[best + 1])
    return lag, float(np.clip(fair[best], 0.0, 1.0))


def _summit(before: float, here: float, after: float) -> float:
    """Where a parabola through three values is highest, from the one in the middle."""
    curve = before - 2 * here + after
    return float(np.clip(0.5 * (before - after) / curve, -0.5, 0.5)) if curve < 0 else 0.0


def _moment(series: Series, at: int) -> float:
    """Seconds of a peak; spans see a sound begin before it is in their middle."""
    place = float(at)
    if 0 < at < len(series) - 1:
        place += _summit(series[at - 1], series[at], series[at + 1])
    return max(0.0, place * STEP_S + _EARLY_S)


def _path(strength: Series, period: float, tightness: float) -> list[int]:
    score, before = np.empty(len(strength)), np.empty(len(strength), np.int64)
    _score(strength, period, tightness, score, before)
    # Each beat on the way adds to the score, so the last one has the highest.
    at = int(np.argmax(score))
    path = []
    while at >= 0:
        path.append(at)
        at = int(before[at])
    return path[::-1]


@kernel
def _score(strength, period, tightness, score, before):
    shortest, longest = int(np.round(period / 2)), int(np.round(2 * period))
    begun = False
    highest = 0.0
    for at in range(len(strength)):
        highest = max(highest, strength[at])
    for at in range(len(strength)):
        best, place = -np.inf, -1
        for lag in range(shortest, longest + 1):
            if lag > at:
                break
            if lag < 1:
                continue
            bend = np.log(lag / period)
            total = score[at - lag] - tightness * bend * bend
            if total > best:
                best, place = total, at - lag
        # What comes before the first onset leads nowhere.
        if place < 0 or (not begun and strength[at] < 0.01 * highest):
            score[at], before[at] = strength[at], -1
        else:
            score[at], before[at] = strength[at] + best, place
            begun = True


def _trimmed(strength: Series, path: list[int]) -> list[int]:
    """The path without the beats before the music begins and after it ends."""
    loud = strength[path]
    floor = 0.5 * math.sqrt(float((loud**2).mean()))
    strong = np.flatnonzero(loud > floor)
    return path[strong[0] : strong[-1] + 1] if len(strong) else []


def _spacing(beats: tuple[float, ...]) -> float:
    """Seconds from beat to beat, by the straight line through all of them."""
    number = np.arange(len(beats))
    return float(np.polyfit(number, np.array(beats), 1)[0])
