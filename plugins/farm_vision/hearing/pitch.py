"""Pitch, and how sure it is.

Invariant: a value every :data:`HOP` samples, the first for sample 0; 0 Hz where nothing repeats.

Source: A. de Cheveigné and H. Kawahara, "YIN, a fundamental frequency estimator for speech and
music", 2002: the first lag at which the sound differs from itself by little of what it does on
average (steps 1 to 5).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm_vision.hearing.listening import RATE, Samples, Spans

HOP = 160
"""Samples from one value to the next: 10 ms."""
_THRESHOLD = 0.15
_FAINT = 1e-7
"""Mean power of a span below which it is silent: -70 dB."""


class Pitch:
    """Listens to a sound in parts for pitches within two frequencies."""

    def __init__(self, lowest_hz: float, highest_hz: float) -> None:
        self._longest = int(np.ceil(RATE / lowest_hz)) + 2
        self._shortest = max(2, int(RATE / highest_hz) - 1)
        self._bounds = lowest_hz, highest_hz
        # One period of the lowest is compared with the next, and no less than 25 ms.
        self._compared = max(self._longest, RATE // 40)
        self._spans = Spans(self._compared + self._longest + 1, HOP)
        self._found: list[NDArray[np.float32]] = []

    def take(self, part: Samples) -> None:
        """Listen to the next part."""
        self._look(self._spans.take(part))

    def end(self) -> None:
        """The sound is over."""
        self._look(self._spans.rest())

    @property
    def found(self) -> NDArray[np.float32]:
        """(N, 2): Hz, and 0 to 1 how much the sound repeats."""
        return np.concatenate(self._found)

    def _look(self, spans: Samples) -> None:
        out = np.zeros((len(spans), 2), np.float32)
        if len(spans):
            numbers = self._shortest, self._longest, self._compared
            _yin(np.ascontiguousarray(spans), *numbers, _THRESHOLD, _FAINT, out)
            low, high = self._bounds
            out[(out[:, 0] < low * 0.99) | (out[:, 0] > high * 1.01)] = 0.0
        self._found.append(out)


@kernel
def _yin(spans, shortest, longest, compared, threshold, faint, out):
    unlike = np.empty(longest + 1, np.float64)
    for number in range(len(spans)):
        span = spans[number]
        power = 0.0
        for at in range(compared):
            power += span[at] * span[at]
        if power < faint * compared:
            continue
        running = 0.0
        unlike[0] = 1.0
        for lag in range(1, longest + 1):
            total = 0.0
            for at in range(compared):
                apart = span[at] - span[at + lag]
                total += apart * apart
            running += total
            unlike[lag] = total * lag / running if running > 0 else 1.0
        found = 0
        for lag in range(shortest, longest):
            if unlike[lag] < threshold and unlike[lag] <= unlike[lag + 1]:
                found = lag
                break
        if found == 0:
            continue
        left, here, right = unlike[found - 1], unlike[found], unlike[found + 1]
        bend = left - 2.0 * here + right
        shift = 0.5 * (left - right) / bend if bend > 0 else 0.0
        out[number, 0] = 16000.0 / (found + min(max(shift, -0.5), 0.5))
        out[number, 1] = 1.0 - min(max(here, 0.0), 1.0)
