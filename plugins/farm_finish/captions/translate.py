"""The stage ``captions.translate`` by any OpenAI-compatible service.

The contract of the capability, for other providers too: port ``cues`` in, port ``cues`` out, a
parameter ``language``.

Invariant: as many cues come out as go in, each at its time; an answer that lacks one, adds one or
leaves one empty is not used.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from farm import Result, Task
from farm.media.chat import Endpoint
from farm_finish.captions.breaking import bonds, broken, columns
from farm_finish.captions.cues import LONGEST_LINE, Captions, Cue, read_cues, write_cues
from farm_finish.captions.params import TranslateParams
from farm_finish.captions.wording import text_words
from farm_finish.captions.words import Word

_ASKED = (
    "You translate the captions of a film into the language {language} (ISO 639). You are given "
    "JSON: cues with an id and a text, in the order they are shown. Answer with JSON of the same "
    "form: one translation for each id, and nothing else. Sentences may run over several cues; "
    "keep each part in its cue. Be as short as the original. Keep names and numbers."
)
_FORM = {
    "type": "json_schema",
    "json_schema": {
        "name": "captions",
        "strict": True,
        "schema": {
            "type": "object",
            "additionalProperties": False,
            "required": ["cues"],
            "properties": {
                "cues": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "required": ["id", "text"],
                        "properties": {"id": {"type": "integer"}, "text": {"type": "string"}},
                    },
                }
            },
        },
    },
}


@dataclass(frozen=True, slots=True)
class _Translated:
    id: int
    text: str


@dataclass(frozen=True, slots=True)
class _Answer:
    cues: list[_Translated]


def run(task: Task[TranslateParams]) -> Result:
    """Translate ``cues`` into another language, times as they are.

    Raises
    ------
    LicenceError : no endpoint, or one that refuses the key. InputError : it does not know the
    model. TransientError : no answer that can be used, in all tries.
    """
    target: Path = task.output("cues", ".json")
    params = task.params
    captions = read_cues(task.input("cues").path, "cues")
    made: list[Cue] = []
    if captions.language.partition("-")[0] == params.language:
        task.log.info("the captions are in %s already", params.language)
        made = captions.cues
    elif captions.cues:
        endpoint = Endpoint.of_this_machine("translate", "translate")
        total = len(captions.cues)
        for start in range(0, total, params.cues_at_once):
            part = captions.cues[start : start + params.cues_at_once]

            def waiting(done: int = start) -> None:
                task.progress(done, total, f"cue {done}")

            texts = endpoint.ask(
                _request(part, captions.language, params),
                lambda content, part=part: _texts(content, len(part)),
                timeout_s=params.timeout_s,
                tries=params.tries,
                waiting=waiting,
            )
            made += [
                _worded(cue, text, params.language) for cue, text in zip(part, texts, strict=True)
            ]
    write_cues(target, Captions(params.language, made))
    task.progress(1, 1)
    return {"cues": target}


def _request(cues: Sequence[Cue], language: str, params: TranslateParams) -> dict[str, Any]:
    asked = _ASKED.format(language=params.language)
    if language:
        asked += f" The original is in {language}."
    if params.notes:
        asked += f"\n{params.notes}"
    given = {"cues": [{"id": number, "text": cue.text} for number, cue in enumerate(cues, 1)]}
    return {
        "model": params.model,
        "temperature": 0,
        "response_format": _FORM,
        "messages": [
            {"role": "system", "content": asked},
            {"role": "user", "content": json.dumps(given, ensure_ascii=False)},
        ],
    }


def _texts(content: str, count: int) -> list[str]:
    """The texts of an answer in order. Raises ValueError for one that is not as it must be."""
    try:
        answer = TypeAdapter(_Answer).validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"an answer of another form: {first['loc']}: {first['msg']}") from error
    texts = {cue.id: " ".join(cue.text.split()) for cue in answer.cues}
    if len(answer.cues) != count or set(texts) != set(range(1, count + 1)):
        raise ValueError(f"{len(answer.cues)} translations with other ids for {count} cues")
    if any(not text or len(text) > LONGEST_LINE for text in texts.values()):
        raise ValueError("a translation that is empty or far too long")
    return [texts[number] for number in range(1, count + 1)]


def _worded(cue: Cue, text: str, language: str) -> Cue:
    """The cue with another text, in lines as long as its own or up to what one line may hold."""
    pieces = text_words(text)
    words = [Word(piece, 0.0, 0.0, space=space) for piece, space in pieces]
    longest = max(columns(line) for line in cue.lines)
    lines = broken(
        [piece for piece, _ in pieces],
        [space for _, space in pieces],
        bonds(words, language),
        max(longest, 24, columns(text) / 2 + 8),
        2,
    )
    return replace(cue, lines=tuple(lines or [text]), words=())
