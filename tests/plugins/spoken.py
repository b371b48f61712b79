"""Speech whose words and moments are known: eSpeak NG, which tells when it says each word and phone."""

from __future__ import annotations

import ctypes
import wave
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

_WORD, _PHONE, _RATE = 1, 7, 1
_PHONE_EVENTS = 1
_SYNCHRONOUS, _UTF8 = 2, 1


class _Event(ctypes.Structure):
    _fields_ = (
        ("kind", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_ms", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("name", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


@dataclass(frozen=True)
class Speech:
    """samples : float (n,) at ``rate`` Hz. starts_s : when each of ``words`` begins.

    Words that are said as one, as "in the" may be, have the moment of the first only. phones : each
    with when it begins, in eSpeak's own names, in which ``_`` is a pause.
    """

    samples: np.ndarray
    rate: int
    words: tuple[str, ...]
    starts_s: tuple[float, ...]
    phones: tuple[tuple[str, float], ...] = ()


@cache
def _library() -> tuple[ctypes.CDLL, int]:
    loader = pytest.importorskip("espeakng_loader", reason="pip install 'farm[test]'")
    library = ctypes.CDLL(loader.get_library_path())
    rate = library.espeak_Initialize(
        _SYNCHRONOUS, 0, str(loader.get_data_path()).encode(), _PHONE_EVENTS
    )
    return library, rate


def spoken(text: str, voice: str = "en-us", words_a_minute: int = 140) -> Speech:
    """The text, said; skips the test where eSpeak NG is not installed."""
    library, rate = _library()
    parts: list[np.ndarray] = []
    starts: list[float] = []
    words: list[str] = []
    phones: list[tuple[str, float]] = []

    @_CALLBACK
    def take(samples, count, events):
        if samples and count > 0:
            parts.append(np.ctypeslib.as_array(samples, (count,)).copy())
        at = 0
        while events[at].kind:
            if events[at].kind == _WORD:
                starts.append(events[at].audio_ms / 1000)
                first = events[at].text_position - 1
                words.append(text[first : first + events[at].length])
            elif events[at].kind == _PHONE:
                phones.append((events[at].name.decode(), events[at].sample / rate))
            at += 1
        return 0

    library.espeak_SetSynthCallback(take)
    assert library.espeak_SetVoiceByName(voice.encode()) == 0
    library.espeak_SetParameter(_RATE, words_a_minute, 0)
    data = text.encode()
    library.espeak_Synth(data, len(data) + 1, 0, 0, 0, _UTF8, None, None)
    library.espeak_Synchronize()
    assert words, "eSpeak NG said nothing"
    samples = np.concatenate(parts) / 32768
    return Speech(samples, rate, tuple(words), tuple(starts), tuple(phones))


def written(path: Path, samples: np.ndarray, rate: int) -> Path:
    """The samples as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path
