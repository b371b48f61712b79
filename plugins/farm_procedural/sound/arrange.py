"""From a script to an arrangement: harmony over the grid, parts over the harmony, accents.

Invariant: every choice comes from the script's seed and score; adding a part never changes another
one, because each draws from a source of its own.
"""

from __future__ import annotations

import random

from farm_procedural.script import Script
from farm_procedural.sound.accents import hits, sweeps, title_entries
from farm_procedural.sound.arrangement import Arrangement, Held, Stroke, Sweep, energy, levels
from farm_procedural.sound.grid import grid
from farm_procedural.sound.harmony import chords
from farm_procedural.sound.parts import (
    Bar,
    bass_part,
    bell_part,
    drum_part,
    held_parts,
    pluck_part,
    reaches,
)


def arrange(script: Script) -> Arrangement:
    """Everything that sounds in a film, apart from its beds."""
    beat = grid(script)
    activity = energy(script, beat)
    playing = levels(script.score)
    strokes: list[Stroke] = []
    held: list[Held] = []
    swept: list[Sweep] = []
    if any(playing.values()):
        bars = _bars(script, reaches(beat))
        held += held_parts(bars, playing, _chance(script, "held"))
        strokes += bass_part(bars, playing["bass"], activity)
        strokes += pluck_part(bars, playing["pluck"], activity, _chance(script, "pluck"))
        strokes += bell_part(bars, playing["bells"], activity, _chance(script, "bells"))
        strokes += drum_part(bars, playing["drums"], activity, _chance(script, "drums"))
        strokes += hits(script, beat, bars, activity)
        strokes += title_entries(script, beat, bars)
        swept += sweeps(script, beat, activity, _chance(script, "sweeps"))
    heard = (stroke for stroke in strokes if stroke.level > 0)
    return Arrangement(
        samples=beat.samples,
        unit_s=beat.unit_s,
        energy=activity,
        strokes=tuple(sorted(heard, key=lambda stroke: stroke.start)),
        held=tuple(sorted(held, key=lambda voice: voice.start)),
        sweeps=tuple(sorted(swept, key=lambda sweep: sweep.start)),
    )


def _bars(script: Script, found: list[tuple[tuple[int, ...], bool]]) -> list[Bar]:
    harmony = chords(script.score, len(found), _chance(script, "harmony"))
    return [
        Bar(chord, steps, number, last=number == len(found) - 1, closing=closing)
        for number, (chord, (steps, closing)) in enumerate(zip(harmony, found, strict=True))
    ]


def _chance(script: Script, part: str) -> random.Random:
    return random.Random(f"{script.seed}/{part}")
