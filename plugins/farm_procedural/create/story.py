"""The course of a film in time: which shots there are, how long each is and what it is for.

Invariant: the shots cover the film exactly, in order, and none is shorter than it takes to see it;
a sequence that the words ask for keeps its shares of time; the asked number of cuts is exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

UNCUT_UNDER_S = 10.0
"""A film of one mood that is shorter than this is one shot."""
MOST_SHOTS = 600

ROLES = ("opening", "development", "climax", "ending")


@dataclass(frozen=True, slots=True)
class Beat:
    """One shot's place in the story.

    role : opening, development, climax, ending, or whole. phase : of the instruction, or ``None``.
    tension : 0 to 1, how near the climax. energy_from, energy_to : factors on motion.
    """

    frames: int
    role: str
    phase: int | None = None
    tension: float = 0.4
    energy_from: float = 1.0
    energy_to: float = 1.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How a film is cut.

    shot_s : usual length of a shot. cuts : the exact number asked for, or ``None``.
    bpm : the pulse that cuts fall on, 0 for none. uncut : the words refuse cuts.
    drama : 0 (even) to 1, how much the lengths and energies swell towards the climax.
    """

    shot_s: float
    cuts: int | None = None
    bpm: float = 0.0
    uncut: bool = False
    drama: float = 0.5


def beats(frames: int, fps: int, shares: Sequence[float], rhythm: Rhythm) -> tuple[Beat, ...]:
    """The shots of a film of ``frames`` frames whose phases have these shares (none: one mood)."""
    parts = _parts(frames, shares)
    counts = _counts(parts, frames / fps, fps, bool(shares), rhythm)
    found: list[Beat] = []
    total = sum(counts)
    at = 0
    for phase, (part, count) in enumerate(zip(parts, counts, strict=True)):
        if not count:
            continue
        weights = [_weight((at + i + 0.5) / total, rhythm.drama) for i in range(count)]
        lengths = _shared(part, weights, _beat_frames(fps, rhythm.bpm))
        for i, length in enumerate(lengths):
            found.append(_beat(length, at + i, total, phase if shares else None, rhythm.drama))
        at += count
    return tuple(found)


def _parts(frames: int, shares: Sequence[float]) -> list[int]:
    """Frames of each phase."""
    if len(shares) < 2:
        return [frames]
    total = sum(shares)
    edges, at = [0], 0.0
    for share in shares:
        at += share / total
        edges.append(round(frames * at))
    edges[-1] = frames
    # A film of very few frames has no room for every phase; each gets one while they last.
    for i in range(1, len(edges) - 1):
        edges[i] = min(max(edges[i], edges[i - 1] + 1), frames)
    return [b - a for a, b in pairwise(edges)]


def _counts(
    parts: Sequence[int], length_s: float, fps: int, phased: bool, rhythm: Rhythm
) -> list[int]:
    """Shots of each phase."""
    least = max(1, round(0.3 * fps))
    if rhythm.cuts is not None:
        wanted = max(rhythm.cuts + 1, sum(1 for part in parts if part) if phased else 1)
        return _divided(wanted, parts)
    if rhythm.uncut or (length_s < UNCUT_UNDER_S and rhythm.shot_s >= length_s):
        return [1 if part else 0 for part in parts]
    if length_s < UNCUT_UNDER_S and phased:
        return [1 if part else 0 for part in parts]
    wanted = min(MOST_SHOTS, max(1, round(length_s / rhythm.shot_s)))
    if not phased and length_s >= UNCUT_UNDER_S:
        wanted = max(wanted, 3 if length_s < 14 else 4)
    wanted = min(wanted, max(1, sum(parts) // least))
    return _divided(wanted, parts)


def _divided(wanted: int, parts: Sequence[int]) -> list[int]:
    """``wanted`` shots over the parts by their length; one at least in each that has frames."""
    total = sum(parts)
    wanted = min(wanted, total)
    counts = [min(1, part) for part in parts]
    while sum(counts) < wanted:
        # The part whose shots are longest gets the next one.
        lengths = [
            part / count if count and part > count else 0.0
            for part, count in zip(parts, counts, strict=True)
        ]
        counts[lengths.index(max(lengths))] += 1
    return counts


def _weight(at: float, drama: float) -> float:
    """Relative length of a shot at ``at`` (0 to 1) of the film: long at both ends, short at 0.75."""
    edge = max(0.0, 1 - at / 0.2) + 1.2 * max(0.0, (at - 0.85) / 0.15)
    peak = max(0.0, 1 - abs(at - 0.74) / 0.2)
    return 1.0 + drama * (0.5 * edge - 0.5 * peak)


def _shared(frames: int, weights: Sequence[float], beat: float) -> list[int]:
    """Lengths by weight that sum to ``frames``; edges fall on the pulse where there is room."""
    total, edges, at = sum(weights), [0], 0.0
    for i, weight in enumerate(weights[:-1]):
        at += weight / total
        edge = round(frames * at)
        if beat > 0:
            on_beat = round(round(edge / beat) * beat)
            nearest_s = min(abs(on_beat - edges[-1]), frames - on_beat)
            edge = on_beat if nearest_s > beat / 2 else edge
        left = len(weights) - 1 - i
        edges.append(min(max(edge, edges[-1] + 1), frames - left))
    edges.append(frames)
    return [b - a for a, b in pairwise(edges)]


def _beat_frames(fps: int, bpm: float) -> float:
    return 60.0 / bpm * fps if bpm > 0 else 0.0


def _beat(frames: int, number: int, total: int, phase: int | None, drama: float) -> Beat:
    if total == 1:
        return Beat(frames, "whole", phase, 0.45, 1.0, 1.0)
    if phase is not None:
        role = "opening" if number == 0 else "ending" if number == total - 1 else "development"
        # The words say how each phase moves; the story adds nothing to that.
        return Beat(frames, role, phase, 0.5, 1.0, 1.0)
    at, after = number / total, (number + 1) / total
    role = _role(number, total)
    low, high = _energy(at, drama), _energy(after, drama)
    return Beat(frames, role, None, _tension((at + after) / 2), low, high)


def _role(number: int, total: int) -> str:
    if number == 0:
        return "opening"
    if number == total - 1:
        return "ending"
    at = (number + 0.5) / total
    if total == 3 or 0.6 <= at <= 0.86:
        return "climax"
    return "development" if at < 0.6 else "ending"


def _tension(at: float) -> float:
    """Rises to 1 at three quarters of the film, then falls."""
    value = 0.25 + 0.75 * at / 0.75 if at <= 0.75 else 1.0 - 0.85 * (at - 0.75) / 0.25
    return round(value, 4)


def _energy(at: float, drama: float) -> float:
    return round(1.0 + drama * (0.9 * (_tension(at) - 0.55)), 4)
