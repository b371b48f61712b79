"""What the columns of the jobs table say about a job.

Invariant: every column has cells for every line; a paused job is shown as paused wherever it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from farm.tui.colours import mark_of, tone_of
from farm.tui.marks import duration, moment, thin_bar
from farm.tui.widgets.table import Cell, Column

if TYPE_CHECKING:
    from farm.ledger.views import JobLine


@dataclass(frozen=True, slots=True)
class JobColumn(Column):
    """A column of jobs. about : for the list of columns."""

    about: str = ""


COLUMNS = (
    JobColumn("number", "JOB", 8, True, 20, True, "number"),
    JobColumn("state", "STATE", 12, False, 19, False, "state"),
    JobColumn("name", "NAME", 0, False, 18, False, "name"),
    JobColumn("progress", "PROGRESS", 16, False, 17, False, "progress"),
    JobColumn("left", "LEFT", 7, True, 14, False, "estimated time left"),
    JobColumn("priority", "PRI", 4, True, 13, True, "priority"),
    JobColumn("pipeline", "PIPELINE", 16, False, 12, True, "pipeline"),
    JobColumn("submitter", "BY", 10, False, 11, True, "submitter"),
    JobColumn("age", "AGE", 7, True, 16, False, "time since it was submitted"),
    JobColumn("tasks", "TASKS", 9, True, 9, False, "tasks done of all"),
    JobColumn("quality", "QUALITY", 8, False, 5, False, "quality profile"),
    JobColumn("tags", "TAGS", 14, False, 4, False, "tags"),
    JobColumn("took", "TOOK", 7, True, 6, False, "time from start to end"),
    JobColumn("created", "CREATED", 19, False, 3, False, "time of submission"),
    JobColumn("error", "ERROR", 0, False, 10, False, "why it failed"),
    JobColumn("id", "ID", 14, False, 2, False, "id"),
)
STANDARD = frozenset(
    {"number", "state", "name", "progress", "left", "priority", "pipeline", "submitter", "age",
     "tasks"}
)  # fmt: skip


def shown_state(line: JobLine) -> str:
    """The state of a job, or ``paused``."""
    return "paused" if line.paused and not line.ended else line.state


def cells_of(line: JobLine, now_s: float) -> dict[str, Cell]:
    """The cells of a job."""
    state = shown_state(line)
    tone = tone_of(state).value
    full, rest = thin_bar(line.progress, 10)
    done = sum(line.counts.get(name, 0) for name in ("done", "cached"))
    took_s = None
    if line.started_at is not None:
        took_s = (line.ended_at or now_s) - line.started_at
    return {
        "number": ((f"#{line.number}", "accent"),),
        "state": ((f"{mark_of(state)} {state}", tone),),
        "name": line.name,
        "progress": ((full, tone), (rest, "dim"), (f" {line.progress:>4.0%}", "")),
        "left": "" if line.ended else duration(line.eta_s),
        "priority": str(line.priority),
        "pipeline": line.pipeline,
        "submitter": line.submitter,
        "age": duration(now_s - line.created_at),
        "tasks": f"{done}/{line.total}",
        "quality": line.quality,
        "tags": ", ".join(line.tags),
        "took": duration(took_s),
        "created": moment(line.created_at),
        "error": ((line.error or "", "bad"),),
        "id": line.id,
    }
