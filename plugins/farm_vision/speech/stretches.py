"""Speech in stretches short enough to be listened to at once.

Invariant: each word is in one stretch, in order; a stretch is cut where it is most silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from farm_vision.hearing.listening import RATE, Samples

LONGEST_S = 15.0
_PAUSE_S, _ENOUGH_S = 0.25, 4.0
_MARGIN_S = 0.5
"""Sound around the words of a stretch, if it is nobody else's: their times may be a little off."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word as it is said and about when. number : of the text's word it belongs to."""

    plain: str
    number: int
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Stretch:
    """Words, and the sound they are in, in seconds."""

    words: tuple[Spoken, ...]
    start_s: float
    end_s: float


def stretches(words: Sequence[Spoken], length_s: float) -> Iterator[Stretch]:
    """The words in stretches with a pause between them, or the longest there is."""
    first = 0
    while first < len(words):
        stop = _stop(words, first)
        begin = _middle(words[first - 1], words[first]) if first else 0.0
        end = _middle(words[stop - 1], words[stop]) if stop < len(words) else length_s
        begin = max(begin, words[first].start_s - _MARGIN_S)
        end = min(end, words[stop - 1].end_s + _MARGIN_S)
        yield Stretch(tuple(words[first:stop]), begin, max(begin, end))
        first = stop


def _stop(words: Sequence[Spoken], first: int) -> int:
    longest, at = -1.0, len(words)
    for stop in range(first + 1, len(words)):
        if words[stop].start_s - words[first].start_s > LONGEST_S:
            return at
        pause = words[stop].start_s - words[stop - 1].end_s
        if pause >= _PAUSE_S and words[stop - 1].end_s - words[first].start_s >= _ENOUGH_S:
            return stop
        if pause >= longest:
            longest, at = pause, stop
    ends_s = words[-1].end_s - words[first].start_s
    return at if ends_s > LONGEST_S else len(words)


def _middle(one: Spoken, two: Spoken) -> float:
    return (one.end_s + max(two.start_s, one.end_s)) / 2


def pieces(sound: Samples) -> Iterator[tuple[int, Samples]]:
    """A sound of which nothing is known, each piece with the sample it begins at."""
    start = 0
    most, least = round(LONGEST_S * RATE), round(LONGEST_S * RATE / 2)
    hush = RATE // 5
    while len(sound) - start > most:
        power = np.concatenate([[0.0], np.cumsum(sound[start : start + most].astype(float) ** 2)])
        starts = np.arange(least, most - hush, RATE // 100)
        quiet = int(starts[int(np.argmin(power[starts + hush] - power[starts]))]) + hush // 2
        yield start, sound[start : start + quiet]
        start += quiet
    if start < len(sound):
        yield start, sound[start:]
