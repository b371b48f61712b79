"""Attempts of a job over time, a lane for each engine: pure text.

Invariant: an attempt is at least one mark wide, so that none is invisible.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from farm.tui.colours import mark_of, style_of
from farm.tui.marks import clock, duration

if TYPE_CHECKING:
    from farm.ledger.views import AttemptLine

_FILL = {
    "succeeded": "█",
    "running": "▓",
    "sent": "░",
    "failed": "✗",
    "lost": "?",
    "cancelled": "–",
}


def gantt(attempts: Sequence[AttemptLine], *, now_s: float, width: int) -> Content:
    """Lanes with bars, a time axis, and the sums beneath."""
    if not attempts:
        return Content("Nothing has been tried yet.")
    begin = min(attempt.sent_at for attempt in attempts)
    end = max(attempt.ended_at or now_s for attempt in attempts)
    span = max(end - begin, 0.001)
    lanes: dict[str, list[AttemptLine]] = {}
    for attempt in attempts:
        lanes.setdefault(f"{attempt.node}/{attempt.slot}", []).append(attempt)
    label = min(24, max(len(name) for name in lanes) + 1)
    across = max(10, width - label - 1)

    def column(at_s: float) -> int:
        return min(across - 1, max(0, int((at_s - begin) / span * across)))

    parts: list[str | tuple[str, str]] = [_axis(begin, span, label, across)]
    for name, tries in sorted(lanes.items()):
        cells: list[tuple[str, str]] = [("·", "$text-muted 50%")] * across
        for attempt in tries:
            first = column(attempt.started_at or attempt.sent_at)
            last = column(attempt.ended_at or now_s)
            fill = _FILL.get(attempt.state, "█")
            for at in range(first, last + 1):
                cells[at] = (fill, style_of(attempt.state))
        parts.append((f"{name[: label - 1]:<{label}}", "b"))
        parts += _joined(cells)
        parts.append("\n")
    parts += _legend(attempts, lanes, now_s)
    return Content.assemble(*parts)


def _axis(begin: float, span: float, label: int, across: int) -> tuple[str, str]:
    line = [" "] * across
    step = max(1, across // max(1, across // 16))
    for at in range(0, across - 8, step):
        text = clock(begin + span * at / across)
        line[at : at + len(text)] = text
    return (" " * label + "".join(line)[:across] + "\n", "$text-muted")


def _joined(cells: list[tuple[str, str]]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for text, style in cells:
        if found and found[-1][1] == style:
            found[-1] = (found[-1][0] + text, style)
        else:
            found.append((text, style))
    return found


def _legend(
    attempts: Sequence[AttemptLine], lanes: dict[str, list[AttemptLine]], now_s: float
) -> list[str | tuple[str, str]]:
    parts: list[str | tuple[str, str]] = ["\n"]
    states = sorted({attempt.state for attempt in attempts})
    for state in states:
        number = sum(attempt.state == state for attempt in attempts)
        parts.append((f"{_FILL.get(state, '█')} {number} {state}   ", style_of(state)))
    worked_s = sum(
        max(0.0, (attempt.ended_at or now_s) - attempt.started_at)
        for attempt in attempts
        if attempt.started_at is not None
    )
    wasted_s = sum(
        max(0.0, (attempt.ended_at or now_s) - attempt.started_at)
        for attempt in attempts
        if attempt.started_at is not None and attempt.state in ("failed", "lost", "cancelled")
    )
    parts.append(f"\n\nEngine time {duration(worked_s)} on {len(lanes)} engines")
    if wasted_s >= 0.5:
        parts.append(
            (f", {duration(wasted_s)} of it for attempts that came to nothing", "$state-warn")
        )
    longest = max(
        (a for a in attempts if a.started_at is not None),
        key=lambda a: (a.ended_at or now_s) - (a.started_at or 0.0),
        default=None,
    )
    if longest is not None and longest.started_at is not None:
        took_s = (longest.ended_at or now_s) - longest.started_at
        name = f"{longest.task_id.partition('.')[2]}#{longest.number}"
        parts.append(
            f"\nLongest: {mark_of(longest.state)} {name} on {longest.node}/{longest.slot}, "
            f"{duration(took_s)}"
        )
    return parts
