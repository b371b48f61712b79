"""Lists of jobs, with how far each is and how long it will take.

Invariant: a list costs a fixed number of statements, and each of them reads rows of the jobs on the
page only; so ten thousand queued jobs make no view slower.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, exists, func, select

from farm.domain.states import (
    NODE_BEATING,
    TASK_SUCCEEDED,
    AttemptState,
    JobState,
    TaskState,
)
from farm.estimate import Work, expected_s, progress, remaining_s
from farm.ledger.accepting import DRAFT
from farm.ledger.database import Database
from farm.ledger.schema import (
    artifact_uses,
    attempts,
    jobs,
    nodes,
    peaks,
    stages,
    tasks,
)
from farm.ledger.views import JobLine, warnings_in

_RECENT_PEAKS = 1000
_HASH = re.compile(r"[0-9a-f]{12,64}")
_BRIEF = (
    jobs.c.number, jobs.c.id, jobs.c.name, jobs.c.state, jobs.c.pipeline, jobs.c.paused,
    jobs.c.priority, jobs.c.submitter, jobs.c.quality, jobs.c.tags, jobs.c.created_at,
    jobs.c.started_at, jobs.c.ended_at, jobs.c.deadline, jobs.c.published, jobs.c.error,
)  # fmt: skip


class JobViews:
    """Reads about jobs; nothing here writes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def page(
        self,
        *,
        limit: int = 20,
        before: int | None = None,
        states: Sequence[JobState] = (),
        related: str | None = None,
    ) -> list[JobLine]:
        """The newest jobs first; ``before``: only numbers under it; ``states``: only in these;
        ``related``: only those that :func:`related_to` chooses."""
        older = jobs.c.number < before if before is not None else jobs.c.number > 0
        if related is not None:
            older = and_(older, related_to(related))
        with self.database.read() as connection:
            if not states:
                newest = select(*_BRIEF).where(older).order_by(jobs.c.number.desc()).limit(limit)
                return job_lines(
                    connection, connection.execute(newest).all(), self.database.clock()
                )
            numbers: list[int] = []
            # State by state, because each is then a walk along one index that stops at the limit.
            for state in dict.fromkeys(states):
                found = connection.execute(
                    select(jobs.c.number)
                    .where(jobs.c.state == state, older)
                    .order_by(jobs.c.number.desc())
                    .limit(limit)
                )
                numbers.extend(found.scalars())
            chosen = sorted(numbers, reverse=True)[:limit]
            rows = connection.execute(
                select(*_BRIEF).where(jobs.c.number.in_(chosen)).order_by(jobs.c.number.desc())
            ).all()
            return job_lines(connection, rows, self.database.clock())

    def drafts(self, *, limit: int = 20, before: int | None = None) -> list[JobLine]:
        """Finished drafts that nobody approved yet, the newest first."""
        older = jobs.c.number < before if before is not None else jobs.c.number > 0
        with self.database.read() as connection:
            rows = connection.execute(
                select(*_BRIEF)
                .where(older, unapproved())
                .order_by(jobs.c.number.desc())
                .limit(limit)
            ).all()
            return job_lines(connection, rows, self.database.clock())

    def lines(self, job_ids: Sequence[str]) -> list[JobLine]:
        """These jobs, in the order of their numbers."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(*_BRIEF).where(jobs.c.id.in_(list(job_ids))).order_by(jobs.c.number)
            ).all()
            return job_lines(connection, rows, self.database.clock())

    def warned(self, job_ids: Sequence[str]) -> set[str]:
        """Those of these jobs that warn of something."""
        query = select(stages.c.job_id, stages.c.name, stages.c.outputs).where(
            stages.c.job_id.in_(list(job_ids)),
            # Read as text first: the outputs of a stage may be thousands of files.
            cast(stages.c.outputs, Text).contains('"warnings"', autoescape=True),
        )
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        return {row.job_id for row in rows if warnings_in([(row.name, row.outputs)])}


def related_to(name: str) -> ColumnElement[bool]:
    """The condition of a job that has to do with ``name``: a service outside calls work of its that,
    or a file of its has this hash, or one that begins with these twelve characters or more."""
    ids = select(attempts.c.job_id).where(attempts.c.known_as == name)
    found: ColumnElement[bool] = jobs.c.id.in_(ids)
    digest = name.lower()
    if _HASH.fullmatch(digest):
        # A range, because an index finds it; "g" comes after every digit of a hash.
        used = select(artifact_uses.c.job_id).where(
            artifact_uses.c.hash >= digest, artifact_uses.c.hash < f"{digest}g"
        )
        found = jobs.c.id.in_(ids.union(used))
    return found


def unapproved() -> ColumnElement[bool]:
    """The condition of a finished draft that has no master."""
    master = jobs.alias("master")
    return and_(
        jobs.c.quality == DRAFT,
        jobs.c.state == JobState.DONE,
        ~exists().where(master.c.draft_id == jobs.c.id),
    )


def job_lines(connection: Connection, rows: Sequence[Any], now_s: float) -> list[JobLine]:
    """Lines for rows of jobs; five statements, however many jobs there are."""
    ids = [row.id for row in rows]
    if not ids:
        return []
    counts: dict[str, dict[str, int]] = {job_id: {} for job_id in ids}
    for job_id, state, count in connection.execute(
        select(tasks.c.job_id, tasks.c.state, func.count())
        .where(tasks.c.job_id.in_(ids))
        .group_by(tasks.c.job_id, tasks.c.state)
    ):
        counts[job_id][state.value] = count
    open_stages: dict[str, list[Any]] = {job_id: [] for job_id in ids}
    for stage in connection.execute(
        select(
            stages.c.job_id,
            stages.c.stage_id,
            stages.c.version,
            stages.c.expanded,
            stages.c.open_tasks,
        ).where(stages.c.job_id.in_(ids))
    ):
        open_stages[stage.job_id].append(stage)
    running: dict[str, float] = {}
    for job_id, share in connection.execute(
        select(attempts.c.job_id, func.sum(attempts.c.progress))
        .where(attempts.c.state == AttemptState.RUNNING, attempts.c.job_id.in_(ids))
        .group_by(attempts.c.job_id)
    ):
        running[job_id] = float(share)
    typical = _typical_s(connection)
    engines = _engines(connection)
    lines = []
    for row in rows:
        found = counts[row.id]
        uncut = sum(not stage.expanded for stage in open_stages[row.id])
        work = Work(
            total=sum(found.values()) + uncut,
            done=sum(found.get(state.value, 0) for state in TASK_SUCCEEDED),
            cached=found.get(TaskState.CACHED.value, 0),
            running=running.get(row.id, 0.0),
        )
        recorded_s = expected_s(
            (
                (s.open_tasks if s.expanded else 1, typical.get((s.stage_id, s.version)))
                for s in open_stages[row.id]
            ),
            engines,
        )
        lines.append(_line(row, found, work, recorded_s, now_s))
    return lines


def _line(
    row: Any, counts: Mapping[str, int], work: Work, recorded_s: float | None, now_s: float
) -> JobLine:
    eta_s = None
    if row.state in (JobState.QUEUED, JobState.RUNNING) and not row.paused:
        elapsed_s = None if row.started_at is None else now_s - row.started_at
        eta_s = remaining_s(work, elapsed_s=elapsed_s, recorded_s=recorded_s)
    values = {name: getattr(row, name) for name in JobLine.__slots__ if hasattr(row, name)}
    message = None
    if row.error:
        message = str(row.error.get("message") or row.error.get("what") or "")
    return JobLine(
        **{
            **values,
            "state": row.state.value,
            "error": message,
            "counts": counts,
            "total": work.total,
            "progress": 1.0 if row.state is JobState.DONE else progress(work),
            "eta_s": eta_s,
        }
    )


def _typical_s(connection: Connection) -> dict[tuple[str, int], float]:
    """Mean duration of an attempt by stage id and version, over the newest recorded ones."""
    newest = select(func.max(peaks.c.id)).scalar_subquery()
    # Averaged here: asked to group, SQLite would walk the whole index instead of the newest rows.
    rows = connection.execute(
        select(peaks.c.stage_id, peaks.c.version, peaks.c.wall_s)
        .where(peaks.c.id > newest - _RECENT_PEAKS)
        .order_by(peaks.c.id)
    )
    taken: dict[tuple[str, int], list[float]] = {}
    for stage_id, version, wall_s in rows:
        taken.setdefault((stage_id, version), []).append(wall_s)
    return {key: sum(times) / len(times) for key, times in taken.items()}


def _engines(connection: Connection) -> int:
    rows = connection.execute(
        select(nodes.c.engines).where(nodes.c.state.in_(list(NODE_BEATING)))
    ).scalars()
    return sum(len(engines) for engines in rows)
