"""The stage ``captions.segment``: timed words as cues to be read.

Invariant: it shows what was said, or, where a text is given, what was written; nothing is added.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from farm import Result, Task
from farm.media.source import opened, video_stream
from farm_finish.captions.cueing import UPRIGHT_CHARS, WIDE_CHARS, cues_of
from farm_finish.captions.cues import Captions, write_cues
from farm_finish.captions.params import SegmentParams
from farm_finish.captions.source_text import read_text
from farm_finish.captions.wording import reworded
from farm_finish.captions.words import read_words


def run(task: Task[SegmentParams]) -> Result:
    """Make ``cues`` of ``words``, with the spelling of ``text`` and for the shape of ``video``.

    Raises
    ------
    InputError : the words are not in order, or the text is not what is said.
    """
    target: Path = task.output("cues", ".json")
    transcript = read_words(task.input("words").path, "words")
    for given in task.inputs.get("text", ()):
        text = read_text(given.path, "text")
        transcript = replace(transcript, words=reworded(transcript.words, text, "text"))
    chars = task.params.line_chars
    if not chars:
        films = task.inputs.get("video", ())
        chars = UPRIGHT_CHARS if films and _upright(films[0].path) else WIDE_CHARS
    count = max(len(transcript.words), 1)
    cues = cues_of(
        transcript.words,
        task.params,
        chars,
        transcript.language,
        lambda done: task.progress(done, count, f"word {done}"),
    )
    write_cues(target, Captions(transcript.language, cues))
    task.progress(1, 1)
    return {"cues": target}


def _upright(path: Path) -> bool:
    with opened(path, "video") as container:
        stream = video_stream(container, "video")
        wide, high = stream.codec_context.width, stream.codec_context.height
        frame = next(iter(container.decode(stream)), None)
        turned = frame is not None and round(frame.rotation / 90) % 2 == 1
        return (wide > high) if turned else (high > wide)
