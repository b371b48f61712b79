"""The process that speaks with eSpeak NG: a request on standard input, the answer on standard output.

Invariant: the farm's own processes never load the library, whose licence is the GPL; what passes
between them is text and a sound file.

``{"voice", "text", "rate": words a minute, "wav": path}`` gives
``{"rate", "words": [[first character, characters, seconds], …]}``.
``{"voice", "phones": [text, …]}`` gives ``{"phones": [IPA, …]}``.
``{"voices": true}`` gives ``{"voices": [language, …]}``.
"""

from __future__ import annotations

import ctypes
import json
import sys
import wave
from ctypes.util import find_library
from typing import Any

_WORD = 1
_SYNCHRONOUS, _UTF8 = 2, 1
_RATE = 1
_IPA_TIED = 0x02 | 1 << 7 | ord("^") << 8


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


def _library() -> tuple[Any, int]:
    """The library and its samples per second."""
    try:
        import espeakng_loader

        path, data = (
            espeakng_loader.get_library_path(),
            str(espeakng_loader.get_data_path()).encode(),
        )
    except ImportError:
        path, data = find_library("espeak-ng"), None
    if not path:
        raise OSError("eSpeak NG is not installed")
    library = ctypes.CDLL(str(path))
    rate = library.espeak_Initialize(_SYNCHRONOUS, 0, data, 0)
    if rate < 0:
        raise OSError("eSpeak NG does not start")
    return library, rate


def _say(library: Any, rate: int, asked: dict[str, Any]) -> dict[str, Any]:
    words: list[list[float]] = []
    with wave.open(asked["wav"], "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)

        @_CALLBACK
        def take(samples: Any, count: int, events: Any) -> int:
            if samples and count > 0:
                file.writeframesraw(ctypes.string_at(samples, 2 * count))
            at = 0
            while events[at].kind:
                if events[at].kind == _WORD:
                    event = events[at]
                    words.append([event.text_position - 1, event.length, event.audio_ms / 1000])
                at += 1
            return 0

        library.espeak_SetSynthCallback(take)
        library.espeak_SetParameter(_RATE, asked["rate"], 0)
        text = asked["text"].encode()
        library.espeak_Synth(text, len(text) + 1, 0, 0, 0, _UTF8, None, None)
        library.espeak_Synchronize()
    return {"rate": rate, "words": words}


class _Voice(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("reserved", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


def _voices(library: Any) -> list[str]:
    library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
    listed = library.espeak_ListVoices(None)
    found: list[str] = []
    while listed[len(found)]:
        # A byte of priority, then the language.
        found.append(listed[len(found)].contents.languages[1:].decode())
    return sorted(set(found))


def _phones(library: Any, text: str) -> str:
    library.espeak_TextToPhonemes.restype = ctypes.c_char_p
    data = ctypes.c_char_p(text.encode())
    rest = ctypes.pointer(ctypes.cast(data, ctypes.c_void_p))
    parts: list[str] = []
    while rest.contents.value:
        part = library.espeak_TextToPhonemes(rest, _UTF8, _IPA_TIED)
        if part:
            parts.append(part.decode())
    return " ".join(parts)


def main() -> int:
    """Answer one request."""
    asked = json.loads(sys.stdin.buffer.read())
    answer: dict[str, Any]
    try:
        library, rate = _library()
        if "voices" not in asked and library.espeak_SetVoiceByName(asked["voice"].encode()):
            raise OSError(f"eSpeak NG has no voice {asked['voice']}")
        if "voices" in asked:
            answer = {"voices": _voices(library)}
        elif "phones" in asked:
            answer = {"phones": [_phones(library, text) for text in asked["phones"]]}
        else:
            answer = _say(library, rate, asked)
    except OSError as error:
        answer = {"error": str(error)}
    sys.stdout.write(json.dumps(answer, ensure_ascii=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
