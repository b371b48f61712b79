"""The stage ``audio.measure``: what a sound amounts to, as JSON.

Invariant: it is measured as it is delivered: mono or stereo at 48 kHz, more channels mixed down.
Silence has no loudness, which JSON says as ``null``.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from farm import Result, Task
from farm.media.loudness import Loudness, LoudnessMeter
from farm.media.sound import RATE, Sound, sound_blocks
from farm.media.source import opened
from farm_finish.audio.params import MeasureParams
from farm_finish.audio.peaks import TruePeak, decibels, factor
from farm_finish.audio.runs import Runs

SCHEMA = "farm.audio-measure/1"
_FULL = 32_766.5 / 32_768
"""From here on a sample counts as full scale, in 16 bits too."""
_CLIPPED = 3
"""So many in a row at full scale are clipping; fewer may be a peak that just fits."""
_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Findings:
    """What was measured. Levels in dB against full scale, ``-inf`` for silence.

    silences, clippings : (first, after the last) sample of each, at most a thousand;
    clippings_count : of all.
    """

    samples: int
    loudness: Loudness
    sample_peak_db: float
    true_peak_db: float
    silences: list[tuple[int, int]]
    silent_samples: int
    clippings: list[tuple[int, int]]
    clippings_count: int
    clipped_samples: int


class Measurement:
    """Takes (channels, n) samples at 48 kHz."""

    def __init__(self, channels: int, silence_db: float, silence_s: float) -> None:
        self._meter, self._peak = LoudnessMeter(channels), TruePeak(channels)
        self._quiet = factor(silence_db)
        self._silences = Runs(round(silence_s * RATE), _KEPT)
        self._clippings = Runs(_CLIPPED, _KEPT)
        self._samples = 0

    def feed(self, sound: Sound) -> None:
        """The next samples."""
        self._meter.feed(sound)
        self._peak.feed(sound)
        levels = np.abs(sound).max(axis=0)
        self._silences.feed(levels < self._quiet)
        self._clippings.feed(levels >= _FULL)
        self._samples += sound.shape[1]

    def finish(self) -> Findings:
        """There is no more."""
        self._silences.finish()
        self._clippings.finish()
        return Findings(
            samples=self._samples,
            loudness=self._meter.loudness(),
            sample_peak_db=decibels(self._peak.sample),
            true_peak_db=decibels(self._peak.true()),
            silences=self._silences.spans,
            silent_samples=self._silences.samples,
            clippings=self._clippings.spans,
            clippings_count=self._clippings.count,
            clipped_samples=self._clippings.samples,
        )


def run(task: Task[MeasureParams]) -> Result:
    """Measure the sound of ``media`` and write ``report``.

    Raises
    ------
    InputError : it has no sound, or cannot be read.
    """
    file = task.input("media")
    target: Path = task.output("report", ".json")
    with opened(file.path, "media") as container:
        streams = container.streams.audio
        stream = streams[0] if streams else None
        source = {
            "codec": stream.codec_context.codec.canonical_name if stream else "",
            "sample_rate": stream.rate if stream else 0,
            "channels": stream.channels if stream else 0,
        }
    total_s = file.facts.duration_s or 0.0
    mono = source["channels"] == 1
    measurement = Measurement(1 if mono else 2, task.params.silence_db, task.params.silence_s)
    done_s = 0.0
    for block in sound_blocks(file.path, "media", layout="mono" if mono else "stereo"):
        measurement.feed(block)
        done_s += block.shape[1] / RATE
        task.progress(done_s, max(total_s, done_s), f"{done_s:.0f} s")
    facts = {"schema": SCHEMA, "source": source} | record(measurement.finish())
    target.write_text(json.dumps(facts, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    task.progress(1, 1)
    return {"report": target}


def record(findings: Findings) -> dict[str, Any]:
    """Findings as JSON."""
    loudness = findings.loudness
    return {
        "duration_s": round(findings.samples / RATE, 5),
        "integrated_lufs": _level(loudness.integrated),
        "momentary_max_lufs": _level(loudness.momentary_max),
        "short_term_max_lufs": _level(loudness.short_term_max),
        "range_lu": round(loudness.range_lu, 2),
        "true_peak_dbtp": _level(findings.true_peak_db),
        "sample_peak_dbfs": _level(findings.sample_peak_db),
        "silence": {
            "share": round(findings.silent_samples / max(1, findings.samples), 4),
            "spans": _spans(findings.silences),
        },
        "clipping": {
            "samples": findings.clipped_samples,
            "count": findings.clippings_count,
            "spans": _spans(findings.clippings),
        },
    }


def _spans(spans: list[tuple[int, int]]) -> list[dict[str, float]]:
    return [
        {"start_s": round(begin / RATE, 4), "end_s": round(stop / RATE, 4)} for begin, stop in spans
    ]


def _level(value: float) -> float | None:
    return round(value, 2) if math.isfinite(value) else None
