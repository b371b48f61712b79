"""The stage ``lesson.read``: what an author wrote becomes scenes, sentences and what is shown.

Invariant: whatever is wrong with a lesson is said before a word of it is spoken; what did not change
in it comes out as the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from farm import Result, Task
from farm_avatar.compose.intake import check_visual
from farm_avatar.lesson.assets import Shelf
from farm_avatar.lesson.clips import clips_json
from farm_avatar.lesson.document import Lesson
from farm_avatar.lesson.params import ReadParams
from farm_avatar.lesson.reading import Script, read_script
from farm_avatar.lesson.refusals import refused
from farm_avatar.lesson.scenes import Look, Made, Studio
from farm_avatar.lesson.script_files import (
    LESSON,
    PRESENCE,
    LessonFile,
    Planned,
    Utterances,
    as_json,
    planned,
    planned_card,
)


def run(task: Task[ReadParams]) -> Result:
    """Read ``lesson`` with its ``assets``; somebody is seen if there is a ``portrait``.

    Raises
    ------
    InputError : with file and line, what was expected and how to mend it.
    """
    params = task.params
    script = chosen(read_script(task.input("lesson").path, params.name), params.only)
    _check_language(script, params)
    shelf = Shelf.of(task.inputs.get("assets", ()), params.asset_names, script.source.file)
    captions = ("words" if params.lit else "burn") if params.burn else "none"
    seen = params.presenter and bool(task.inputs.get("portrait"))
    look = Look(params.size, int(params.fps), captions, seen)
    studio = Studio(script, shelf, look, task.checkpoint)
    made: list[tuple[Planned, Made]] = []
    utterances = Utterances(script.lesson, params.voice)
    lesson = script.lesson
    if lesson.intro:
        made.append((planned_card("intro", lesson.intro), studio.card(lesson.intro, False)))
    for number, spoken in enumerate(script.scenes):
        task.progress(number, 2 * len(script.scenes), f'scene "{spoken.id}"')
        made.append((planned(spoken, lesson, utterances), studio.scene(number)))
    if lesson.outro:
        made.append((planned_card("outro", lesson.outro), studio.card(lesson.outro, True)))
    written = _written(task, made)
    document = LessonFile(
        lesson.title,
        lesson.name,
        lesson.language,
        params.size,
        int(params.fps),
        [each for each, _ in made],
        lesson.author,
        [*script.source.warnings, *studio.warnings, *_unused(shelf, params)],
    )
    target: Path = task.output("lesson", ".json")
    target.write_bytes(as_json({"schema": LESSON, **asdict(document)}))
    said = []
    for content in utterances.files:
        said.append(task.output("utterances", ".json"))
        said[-1].write_bytes(content)
    task.progress(1, 1)
    return {"lesson": target, "utterances": said, **written}


def chosen(script: Script, only: str) -> Script:
    """The script, or the one scene of it with the id ``only``. Raises InputError."""
    if not only:
        return script
    found = tuple(scene for scene in script.scenes if scene.id == only)
    if not found or not found[0].sentences:
        raise refused(
            f'no scene with narration has the id "{only}"', script.source.file,
            expected=", ".join(scene.id for scene in script.scenes if scene.sentences)[:200],
            mend="Name one of these, or leave `only` out.", code="lesson.no-such-scene",
        )  # fmt: skip
    number = script.scenes.index(found[0])
    source = script.source
    lines = {
        ("scenes", 0, *path[2:]): line
        for path, line in source.lines.items()
        if path[:2] == ("scenes", number)
    }
    others = {path: line for path, line in source.lines.items() if path[:1] != ("scenes",)}
    lesson = script.lesson.model_copy(
        update={"intro": None, "outro": None, "scenes": (found[0].scene,)}
    )
    alone = type(source)(source.file, source.fields, {**others, **lines}, source.warnings)
    return Script(lesson, found, alone)


def _check_language(script: Script, params: ReadParams) -> None:
    lesson: Lesson = script.lesson
    if params.phones and lesson.language.partition("-")[0] != "en":
        raise refused(
            "is in a language whose sounds are not known one by one", script.source.file,
            script.source.line(("language",)), expected="English, en", got=lesson.language,
            mend="Set the parameter `phones: false`: lips then follow the sound of the voice.",
            code="lesson.language",
        )  # fmt: skip


def _written(task: Task[ReadParams], made: Sequence[tuple[Planned, Made]]) -> dict[str, list[Path]]:
    """Scenes, archives, who is seen and what is heard: one file of each a scene."""
    scenes, visuals, presence, clips = [], [], [], []
    for number, (place, each) in enumerate(made):
        task.progress(len(made) + number, 2 * len(made), f'checking "{place.id}"')
        for visual in each.scene.visuals:
            content = each.archive.members.get(visual.file)
            if isinstance(content, Path):
                check_visual(content, visual, f'scene "{place.id}"')
        scenes.append(task.output("scenes", ".json"))
        scenes[-1].write_bytes(each.scene.as_json())
        visuals.append(task.output("visuals", ".zip"))
        each.archive.write(visuals[-1], task.checkpoint)
        presence.append(task.output("presence", ".json"))
        record = {"schema": PRESENCE, "shown": each.seen}
        presence[-1].write_text(json.dumps(record) + "\n", encoding="utf-8")
        clips.append(task.output("clips", ".json"))
        clips[-1].write_bytes(clips_json(each.heard))
    return {"scenes": scenes, "visuals": visuals, "presence": presence, "clips": clips}


def _unused(shelf: Shelf, params: ReadParams) -> list[str]:
    unused = [] if params.only else shelf.unused()
    if not unused:
        return []
    shown = ", ".join(unused[:5]) + (" and more" if len(unused) > 5 else "")
    return [f"files that no scene shows: {shown}"]
