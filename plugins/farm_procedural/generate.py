"""The stage ``video.generate``: a window of a script's frames, rendered and encoded.

Invariant: the script holds everything; windows differ in the frame numbers alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import farm
from farm import InputError, Result, Task, Window
from farm_procedural.params import GenerateParams
from farm_procedural.render.film import Film
from farm_procedural.script import SCHEMA, Script
from farm_procedural.segment import encode_segment


def run(task: Task[GenerateParams]) -> Result:
    """Render the task's window to ``segment``."""
    params = task.params
    script = read_script(task.input("script"))
    window = task.window or Window(0, 1, 0, script.frames)
    film = Film(script)
    target: Path = task.output("segment", ".mp4")

    def numbers() -> Iterator[int]:
        for done, number in enumerate(range(window.start, window.stop)):
            task.progress(done, window.frames, f"frame {number}")
            yield number

    encode_segment(
        target,
        film.frame,
        numbers(),
        size=(script.width, script.height),
        fps=script.fps,
        crf=params.crf,
        preset=params.preset,
    )
    task.progress(window.frames, window.frames)
    return {"segment": target}


def read_script(file: farm.InputFile) -> Script:
    """The script in a file.

    Raises
    ------
    InputError : it is not one.
    """
    try:
        record = json.loads(file.path.read_text(encoding="utf-8"))
        if record.get("schema") != SCHEMA:
            raise ValueError(f"schema {record.get('schema')!r}")
        script = Script.from_record(record)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(
            "this is not the script of a film",
            where=file.path.name,
            expected=f"JSON, schema {SCHEMA}",
            got=f"{type(error).__name__}: {error}"[:200],
            mend="Make it with the stage video.script.",
            code="script.not-readable",
        ) from error
    if not script.shots or script.frames < 1:
        raise InputError(
            "the script has no frames",
            where=file.path.name,
            expected="at least one shot of at least one frame",
            got=f"{len(script.shots)} shots, {script.frames} frames",
            mend="Make it with the stage video.script.",
            code="script.empty",
        )
    return script
