"""The events of a CMX 3600 EDL that OpenTimelineIO's adapter does not read.

Invariant: what the adapter would drop without a word is read here, or refused by its name.
"""

from __future__ import annotations

import re

from farm import InputError

_EVENT = re.compile(
    r"^(?P<head>\s*\d{1,6}\S*\s+\S+\s+(?P<channel>\S+)\s+)(?P<kind>C|D|W\d{3}|K\S*)(?P<tail>\s+.*)$"
)
_WIPES = {"W001": "right", "W002": "down"}
"""Numbers of SMPTE 258M: from left to right, and from top to bottom."""
_EFFECT = re.compile(r"^\*\s*(EFFECT NAME:|OPACITY|SCALE|ROTATION)", re.IGNORECASE)
_KNOWN = re.compile(r"CROSS DISSOLVE|WIPE", re.IGNORECASE)


def is_event(line: str) -> bool:
    """Whether a line is an event of an EDL."""
    return _EVENT.match(line) is not None


def without_wipes(text: str, label: str) -> tuple[str, list[str | None]]:
    """The EDL with its wipes written as dissolves, which the adapter reads; and for each change of
    pictures, in order, the direction it wipes in, or ``None`` if it is a dissolve.

    Raises
    ------
    InputError : ``timeline.unknown-effect``, with the line.
    """
    lines, wipes = [], []
    for number, line in enumerate(text.splitlines(), 1):
        event = _EVENT.match(line)
        if event:
            kind = event["kind"]
            if kind not in ("C", "D", *_WIPES):
                raise _not_made(kind, f"{label}: line {number}")
            if kind != "C" and event["channel"].upper() not in ("A", "AA", "A2"):
                wipes.append(_WIPES.get(kind))
            if kind in _WIPES:
                line = f"{event['head']}D   {event['tail']}"
        elif _EFFECT.match(line.strip()) and not _KNOWN.search(line):
            raise _not_made(line.strip().lstrip("* ")[:80], f"{label}: line {number}")
        lines.append(line)
    return "\n".join(lines) + "\n", wipes


def _not_made(got: str, where: str) -> InputError:
    return InputError(
        "holds what is not made",
        where=where,
        expected="cuts, dissolves, and the wipes W001 and W002",
        got=got,
        mend="Choose one of these, or render it into the media first.",
        code="timeline.unknown-effect",
    )
