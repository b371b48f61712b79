"""Tracks on the time line of a mix.

Invariant: what a track gives to a stretch of the mix depends on the place alone, never on the
blocks in which the mix is made.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from farm.media.sound import Sound
from farm_finish.audio.params import Role
from farm_finish.audio.peaks import factor
from farm_finish.audio.spool import Spool


@dataclass(frozen=True, slots=True)
class Track:
    """A stretch of a sound in a mix. Times are in samples.

    at : where it begins in the mix, which may be before 0. start, length : the part of the sound.
    gain : factors (left, right).
    """

    sound: Spool
    role: Role
    at: int
    start: int
    length: int
    gain: tuple[float, float] = (1.0, 1.0)
    fade_in: int = 0
    fade_out: int = 0

    @property
    def end(self) -> int:
        """The sample of the mix after its last."""
        return self.at + self.length

    def add_to(self, mix: Sound, first: int) -> None:
        """Add what is heard of it in (2, n) samples of the mix from ``first`` on."""
        begin, end = max(first, self.at), min(first + mix.shape[1], self.end)
        if begin >= end:
            return
        sound = self.sound.read(self.start + begin - self.at, end - begin)
        gains = np.array(self.gain, np.float32)[:, None]
        place = np.arange(begin - self.at, end - self.at)
        if self.fade_in and place[0] < self.fade_in:
            gains = gains * _rise((place + 0.5) / self.fade_in)
        if self.fade_out and place[-1] >= self.length - self.fade_out:
            gains = gains * _rise((self.length - place - 0.5) / self.fade_out)
        mix[:, begin - first : end - first] += sound * gains


def balance(gain_db: float, pan: float) -> tuple[float, float]:
    """Factors (left, right) of a gain in decibels and a balance from -1 to 1; their squares add up
    to the same for every balance."""
    turn = (pan + 1) * np.pi / 4
    level = factor(gain_db)
    left, right = np.sqrt(2) * np.cos(turn), np.sqrt(2) * np.sin(turn)
    return round(level * float(left), 9), round(level * float(right), 9)


def in_turn(tracks: list[Track], crossfade: int, until: int | None = None) -> list[Track]:
    """Tracks one after another from where the first begins, each fading into the next.

    crossfade : samples; at most half of the shorter neighbour. until : repeat them to that sample.
    """
    placed: list[Track] = []
    at = tracks[0].at if tracks else 0
    turn = 0
    while tracks and (turn < len(tracks) or (until is not None and at < until)):
        track = tracks[turn % len(tracks)]
        overlap = 0
        if placed:
            before = placed[-1]
            overlap = min(crossfade, before.length // 2, track.length // 2)
            placed[-1] = replace(before, fade_out=max(before.fade_out, overlap))
            at = before.end - overlap
            if until is not None and turn >= len(tracks) and at >= until:
                placed[-1] = before
                break
        placed.append(replace(track, at=at, fade_in=max(track.fade_in, overlap)))
        at += max(1, track.length - overlap)
        turn += 1
    return placed


def cut(track: Track, end: int, fade: int) -> Track:
    """The track ended at sample ``end`` of the mix, with a fade, if it would go on."""
    if track.end <= end:
        return track
    length = max(0, end - track.at)
    return replace(track, length=length, fade_out=min(length, max(fade, track.fade_out)))


def _rise(share: np.ndarray) -> Sound:
    """A quarter of a sine: what rises along it and what falls along it keep their power."""
    rise = np.sin(np.clip(share, 0, 1) * (np.pi / 2))
    # Off the last bits, in which libraries differ.
    return np.asarray(np.round(rise * (1 << 20)) / (1 << 20), np.float32)
