"""What publishing reads and writes: jobs whose outputs are complete, and jobs that have ended.

Invariant: the path of a finished folder is written before the folder is renamed to it, and a job is
done in the same transaction as its submission; so no crash publishes twice or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, case, func, select, union, update

from farm.domain.states import (
    ATTEMPT_ACTIVE,
    JOB_ENDED,
    TASK_SUCCEEDED,
    JobState,
    SubmissionState,
    TaskState,
)
from farm.ledger.advance import Advance
from farm.ledger.database import Database
from farm.ledger.failures import stop_job
from farm.ledger.masters import draft_of, masters_of
from farm.ledger.moves import Moves
from farm.ledger.schema import attempts, events, jobs, shapes, stages, submissions, tasks

T = TypeVar("T")

_MAX_EVENTS = 2000
WAITS = "waits"
"""Target of the event that says what publishing waits for."""
_OF_THESE: Any = bindparam("jobs", expanding=True)
# Why nothing takes what is ready, and what an attempt waits for that has its engine.
_WAITS = union(
    select(tasks.c.job_id, shapes.c.reason.label("reason"))
    .join(shapes, shapes.c.shape == tasks.c.shape)
    .where(
        tasks.c.job_id.in_(_OF_THESE),
        tasks.c.state == TaskState.READY,
        shapes.c.reason.is_not(None),
    ),
    select(attempts.c.job_id, attempts.c.note).where(
        attempts.c.job_id.in_(_OF_THESE),
        attempts.c.state.in_(list(ATTEMPT_ACTIVE)),
        attempts.c.note.like("waits for %"),
    ),
)


class Publishing:
    """Each write is one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def waiting(self) -> list[str]:
        """Ids of the jobs whose outputs wait to be published, oldest first."""
        with self.database.read() as connection:
            return list(
                connection.execute(
                    select(jobs.c.id)
                    .where(jobs.c.state == JobState.PUBLISHING)
                    .order_by(jobs.c.number)
                ).scalars()
            )

    def set_published(self, job_id: str, path: Path) -> None:
        """Record where the finished folder is about to be."""

        def act(moves: Moves) -> None:
            moves.connection.execute(
                update(jobs).where(jobs.c.id == job_id).values(published=str(path))
            )

        self._act(act)

    def finish(
        self,
        job_id: str,
        outputs: Mapping[str, Sequence[Mapping[str, Any]]],
        *,
        location: Path | None = None,
    ) -> bool:
        """Publishing to done, for the job and its submission; false when it was cancelled first.

        outputs : artifact records by published file name; they are kept as long as the receipt.
        location : where the originals are now; default: in the finished folder.
        """

        def act(moves: Moves) -> bool:
            reason = "the finished folder is in place"
            if not moves.move(
                jobs,
                {"id": job_id},
                JobState.PUBLISHING,
                JobState.DONE,
                reason,
                entity_id=job_id,
                job_id=job_id,
                ended_at=moves.now_s,
            ):
                return False
            row = moves.connection.execute(
                select(jobs.c.submission_id, jobs.c.published).where(jobs.c.id == job_id)
            ).one()
            if row.submission_id is not None:
                moves.move(
                    submissions,
                    {"id": row.submission_id},
                    SubmissionState.ACCEPTED,
                    SubmissionState.DONE,
                    reason,
                    entity_id=row.submission_id,
                    job_id=job_id,
                    location=row.published if location is None else str(location),
                    updated_at=moves.now_s,
                )
            Advance(self.database, moves).use(job_id, outputs, "output")
            return True

        return self._act(act)

    def fail(self, job_id: str, error: Mapping[str, Any]) -> bool:
        """End a job whose outputs cannot be published."""
        reason = str(error.get("message") or error.get("what") or "it cannot be published")
        return self._act(lambda moves: stop_job(moves, job_id, JobState.FAILING, error, reason))

    def untold(self, limit: int = 50) -> list[Any]:
        """Jobs that have ended and whose end was not told to plugins and submitters yet.

        Each row has ``id``, ``state``, ``published``, ``submission_id`` and ``notify``.
        """
        with self.database.read() as connection:
            return list(
                connection.execute(
                    select(
                        jobs.c.id,
                        jobs.c.state,
                        jobs.c.published,
                        jobs.c.submission_id,
                        jobs.c.notify,
                    )
                    .where(jobs.c.ended_hook.is_(False), jobs.c.state.in_(list(JOB_ENDED)))
                    .order_by(jobs.c.number)
                    .limit(limit)
                )
            )

    def told(self, *job_ids: str) -> None:
        """The ends of these jobs were told."""

        def act(moves: Moves) -> None:
            moves.connection.execute(
                update(jobs)
                .where(jobs.c.id.in_(job_ids), jobs.c.state.in_(list(JOB_ENDED)))
                .values(ended_hook=True)
            )

        self._act(act)

    def note_waiting(self, job_id: str, reason: str) -> None:
        """Record why a job's outputs cannot be published, or a submission be returned, for now."""
        self._act(lambda moves: moves.note("job", job_id, WAITS, reason[:500], job_id=job_id))

    def progress(self, job_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """How far jobs are: number, state, stage, share (0 to 1), when they started, and what they
        wait for."""
        with self.database.read() as connection:
            known = {
                row.id: {
                    "number": row.number,
                    "state": row.state.value,
                    "started_at": row.started_at,
                    "stage": "",
                    "share": 0.0,
                    "waits_for": [],
                }
                for row in connection.execute(
                    select(jobs.c.id, jobs.c.number, jobs.c.state, jobs.c.started_at).where(
                        jobs.c.id.in_(list(job_ids))
                    )
                )
            }
            counted = connection.execute(
                select(
                    tasks.c.job_id,
                    tasks.c.stage,
                    func.min(tasks.c.ordinal).label("ordinal"),
                    func.count().label("total"),
                    func.sum(case((tasks.c.state.in_(list(TASK_SUCCEEDED)), 1), else_=0)).label(
                        "done"
                    ),
                )
                .where(tasks.c.job_id.in_(list(job_ids)))
                .group_by(tasks.c.job_id, tasks.c.stage)
                .order_by("ordinal")
            ).all()
            under_way = connection.execute(
                select(attempts.c.job_id, func.sum(attempts.c.progress).label("share"))
                .where(
                    attempts.c.job_id.in_(list(job_ids)),
                    attempts.c.state.in_(list(ATTEMPT_ACTIVE)),
                )
                .group_by(attempts.c.job_id)
            ).all()
            for row in connection.execute(_WAITS, {"jobs": list(job_ids)}):
                known[row.job_id]["waits_for"].append(row.reason)
        totals: dict[str, int] = {}
        done: dict[str, float] = {row.job_id: float(row.share or 0) for row in under_way}
        for row in counted:
            totals[row.job_id] = totals.get(row.job_id, 0) + row.total
            done[row.job_id] = done.get(row.job_id, 0.0) + float(row.done)
            if row.done < row.total and not known[row.job_id]["stage"]:
                known[row.job_id]["stage"] = row.stage
        for job_id, total in totals.items():
            known[job_id]["share"] = min(1.0, done.get(job_id, 0.0) / total)
        return known

    def record(self, job_id: str) -> dict[str, Any]:
        """Everything about a job as plain data: its row, draft, masters, stages, tasks, attempts
        and events."""
        with self.database.read() as connection:
            job = _plain(connection.execute(select(jobs).where(jobs.c.id == job_id)).one())
            job["draft"] = draft_of(connection, job["draft_id"])
            job["masters"] = masters_of(connection, job_id)
            job["stages"] = [
                _plain(row)
                for row in connection.execute(
                    select(stages).where(stages.c.job_id == job_id).order_by(stages.c.ordinal)
                )
            ]
            job["tasks"] = [
                _plain(row)
                for row in connection.execute(
                    select(tasks).where(tasks.c.job_id == job_id).order_by(tasks.c.ordinal)
                )
            ]
            job["attempts"] = [
                _plain(row)
                for row in connection.execute(
                    select(attempts)
                    .where(attempts.c.job_id == job_id)
                    .order_by(attempts.c.sent_at, attempts.c.task_id, attempts.c.number)
                )
            ]
            job["events"] = [
                _plain(row)
                for row in connection.execute(
                    select(events)
                    .where(events.c.job_id == job_id)
                    .order_by(events.c.id)
                    .limit(_MAX_EVENTS)
                )
            ]
        return job

    def _act(self, act: Callable[[Moves], T], actor: str = "publisher") -> T:
        def run(connection: Connection) -> T:
            moves = Moves(connection, now_s=self.database.clock(), actor=actor)
            result = act(moves)
            moves.flush()
            return result

        return self.database.write(run)


def _plain(row: Any) -> dict[str, Any]:
    """A row as JSON data: states by value."""
    return {name: getattr(value, "value", value) for name, value in row._mapping.items()}
