"""The sound of a film: measured as ``audio.measure`` does it, and how loud it is when.

Invariant: sound that is told but has no sample is found out, not passed over.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from farm.media.sound import RATE, sound_blocks
from farm.media.source import opened
from farm_finish.audio.measure import Findings, Measurement
from farm_finish.quality.params import QualityParams

HOP = RATE // 10
_FLOOR_DB = -90.0


@dataclass(frozen=True, slots=True)
class Heard:
    """findings : None when there was no sample. starts_s : of the first sample, in the file.
    levels : dB of every tenth of a second."""

    findings: Findings | None
    starts_s: float
    levels: NDArray[np.float64]

    @property
    def length_s(self) -> float:
        """Length of the sound."""
        return self.findings.samples / RATE if self.findings else 0.0


def has_sound(container: InputContainer) -> bool:
    """Whether the file tells of a sound stream."""
    return bool(container.streams.audio)


def hear(path: Path, params: QualityParams, told: Callable[[float], None]) -> Heard:
    """Listen to all of it. told : called with the seconds that were heard.

    Raises
    ------
    InputError : it cannot be decoded.
    """
    start_s, mono = _told(path)
    measurement = Measurement(1 if mono else 2, params.silence_db, params.silence_s)
    powers = array("d")
    rest = np.zeros(0, np.float32)
    count = 0
    for block in sound_blocks(path, "media", layout="mono" if mono else "stereo"):
        measurement.feed(block)
        count += block.shape[1]
        power = np.concatenate([rest, (block.astype(np.float32) ** 2).mean(axis=0)])
        whole = len(power) // HOP * HOP
        powers.extend(power[:whole].reshape(-1, HOP).mean(axis=1).tolist())
        rest = power[whole:]
        told(count / RATE)
    if not count:
        return Heard(None, 0.0, np.zeros(0))
    levels = 10 * np.log10(np.maximum(np.array(powers), 10 ** (_FLOOR_DB / 10)))
    return Heard(measurement.finish(), start_s, levels)


def _told(path: Path) -> tuple[float, bool]:
    """Moment of the first sample in the file, and whether there is one channel."""
    with opened(path, "media") as container:
        stream = container.streams.audio[0]
        start_s = 0.0
        if stream.start_time is not None and stream.time_base is not None:
            start_s = float(stream.start_time * stream.time_base)
        return start_s, stream.channels == 1
