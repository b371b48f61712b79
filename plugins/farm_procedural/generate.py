"""The stage ``video.generate``: a prompt's window of frames, rendered and encoded.

Invariant: the task's seed is the film's, the same for all windows; only the frame numbers differ.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import farm
from farm import InputError, Result, Task, Window
from farm_procedural.film import Film
from farm_procedural.look import look_for
from farm_procedural.params import GenerateParams, film_frames
from farm_procedural.segment import encode_segment

LONGEST_PROMPT = 100_000


def run(task: Task[GenerateParams]) -> Result:
    """Render the task's window to ``segment``."""
    params = task.params
    prompt = read_prompt(task.input("prompt"))
    window = task.window or Window(0, 1, 0, film_frames(params, {}))
    film = Film(look_for(prompt, task.seed), params.width, params.height, params.fps)
    target: Path = task.output("segment", ".mp4")

    def numbers() -> Iterator[int]:
        for done, number in enumerate(range(window.start, window.stop)):
            task.progress(done, window.frames, f"frame {number}")
            yield number

    encode_segment(
        target,
        film.frame,
        numbers(),
        size=(params.width, params.height),
        fps=params.fps,
        crf=params.crf,
        preset=params.preset,
    )
    task.progress(window.frames, window.frames)
    return {"segment": target}


def read_prompt(file: farm.InputFile) -> str:
    """The prompt's text: UTF-8, with or without a byte order mark.

    Raises
    ------
    InputError : it is not UTF-8 text, or absurdly long.
    """
    data = file.path.read_bytes()
    if len(data) > LONGEST_PROMPT:
        raise InputError(
            "the prompt is too long",
            where=file.path.name,
            expected=f"at most {LONGEST_PROMPT} bytes",
            got=f"{len(data)} bytes",
            mend="Send a few sentences.",
            code="prompt.too-long",
        )
    try:
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise InputError(
            "the prompt is not text",
            where=file.path.name,
            expected="UTF-8",
            got=f"byte 0x{data[error.start]:02x} at {error.start}",
            mend="Save the file as plain text in UTF-8.",
            code="prompt.not-text",
        ) from error
