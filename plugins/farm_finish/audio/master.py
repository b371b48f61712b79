"""The stage ``audio.master``: sound at the loudness it is delivered with.

Invariant: no true peak passes the ceiling whatever was given; loudness reaches the target with the
limiter's own work counted in, or the report says by how much it does not.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from farm import InputError, Result, Task
from farm.media.loudness import LoudnessMeter
from farm.media.sound import RATE, Sound, sound_blocks
from farm.media.sound_files import flac_file
from farm_finish.audio.limiter import Limiter
from farm_finish.audio.measure import Findings, Measurement, record
from farm_finish.audio.params import MasterParams
from farm_finish.audio.peaks import decibels, factor
from farm_finish.audio.room import Room
from farm_finish.audio.runs import Runs
from farm_finish.audio.spool import Spool

SCHEMA = "farm.audio-master/1"
MARGIN_DB = 0.1
"""The limiter keeps this much below the ceiling: meters differ by about as much."""
CLOSE_ENOUGH_LU = 0.05
_MOST_PASSES = 6


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is done to every sample."""

    gain: float
    ceiling: float
    limited: bool


def run(task: Task[MasterParams]) -> Result:
    """Master ``audio`` to ``audio`` (FLAC, 48 kHz, 24 bit, stereo) and tell about it in ``report``.

    Raises
    ------
    InputError : it cannot be read, or holds no sound after trimming.
    """
    target: Path = task.output("audio", ".flac")
    report: Path = task.output("report", ".json")
    params = task.params
    with Spool(task.scratch / "sound.f32") as spool:
        parts = sound_blocks(task.input("audio").path, "audio")
        if params.room != "none":
            room = Room(params.room, factor(params.room_db))
            parts = map(room.feed, parts)
        spool.fill(parts, lambda done: task.progress(0, 1, f"reading {done:.0f} s"))
        first, count = _heard(spool, task)
        before = _measured(task, spool, first, count, 1)
        plan = _planned(task, spool, first, count, before)
        measurement = Measurement(2, params.silence_db, 0.5)
        lowest = 1.0
        with flac_file(target) as out:
            for done, block, least in _mastered(spool, first, count, plan):
                task.progress(0.8 + 0.2 * done / count, 1, f"writing {done // RATE} s")
                out.write(block)
                measurement.feed(block)
                lowest = least
        after = measurement.finish()
    facts = {
        "schema": SCHEMA,
        "target_lufs": params.target_lufs,
        "true_peak_db": params.true_peak_db,
        "gain_db": round(decibels(plan.gain), 2),
        "limited_db": round(decibels(lowest), 2),
        "trimmed_s": {
            "head": round(first / RATE, 4),
            "tail": round((spool.samples - first - count) / RATE, 4),
        },
        "missed_by_lu": _missed(after, params.target_lufs),
        "before": record(before),
        "after": record(after),
    }
    report.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    task.progress(1, 1)
    return {"audio": target, "report": report}


def _heard(spool: Spool, task: Task[MasterParams]) -> tuple[int, int]:
    """First sample and number of samples that stay."""
    params = task.params
    first, stop = 0, spool.samples
    if params.trim != "none":
        loud = Runs(1, keep=1)
        last = 0
        at = 0
        level = factor(params.silence_db)
        for block in spool.blocks():
            task.progress(0.05, 1, "looking for silence")
            holds = np.abs(block).max(axis=0) >= level
            loud.feed(holds)
            where = np.flatnonzero(holds)
            last = at + int(where[-1]) + 1 if len(where) else last
            at += block.shape[1]
        loud.finish()
        keep = round(params.keep_s * RATE)
        begin = loud.spans[0][0] if loud.spans else stop + keep
        if params.trim in ("head", "both"):
            first = max(0, begin - keep)
        if params.trim in ("tail", "both"):
            stop = min(stop, last + keep) if loud.spans else 0
    if first >= stop:
        raise InputError(
            "holds nothing but silence" if spool.samples else "holds no samples",
            where="audio",
            expected=f"sound above {params.silence_db:g} dB",
            mend="Send sound that is heard, or do not trim it.",
            code="master.silence",
        )
    return first, stop - first


def _measured(
    task: Task[MasterParams], spool: Spool, first: int, count: int, number: int
) -> Findings:
    measurement = Measurement(2, task.params.silence_db, 0.5)
    for done, block in _blocks(spool, first, count):
        task.progress(0.1 + 0.1 * number * done / count, 1, f"listening to {done // RATE} s")
        measurement.feed(block)
    return measurement.finish()


def _planned(
    task: Task[MasterParams], spool: Spool, first: int, count: int, before: Findings
) -> _Plan:
    """The gain that reaches the target, with what the limiter takes away put back."""
    params = task.params
    ceiling = factor(params.true_peak_db - MARGIN_DB)
    peak = factor(before.true_peak_db) if math.isfinite(before.true_peak_db) else 0.0
    if not math.isfinite(before.loudness.integrated):
        return _Plan(1.0, ceiling, peak > ceiling)
    gain_db = min(params.target_lufs - before.loudness.integrated, params.most_gain_db)
    for turn in range(_MOST_PASSES):
        plan = _Plan(factor(gain_db), ceiling, factor(gain_db) * peak > ceiling)
        if not plan.limited:
            return plan
        meter = LoudnessMeter()
        for done, block, _ in _mastered(spool, first, count, plan):
            share = (turn + done / count) / _MOST_PASSES
            task.progress(0.2 + 0.6 * share, 1, f"pass {turn + 1}, {done // RATE} s")
            meter.feed(block)
        missed = params.target_lufs - meter.loudness().integrated
        better = min(gain_db + missed, params.most_gain_db)
        if abs(missed) < CLOSE_ENOUGH_LU or better == gain_db:
            return plan
        gain_db = better
    return plan


def _mastered(
    spool: Spool, first: int, count: int, plan: _Plan
) -> Iterator[tuple[int, Sound, float]]:
    """Samples done before it, a mastered block, and the limiter's lowest gain so far."""
    if not plan.limited:
        for done, block in _blocks(spool, first, count):
            yield done, block * np.float32(plan.gain), 1.0
        return
    limiter = Limiter(plan.gain, plan.ceiling)
    for done, block in _blocks(spool, first, count):
        yield done, limiter.feed(block), limiter.least
    yield count, limiter.finish(), limiter.least


def _blocks(spool: Spool, first: int, count: int) -> Iterator[tuple[int, Sound]]:
    for done in range(0, count, RATE):
        yield done, spool.read(first + done, min(RATE, count - done))


def _missed(after: Findings, target: float) -> float | None:
    if not math.isfinite(after.loudness.integrated):
        return None
    return round(after.loudness.integrated - target, 2)
