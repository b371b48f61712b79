"""Mixes an arrangement and its beds, one block after another.

Invariant: memory does not grow with the film: a sound is made when its block comes and let go when
it has ended.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from farm_procedural.script import Script
from farm_procedural.sound.arrange import arrange
from farm_procedural.sound.arrangement import Held, Stroke, Sweep
from farm_procedural.sound.beds import Bed
from farm_procedural.sound.harmony import tonic
from farm_procedural.sound.instruments import STRUCK, fade, struck, sustained
from farm_procedural.sound.percussion import drum, riser, swell
from farm_procedural.sound.reverb import Hall
from farm_procedural.sound.tables import BLOCK, CELL, RATE, Floats, curve, seconds, settle

_BUSES = ("soft", "struck", "rhythm", "accent")
_SENT = {"soft": 0.30, "struck": 0.42, "rhythm": 0.05, "accent": 0.30}
_WET = 0.5
_BED = 0.11
_BED_SENT = 0.06


@dataclass(slots=True)
class _Ringing:
    """A finished sound (2, n) or (n,) that still has something to play from ``start`` on."""

    start: int
    sound: Floats
    gains: tuple[np.float32, np.float32]
    bus: str


def blocks(script: Script) -> Iterator[Floats]:
    """The mix of a film as pieces (2, BLOCK), the last one shorter; levels are not yet set."""
    music = arrange(script)
    strokes, held, sweeps = iter(music.strokes), iter(music.held), iter(music.sweeps)
    bed = Bed(script.score.bed, tonic(script.score.root) - 12, script.seed, music.samples)
    hall, repeats = Hall(), _Repeats(music.unit_s)
    ringing: list[_Ringing] = []
    sustaining: list[Held] = []
    stroke, voice, sweep = next(strokes, None), next(held, None), next(sweeps, None)
    buses = {name: np.zeros((2, BLOCK), np.float32) for name in _BUSES}
    for number in range(-(-music.samples // BLOCK)):
        first = number * BLOCK
        stop = first + BLOCK
        for bus in buses.values():
            bus.fill(0)
        while stroke is not None and stroke.start < stop:
            ringing.append(_struck(stroke))
            stroke = next(strokes, None)
        while sweep is not None and sweep.start < stop:
            ringing.append(_swept(sweep))
            sweep = next(sweeps, None)
        while voice is not None and voice.start < stop:
            sustaining.append(voice)
            voice = next(held, None)
        for sounding in ringing:
            _add(buses[sounding.bus], sounding, first)
        ringing = [r for r in ringing if r.start + r.sound.shape[-1] > stop]
        for sounding_voice in sustaining:
            _sustain(buses["soft"], sounding_voice, first)
        sustaining = [v for v in sustaining if v.stop + v.release > stop]

        cells = np.arange(BLOCK // CELL + 1) * float(CELL) + first
        activity = music.energy.at(cells)
        buses["soft"] *= curve(settle(0.22 + 0.78 * activity), BLOCK)
        struck_bus = repeats.add(buses["struck"])
        mixed = buses["soft"] + struck_bus
        mixed += buses["rhythm"]
        mixed += buses["accent"]
        sent = np.zeros(BLOCK, np.float32)
        for name in _BUSES:
            both = struck_bus if name == "struck" else buses[name]
            sent += (both[0] + both[1]) * np.float32(_SENT[name])
        if bed:
            noise = np.zeros((2, BLOCK), np.float32)
            bed.add(noise, number)
            noise *= curve(settle(_BED * (0.6 + 0.4 * activity)), BLOCK)
            mixed += noise
            sent += (noise[0] + noise[1]) * np.float32(_BED_SENT)
        mixed += hall.echo(sent) * np.float32(_WET)
        mixed *= _edges(first, music.samples)
        yield mixed[:, : music.samples - first]


class _Repeats:
    """Two echoes in time with the pulse, from side to side."""

    def __init__(self, unit_s: float) -> None:
        delay_s = 3 * unit_s if 3 * unit_s < 0.8 else 1.5 * unit_s
        self._delay = min(round(delay_s * RATE), BLOCK // 2)
        self._before = np.zeros((2, 2 * self._delay), np.float32)

    def add(self, sound: Floats) -> Floats:
        """``sound`` (2, BLOCK) with its echoes."""
        history = np.concatenate([self._before, sound], axis=1)
        delay = self._delay
        self._before = history[:, -2 * delay :].copy()
        once = history[::-1, delay : delay + BLOCK]
        twice = history[:, :BLOCK]
        return sound + once * np.float32(0.3) + twice * np.float32(0.13)


def _struck(stroke: Stroke) -> _Ringing:
    if stroke.name in STRUCK:
        sound = struck(stroke.name, stroke.pitch, stroke.brightness)
    else:
        sound = drum(stroke.name, stroke.pitch)
    if stroke.length and stroke.length + seconds(0.09) < len(sound):
        release = seconds(0.09)
        sound = sound[: stroke.length + release].copy()
        sound[-release:] *= fade(release)[::-1]
    # Straight-line panning that keeps the sum of both sides.
    gains = (
        np.float32(stroke.level * (1 - max(stroke.pan, 0.0) * 0.8)),
        np.float32(stroke.level * (1 + min(stroke.pan, 0.0) * 0.8)),
    )
    return _Ringing(stroke.start, sound, gains, stroke.bus)


def _swept(sweep: Sweep) -> _Ringing:
    make = riser if sweep.kind == "riser" else swell
    sound = make(max(sweep.stop - sweep.start, 8), sweep.offset)
    return _Ringing(sweep.start, sound, (np.float32(sweep.level),) * 2, "accent")


def _add(bus: Floats, ringing: _Ringing, first: int) -> None:
    skip = max(first - ringing.start, 0)
    at = max(ringing.start - first, 0)
    for side in (0, 1):
        sound = ringing.sound if ringing.sound.ndim == 1 else ringing.sound[side]
        piece = sound[skip : skip + BLOCK - at]
        bus[side, at : at + len(piece)] += piece * ringing.gains[side]


def _sustain(bus: Floats, voice: Held, first: int) -> None:
    start = max(voice.start, first)
    stop = min(voice.stop + voice.release, first + BLOCK)
    if stop <= start:
        return
    loop = sustained(voice.name, voice.pitch)
    rise = np.arange(start - voice.start, stop - voice.start, dtype=np.float32)
    rise = np.minimum(rise / np.float32(max(voice.attack, 1)), 1)
    fall = np.arange(
        voice.stop + voice.release - start, voice.stop + voice.release - stop, -1, dtype=np.float32
    )
    fall = np.minimum(fall / np.float32(max(voice.release, 1)), 1)
    envelope = rise * fall
    envelope *= envelope * (3 - 2 * envelope) * np.float32(voice.level)
    for side in (0, 1):
        place = (start + voice.offset + side * (BLOCK // 2)) % BLOCK
        piece = loop[place : place + stop - start]
        bus[side, start - first : start - first + len(piece)] += piece * envelope[: len(piece)]
        rest = stop - start - len(piece)
        if rest > 0:
            at = start - first + len(piece)
            bus[side, at : at + rest] += loop[:rest] * envelope[len(piece) :]


def _edges(first: int, samples: int) -> Floats:
    """The film's own fades: in over 10 ms, out over its last quarter, 1.6 s at most."""
    place = np.arange(first, first + BLOCK, dtype=np.float64)
    out = max(min(1.6 * RATE, samples / 4), 1.0)
    rise = np.minimum(place / min(480.0, samples / 8 + 1), 1)
    fall = np.clip((samples - 1 - place) / out, 0, 1)
    return (rise * fall * fall * (3 - 2 * fall)).astype(np.float32)
