"""The network Kokoro 1.0: phones and a style to sound, with how long each phone lasts.

Invariant: the same phones, style and speed give the same samples, in any order of calls; the phones'
times add up to the sound's.

Source: hexgrad, "Kokoro-82M", 2025, after Y. A. Li and others, "StyleTTS 2", 2023.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import MissingExtra
from farm_speech.kokoro.graph import with_output

RATE = 24_000
STEP = 600
"""Samples of a step; a phone lasts a whole number of them."""
MOST_PHONES = 510
_DURATIONS = "/encoder/Clip_output_0"
_NUMBERS = {
    ";": 1, ":": 2, ",": 3, ".": 4, "!": 5, "?": 6, "—": 9, "…": 10, '"': 11, "(": 12, ")": 13,
    "“": 14, "”": 15, " ": 16, "\u0303": 17, "ʣ": 18, "ʥ": 19, "ʦ": 20, "ʨ": 21, "ᵝ": 22, "ꭧ": 23,
    "A": 24, "I": 25, "O": 31, "Q": 33, "S": 35, "T": 36, "W": 39, "Y": 41, "ᵊ": 42, "a": 43,
    "b": 44, "c": 45, "d": 46, "e": 47, "f": 48, "h": 50, "i": 51, "j": 52, "k": 53, "l": 54,
    "m": 55, "n": 56, "o": 57, "p": 58, "q": 59, "r": 60, "s": 61, "t": 62, "u": 63, "v": 64,
    "w": 65, "x": 66, "y": 67, "z": 68, "ɑ": 69, "ɐ": 70, "ɒ": 71, "æ": 72, "β": 75, "ɔ": 76,
    "ɕ": 77, "ç": 78, "ɖ": 80, "ð": 81, "ʤ": 82, "ə": 83, "ɚ": 85, "ɛ": 86, "ɜ": 87, "ɟ": 90,
    "ɡ": 92, "ɥ": 99, "ɨ": 101, "ɪ": 102, "ʝ": 103, "ɯ": 110, "ɰ": 111, "ŋ": 112, "ɳ": 113,
    "ɲ": 114, "ɴ": 115, "ø": 116, "ɸ": 118, "θ": 119, "œ": 120, "ɹ": 123, "ɾ": 125, "ɻ": 126,
    "ʁ": 128, "ɽ": 129, "ʂ": 130, "ʃ": 131, "ʈ": 132, "ʧ": 133, "ʊ": 135, "ʋ": 136, "ʌ": 138,
    "ɣ": 139, "ɤ": 140, "χ": 142, "ʎ": 143, "ʒ": 147, "ʔ": 148, "ˈ": 156, "ˌ": 157, "ː": 158,
    "ʰ": 162, "ʲ": 164, "↓": 169, "→": 171, "↗": 172, "↘": 173, "ᵻ": 177,
}  # fmt: skip
"""The signs it knows, from its own configuration."""
Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sounding:
    """samples : float32 (n,) at 24 kHz. edges : (len(phones) + 1,), the sample at which each phone
    begins, and at which the last one ends."""

    samples: Samples
    edges: NDArray[np.int64]


def known(phones: str) -> str:
    """The phones without the signs that the network was not taught."""
    return "".join(phone for phone in phones if phone in _NUMBERS)


class Network:
    """The network in memory. threads : that it may use."""

    def __init__(self, path: Path, threads: int) -> None:
        runtime = _library()
        options = runtime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self._session = runtime.InferenceSession(
            with_output(path.read_bytes(), _DURATIONS), options, providers=["CPUExecutionProvider"]
        )

    def say(self, phones: str, voice: Samples, speed: float) -> Sounding:
        """Say 1 to :data:`MOST_PHONES` known phones. voice : float32 (510, 256)."""
        style = voice[min(len(phones), len(voice)) - 1][None]
        samples, lasting = self._session.run(
            ["audio", _DURATIONS],
            {
                "tokens": np.array([[0, *(_NUMBERS[phone] for phone in phones), 0]], np.int64),
                "style": np.ascontiguousarray(style, np.float32),
                "speed": np.array([speed], np.float32),
            },
        )
        steps = np.rint(np.asarray(lasting).ravel()).astype(np.int64)
        # The first and the last of them are the silence around.
        return Sounding(np.asarray(samples).ravel(), np.cumsum(steps)[:-1] * STEP)


def read_voice(path: Path) -> Samples:
    """A voice's styles, float32 (510, 256), one for each number of phones."""
    return np.fromfile(path, "<f4").reshape(-1, 256)


def _library() -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtra(
            "onnxruntime is not installed",
            where="speech.say/kokoro",
            mend="pip install 'farm[speech]'",
        ) from error
    return onnxruntime
