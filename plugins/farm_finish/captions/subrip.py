"""SubRip files (.srt), read and written.

Invariant: what is written is read back the same; a line that is not SubRip is refused by number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from farm_finish.captions.cues import Cue
from farm_finish.captions.source_text import bad_line

_TIMES = re.compile(
    r"^(\d{1,3}):([0-5]\d):([0-5]\d)[,.](\d{1,3})\s*-->\s*(\d{1,3}):([0-5]\d):([0-5]\d)[,.](\d{1,3})"
    r"(\s+[XY][12]:.*)?$"
)
_MARKS = re.compile(r"</?[bius]>|</?font[^>]*>|\{\\[^}]*\}", re.IGNORECASE)
EXPECTED = "00:00:01,000 --> 00:00:02,500"


def srt_of(cues: Iterable[Cue]) -> str:
    """The cues as SubRip; a single line end when there are none."""
    blocks = [
        f"{number}\n{_moment(cue.start_ms)} --> {_moment(cue.end_ms)}\n" + "\n".join(cue.lines)
        for number, cue in enumerate(cues, 1)
    ]
    return "\n\n".join(blocks) + "\n"


def read_srt(text: str, label: str) -> list[tuple[int, Cue]]:
    """Cues with the number of the line each begins on. Styling marks are left out.

    Raises
    ------
    InputError : a line is no SubRip, with its number.
    """
    found: list[tuple[int, Cue]] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        if lines[at].strip().isdigit() and at + 1 < len(lines) and "-->" in lines[at + 1]:
            at += 1
        match = _TIMES.match(lines[at].strip())
        if match is None:
            raise bad_line(label, at + 1, "is not a time", expected=EXPECTED, got=lines[at].strip())
        start, end = _ms(match.groups()[:4]), _ms(match.groups()[4:8])
        begun = at + 1
        at += 1
        shown = []
        while at < len(lines) and lines[at].strip():
            shown.append(_MARKS.sub("", lines[at]).strip())
            at += 1
        if shown := [line for line in shown if line]:
            found.append((begun, Cue(start, end, tuple(shown))))
    return found


def _moment(ms: int) -> str:
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02},{rest:03}"


def _ms(parts: tuple[str, ...]) -> int:
    hours, minutes, seconds, fraction = parts
    return (int(hours) * 3600 + int(minutes) * 60 + int(seconds)) * 1000 + int(
        fraction.ljust(3, "0")
    )
