"""The stages ``captions.read`` and ``captions.write``: files of captions to cues, and back.

Invariant: a file that is not what its form demands is refused with the line, and nothing of it used.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from farm import InputError, Result, Task
from farm_finish.captions.cues import (
    LONGEST_LINE,
    MOST_CUES,
    Captions,
    Cue,
    complaints,
    read_cues,
    write_cues,
)
from farm_finish.captions.params import ReadParams, WriteParams
from farm_finish.captions.source_text import bad_line, read_text
from farm_finish.captions.subrip import read_srt, srt_of
from farm_finish.captions.substation import ass_of, read_ass
from farm_finish.captions.webvtt import read_vtt, vtt_of

_LONGEST_RAW = 8 * LONGEST_LINE
"""With its marks, a line may be longer than what is shown of it."""


def read(task: Task[ReadParams]) -> Result:
    """Turn ``captions`` (SubRip, WebVTT or ASS, told by their content) into ``cues``.

    Raises
    ------
    InputError : it is none of them, or a line is wrong, with its number.
    """
    target: Path = task.output("cues", ".json")
    text = read_text(task.input("captions").path, "captions")
    cues = parsed(text, "captions", task.params.shift_ms)
    write_cues(target, Captions(task.params.language, cues))
    task.progress(1, 1)
    return {"cues": target}


def write(task: Task[WriteParams]) -> Result:
    """Write ``cues`` as ``srt``, ``vtt`` and ``ass``."""
    captions = read_cues(task.input("cues").path, "cues")
    files: dict[str, Path] = {}
    for port, text in (
        ("srt", srt_of(captions.cues)),
        ("vtt", vtt_of(captions.cues, captions.language)),
        ("ass", ass_of(captions.cues, task.params.karaoke)),
    ):
        files[port] = task.output(port, f".{port}")
        files[port].write_text(text, encoding="utf-8")
        task.checkpoint()
    task.progress(1, 1)
    return files


def parsed(text: str, label: str, shift_ms: int = 0) -> list[Cue]:
    """The cues of a file of captions, ``shift_ms`` later. Raises InputError with the line."""
    for number, line in enumerate(text.split("\n"), 1):
        if len(line) > _LONGEST_RAW:
            raise bad_line(
                label, number, "is too long", expected=f"at most {_LONGEST_RAW} characters"
            )
    if text.startswith("WEBVTT"):
        found = read_vtt(text, label)
    elif re.match(r"\s*\[(script info|v4\+? styles|events)\]", text, re.IGNORECASE):
        found = read_ass(text, label)
    elif "-->" in text:
        found = read_srt(text, label)
    else:
        raise InputError(
            "is no file of captions",
            where=label,
            expected="SubRip (.srt), WebVTT (.vtt) or ASS (.ass)",
            got=(text.strip().split("\n")[0] or "nothing")[:80],
            mend="Send a text without times as transcript: its times are found by listening.",
            code="captions.unknown-format",
        )
    if len(found) > MOST_CUES:
        raise bad_line(
            label, found[MOST_CUES][0], "is one cue too many", expected=f"at most {MOST_CUES}"
        )
    for at, complaint in complaints([cue for _, cue in found]):
        raise bad_line(
            label,
            found[at][0],
            complaint,
            got=_s(found[at][1]),
            mend="Put the cues in order of time, and send the file again.",
        )
    cues = []
    for number, cue in found:
        if any(len(line) > LONGEST_LINE for line in cue.lines):
            raise bad_line(
                label, number + 1, "is too long", expected=f"at most {LONGEST_LINE} characters"
            )
        shifted = replace(cue, start_ms=cue.start_ms + shift_ms, end_ms=cue.end_ms + shift_ms)
        if shifted.end_ms > 0:  # What is over before the film begins is not shown.
            cues.append(replace(shifted, start_ms=max(shifted.start_ms, 0)))
    return cues


def _s(cue: Cue) -> str:
    return f"{cue.start_ms / 1000:.3f} to {cue.end_ms / 1000:.3f} s"
