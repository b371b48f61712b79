"""One job taken apart for the console: graph, windows, files, manifest.

Invariant: every statement is bounded to one job by an index, and by a limit where a job may be large.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from farm.domain.errors import UnknownName
from farm.ledger.database import Database
from farm.ledger.schema import attempts, jobs, stages, tasks
from farm.ledger.views import AttemptLine, JobDetail
from farm.ledger.views_detail import JobDetails
from farm.ledger.views_reasons import Reasons, Why

MOST_WINDOWS = 20_000


@dataclass(frozen=True, slots=True)
class JobWhole:
    """A job with the reason for its state and its graph (stage to the stages that wait for it)."""

    detail: JobDetail
    why: Why
    dependents: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class WindowCell:
    """One task of a job. start, stop : frames ``start <= frame < stop``."""

    task_id: str
    stage: str
    window: int
    start: int
    stop: int
    state: str
    attempts: int


@dataclass(frozen=True, slots=True)
class TaskWhole:
    """One task: its cell, the reason for its state, its tries, its error and results."""

    cell: WindowCell
    why: Why
    attempts: Sequence[AttemptLine]
    error: Mapping[str, Any] | None
    outputs: Mapping[str, Any] | None


class JobParts:
    """Reads about one job; nothing here writes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def whole(self, job_id: str) -> JobWhole:
        """The job in full. Raises UnknownName."""
        detail = JobDetails(self.database).detail(job_id, history=200)
        with self.database.read() as connection:
            graph = {
                row.name: tuple(row.dependents)
                for row in connection.execute(
                    select(stages.c.name, stages.c.dependents)
                    .where(stages.c.job_id == job_id)
                    .order_by(stages.c.ordinal)
                )
            }
        return JobWhole(detail, Reasons(self.database).job(job_id), graph)

    def windows(self, job_id: str) -> list[WindowCell]:
        """The job's tasks in order, at most ``MOST_WINDOWS``."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(*_CELL)
                .where(tasks.c.job_id == job_id)
                .order_by(tasks.c.ordinal, tasks.c.window)
                .limit(MOST_WINDOWS)
            )
            return [_cell(row) for row in rows]

    def attempts(self, job_id: str, limit: int = 5000) -> list[AttemptLine]:
        """The job's newest attempts, oldest first."""
        with self.database.read() as connection:
            some = connection.execute(
                select(attempts.c.task_id).where(attempts.c.job_id == job_id).limit(limit + 1)
            ).all()
        found = JobDetails(self.database).attempts(job_id)
        return found if len(some) <= limit else found[-limit:]

    def task(self, task_id: str) -> TaskWhole:
        """One task in full. Raises UnknownName."""
        with self.database.read() as connection:
            row = connection.execute(
                select(*_CELL, tasks.c.job_id, tasks.c.error, tasks.c.outputs).where(
                    tasks.c.id == task_id
                )
            ).first()
        if row is None:
            raise UnknownName(
                "no task has this id", where=task_id, mend="It may have been removed."
            )
        return TaskWhole(
            _cell(row),
            Reasons(self.database).task(task_id),
            JobDetails(self.database).attempts(row.job_id, task_id),
            row.error,
            row.outputs,
        )

    def artifacts(self, job_id: str) -> list[dict[str, Any]]:
        """The job's files with their roles, at most 500."""
        return JobDetails(self.database).artifacts(job_id, 500)

    def manifest(self, job_id: str) -> dict[str, Any]:
        """The complete manifest the job was made from. Raises UnknownName."""
        with self.database.read() as connection:
            found = connection.execute(
                select(jobs.c.manifest).where(jobs.c.id == job_id)
            ).scalar_one_or_none()
        if found is None:
            raise UnknownName("no job has this id", where=job_id, mend="See `farm ls`.")
        return dict(found)


_CELL = (
    tasks.c.id, tasks.c.stage, tasks.c.window, tasks.c.start, tasks.c.stop, tasks.c.state,
    tasks.c.attempts,
)  # fmt: skip


def _cell(row: Any) -> WindowCell:
    return WindowCell(
        row.id, row.stage, row.window, row.start, row.stop, row.state.value, row.attempts
    )
