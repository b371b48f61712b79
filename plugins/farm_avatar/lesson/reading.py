"""A lesson's file, Markdown or YAML, to a checked lesson and its scenes' sentences.

Invariant: a lesson that was read can be narrated: every scene has a length, none is endless, and
there is something to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from farm_avatar.lesson.document import Lesson, SceneText, lesson_of, slug
from farm_avatar.lesson.markdown_source import read_markdown
from farm_avatar.lesson.refusals import refused
from farm_avatar.lesson.sentences import Sentence, sentences
from farm_avatar.lesson.source import Source
from farm_avatar.lesson.yaml_source import fields_of

MOST_BYTES = 2_000_000
LONGEST_SCENE_S, LONGEST_S = 600, 3 * 3600
_LETTERS_A_SECOND = 14.0
"""Of quick speech; what is estimated with it is rather too short."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A scene with its name and what is said in it. line : where it begins in the file."""

    scene: SceneText
    id: str
    sentences: tuple[Sentence, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Script:
    """A lesson that was read."""

    lesson: Lesson
    scenes: tuple[Spoken, ...]
    source: Source


def read_script(path: Path, name: str = "") -> Script:
    """The lesson at ``path``; ``name`` is what its author calls the file.

    Raises
    ------
    InputError : with the line, where there is one.
    """
    file = name or f"lesson{path.suffix}"
    text = _text(path, file)
    if path.suffix.lower() in (".yaml", ".yml"):
        fields, lines = fields_of(text, file)
        source = Source(file, fields, lines)
    else:
        source = read_markdown(text, file)
    return script_of(source)


def script_of(source: Source) -> Script:
    """The checked script of a lesson. Raises InputError."""
    lesson = lesson_of(source)
    names: dict[str, int] = {}
    spoken = []
    for number, scene in enumerate(lesson.scenes):
        wanted = scene.id or slug(scene.title or f"scene-{number + 1}")
        names[wanted] = names.get(wanted, 0) + 1
        line = source.line(("scenes", number))
        if scene.id and names[wanted] > 1:
            raise refused(
                f'two scenes have the id "{scene.id}"', source.file, line,
                mend="Give each its own.", code="lesson.same-id",
            )  # fmt: skip
        unique = wanted if names[wanted] == 1 else f"{wanted}-{names[wanted]}"
        said = tuple(sentences(scene.narration))
        _check(source, number, scene, said, line)
        spoken.append(Spoken(scene, unique, said, line))
    if not any(scene.sentences for scene in spoken):
        raise refused(
            "nothing is said in this lesson", source.file,
            mend="Write a sentence or two under a heading.", code="lesson.nothing-said",
        )  # fmt: skip
    total_s = sum(_seconds(scene.sentences) for scene in spoken)
    if total_s > LONGEST_S:
        raise refused(
            "is too long for one film", source.file, expected=f"at most {LONGEST_S // 3600} h",
            got=f"about {total_s / 3600:.1f} h", mend="Make several lessons of it.",
            code="lesson.too-long",
        )  # fmt: skip
    return Script(lesson, tuple(spoken), source)


def _check(
    source: Source, number: int, scene: SceneText, said: tuple[Sentence, ...], line: int
) -> None:
    title = scene.title or f"scene {number + 1}"
    for index, sentence in enumerate(said):
        if not any(sign.isalnum() for sign in sentence.text):
            raise refused(
                f'in "{title}" there is nothing that can be said', source.file, line,
                got=sentence.text, mend="Write words.", code="lesson.unspeakable",
            )  # fmt: skip
        if index > 2000:
            break
    if not said and not scene.seconds:
        clip = any(shown.end_s is not None for shown in scene.show)
        if not clip:
            raise refused(
                f'the scene "{title}" is empty', source.file, line,
                expected="narration, or `seconds:` for how long it is shown",
                mend="Write what is said under the heading, or take the heading out.",
                code="lesson.empty-scene",
            )  # fmt: skip
    length_s = _seconds(said)
    if length_s > LONGEST_SCENE_S:
        raise refused(
            f'the scene "{title}" is too long', source.file, line,
            expected=f"at most {LONGEST_SCENE_S // 60} minutes",
            got=f"about {length_s / 60:.0f} minutes of speech",
            mend="Part it with headings: each scene is rendered, and mended, on its own.",
            code="lesson.long-scene",
        )  # fmt: skip
    for index, shown in enumerate(scene.show):
        if shown.from_sentence is not None and shown.from_sentence > len(said) + 1:
            raise refused(
                "is shown from a sentence that is not there", source.file,
                source.line(("scenes", number, "show", index)),
                field="from", expected=f"1 to {len(said)}", got=str(shown.from_sentence),
                mend="Count the sentences of the scene.", code="lesson.no-such-sentence",
            )  # fmt: skip


def _seconds(said: tuple[Sentence, ...]) -> float:
    return sum(len(each.text) / _LETTERS_A_SECOND + each.pause_s for each in said)


def _text(path: Path, file: str) -> str:
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise refused(
            "is too large for a lesson", file, expected=f"at most {MOST_BYTES} bytes",
            got=str(size), mend="Pictures and films lie beside it, in files of their own.",
            code="lesson.too-large",
        )  # fmt: skip
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise refused(
            "is not UTF-8 text", file, line,
            got=repr(error.object[error.start : error.start + 8]),
            mend="Save it as UTF-8.", code="lesson.not-utf8",
        ) from error  # fmt: skip
    if "\x00" in text:
        raise refused(
            "holds NUL characters", file, text[: text.index("\x00")].count("\n") + 1,
            mend="It is no text; save it as Markdown or YAML.", code="lesson.not-text",
        )  # fmt: skip
    if not text.strip():
        raise refused("is empty", file, mend="Write a heading and a sentence.", code="lesson.empty")
    return text
