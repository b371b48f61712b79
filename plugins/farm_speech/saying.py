"""What all providers share: the utterance in, the sound, the spoken text and the word times out.

Invariant: whoever speaks, the sound is trimmed, as loud as asked and 48 kHz, and the words' times are
those of the trimmed sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from farm import InputError, Result, Task
from farm.media.sound import RATE
from farm_speech import sound
from farm_speech.casting import Role
from farm_speech.params import SayParams
from farm_speech.records import Method, Speech, TimedWord, write_words
from farm_speech.sound import Samples
from farm_speech.text.languages import looks_like
from farm_speech.text.said import Reading, Said, Warned

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Take:
    """What a voice said: samples (n,) and, for each word of the script, from when to when.

    spans : seconds of the samples; empty if the voice cannot tell.
    """

    samples: Samples
    rate: int
    spans: Sequence[Span] = ()


def delivered(
    task: Task[SayParams],
    role: Role,
    provider: str,
    reading: Reading,
    take: Take,
    warnings: Sequence[Warned] = (),
    reference: str = "",
) -> Result:
    """Write the outputs of ``speech.say``.

    Raises
    ------
    InputError : the voice was silent.
    """
    full = sound.resampled(take.samples, take.rate)
    start, stop = sound.heard_span(full)
    if stop <= start:
        raise InputError(
            "the voice said nothing",
            where="utterance: text",
            expected="a text with words",
            got=reading.plain[:200],
            mend="Write it as words, or give its pronunciation.",
            code="speech.silent",
        )
    speech = sound.levelled(full[start:stop], task.params.loudness_lufs)
    length = round(len(speech) / RATE, 3)
    method: Method = "model" if take.spans else "shared"
    spans = (
        [sound.audible(full, span) for span in take.spans]
        if take.spans
        else shared(reading.words, (stop - start) / RATE, start / RATE)
    )
    words = [
        TimedWord(word.text, *_within(span, start / RATE, length), word.plain)
        for word, span in zip(reading.words, spans, strict=True)
    ]
    target, text, times = (
        task.output("speech", ".flac"),
        task.output("text", ".txt"),
        task.output("words", ".json"),
    )
    sound.write_flac(target, speech)
    text.write_text(reading.plain + "\n", encoding="utf-8")
    noticed = [*reading.warnings, *warnings]
    if other := looks_like(reading.plain, role.language):
        seems = f"the text looks like {other}, and is said as {role.language}"
        noticed.append(Warned("speech.other-language", seems))
    if task.inputs.get("reference") and not reference:
        text_of = f"the sample of a voice is not used: {provider} has voices of its own"
        noticed.append(Warned("speech.reference-unused", text_of))
    for warned in noticed:
        task.log.warning("%s: %s", warned.code, warned.text)
    write_words(
        times,
        Speech(words, length, role.language, provider, role.voice, method, noticed, reference),
    )
    task.progress(1, 1)
    return {"speech": target, "text": text, "words": times}


def shared(words: Sequence[Said], length_s: float, start_s: float = 0.0) -> list[Span]:
    """Words that share a time by the letters that are said of them."""
    sizes = [len(word.plain) + (3 if word.mark else 1) for word in words]
    whole = sum(sizes)
    spans: list[Span] = []
    at = 0
    for word, size in zip(words, sizes, strict=True):
        said = len(word.plain)
        first, last = (start_s + length_s * part / whole for part in (at, at + said))
        spans.append((first, last))
        at += size
    return spans


def _within(span: Span, start_s: float, length_s: float) -> Span:
    """A span on the trimmed sound's clock."""
    first, last = (min(length_s, max(0.0, moment - start_s)) for moment in span)
    return round(first, 3), round(last, 3)
