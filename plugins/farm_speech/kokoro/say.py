"""The stage ``speech.say`` by Kokoro.

Invariant: the same utterance gives the same bytes; a word that nobody can say is named, never skipped
in silence.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from farm import InputError, Result, Task
from farm.media.sound import RATE as SPEECH_RATE
from farm_speech.casting import Role, cast
from farm_speech.english.letters import Letters
from farm_speech.english.lexicon import Lexicon
from farm_speech.english.phrases import English
from farm_speech.kokoro.chunks import Chunk, chunks
from farm_speech.kokoro.foreign import foreign_phones
from farm_speech.kokoro.network import RATE, Network, Samples, known, read_voice
from farm_speech.kokoro.voices import DEFAULT, NAMES, first_for, language_of
from farm_speech.params import SayParams
from farm_speech.saying import Span, Take, delivered
from farm_speech.script import spoken_script
from farm_speech.sound import Samples as Sound, heard_span, resampled
from farm_speech.text.readers import Context
from farm_speech.text.reading import read
from farm_speech.text.said import Reading, Warned
from farm_speech.utterance import Utterance, read_utterance

PROVIDER = "kokoro"
_NETWORK_MB, _LEXICON_MB = 400, 120
_MOST_NAMED = 8
LAG_S = 0.03
"""How long after it is heard the network counts a phone, as measured against an aligner."""
_VOICES = {name: language_of(name) for name in NAMES}


def run(task: Task[SayParams]) -> Result:
    """Say ``utterance``: ``speech``, the spoken ``text`` and when each of its ``words`` is said.

    Raises
    ------
    InputError : the utterance is no such document, is empty, is in another language than the voice's,
        or has nothing that can be said. MissingExtra.
    """
    utterance = read_utterance(task.input("utterance").path, "utterance")
    preferred = first_for(utterance.language or task.params.language) or DEFAULT
    role = cast(utterance, task.params, _VOICES, preferred, PROVIDER)
    if role.language.startswith("en"):
        reading, phones, warnings = _english(task, utterance, role)
    else:
        reading, warnings = spoken_script(utterance, role, can_take_phones=True)
        phones = foreign_phones(reading, role.language)
    silent = [
        word.text for word, sounds in zip(reading.words, phones, strict=True) if not known(sounds)
    ]
    if len(silent) == len(reading.words):
        raise InputError(
            "nothing of the text can be said",
            where="utterance: text",
            expected=f"words of the language {role.language}",
            got=utterance.text[:200],
            mend="Write it in that language, or give its pronunciation.",
            code="speech.unpronounceable",
        )
    if silent:
        warnings.append(_named("speech.unpronounceable", "not said", silent))
    voice = task.models.get(
        f"kokoro.{role.voice}",
        lambda: read_voice(task.models.files("kokoro-voices") / f"{role.voice}.bin"),
        size_mb=1,
    )
    network = task.models.get("kokoro.int8", lambda: _network(task), size_mb=_NETWORK_MB)
    marks = [word.mark for word in reading.words]
    parts = list(chunks([known(sounds) for sounds in phones], marks))
    take = _spoken(task, network, voice, role.speed, parts)
    return delivered(task, role, PROVIDER, reading, take, warnings)


def _english(
    task: Task[SayParams], utterance: Utterance, role: Role
) -> tuple[Reading, list[str], list[Warned]]:
    british = role.language == "en-gb"
    folder = task.models.files("english-words")
    english = task.models.get(
        f"english.{role.language}",
        lambda: English(Lexicon(folder, british), Letters(folder / "letters.npz")),
        size_mb=_LEXICON_MB,
    )
    reading = read(utterance.text, Context(british, english.knows), utterance.pronunciations)
    sounded = english.phrases(reading.words)
    phones = [" ".join(part.phones for part in word if part.phones) for word in sounded]
    guessed = [part.word for word in sounded for part in word if part.how == "letters"]
    return (
        reading,
        phones,
        [_named("speech.guessed", "said by their letters", guessed)] if guessed else [],
    )


def _network(task: Task[SayParams]) -> Network:
    path = task.models.files("kokoro-82m-int8") / "kokoro-v1.0.int8.onnx"
    return Network(path, max(1, task.threads))


def _spoken(
    task: Task[SayParams], network: Network, voice: Samples, speed: float, parts: list[Chunk]
) -> Take:
    sounds: list[Sound] = []
    spans: list[Span] = []
    at = 0
    whole = sum(len(part.phones) for part in parts)
    done = 0
    for part in parts:
        task.progress(done, whole, "speaking")
        said = network.say(part.phones, voice, speed)
        full = resampled(said.samples, RATE)
        start, stop = heard_span(full)
        sounds += [full[start:stop], np.zeros(round(part.pause_s * SPEECH_RATE), np.float32)]
        for first, last in part.places:
            # The lips are at a word before the space ahead of it is over.
            early = max(0, first - 1)
            moments = (at - start + 2 * int(said.edges[edge]) for edge in (early, last))
            begins, ends = (max(0.0, moment / SPEECH_RATE - LAG_S) for moment in moments)
            spans.append((begins, ends))
        at += stop - start + len(sounds[-1])
        done += len(part.phones)
    return Take(np.concatenate(sounds), SPEECH_RATE, spans)


def _named(code: str, what: str, words: Iterable[str]) -> Warned:
    names = list(dict.fromkeys(words))
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return Warned(code, f"{what}: {', '.join(names[:_MOST_NAMED])}{more}")
