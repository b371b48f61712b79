"""Steering jobs: cancel, pause, resume, retry, approve, re-prioritise, find.

Invariant: every order of an operator is one transaction with its actor in the events.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from sqlalchemy import and_, bindparam, select, update

from farm.domain.errors import InputError, UnknownName
from farm.domain.states import (
    JobState,
    SubmissionState,
    TaskState,
)
from farm.ledger.accepting import Accepting
from farm.ledger.advance import Advance
from farm.ledger.failures import recall, settle_job, stop_job
from farm.ledger.moves import Moves
from farm.ledger.schema import (
    attempts,
    jobs,
    stages,
    submissions,
    tasks,
)

_SET_PAUSED = update(jobs).where(jobs.c.id == bindparam("job")).values(paused=bindparam("paused_"))


class Jobs(Accepting):
    """Writes about jobs. Each method is one transaction; ``actor`` is who asked for it."""

    def fail(self, job_id: str, error: Mapping[str, Any], *, actor: str = "scheduler") -> bool:
        """End a job that cannot go on; false when it has ended already."""
        reason = str(error.get("message") or error.get("what") or "it cannot go on")
        return self._act(
            actor, lambda moves: stop_job(moves, job_id, JobState.FAILING, error, reason)
        )

    def cancel(self, job_id: str, *, actor: str, reason: str = "") -> bool:
        """Cancel a job: waiting tasks at once, running ones by order to their nodes."""
        text = f"cancelled by {actor}" + (f": {reason}" if reason else "")
        error = {
            "code": "job.cancelled",
            "class": "cancelled",
            "what": text,
            "message": f"{text}. Nothing is wrong with the submission; submit it again to run it.",
        }
        return self._act(
            actor, lambda moves: stop_job(moves, job_id, JobState.CANCELLING, error, text)
        )

    def pause(self, job_id: str, *, actor: str) -> int:
        """Hold what has not begun; returns how many tasks were held. Running ones finish."""

        def act(moves: Moves) -> int:
            if not _is_paused(moves, job_id):
                moves.connection.execute(_SET_PAUSED, {"job": job_id, "paused_": True})
                moves.note("job", job_id, "paused", f"paused by {actor}", job_id=job_id)
            recall(moves, tasks.c.job_id == job_id, TaskState.READY, "its job was paused")
            held = 0
            # In this order, because a task's time may come in between.
            for state in (TaskState.DELAYED, TaskState.READY):
                held += len(
                    moves.move_all(
                        tasks,
                        tasks.c.id,
                        tasks.c.job_id == job_id,
                        state,
                        TaskState.HELD,
                        "the job is paused",
                        job_id=job_id,
                        wait_reason="the job is paused",
                    )
                )
            return held

        return self._act(actor, act)

    def resume(self, job_id: str, *, actor: str) -> int:
        """Let a paused job go on; returns how many tasks were released."""

        def act(moves: Moves) -> int:
            if _is_paused(moves, job_id):
                moves.connection.execute(_SET_PAUSED, {"job": job_id, "paused_": False})
                moves.note("job", job_id, "resumed", f"resumed by {actor}", job_id=job_id)
            return self._release(moves, job_id, None)

        return self._act(actor, act)

    def approve(self, job_id: str, stage: str | None, *, actor: str) -> list[str]:
        """Approve one gate, or every gate of the job; returns the names of the stages."""

        def act(moves: Moves) -> list[str]:
            gates = and_(
                stages.c.job_id == job_id, stages.c.approval, stages.c.approved_by.is_(None)
            )
            if stage is not None:
                gates = and_(gates, stages.c.name == stage)
            opened = list(
                moves.connection.execute(
                    update(stages).where(gates).values(approved_by=actor).returning(stages.c.name)
                ).scalars()
            )
            for name in opened:
                moves.note(
                    "stage", f"{job_id}.{name}", "approved", f"approved by {actor}", job_id=job_id
                )
                self._release(moves, job_id, name)
            return sorted(opened)

        return self._act(actor, act)

    def reprioritise(self, job_id: str, priority: int, *, actor: str) -> None:
        """Set a job's priority (0 to 100); what waits is re-ordered at once.

        Raises
        ------
        InputError : out of range.
        """
        if not 0 <= priority <= 100:
            raise InputError(
                "priority out of range", where=job_id, expected="0 to 100", got=str(priority)
            )

        def act(moves: Moves) -> None:
            moves.connection.execute(
                update(jobs).where(jobs.c.id == job_id).values(priority=priority)
            )
            moves.connection.execute(
                update(tasks).where(tasks.c.job_id == job_id).values(urgency=-priority)
            )
            moves.note("job", job_id, "priority", f"set to {priority} by {actor}", job_id=job_id)

        self._act(actor, act)

    def retry(self, job_id: str, *, actor: str) -> int:
        """Run a failed or cancelled job again from what was not done; returns how many tasks.

        Raises
        ------
        InputError : the job has not failed and was not cancelled.
        """

        def act(moves: Moves) -> int:
            connection = moves.connection
            state = connection.execute(
                select(jobs.c.state).where(jobs.c.id == job_id).with_for_update()
            ).scalar_one()
            if state not in (JobState.FAILED, JobState.CANCELLED):
                raise InputError(
                    "only a failed or cancelled job can be retried",
                    where=job_id,
                    expected="failed or cancelled",
                    got=state.value,
                    mend="Wait until it has ended, or cancel it first.",
                )
            moves.must_move(
                jobs,
                {"id": job_id},
                state,
                JobState.RUNNING,
                f"retried by {actor}",
                entity_id=job_id,
                job_id=job_id,
                error=None,
                ended_at=None,
                published=None,
                failures=0,
                paused=False,
                ended_hook=False,
            )
            again: list[str] = []
            for source in (TaskState.FAILED, TaskState.QUARANTINED, TaskState.CANCELLED):
                again += moves.move_all(
                    tasks,
                    tasks.c.id,
                    tasks.c.job_id == job_id,
                    source,
                    TaskState.BLOCKED,
                    f"retried by {actor}",
                    job_id=job_id,
                    failures={},
                    avoid=[],
                    error=None,
                    ended_at=None,
                    wait_reason=None,
                )
            self._reopen_submission(moves, job_id)
            opened = connection.execute(
                select(stages.c.name)
                .where(
                    stages.c.job_id == job_id, stages.c.waits_for == 0, stages.c.outputs.is_(None)
                )
                .order_by(stages.c.ordinal)
            ).scalars()
            advance = Advance(self.database, moves)
            for name in list(opened):
                advance.open_stage(job_id, name)
            if (
                connection.execute(
                    select(jobs.c.open_stages).where(jobs.c.id == job_id)
                ).scalar_one()
                == 0
            ):
                moves.move(
                    jobs,
                    {"id": job_id},
                    JobState.RUNNING,
                    JobState.PUBLISHING,
                    "everything was done already",
                    entity_id=job_id,
                    job_id=job_id,
                )
            return len(again)

        return self._act(actor, act)

    def find(self, name: str) -> str:
        """The job id for ``#42``, ``42``, an id, the unambiguous end of one, a task's id, or what a
        service outside calls an attempt's work.

        Raises
        ------
        UnknownName : no job, or more than one, is called that.
        """
        text = name.removeprefix("#")
        with self.database.read() as connection:
            found: list[str] = []
            if text.isdecimal() and len(text) < 10:
                where = jobs.c.number == int(text)
                found = list(connection.execute(select(jobs.c.id).where(where)).scalars())
            if not found:
                where = jobs.c.id == text.partition(".")[0]
                found = list(connection.execute(select(jobs.c.id).where(where)).scalars())
            if not found:
                known = select(attempts.c.job_id).where(attempts.c.known_as == name).distinct()
                found = list(connection.execute(known.limit(2)).scalars())
            if not found and len(text) >= 4:
                where = jobs.c.id.endswith(text, autoescape=True)
                found = list(connection.execute(select(jobs.c.id).where(where).limit(2)).scalars())
        if len(found) != 1:
            raise UnknownName(
                "no job is called that" if not found else "more than one job is called that",
                where=name,
                mend="`farm ls --all` lists every job.",
                code="job.unknown",
            )
        return found[0]

    def find_same(self, content_key: str) -> dict[str, Any] | None:
        """An earlier job with the same content that runs or is done; ``None`` when there is none."""
        with self.database.read() as connection:
            row = connection.execute(
                select(jobs.c.id, jobs.c.number, jobs.c.state, jobs.c.published)
                .where(
                    jobs.c.content_key == content_key,
                    jobs.c.state.in_(
                        [JobState.QUEUED, JobState.RUNNING, JobState.PUBLISHING, JobState.DONE]
                    ),
                )
                .order_by(jobs.c.number.desc())
                .limit(1)
            ).first()
            return None if row is None else dict(row._mapping)

    def settle(self) -> None:
        """End stopping jobs that have nothing active; what a crash in between left behind."""
        with self.database.read() as connection:
            found = list(
                connection.execute(
                    select(jobs.c.id).where(
                        jobs.c.state.in_([JobState.FAILING, JobState.CANCELLING])
                    )
                ).scalars()
            )
        for job_id in found:
            self._act("scheduler", partial(settle_job, job_id=job_id))

    def _release(self, moves: Moves, job_id: str, stage: str | None) -> int:
        """Let held tasks go, but for gates that wait and jobs that are paused; returns how many."""
        if _is_paused(moves, job_id):
            return 0
        closed = select(stages.c.name).where(
            stages.c.job_id == job_id, stages.c.approval, stages.c.approved_by.is_(None)
        )
        which = and_(tasks.c.job_id == job_id, tasks.c.stage.not_in(closed))
        if stage is not None:
            which = and_(which, tasks.c.stage == stage)
        release = partial(moves.move_all, tasks, tasks.c.id, job_id=job_id)
        later = release(
            and_(which, tasks.c.not_before > moves.now_s),
            TaskState.HELD,
            TaskState.DELAYED,
            "it was released before its time",
            wait_reason="waits for its time",
        )
        now = release(
            which,
            TaskState.HELD,
            TaskState.READY,
            "it was released",
            wait_reason=None,
            not_before=None,
            ready_at=moves.now_s,
        )
        return len(later) + len(now)

    def _reopen_submission(self, moves: Moves, job_id: str) -> None:
        for source in (SubmissionState.REJECTED, SubmissionState.REJECTING):
            moves.move_all(
                submissions,
                submissions.c.id,
                submissions.c.job_id == job_id,
                source,
                SubmissionState.ACCEPTED,
                "its job was retried",
                job_id=job_id,
                error=None,
                updated_at=moves.now_s,
            )


def _is_paused(moves: Moves, job_id: str) -> bool:
    """Whether a job is paused; nobody else changes that before this transaction ends."""
    found = select(jobs.c.paused).where(jobs.c.id == job_id).with_for_update()
    return bool(moves.connection.execute(found).scalar_one())
