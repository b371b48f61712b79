"""Advanced SubStation Alpha files (.ass), read and written.

Invariant: what is written is read back the same to a hundredth of a second, which is all the format
can say; a line that is not of the format is refused by number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from farm_finish.captions.cues import Cue
from farm_finish.captions.source_text import bad_line

_MOMENT = re.compile(r"^(\d{1,3}):([0-5]\d):([0-5]\d)[.:](\d{2})$")
_MARKS = re.compile(r"\{[^}]*\}")
_DRAWING = re.compile(r"\{[^}]*\\p[1-9][^}]*\}")
_COLUMNS = (
    "Layer", "Start", "End", "Style", "Name", "MarginL", "MarginR", "MarginV", "Effect", "Text"
)  # fmt: skip
_HEAD = """[Script Info]
ScriptType: v4.00+
WrapStyle: 2
ScaledBorderAndShadow: yes
PlayResX: 1920
PlayResY: 1080

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, \
Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, \
Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,Noto Sans,64,&H00FFFFFF,&H00FFFFFF,&H00000000,&H80000000,\
-1,0,0,0,100,100,0,0,1,4,1,2,96,96,54,1
Style: Karaoke,Noto Sans,64,&H004AD5FF,&H00FFFFFF,&H00000000,&H80000000,\
-1,0,0,0,100,100,0,0,1,4,1,2,96,96,54,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def ass_of(cues: Iterable[Cue], karaoke: bool = False) -> str:
    """The cues as ASS. karaoke : with the moments of the words that have them."""
    events = []
    for cue in cues:
        text = _sung(cue) if karaoke and cue.words else ""
        style = "Karaoke" if text else "Default"
        text = text or "\\N".join(_safe(line) for line in cue.lines)
        start, end = _moment(cue.start_ms), _moment(cue.end_ms)
        events.append(f"Dialogue: 0,{start},{end},{style},,0,0,0,,{text}")
    return _HEAD + "".join(f"{event}\n" for event in events)


def read_ass(text: str, label: str) -> list[tuple[int, Cue]]:
    """Cues with the number of the line each stands on, sorted by time. Styles and effects are left
    out.

    Raises
    ------
    InputError : there are no events, or a line of them is wrong, with its number.
    """
    found: list[tuple[int, Cue]] = []
    section, columns = "", [name.lower() for name in _COLUMNS]
    seen = False
    for number, line in enumerate(text.split("\n"), 1):
        bare = line.strip()
        if bare.startswith("[") and bare.endswith("]"):
            section = bare.lower()
            seen = seen or section == "[events]"
        elif section == "[events]" and bare.lower().startswith("format:"):
            columns = [name.strip().lower() for name in bare[7:].split(",")]
            if not {"start", "end", "text"} <= set(columns) or columns[-1] != "text":
                raise bad_line(label, number, "names no start, end and, last, text", got=bare)
        elif section == "[events]" and bare.lower().startswith("dialogue:"):
            cue = _event(bare[9:], columns, label, number)
            if cue is not None:
                found.append((number, cue))
    if not seen:
        raise bad_line(label, 1, "is no ASS file", expected="a section [Events]", got="none")
    return sorted(found, key=lambda item: (item[1].start_ms, item[0]))


def _event(text: str, columns: Sequence[str], label: str, number: int) -> Cue | None:
    fields = text.split(",", len(columns) - 1)
    if len(fields) < len(columns):
        raise bad_line(
            label,
            number,
            "has too few fields",
            expected=f"{len(columns)}: {', '.join(columns)}",
            got=str(len(fields)),
        )
    named = dict(zip(columns, fields, strict=True))
    moments = []
    for name in ("start", "end"):
        match = _MOMENT.match(named[name].strip())
        if match is None:
            raise bad_line(
                label, number, f"its {name} is not a time", expected="0:00:01.00", got=named[name]
            )
        hours, minutes, seconds, hundredths = (int(part) for part in match.groups())
        moments.append((hours * 3600 + minutes * 60 + seconds) * 1000 + hundredths * 10)
    if _DRAWING.search(named["text"]):
        return None
    shown = _MARKS.sub("", named["text"]).replace("\\h", "\u00a0").replace("\\n", "\\N")
    lines = [line.strip() for line in shown.split("\\N")]
    lines = [line for line in lines if line]
    return Cue(moments[0], moments[1], tuple(lines)) if lines else None


def _sung(cue: Cue) -> str:
    """The lines with how long each word lasts; empty where words and lines are not the same."""
    left = list(cue.words)
    lines, at = [], cue.start_ms
    for line in cue.lines:
        text = ""
        while line:
            if not left or not line.startswith(left[0].text):
                return ""
            word = left.pop(0)
            until = left[0].start_ms if left else word.end_ms
            line = line[len(word.text) :]
            space = " " if line.startswith(" ") else ""
            line = line.lstrip(" ")
            if word.start_ms > at:
                text += f"{{\\k{_hundredths(word.start_ms) - _hundredths(at)}}}"
            begun = max(at, word.start_ms)
            lasts = max(_hundredths(until) - _hundredths(begun), 0)
            text += f"{{\\k{lasts}}}{_safe(word.text)}{space}"
            at = max(begun, until)
        lines.append(text)
    return "" if left else "\\N".join(lines)


def _safe(text: str) -> str:
    # Braces would begin an override, and a backslash an escape.
    return text.replace("\\", "\u2216").replace("{", "(").replace("}", ")")


def _hundredths(ms: int) -> int:
    return (ms + 5) // 10


def _moment(ms: int) -> str:
    hundredths = _hundredths(ms)
    seconds, rest = divmod(hundredths, 100)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{rest:02}"
