"""Whether somebody speaks.

Invariant: every listener gives one probability for each of its steps of samples, the first from
sample 0 on; silence is no voice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from farm import MissingExtra
from farm_vision.hearing.listening import RATE, Samples
from farm_vision.hearing.spectrum import HOP, Series

Chances = NDArray[np.float32]


class Voice(Protocol):
    """step : samples from one probability to the next."""

    step: int

    def take(self, part: Samples) -> None:
        """Listen to the next part."""

    def found(self, voices: Series) -> Chances:
        """Probabilities; ``voices`` is the power where voices lie, every 4 ms."""


class ByPower:
    """Speech swells and falls a few times a second, well above the noise that is always there.

    After M. Marzinzik and B. Kollmeier, "Speech Pause Detection for Noise Spectrum Estimation by
    Tracking Power Envelope Dynamics", 2002, in one band. A steady tone is noise to it; music with
    a beat is not, which a network tells apart better.
    """

    step = HOP

    def take(self, part: Samples) -> None:
        """Nothing is needed but the power of voices."""

    def found(self, voices: Series) -> Chances:
        """How far the power swings, and how near it is to the top of its swing."""
        level = 10 * np.log10(np.maximum(voices, 1e-9))
        smooth = _means(level, round(0.032 * RATE / HOP))
        around = round(0.8 * RATE / HOP)
        low, high = _lows(smooth, around), -_lows(-smooth, around)
        swing = np.clip((high - low - 6.0) / 18.0, 0.0, 1.0)
        place = np.clip((smooth - low - 3.0) / np.maximum(0.4 * (high - low), 3.0), 0.0, 1.0)
        heard = np.clip((smooth + 60.0) / 15.0, 0.0, 1.0)
        return _means(swing * place * heard, round(0.1 * RATE / HOP)).astype(np.float32)


class Silero:
    """The network of silero-vad 6 at 16 kHz, span by span with its memory."""

    step = 512
    _CONTEXT = 64

    def __init__(self, session: Any) -> None:
        self._session = session
        self._state = np.zeros((2, 1, 128), np.float32)
        self._context = np.zeros(self._CONTEXT, np.float32)
        self._held = np.empty(0, np.float32)
        self._chances: list[float] = []

    def take(self, part: Samples) -> None:
        """Listen to the next part."""
        joined = np.concatenate([self._held, part])
        whole = len(joined) // self.step * self.step
        self._held = joined[whole:]
        for at in range(0, whole, self.step):
            self._hear(joined[at : at + self.step])

    def found(self, voices: Series) -> Chances:
        """Probabilities; what is left counts as if silence followed."""
        if len(self._held):
            self.take(np.zeros(self.step - len(self._held), np.float32))
        return np.array(self._chances, np.float32)

    def _hear(self, span: Samples) -> None:
        given = {
            "input": np.concatenate([self._context, span])[None],
            "state": self._state,
            "sr": np.array(RATE, np.int64),
        }
        chance, self._state = self._session.run(None, given)
        self._context = span[-self._CONTEXT :]
        self._chances.append(float(chance.reshape(-1)[0]))


def session(path: Path) -> Any:
    """The network at ``path``, on one thread. Raises MissingExtra without onnxruntime."""
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtra(
            "onnxruntime is not installed", mend="pip install 'farm[speech]'"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _means(series: Series, size: int) -> Series:
    size = max(1, size) | 1
    sums = np.concatenate([[0.0], np.cumsum(np.pad(series, size // 2, "edge"))])
    return (sums[size:] - sums[:-size]) / size


def _lows(series: Series, reach: int) -> Series:
    """The lowest within ``reach`` on both sides."""
    size = 2 * reach + 1
    padded = np.pad(series, reach, "edge")
    # Windows of doubled length are put together from two of the half.
    lows, length = padded, 1
    while 2 * length <= size:
        lows = np.minimum(lows[:-length], lows[length:])
        length *= 2
    rest = size - length
    return np.minimum(lows[: len(series)], lows[rest : rest + len(series)])
