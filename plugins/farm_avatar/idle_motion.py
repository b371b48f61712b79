"""How a person who listens moves: the course of head, breath, lids and gaze over a loop.

Invariant: every course is periodic over the loop, so its last frame leads to its first; the same seed
gives the same motion.

Blinks close in about 80 ms and open in 160 ms and come every three to five seconds at rest: A.
Bentivoglio et al., "Analysis of Blink Rate Patterns in Normal Subjects", 1997.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Course = NDArray[np.float64]
_YAW, _PITCH, _ROLL = 0.075, 0.045, 0.020
"""Radians at most."""
_SHIFT = 0.012
"""Of the face's width."""
_BREATH_S = 4.0
_BLINK_EVERY_S = 3.7
_CLOSING_S, _SHUT_S, _OPENING_S = 0.08, 0.04, 0.17
_DART_S = 0.05
_DARTS_EVERY_S = 1.3


@dataclass(frozen=True, slots=True)
class Motion:
    """Courses (frames,). yaw, pitch, roll: radians; shift: of the face's width to the right; breath:
    0 out to 1 in; lid: 0 open to 1 shut; gaze (frames, 2): -1 to 1 right and down."""

    yaw: Course
    pitch: Course
    roll: Course
    shift: Course
    breath: Course
    lid: Course
    gaze: Course

    def __len__(self) -> int:
        return len(self.yaw)


def motion(frames: int, fps: float, amount: float, seed: int) -> Motion:
    """The motion of a loop. amount : of head and shoulders, 1 is natural."""
    chance = np.random.default_rng(seed)
    length_s = frames / fps
    yaw = _wave(frames, chance) * (_YAW * amount)
    roll = _wave(frames, chance) * (_ROLL * amount) + 0.12 * yaw
    breaths = max(1, round(length_s / _BREATH_S))
    turn = np.arange(frames) / frames
    # Breathing out takes longer than breathing in.
    swing = 2 * np.pi * (breaths * turn + 0.08 * np.sin(2 * np.pi * breaths * turn))
    gaze = _darts(frames, fps, chance)
    return Motion(
        yaw=yaw,
        pitch=_wave(frames, chance) * (_PITCH * amount),
        roll=roll,
        shift=_wave(frames, chance) * (_SHIFT * amount),
        breath=(0.5 - 0.5 * np.cos(swing)) * amount,
        lid=_blinks(frames, fps, chance),
        gaze=gaze,
    )


def _wave(frames: int, chance: np.random.Generator) -> Course:
    """A slow curve from -1 to 1 made of whole cycles."""
    turn = 2 * np.pi * np.arange(frames) / frames
    total = np.zeros(frames)
    for cycles, weight in ((1, 1.0), (2, 0.7), (3, 0.35), (5, 0.12)):
        total += weight * np.sin(cycles * turn + chance.uniform(0, 2 * np.pi))
    return total / np.abs(total).max()


def _blinks(frames: int, fps: float, chance: np.random.Generator) -> Course:
    length_s = frames / fps
    count = max(1, round(length_s / _BLINK_EVERY_S))
    # The loop's seam is kept free: whoever speaks begins with open eyes.
    starts = (np.arange(count) + chance.uniform(0.25, 0.75, count)) * (length_s - 0.8) / count + 0.3
    moments = np.arange(frames) / fps
    lid = np.zeros(frames)
    for start in starts:
        after = moments - start
        closing = np.clip(after / _CLOSING_S, 0, 1)
        opening = np.clip((after - _CLOSING_S - _SHUT_S) / _OPENING_S, 0, 1)
        lid = np.maximum(lid, _eased(closing) - _eased(opening))
    return lid


def _darts(frames: int, fps: float, chance: np.random.Generator) -> Course:
    """Short looks beside the camera, held for a moment; most of the time it is the camera."""
    length_s = frames / fps
    count = max(2, round(length_s / _DARTS_EVERY_S))
    places = chance.uniform(-1, 1, (count, 2)) * np.array([1.0, 0.45])
    places *= (chance.random(count) < 0.6)[:, None]
    places[0] = places[-1] = 0.0
    starts = (np.arange(count) + chance.uniform(0.1, 0.9, count)) * length_s / count
    starts[0] = 0.0
    moments = np.arange(frames) / fps
    gaze = np.zeros((frames, 2))
    for before, place, start in zip(np.roll(places, 1, axis=0), places, starts, strict=True):
        share = _eased(np.clip((moments - start) / _DART_S, 0, 1))[:, None]
        gaze = np.where(moments[:, None] >= start, before + (place - before) * share, gaze)
    return gaze


def _eased(share: Course) -> Course:
    eased: Course = share * share * (3 - 2 * share)
    return eased
