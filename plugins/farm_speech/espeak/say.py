"""The stage ``speech.say`` by eSpeak NG: plain, quick, and of a hundred languages; the last resort.

Invariant: English is read to it word by word, so that all voices say the same words; other languages it
reads itself.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from pathlib import Path

from farm import Result, Task
from farm_speech.casting import cast
from farm_speech.espeak.calling import asked
from farm_speech.params import SayParams
from farm_speech.saying import Span, Take, delivered
from farm_speech.script import spoken_script
from farm_speech.text.said import Said
from farm_speech.utterance import read_utterance
from farm_speech.waves import read_wave

PROVIDER = "espeak"
DEFAULT = "en-us"
_WORDS_A_MINUTE = 165
_WHERE = "speech.say/espeak"


def run(task: Task[SayParams]) -> Result:
    """Say ``utterance``.

    Raises
    ------
    InputError : the utterance is no such document, is empty, or in another language than the voice's.
    MissingExtra, TransientError : the process is not to be had, or crashed.
    """
    utterance = read_utterance(task.input("utterance").path, "utterance")
    voices = task.models.get("espeak.voices", voices_of, size_mb=1)
    role = cast(utterance, task.params, voices, DEFAULT, PROVIDER)
    reading, warnings = spoken_script(utterance, role, can_take_phones=False)
    wave = task.scratch / "espeak.wav"
    text, starts = written_out(reading.words)
    task.progress(0, 1, "speaking")
    answer = asked(
        {
            "voice": role.voice,
            "text": text,
            "rate": round(_WORDS_A_MINUTE * role.speed),
            "wav": str(wave),
        },
        _WHERE,
    )
    take = _timed(wave, answer["words"], starts)
    return delivered(task, role, PROVIDER, reading, take, warnings)


def voices_of() -> dict[str, str]:
    """Every voice with its language; both are the language's code."""
    codes = asked({"voices": True}, _WHERE)["voices"]
    return {code: code for code in (DEFAULT, *codes)}


def written_out(words: Sequence[Said]) -> tuple[str, list[int]]:
    """All that is said, with marks, and the character at which each word begins."""
    text = ""
    starts: list[int] = []
    for word in words:
        text += " " * bool(text)
        starts.append(len(text))
        text += word.plain + word.mark
    return text, starts


def _timed(wave: Path, told: Sequence[tuple[int, int, float]], starts: Sequence[int]) -> Take:
    samples, rate = read_wave(wave)
    length = len(samples) / rate
    begins: dict[int, float] = {}
    for character, _, moment in told:
        begins.setdefault(max(0, bisect.bisect_right(starts, character) - 1), moment)
    spans: list[Span] = []
    before = 0.0
    for number in range(len(starts)):
        # Words that are said as one, as "in the" may be, have the moment of the first.
        start = begins.get(number, before)
        stop = next((begins[n] for n in range(number + 1, len(starts)) if n in begins), length)
        spans.append((start, max(start, stop)))
        before = start
    return Take(samples, rate, spans)
