"""One job at a glance, beside the table.

Invariant: it shows what the line of the table holds and reads nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from farm.tui.colours import mark_of, style_of
from farm.tui.marks import bar, duration, moment
from farm.tui.screens.job_cells import shown_state

if TYPE_CHECKING:
    from farm.ledger.views import JobLine


def glance(line: JobLine) -> Content:
    """State, progress and facts of a job."""
    state = shown_state(line)
    parts: list[str | tuple[str, str]] = [
        (f"#{line.number} {line.name}\n", "b"),
        (f"{mark_of(state)} {state}", style_of(state)),
        f"   {line.progress:.0%}"
        + (f"  {duration(line.eta_s)} left" if line.eta_s is not None else ""),
        "\n",
        (bar(line.progress, 40), style_of(state)),
        "\n\n",
    ]
    facts = {
        "id": line.id,
        "pipeline": line.pipeline,
        "quality": line.quality,
        "priority": str(line.priority),
        "submitter": line.submitter,
        "tags": ", ".join(line.tags),
        "created": moment(line.created_at),
        "started": moment(line.started_at),
        "ended": moment(line.ended_at),
        "deadline": moment(line.deadline),
        "results": line.published or "",
    }
    for name, value in facts.items():
        if value:
            parts += [(f"{name:<10}", "$text-muted"), f"{value}\n"]
    parts.append("\n")
    for name, number in sorted(line.counts.items()):
        parts += [(f"{mark_of(name)} {number} {name}  ", style_of(name))]
    if line.error:
        parts += ["\n\n", (line.error, "$state-bad")]
    return Content.assemble(*parts)
