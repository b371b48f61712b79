"""The recogniser pocketsphinx with the English model of its wheel: phones for words that are known,
and phones without any.

Invariant: the same samples and words give the same phones. Noise that nobody hears stands before and
after each stretch, from a fixed seed: the recogniser is lost in digital silence.

Source: D. Huggins-Daines and others, "PocketSphinx: A Free, Real-Time Continuous Speech Recognition
System for Hand-Held Devices", 2006; a step is 10 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast, get_args

import numpy as np

from farm import MissingExtra
from farm_vision.hearing.listening import RATE, Samples
from farm_vision.speech.letters import sounded
from farm_vision.speech.records import Phone, PhoneName

STEP_S = 0.01
PAD_S = 0.3
_PAD = round(PAD_S * RATE)
_SEED = 20060514
_PART = 5 * RATE
"""Samples of a long sound that are listened to at once."""
_NAMES = frozenset(get_args(PhoneName))


@dataclass(frozen=True, slots=True)
class Found:
    """A word in a stretch of sound, seconds from its start, with its phones."""

    plain: str
    start_s: float
    end_s: float
    phones: tuple[Phone, ...] = ()


class Aligner:
    """Finds words and phones in sound. guessed : words said by rule, in no dictionary."""

    def __init__(self) -> None:
        library = _library()
        # The best path through a lattice may leave words out, which alignment must not.
        quiet = {"loglevel": "FATAL", "lm": None, "bestpath": False}
        self._words = library.Decoder(**quiet)
        self._loop: Any = None
        self._library, self._quiet = library, quiet

    def pronunciation(self, word: str) -> tuple[str, ...]:
        """Phones of a word of small letters, from the dictionary or by its letters."""
        told = self._words.lookup_word(word)
        return tuple(told.split()) if told else sounded(word)

    def learn(self, words: Sequence[str]) -> list[str]:
        """Have every word known; those that were in no dictionary, sorted."""
        unknown = sorted({word for word in words if self._words.lookup_word(word) is None})
        for number, word in enumerate(unknown, 1):
            # The search is built anew once, with the last.
            self._words.add_word(word, " ".join(sounded(word)), number == len(unknown))
        return unknown

    def places(
        self, sound: Samples, words: Sequence[str], told: Callable[[int], None] | None = None
    ) -> list[Found] | None:
        """Where each word is; ``None`` if they are not in the sound.

        told : for a long sound, which is listened to in parts; called with the samples heard.
        """
        self._words.set_align_text(" ".join(words))
        if not self._hear(self._words, sound, told) or self._words.hyp() is None:
            return None
        found = [
            Found(_bare(part.word), _at(part.start_frame), _at(part.end_frame + 1))
            for part in self._words.seg()
            if _is_word(part.word)
        ]
        return found if [part.plain for part in found] == list(words) else None

    def phones(self, sound: Samples, words: Sequence[str]) -> list[Found] | None:
        """Each word with its phones, in a stretch of some seconds; ``None`` as above."""
        if self.places(sound, words) is None:
            return None
        self._words.set_alignment()
        if not self._hear(self._words, sound):
            return None
        found: list[Found] = []
        for word in self._words.get_alignment():
            if not _is_word(word.name):
                continue
            start, end = _at(word.start), _at(word.start + word.duration)
            phones = tuple(
                Phone(cast(PhoneName, part.name), _at(part.start), _at(part.start + part.duration))
                for part in word
                if part.name in _NAMES
            )
            found.append(Found(_bare(word.name), start, end, phones))
        return found if len(found) == len(words) else None

    def recognised(self, sound: Samples) -> list[Phone]:
        """Phones of a stretch of which nothing is known; about two in three are right."""
        if self._loop is None:
            model = Path(self._library.get_model_path("en-us")) / "en-us-phone.lm.bin"
            self._loop = self._library.Decoder(
                **self._quiet, allphone=str(model), lw=2.0, beam=1e-20, pbeam=1e-20
            )
        if not self._hear(self._loop, sound):
            return []
        return [
            Phone(cast(PhoneName, part.word), _at(part.start_frame), _at(part.end_frame + 1))
            for part in (self._loop.seg() or ())
            if part.word in _NAMES
        ]

    def _hear(
        self, decoder: Any, sound: Samples, told: Callable[[int], None] | None = None
    ) -> bool:
        """Whether the decoder came to the end of what it looks for."""
        noise = np.random.Generator(np.random.Philox(key=_SEED))
        padded = np.zeros(len(sound) + 2 * _PAD)
        padded[_PAD : _PAD + len(sound)] = sound * 32767.0
        padded += noise.normal(0.0, 3.0, len(padded))
        samples = np.clip(np.rint(padded), -32768, 32767).astype("<i2")
        decoder.start_utt()
        ended = False
        try:
            if told is None:
                decoder.process_raw(samples.tobytes(), full_utt=True)
            else:
                for at in range(0, len(samples), _PART):
                    told(at)
                    decoder.process_raw(samples[at : at + _PART].tobytes())
        finally:
            # It complains when it is stopped before it has found all.
            with suppress(RuntimeError):
                decoder.end_utt()
                ended = True
        return ended


def _at(step: int) -> float:
    return round(max(0.0, step * STEP_S - PAD_S), 3)


def _bare(name: str) -> str:
    """A word without the number of its pronunciation."""
    return name.partition("(")[0]


def _is_word(name: str) -> bool:
    return not name.startswith(("<", "[", "+"))


def _library() -> Any:
    try:
        import pocketsphinx
    except ImportError as error:
        raise MissingExtra(
            "pocketsphinx is not installed",
            where="speech.phones/pocketsphinx",
            mend="pip install 'farm[speech]'",
        ) from error
    return pocketsphinx
