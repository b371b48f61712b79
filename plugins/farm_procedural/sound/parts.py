"""What each instrument plays over the chords.

Invariant: parts thin out and thicken with the film's energy and vary from phrase to phrase; every
note lies in the chord or the scale of its moment.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from farm_procedural.sound.arrangement import Energy, Held, Stroke
from farm_procedural.sound.grid import BAR, Grid
from farm_procedural.sound.harmony import Chord
from farm_procedural.sound.tables import BLOCK, RATE, seconds

_PATTERNS = (
    (0, 1, 2, 3, 4, 3, 2, 1),
    (0, 2, 1, 3, 2, 4, 3, 5),
    (0, 2, 4, 2, 5, 4, 2, 1),
    (4, 2, 3, 1, 2, 0, 1, 2),
    (0, 3, 1, 3, 2, 3, 1, 3),
    (0, 1, 3, 2, 4, 3, 5, 4),
)
_MOTIFS = (
    ((0, 2), (3, 3), (6, 1)),
    ((0, 0), (2, 2), (4, 4), (7, 3)),
    ((2, 4), (5, 2)),
    ((0, 3), (1, 4), (4, 2)),
    ((4, 1), (6, 3), (7, 4)),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """The reach of one chord. steps: samples of its half beats, the end included; phrase: number of
    the group of four chords it belongs to; closing: the next anchor ends it."""

    chord: Chord
    steps: tuple[int, ...]
    number: int
    last: bool
    closing: bool

    @property
    def start(self) -> int:
        """First sample."""
        return self.steps[0]

    @property
    def stop(self) -> int:
        """The sample after its last."""
        return self.steps[-1]

    @property
    def hush(self) -> int:
        """Where struck parts fall silent: its end, or in the last chord early enough to ring."""
        if not self.last:
            return self.stop
        return self.stop - min(seconds(1.8), (self.stop - self.start) * 2 // 3)

    @property
    def phrase(self) -> int:
        """Number of the group of four chords that it belongs to."""
        return self.number // 4


def reaches(grid: Grid) -> list[tuple[tuple[int, ...], bool]]:
    """Steps of each chord, and whether an anchor ends it. A chord lasts a bar or two, 1.9 s at
    least; an anchor ends it early if it has lasted 1.2 s."""
    shortest = seconds(1.9)
    size = BAR * max(1, -(-shortest // max(1, round(BAR * grid.unit_s * RATE))))
    found: list[tuple[tuple[int, ...], bool]] = []
    open_steps: list[int] = [0]
    for section in grid.sections:
        last = section is grid.sections[-1]
        steps = list(section.steps)
        if open_steps[-1] - open_steps[0] >= seconds(1.2):
            found.append((tuple(open_steps), True))
            open_steps = [steps[0]]
        open_steps += steps[1:]
        # What is left over of a long section stays with its last chord rather than being a stub.
        while len(open_steps) - 1 >= size + size // 2 + 1:
            found.append((tuple(open_steps[: size + 1]), False))
            open_steps = open_steps[size:]
        if last:
            found.append((tuple(open_steps), True))
    return found


def held_parts(
    bars: Sequence[Bar], levels: Mapping[str, float], chance: random.Random
) -> Iterator[Held]:
    """Pads and choir. A voice that the next chord keeps is not struck again."""
    for name, voices_of, level in (
        ("pad", lambda bar: bar.chord.voices, 0.075),
        ("choir", lambda bar: bar.chord.voices[1:], 0.062),
    ):
        gain = level * levels.get(name, 0.0)
        if not gain:
            continue
        sounding: dict[int, int] = {}
        for bar, following in zip(bars, [*bars[1:], None], strict=True):
            rests = name == "choir" and bar.phrase % 4 == 1 and len(bars) > 8
            pitches = () if rests else voices_of(bar)
            for pitch in pitches:
                sounding.setdefault(pitch, bar.start)
            keeps: Sequence[int] = () if following is None else voices_of(following)
            long = bar.phrase % 4 == 0 and name == "choir"
            for pitch in sorted(sounding):
                if pitch in keeps and not long and bar.stop - sounding[pitch] < seconds(12):
                    continue
                start = sounding.pop(pitch)
                length = bar.stop - start
                attack = min(seconds(0.9 if name == "choir" else 0.5), length // 3)
                # Low voices carry more; what is high is made softer so that nothing sticks out.
                balance = 1.0 - 0.012 * (pitch - 60)
                yield Held(
                    start, bar.stop, name, pitch, gain * balance, attack,
                    min(seconds(0.9), max(seconds(0.15), length // 2)), chance.randrange(BLOCK),
                )  # fmt: skip


def bass_part(bars: Sequence[Bar], level: float, energy: Energy) -> Iterator[Stroke]:
    """Roots: held when calm, on the beats when not, with octaves when wild."""
    for bar in bars:
        moving = float(energy.at(bar.start))
        every = 8 if moving < 0.38 else 4 if moving < 0.66 else 2
        steps = bar.steps
        for at in range(0, len(steps) - 1, every):
            if at and steps[at] >= bar.hush:
                break
            stop = steps[min(at + every, len(steps) - 1)]
            stop = bar.stop if stop >= bar.hush else stop
            lift = 12 if every == 2 and at % 8 == 6 and bar.number % 2 else 0
            touch = (1.0 if at % 8 == 0 else 0.78) * (0.5 + 0.5 * moving)
            yield Stroke(
                steps[at], "bass", bar.chord.bass + lift, 0.27 * level * touch, "rhythm",
                brightness=0 if moving < 0.4 else 1 if moving < 0.75 else 2, length=stop - steps[at],
            )  # fmt: skip


def pluck_part(
    bars: Sequence[Bar], level: float, energy: Energy, chance: random.Random
) -> Iterator[Stroke]:
    """Broken chords: sparse when calm, in sixteenths when wild."""
    pattern = _PATTERNS[0]
    phrase = -1
    for bar in bars:
        if bar.phrase != phrase:
            phrase = bar.phrase
            pattern = chance.choice(_PATTERNS)
        notes = [*bar.chord.voices, *(voice + 12 for voice in bar.chord.voices)]
        for at, (start, stop) in enumerate(zip(bar.steps[:-1], bar.steps[1:], strict=True)):
            moving = float(energy.at(start))
            if at and start >= bar.hush:
                break
            skipped = 0.5 if moving < 0.3 else 0.22 if moving < 0.5 else 0.08
            if at % BAR and chance.random() < skipped and (at % 2 or moving < 0.3):
                continue
            place = pattern[at % BAR]
            strokes = [(start, place)]
            if moving > 0.68 and stop - start > seconds(0.14):
                strokes.append(((start + stop) // 2, pattern[(at + 3) % BAR] + 1))
            for number, (sample, tone) in enumerate(strokes):
                accent = 1.0 if at % 4 == 0 else 0.72
                touch = accent * (0.8 if number else 1.0) * (0.9 + 0.2 * chance.random())
                yield Stroke(
                    sample, "pluck", notes[tone % len(notes)],
                    0.42 * level * touch * (0.4 + 0.6 * moving), "struck",
                    pan=(-0.55, 0.4, -0.2, 0.6)[(at + number) % 4],
                    brightness=min(2, int(moving * 2.2 + touch * 0.6)),
                )  # fmt: skip


def bell_part(
    bars: Sequence[Bar], level: float, energy: Energy, chance: random.Random
) -> Iterator[Stroke]:
    """A motif, stated, answered higher or lower, and left out now and then."""
    motif = chance.choice(_MOTIFS)
    for bar in bars:
        if bar.number and bar.number % 16 == 0:
            motif = chance.choice(_MOTIFS)
        turn = bar.number % 4
        if (turn == 3 and not bar.last) or (bar.phrase % 3 == 2 and turn == 1):
            continue
        notes = sorted({voice + 12 for voice in bar.chord.voices})
        tones = [*notes, *(note + 12 for note in notes[:2])]
        for step, tone in ((0, 0), (2, 2)) if bar.last else motif:
            if step >= len(bar.steps) - 1:
                continue
            start = bar.steps[step]
            moving = float(energy.at(start))
            pitch = tones[(tone + (0, 1, -1, 0)[turn]) % len(tones)]
            yield Stroke(
                start, "bells", pitch, 0.28 * level * (0.6 + 0.4 * moving), "struck",
                pan=0.5 * (-1) ** step * (0.4 + 0.6 * chance.random()),
                brightness=0 if moving < 0.4 else 1,
            )  # fmt: skip


def drum_part(
    bars: Sequence[Bar], level: float, energy: Energy, chance: random.Random
) -> Iterator[Stroke]:
    """A pulse that grows from a soft kick to a full kit, with a fill before anchors."""
    for bar in bars:
        fill = bar.closing and bar.number % 2 == 1
        for at, (start, stop) in enumerate(zip(bar.steps[:-1], bar.steps[1:], strict=True)):
            moving = float(energy.at(start))
            if at and start >= bar.hush:
                break
            step = at % BAR
            kick = step == 0 or (step == 4 and moving > 0.3) or (step in (2, 6) and moving > 0.82)
            kick = kick or (step == 5 and moving > 0.5 and bar.number % 2 == 1)
            if kick:
                yield _beat(start, "kick", 0.6 * level * (0.45 + 0.55 * moving), 0.0)
            if step in (2, 6) and moving > 0.45:
                yield _beat(start, "snare", 0.2 * level * (0.4 + 0.6 * moving), 0.12)
            if moving > 0.24:
                name = "hat" if moving > 0.55 else "shaker"
                soft = 1.0 if step % 2 == 0 else 0.6
                yield _beat(start, name, 0.1 * level * soft * (0.5 + 0.5 * moving), -0.3)
                if moving > 0.72 and stop - start > seconds(0.14) and chance.random() < 0.6:
                    yield _beat((start + stop) // 2, "hat", 0.045 * level, -0.3)
            if fill and at >= len(bar.steps) - 4 and moving > 0.4:
                pitch = 50 - 4 * (at - len(bar.steps) + 4)
                yield Stroke(start, "tom", pitch, 0.22 * level * moving, "rhythm", 0.3)


def _beat(start: int, name: str, level: float, pan: float) -> Stroke:
    return Stroke(start, name, 60, level, "rhythm", pan)
