"""Chords: from a mood to a mode, progressions in it, and voices that move as little as they can.

Invariant: every chord is consonant (no diminished triads, no semitone above its own root), the
first and the last one stand on the tonic, and the one before the last leads there.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise, product

from farm_procedural.script import Score

_MODES = {
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
}
_PROGRESSIONS = {
    "lydian": ((0, 1, 5, 4), (0, 4, 1, 5), (0, 1, 0, 4), (5, 1, 0, 4)),
    "ionian": ((0, 4, 5, 3), (0, 5, 3, 4), (5, 3, 0, 4), (0, 2, 3, 4), (3, 0, 4, 5)),
    "mixolydian": ((0, 6, 3, 0), (0, 3, 6, 3), (0, 4, 3, 6), (3, 0, 6, 0)),
    "dorian": ((0, 3, 0, 6), (0, 2, 3, 6), (0, 3, 6, 2), (3, 0, 6, 2)),
    "aeolian": ((0, 5, 2, 6), (0, 3, 5, 6), (5, 6, 0, 2), (0, 2, 6, 3), (3, 0, 5, 4)),
    "phrygian": ((0, 1, 5, 1), (0, 5, 1, 6), (0, 1, 2, 1), (5, 1, 0, 3)),
}
_LEADING = {
    "lydian": (4, 1),
    "ionian": (4, 3),
    "mixolydian": (6, 3),
    "dorian": (3, 6),
    "aeolian": (6, 5),
    "phrygian": (1, 1),
}
# Keys that a long film visits, in semitones from its own; neighbours share most of their notes.
_KEYS = (0, 5, -3, 2, 7, -5, 3)
_CHORDS_PER_KEY = 24


@dataclass(frozen=True, slots=True)
class Chord:
    """bass: MIDI pitch of its root; voices: pitches of the pad, low to high; scale: pitch classes
    that fit over it."""

    bass: int
    voices: tuple[int, ...]
    scale: tuple[int, ...]


def mode_of(valence: float, tension: float) -> str:
    """The mode of a mood; tension darkens what is already dark and lifts what is bright."""
    if valence >= 0.35:
        return "lydian" if tension < 0.3 and valence < 0.75 else "ionian"
    if valence >= 0.05:
        return "ionian" if tension < 0.2 else "mixolydian"
    if valence >= -0.3:
        return "dorian"
    return "phrygian" if tension > 0.7 else "aeolian"


def tonic(root: int) -> int:
    """The key's bass pitch: ``root`` moved by octaves into 38 to 49."""
    return 38 + (root - 38) % 12


def chords(score: Score, count: int, chance: random.Random) -> list[Chord]:
    """``count`` chords for a film of that mood."""
    mode = mode_of(score.valence, score.tension)
    home = tonic(score.root)
    degrees, keys = _walk(mode, count, chance)
    result: list[Chord] = []
    voices: tuple[int, ...] = ()
    for number, (degree, shift) in enumerate(zip(degrees, keys, strict=True)):
        plain = number == count - 1
        pitches = _pitches(mode, degree, score, chance, plain=plain)
        key = home + shift
        classes = [(key + pitch) % 12 for pitch in pitches]
        voices = _voiced(classes, voices, home)
        bass = key + pitches[0]
        bass -= 12 if bass > 47 else 0
        scale = tuple(sorted({(key + step) % 12 for step in _MODES[mode]}))
        result.append(Chord(bass, voices, scale))
    return result


def _walk(mode: str, count: int, chance: random.Random) -> tuple[list[int], list[int]]:
    """Degree and key of each chord: phrases A A B A' B A', other ones in every key."""
    degrees: list[int] = []
    keys: list[int] = []
    offered: list[tuple[int, ...]] = []
    while len(degrees) < count:
        if len(offered) < 2:
            offered = list(_PROGRESSIONS[mode])
            chance.shuffle(offered)
        first, second = offered.pop(), offered.pop()
        key = _KEYS[len(degrees) // _CHORDS_PER_KEY % len(_KEYS)]
        turned = (*first[:2], *second[2:])
        for phrase in (first, first, second, turned, second, turned):
            degrees += phrase
            keys += [key] * len(phrase)
    degrees, keys = degrees[:count], keys[:count]
    degrees[0] = 0
    # The way home: the last chords are in the film's own key and resolve.
    keys[-4:] = [0] * len(keys[-4:])
    degrees[-1] = 0
    if count >= 3:
        degrees[-2] = _LEADING[mode][0]
    if count >= 5 and degrees[-3] == degrees[-2]:
        degrees[-3] = _LEADING[mode][1] if _LEADING[mode][1] != degrees[-2] else 0
    return degrees, keys


def _pitches(
    mode: str, degree: int, score: Score, chance: random.Random, *, plain: bool
) -> list[int]:
    """Semitones over the tonic of a chord's notes, its root first: a triad and perhaps a colour."""
    steps = _MODES[mode]

    def above(interval: int) -> int:
        octave, place = divmod(degree + interval, 7)
        return steps[place] + 12 * octave

    root = above(0)
    notes = [root, above(2), above(4)]
    if notes[2] - root == 6:
        # A diminished triad would sour a bed that lasts seconds; its fifth is made perfect.
        notes[2] += 1
    if plain:
        return notes
    colour = chance.random()
    ninth, seventh = above(1) - root, above(6) - root
    if colour < 0.35 and ninth == 2:
        notes.append(root + ninth)
    elif colour < 0.7 and (seventh == 10 or (seventh == 11 and score.tension < 0.5)):
        notes.append(root + seventh)
    elif colour < 0.7 + 0.2 * score.tension and above(3) - root == 5:
        notes[1] = root + 5
    return notes


def _voiced(classes: Sequence[int], before: tuple[int, ...], home: int) -> tuple[int, ...]:
    """Four pitches with these classes, as near as possible to those before."""
    low, high = home + 13, home + 36
    # A triad doubles its root or its fifth, whichever lies nearer.
    doubled = [()] if len(classes) == 4 else [(classes[0],), (classes[2],)]
    target = before or tuple(low + 4 + 5 * k for k in range(4))
    best: tuple[float, tuple[int, ...]] | None = None
    for places in chain.from_iterable(
        product(
            *([p for p in range(low, high + 1) if p % 12 == note] for note in (*classes, *more))
        )
        for more in doubled
    ):
        voices = tuple(sorted(places))
        gaps = [b - a for a, b in pairwise(voices)]
        if min(gaps) < 1:
            continue
        # Close seconds low down are muddy, holes over an octave sound like two instruments.
        rough = sum(
            3 * (gap < 3 and at < 60) + 4 * (gap < 2)
            for gap, at in zip(gaps, voices[:-1], strict=True)
        )
        wide = sum(gap > 9 for gap in gaps)
        leaps = [abs(a - b) for a, b in zip(voices, target, strict=True)]
        moved = sum(leaps) + 3 * sum(max(0, leap - 5) for leap in leaps)
        drift = abs(sum(voices) / 4 - (home + 22))
        found = (moved + rough + 2 * wide + 0.8 * drift, voices)
        if best is None or found < best:
            best = found
    assert best is not None
    return best[1]
