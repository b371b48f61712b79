"""How reasons and waiting tasks look in the lists of the queue, and what they are found by.

Invariant: pure; a task is found by what the list shows of it, by its id and by its job's pipeline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.tui.colours import mark_of, tone_of
from farm.tui.marks import count, duration
from farm.tui.search import Row
from farm.tui.widgets.table import Cell, Column

if TYPE_CHECKING:
    from farm.ledger.views_queue import WaitGroup, WaitLine

GROUPS = (
    Column("count", "TASKS", 9, keep=8, right=True),
    Column("kind", "WAITS FOR", 13, keep=7),
    Column("why", "REASON", 0, keep=9),
)
TASKS = (
    Column("job", "JOB", 18, keep=8),
    Column("task", "TASK", 12, keep=7),
    Column("state", "STATE", 11, keep=5),
    Column("priority", "PRIO", 4, keep=6, right=True),
    Column("who", "BY", 12, keep=3),
    Column("since", "READY", 7, keep=4, right=True),
    Column("why", "REASON", 0, keep=9),
)
FIELDS = {
    "task": "part of a task's id, such as render.3",
    "job": "part of a job's name or of its number, such as #12",
    "pipeline": "part of its job's pipeline and version",
    "stage": "part of a stage's name",
    "state": "ready, held, delayed or blocked",
    "by": "part of who submitted it",
    "reason": "words of why it waits",
}
"""Every field of a waiting task and what may stand after it."""

_TONES = {
    "farm-paused": "warn", "no-daemon": "bad", "placement": "bad", "approval": "warn",
    "paused": "warn", "back-off": "warn", "stage": "wait", "queue": "work", "start-time": "wait",
}  # fmt: skip


def wait_tone(kind: str) -> str:
    """The tone of a reason."""
    return _TONES.get(kind, "wait")


def task_row(line: WaitLine) -> Row:
    """What a waiting task is found by."""
    return Row.of(
        task=line.id,
        job=f"#{line.job_number} {line.job_name}",
        pipeline=line.pipeline,
        stage=line.stage,
        state=line.state,
        by=line.submitter,
        reason=line.reason,
    )


def group_cells(group: WaitGroup) -> dict[str, Cell]:
    """A reason with how many wait for it."""
    return {
        "count": f"{count(group.count)}{'+' if group.more else ''}",
        "kind": ((group.kind, wait_tone(group.kind)),),
        "why": group.reason,
    }


def task_cells(line: WaitLine, now_s: float) -> dict[str, Cell]:
    """A waiting task."""
    return {
        "job": ((f"#{line.job_number} ", "strong"), (line.job_name, "")),
        "task": f"{line.stage}.{line.window}",
        "state": ((f"{mark_of(line.state)} {line.state}", tone_of(line.state).value),),
        "priority": str(line.priority),
        "who": line.submitter,
        "since": duration(None if line.since is None else now_s - line.since),
        "why": line.reason,
    }
