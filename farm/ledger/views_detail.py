"""One job in full: its stages, attempts, events and artifacts.

Invariant: every statement here is bounded to one job by an index, or by a limit.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, func, select

from farm.domain.errors import UnknownName
from farm.domain.states import TASK_SUCCEEDED, AttemptState
from farm.estimate import Work, progress
from farm.ledger.database import Database
from farm.ledger.masters import draft_of, masters_of
from farm.ledger.schema import (
    artifact_uses,
    artifacts,
    attempts,
    events,
    jobs,
    stages,
    submissions,
    tasks,
)
from farm.ledger.views import AttemptLine, EventLine, JobDetail, StageLine, external_in, warnings_in
from farm.ledger.views_jobs import job_lines


class JobDetails:
    """Reads about single jobs; nothing here writes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def detail(self, job_id: str, *, history: int = 20) -> JobDetail:
        """One job in full, with its newest ``history`` events.

        Raises
        ------
        UnknownName : no such job.
        """
        with self.database.read() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).first()
            if row is None:
                raise UnknownName("no job has this id", where=job_id, mend="See `farm ls`.")
            [line] = job_lines(connection, [row], self.database.clock())
            arrived = _arrival(connection, row.submission_id)
            outputs = connection.execute(
                select(stages.c.name, stages.c.outputs)
                .where(stages.c.job_id == job_id)
                .order_by(stages.c.ordinal)
            ).all()
            return JobDetail(
                line=line,
                pipeline_hash=row.pipeline_hash,
                content_key=row.content_key,
                seed=row.seed,
                inputs=row.inputs,
                outputs=row.outputs,
                plugins=row.plugins,
                failures=row.failures,
                start_after=row.start_after,
                error=row.error,
                submission=arrived,
                stages=_stage_lines(connection, job_id),
                attempts=_notable_attempts(connection, job_id),
                events=_events(connection, job_id, history),
                warnings=warnings_in((stage.name, stage.outputs) for stage in outputs),
                external=external_in((stage.name, stage.outputs) for stage in outputs),
                draft=draft_of(connection, row.draft_id),
                masters=masters_of(connection, job_id),
            )

    def attempts(self, job_id: str, task_id: str | None = None) -> list[AttemptLine]:
        """Every attempt of a job, or of one of its tasks, oldest first."""
        where = attempts.c.job_id == job_id
        if task_id is not None:
            where = attempts.c.task_id == task_id
        with self.database.read() as connection:
            rows = connection.execute(
                select(attempts).where(where).order_by(attempts.c.sent_at, attempts.c.number)
            )
            return [_attempt(row) for row in rows]

    def artifacts(self, job_id: str | None, limit: int) -> list[dict[str, Any]]:
        """A job's artifacts with their roles, or the newest of the farm."""
        about = (
            artifacts.c.hash, artifacts.c.kind, artifacts.c.suffix, artifacts.c.size_bytes,
            artifacts.c.facts, artifacts.c.missing, artifacts.c.created_at,
        )  # fmt: skip
        newest = select(*about).order_by(artifacts.c.created_at.desc()).limit(limit)
        if job_id is not None:
            newest = (
                select(*about, artifact_uses.c.role)
                .join(artifact_uses, artifact_uses.c.hash == artifacts.c.hash)
                .where(artifact_uses.c.job_id == job_id)
                .order_by(artifact_uses.c.role, artifacts.c.hash)
                .limit(limit)
            )
        with self.database.read() as connection:
            return [dict(row._mapping) for row in connection.execute(newest)]

    def submission_since(self, first_id: str, name: str) -> dict[str, Any] | None:
        """What became of what arrived as ``name`` since ``first_id`` was made; the first if many."""
        with self.database.read() as connection:
            row = connection.execute(
                select(
                    submissions.c.state,
                    submissions.c.job_id,
                    submissions.c.error,
                    submissions.c.location,
                )
                .where(submissions.c.id >= first_id, submissions.c.name == name)
                .order_by(submissions.c.id)
                .limit(1)
            ).first()
            return None if row is None else {**row._mapping, "state": row.state.value}


def _arrival(connection: Connection, submission_id: str | None) -> dict[str, Any] | None:
    if submission_id is None:
        # Not asked for: "is null" has no index and would read every submission.
        return None
    row = connection.execute(
        select(
            submissions.c.id,
            submissions.c.origin,
            submissions.c.name,
            submissions.c.state,
            submissions.c.location,
        ).where(submissions.c.id == submission_id)
    ).first()
    return None if row is None else {**row._mapping, "state": row.state.value}


def _stage_lines(connection: Connection, job_id: str) -> list[StageLine]:
    counts: dict[str, dict[str, int]] = {}
    for name, state, count in connection.execute(
        select(tasks.c.stage, tasks.c.state, func.count())
        .where(tasks.c.job_id == job_id)
        .group_by(tasks.c.stage, tasks.c.state)
    ):
        counts.setdefault(name, {})[state.value] = count
    running: dict[str, float] = {}
    for name, share in connection.execute(
        select(tasks.c.stage, func.sum(attempts.c.progress))
        .join(attempts, attempts.c.task_id == tasks.c.id)
        .where(attempts.c.job_id == job_id, attempts.c.state == AttemptState.RUNNING)
        .group_by(tasks.c.stage)
    ):
        running[name] = float(share)
    lines = []
    for row in connection.execute(
        select(stages).where(stages.c.job_id == job_id).order_by(stages.c.ordinal)
    ):
        found = counts.get(row.name, {})
        done = sum(found.get(state.value, 0) for state in TASK_SUCCEEDED)
        work = Work(row.total_tasks or 1, done, running=running.get(row.name, 0.0))
        lines.append(
            StageLine(
                name=row.name,
                stage_id=row.stage_id,
                version=row.version,
                total=row.total_tasks if row.expanded else None,
                counts=found,
                progress=1.0 if row.expanded and not row.total_tasks else progress(work),
                approval=row.approval,
                approved_by=row.approved_by,
                seed=row.seed,
                params=row.params,
            )
        )
    return lines


def _notable_attempts(connection: Connection, job_id: str) -> list[AttemptLine]:
    here = attempts.c.job_id == job_id
    active = connection.execute(
        select(attempts)
        .where(here, attempts.c.state.in_([AttemptState.SENT, AttemptState.RUNNING]))
        .order_by(attempts.c.sent_at)
    ).all()
    bad = and_(here, attempts.c.state.in_([AttemptState.FAILED, AttemptState.LOST]))
    failed = connection.execute(
        select(attempts).where(bad).order_by(attempts.c.ended_at.desc()).limit(10)
    ).all()
    return [_attempt(row) for row in [*reversed(failed), *active]]


def _attempt(row: Any) -> AttemptLine:
    values = {name: getattr(row, name) for name in AttemptLine.__slots__}
    error = None if not row.error else str(row.error.get("message") or row.error.get("what") or "")
    return AttemptLine(**{**values, "state": row.state.value, "error": error})


def _events(connection: Connection, job_id: str, limit: int) -> list[EventLine]:
    rows = connection.execute(
        select(*(events.c[name] for name in EventLine.__slots__))
        .where(events.c.job_id == job_id)
        .order_by(events.c.id.desc())
        .limit(limit)
    ).all()
    return [EventLine(*row) for row in reversed(rows)]
