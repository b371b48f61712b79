"""WebVTT files (.vtt), read and written.

Invariant: what is written is read back the same; a line that is not WebVTT is refused by number.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from farm_finish.captions.cues import Cue
from farm_finish.captions.source_text import bad_line

_MOMENT = r"(?:(\d{2,3}):)?([0-5]\d):([0-5]\d)\.(\d{3})"
_TIMES = re.compile(rf"^{_MOMENT}\s+-->\s+{_MOMENT}(\s+\S+:\S+)*$")
_MARKS = re.compile(r"<[^>]*>")
EXPECTED = "00:00:01.000 --> 00:00:02.500"


def vtt_of(cues: Iterable[Cue], language: str = "") -> str:
    """The cues as WebVTT."""
    head = "WEBVTT\n" + (f"Language: {language}\n" if language else "")
    blocks = [
        f"{_moment(cue.start_ms)} --> {_moment(cue.end_ms)}\n"
        + "\n".join(html.escape(line, quote=False) for line in cue.lines)
        for cue in cues
    ]
    return "\n\n".join([head.rstrip("\n"), *blocks]) + "\n"


def read_vtt(text: str, label: str) -> list[tuple[int, Cue]]:
    """Cues with the number of the line each begins on. Notes, styles, settings, marks are left out.

    Raises
    ------
    InputError : the first line or another is no WebVTT, with its number.
    """
    lines = text.split("\n")
    if not re.match(r"^WEBVTT([ \t].*)?$", lines[0]):
        raise bad_line(
            label, 1, "is not the head of a WebVTT file", expected="WEBVTT", got=lines[0]
        )
    found: list[tuple[int, Cue]] = []
    at = _past_block(lines, 0)
    while at < len(lines):
        if not lines[at].strip():
            at += 1
            continue
        if re.match(r"^(NOTE|STYLE|REGION)\b", lines[at]) and "-->" not in lines[at]:
            at = _past_block(lines, at)
            continue
        if "-->" not in lines[at] and at + 1 < len(lines) and "-->" in lines[at + 1]:
            at += 1  # The name of the cue.
        match = _TIMES.match(lines[at].strip())
        if match is None:
            raise bad_line(label, at + 1, "is not a time", expected=EXPECTED, got=lines[at].strip())
        start, end = _ms(match.groups()[:4]), _ms(match.groups()[4:8])
        stop = _past_block(lines, at)
        shown = [html.unescape(_MARKS.sub("", line)).strip() for line in lines[at + 1 : stop]]
        if shown := [line for line in shown if line]:
            found.append((at + 1, Cue(start, end, tuple(shown))))
        at = stop
    return found


def _past_block(lines: list[str], at: int) -> int:
    while at < len(lines) and lines[at].strip():
        at += 1
    return at


def _moment(ms: int) -> str:
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:03}"


def _ms(parts: tuple[str | None, ...]) -> int:
    hours, minutes, seconds, fraction = (int(part or 0) for part in parts)
    return (hours * 3600 + minutes * 60 + seconds) * 1000 + fraction
