"""The stage ``lesson.draft`` by any OpenAI-compatible service: notes become a lesson to be mended.

The contract of the capability, for other providers too: port ``notes`` in, port ``lesson`` out, which
``lesson.read`` takes as it is.

Invariant: an answer that is no lesson is asked for again and never passed on; what is passed on says
who wrote it, from which notes and with which prompt.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from farm import InputError, Result, Task
from farm.media.chat import Endpoint
from farm_avatar.lesson.markdown_source import read_markdown
from farm_avatar.lesson.params import DraftParams
from farm_avatar.lesson.reading import script_of
from farm_avatar.lesson.script_files import as_json

SCHEMA = "farm.draft/1"
MOST_BYTES = 200_000
_WORDS_A_MINUTE = 140
_PROMPTS = Path(__file__).parent / "prompts"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DraftScene(_Part):
    """A scene of an answer."""

    title: Annotated[str, Field(min_length=1, max_length=120)]
    narration: Annotated[str, Field(min_length=20, max_length=6000)]
    slide: Annotated[str, Field(max_length=400)] = ""
    code: Annotated[str, Field(max_length=8000)] = ""
    code_language: Annotated[str, Field(max_length=40, pattern=r"^[A-Za-z0-9+#.-]*$")] = ""


class Draft(_Part):
    """An answer."""

    title: Annotated[str, Field(min_length=1, max_length=160)]
    scenes: Annotated[list[DraftScene], Field(min_length=1, max_length=20)]


def run(task: Task[DraftParams]) -> Result:
    """Draft ``lesson`` from ``notes``.

    Raises
    ------
    LicenceError : no endpoint, or one that refuses the key. InputError : the notes are empty or far
    too long, or the service does not know the model. TransientError : no answer that is a lesson.
    """
    params = task.params
    notes = read_notes(task.input("notes").path)
    endpoint = Endpoint.of_this_machine("draft", "draft a lesson")
    asked = prompt(params)
    body = request(asked, notes, params.model)
    lesson, record = task.output("lesson", ".md"), task.output("draft", ".json")
    draft: Draft = endpoint.ask(
        body,
        lambda content: understood(content, params.language),
        timeout_s=params.timeout_s,
        tries=params.tries,
        waiting=lambda: task.progress(0, 1, "waiting for the service"),
    )
    lesson.write_text(markdown(draft, params.language), encoding="utf-8")
    record.write_bytes(
        as_json(
            {
                "schema": SCHEMA,
                "model": params.model,
                "prompt": params.prompt,
                "notes": task.input("notes").hash,
                "draft": draft.model_dump(),
            }
        )
    )
    task.progress(1, 1)
    return {"lesson": lesson, "draft": record}


def read_notes(path: Path) -> str:
    """The notes. Raises InputError."""
    if path.stat().st_size > MOST_BYTES:
        raise InputError(
            "are too long for one lesson",
            where="notes",
            expected=f"at most {MOST_BYTES} bytes",
            got=str(path.stat().st_size),
            mend="Part them, and draft several lessons.",
            code="draft.too-long",
        )
    try:
        notes = path.read_bytes().decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise InputError(
            "are no UTF-8 text", where="notes", mend="Save them as UTF-8.", code="draft.not-utf8"
        ) from error
    if not notes:
        raise InputError(
            "are empty",
            where="notes",
            mend="Write down what the lesson is about.",
            code="draft.empty",
        )
    return notes


def prompt(params: DraftParams) -> str:
    """The prompt of the version that is asked for."""
    text = (_PROMPTS / f"{params.prompt}.txt").read_text(encoding="utf-8")
    return text.format(
        language=params.language,
        minutes=f"{params.minutes:g}",
        words=round(params.minutes * _WORDS_A_MINUTE),
        audience=params.audience or "interested people without special knowledge",
    )


def request(asked: str, notes: str, model: str) -> dict[str, Any]:
    """The body of a chat completion whose answer must have the form of :class:`Draft`."""
    return {
        "model": model,
        "temperature": 0,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "lesson", "strict": True, "schema": form()},
        },
        "messages": [
            {"role": "system", "content": asked},
            {"role": "user", "content": notes},
        ],
    }


def form() -> dict[str, Any]:
    """The JSON Schema of an answer, as strict services take it: every field is required, and no
    limits of lengths, which not all of them know."""
    scene = {name: {"type": "string"} for name in DraftScene.model_fields}
    listed = {
        "type": "object",
        "additionalProperties": False,
        "required": list(scene),
        "properties": scene,
    }
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["title", "scenes"],
        "properties": {
            "title": {"type": "string"},
            "scenes": {"type": "array", "items": listed},
        },
    }


def understood(content: str, language: str) -> Draft:
    """The draft of an answer. Raises ValueError for one that is no lesson."""
    text = content.strip()
    if text.startswith("```"):  # Small models fence their JSON whatever they are told.
        text = text.strip("`").removeprefix("json")
    try:
        draft = Draft.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"an answer of another form: {where}: {first['msg']}") from error
    try:
        script_of(read_markdown(markdown(draft, language), "draft"))
    except InputError as error:
        raise ValueError(f"an answer that is no lesson: {error}") from error
    return draft


def markdown(draft: Draft, language: str) -> str:
    """The draft as a lesson."""
    blocks = [f"---\ntitle: {json.dumps(draft.title, ensure_ascii=False)}\n"
              f"language: {language}\n---"]  # fmt: skip
    for scene in draft.scenes:
        blocks.append(f"## {_line(scene.title)}")
        if scene.slide:
            blocks.append(f"> Slide: {_line(scene.slide)}")
        if scene.code.strip():
            blocks.append(f"~~~~{scene.code_language}\n{scene.code.rstrip()}\n~~~~")
        blocks.append(_spoken(scene.narration))
    return "\n\n".join(blocks) + "\n"


def _line(text: str) -> str:
    return " ".join(text.split())


def _spoken(text: str) -> str:
    """Narration without marks that Markdown would take for something else."""
    plain = " ".join(text.replace("*", "").replace("`", "").split())
    return plain.replace("<", "\\<").lstrip("#>-+ ")
