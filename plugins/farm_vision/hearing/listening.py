"""A sound in mono, at the rate that is listened at, and the frames it is told by.

Invariant: sample 0 is heard at second 0 of the sound; frame ``n`` of the film is shown from
``n / fps`` to ``(n + 1) / fps`` seconds. Memory does not depend on the length.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm import InputError, Task
from farm.media.film import film
from farm.media.sound import RATE as FULL_RATE, sound_parts
from farm_vision.hearing.params import RateParams

Samples = NDArray[np.float32]
RATE = 16_000
"""Samples a second that are listened to: speech and rhythm lie below 8 kHz."""
_TIMES = FULL_RATE // RATE
_HALF = 24
"""Reach of the filter before samples are dropped, in samples that stay."""


@dataclass(frozen=True, slots=True)
class Frames:
    """fps : of the film. count : its frames; ``None``: as many as the sound lasts."""

    fps: Fraction
    count: int | None

    def number(self, seconds: float) -> int:
        """The frame that is shown at a moment."""
        return math.floor(seconds * self.fps + Fraction(1, 1000))

    def total(self, length_s: Fraction) -> int:
        """How many frames a sound of that length is told by: at least one."""
        return self.count or max(1, math.ceil(length_s * self.fps))


def frames_of(task: Task[RateParams]) -> Frames:
    """The frames of the film at ``video``, or those of the parameters."""
    if not task.inputs.get("video"):
        return Frames(Fraction(task.params.fps), None)
    with film(task.input("video").path, "video") as shown:
        return Frames(shown.fps, shown.count())


def heard(path: Path) -> Iterator[Samples]:
    """Mono samples at :data:`RATE`, in parts of any length.

    Raises
    ------
    InputError : the file has no sound or cannot be decoded.
    """
    taps = _low_pass()
    reach = len(taps) // 2
    held = np.zeros(reach, np.float32)
    offset = 0
    for part in _ended(sound_parts(path, "audio", layout="mono"), reach):
        joined = np.concatenate([held, part[0]])
        centres = np.arange(offset, len(joined) - 2 * reach, _TIMES)
        if len(centres):
            spans = np.lib.stride_tricks.sliding_window_view(joined, len(taps))[centres]
            # Summed in one order whatever the length of a part.
            yield np.einsum("ij,j->i", spans, taps).astype(np.float32)
            used = int(centres[-1]) + _TIMES
            cut = min(used, len(joined))
            offset, held = used - cut, joined[cut:]
        else:
            held = joined


class Spans:
    """Cuts a sound that comes in parts into spans of ``size`` samples, one every ``hop``.

    Span ``n`` has sample ``n * hop`` in its middle; before and after the sound is silence.
    """

    def __init__(self, size: int, hop: int) -> None:
        self._size, self._hop = size, hop
        self._held = np.zeros(size // 2, np.float32)

    def take(self, part: Samples) -> Samples:
        """The spans (n, size) that are whole now."""
        joined = np.concatenate([self._held, part])
        count = max(0, (len(joined) - self._size) // self._hop + 1)
        self._held = joined[count * self._hop :]
        if not count:
            return np.empty((0, self._size), np.float32)
        spans = np.lib.stride_tricks.sliding_window_view(joined, self._size)
        return spans[: (count - 1) * self._hop + 1 : self._hop]

    def rest(self) -> Samples:
        """The spans that reach into the silence after the sound."""
        return self.take(np.zeros(self._size - self._size // 2 - 1, np.float32))


def _ended(parts: Iterator[Samples], reach: int) -> Iterator[Samples]:
    """The parts, then silence for the filter to run out."""
    some = False
    for part in parts:
        some = some or part.shape[1] > 0
        yield part
    if not some:
        raise _empty()
    yield np.zeros((1, reach), np.float32)


def _low_pass() -> Samples:
    """A windowed sinc that keeps what the lower rate can hold."""
    place = np.arange(-_HALF * _TIMES, _HALF * _TIMES + 1) / _TIMES
    taps = np.sinc(place * 0.94) * np.kaiser(len(place), 8.0)
    return (taps / taps.sum()).astype(np.float32)


def _empty() -> InputError:
    return InputError(
        "has no sound",
        where="audio",
        expected="at least one sample",
        got="none",
        mend="Send an audio file that can be heard.",
        code="media.no-audio",
    )
