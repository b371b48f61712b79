"""What marks the picture: hits on cuts and titles, risers into cuts, swells over transitions.

Invariant: a hit starts at the very sample at which its frame begins.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from farm_procedural.script import Script
from farm_procedural.sound.arrangement import Energy, Stroke, Sweep, levels
from farm_procedural.sound.grid import Grid, sample_of
from farm_procedural.sound.parts import Bar
from farm_procedural.sound.tables import BLOCK, RATE, seconds

_HARD = ("cut", "match", "whip")


def hits(script: Script, grid: Grid, bars: list[Bar], energy: Energy) -> Iterator[Stroke]:
    """A hit on each marked hard cut, as strong as the shot it opens; soft ones on soft joins."""
    tension = script.score.tension
    # A film of pads and bells is marked gently, one of drums as drums are.
    weight = 0.55 + 0.45 * max(tension, levels(script.score)["drums"])
    for section in grid.sections[1:]:
        before = script.shots[section.shot - 1]
        bass = _bar_at(bars, section.start).chord.bass
        moving = float(energy.at(section.start + 0.1 * RATE))
        rush = min(1.0, (section.stop - section.start) / RATE / 1.5) * 0.4 + 0.6
        strong = 0.45 * moving + 0.35 * tension + 0.2 > 0.5
        level = (0.42 + 0.4 * moving + 0.2 * tension) * rush * weight
        if before.transition.kind not in _HARD:
            yield Stroke(section.start, "soft-hit", bass, 0.3 * level, "accent")
        elif strong:
            yield Stroke(section.start, "hit", bass, level, "accent")
        else:
            yield Stroke(section.start, "soft-hit", bass, 0.95 * level, "accent")


def title_entries(script: Script, grid: Grid, bars: list[Bar]) -> Iterator[Stroke]:
    """A soft bell chord as a title appears, with a tick for kinetic type."""
    first = 0
    for shot in script.shots:
        for title in shot.titles:
            frame = first + round(max(title.start_s, 0.0) * script.fps)
            start = sample_of(frame, script.fps)
            if start >= grid.samples:
                continue
            voices = _bar_at(bars, start).chord.voices
            level = {"title": 0.16, "kinetic": 0.14, "lower-third": 0.09, "caption": 0.05}
            for voice, pan in zip(voices[-3:], (-0.5, 0.0, 0.5), strict=True):
                yield Stroke(start, "bells", voice + 12, level[title.style], "accent", pan, 1)
            tick = 0.22 if title.style == "kinetic" else 0.1
            yield Stroke(start, "tick", 60, tick, "accent", 0.1)
        first += shot.frames


def sweeps(script: Script, grid: Grid, energy: Energy, chance: random.Random) -> Iterator[Sweep]:
    """Risers before strong cuts, a rush of air over whips and soft joins."""
    for before, section in zip(grid.sections[:-1], grid.sections[1:], strict=True):
        transition = script.shots[section.shot - 1].transition
        room = section.start - before.start
        gain = float(energy.at(section.start + 0.1 * RATE)) - float(
            energy.at(before.start + 0.1 * RATE)
        )
        offset = chance.randrange(BLOCK)
        if transition.kind == "whip":
            half = min(seconds(0.22), room // 2, (section.stop - section.start) // 2)
            yield Sweep(section.start - half, section.start + half, "swell", 0.55, offset)
        elif transition.kind not in _HARD and transition.frames:
            length = min(max(sample_of(transition.frames, script.fps), seconds(0.5)), room)
            yield Sweep(section.start - length, section.start, "swell", 0.22, offset)
        elif room >= seconds(1.2) and (gain > -0.05 or script.score.tension > 0.5):
            level = 0.1 + 0.2 * max(gain, 0.0) + 0.2 * script.score.tension
            length = min(seconds(2.2), round(room * 0.6))
            yield Sweep(section.start - length, section.start, "riser", level, offset)


def _bar_at(bars: list[Bar], sample: int) -> Bar:
    found = bars[0]
    low, high = 0, len(bars)
    while low < high:
        middle = (low + high) // 2
        if bars[middle].start <= sample:
            found, low = bars[middle], middle + 1
        else:
            high = middle
    return found
