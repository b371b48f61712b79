"""Accepting jobs and steering them: cancel, pause, resume, retry, approve, re-prioritise.

Invariant: a job with its stages, tasks and inputs appears whole in one transaction or not at all, and
every order of an operator is one transaction with its actor in the events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, and_, insert, select, update

from farm.domain.errors import InputError, UnknownName
from farm.domain.ids import task_id
from farm.domain.plan import Plan, PlannedStage, PlannedWindow
from farm.domain.states import (
    JobState,
    SubmissionState,
    TaskState,
)
from farm.ledger.advance import Advance
from farm.ledger.database import Database
from farm.ledger.failures import recall, register_shape, settle_job, stop_job
from farm.ledger.moves import Moves
from farm.ledger.schema import (
    NO_DEADLINE,
    artifacts,
    jobs,
    stages,
    submissions,
    tasks,
)

T = TypeVar("T")


class Jobs:
    """Writes about jobs. Each method is one transaction; ``actor`` is who asked for it."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def accept(
        self, plan: Plan, *, job_id: str, submission_id: str | None = None, actor: str = "intake"
    ) -> int:
        """Write a planned job; returns its number. Accepting the same id again changes nothing."""

        def act(moves: Moves) -> int:
            connection = moves.connection
            known = connection.execute(
                select(jobs.c.number).where(jobs.c.id == job_id)
            ).scalar_one_or_none()
            if known is not None:
                return int(known)
            self._keep_inputs(connection, plan, moves.now_s)
            number = int(
                connection.execute(
                    insert(jobs)
                    .values(
                        id=job_id,
                        name=plan.name,
                        state=JobState.QUEUED,
                        pipeline=plan.pipeline,
                        pipeline_hash=plan.pipeline_hash,
                        content_key=plan.content_key,
                        submission_id=submission_id,
                        manifest=dict(plan.manifest),
                        inputs={
                            name: [file.record() for file in files]
                            for name, files in plan.inputs.items()
                        },
                        outputs={name: list(source) for name, source in plan.outputs.items()},
                        plugins=dict(plan.plugins),
                        priority=plan.priority,
                        submitter=plan.submitter,
                        tags=list(plan.tags),
                        quality=plan.quality,
                        seed=plan.seed,
                        deadline=plan.deadline_s,
                        start_after=plan.start_after_s,
                        paused=False,
                        open_stages=len(plan.stages),
                        failures=0,
                        notify=None if plan.notify is None else dict(plan.notify),
                        output_dir=plan.output_dir,
                        ended_hook=False,
                        created_at=moves.now_s,
                    )
                    .returning(jobs.c.number)
                ).scalar_one()
            )
            moves.note("job", job_id, JobState.QUEUED, f"accepted as #{number}", job_id=job_id)
            advance = Advance(self.database, moves)
            for files in [plan.inputs]:
                records = {name: [f.record() for f in found] for name, found in files.items()}
                advance.use(job_id, records, "input")
            self._write_stages(moves, plan, job_id, number)
            if submission_id is not None:
                moves.must_move(
                    submissions,
                    {"id": submission_id},
                    SubmissionState.CLAIMED,
                    SubmissionState.ACCEPTED,
                    f"accepted as job #{number}",
                    entity_id=submission_id,
                    job_id=job_id,
                    content_key=plan.content_key,
                    updated_at=moves.now_s,
                )
                connection.execute(
                    update(submissions)
                    .where(submissions.c.id == submission_id)
                    .values(job_id=job_id)
                )
            for stage in plan.stages:
                if not stage.needs_stages:
                    advance.open_stage(job_id, stage.name)
            return number

        return self._act(actor, act)

    def expand(
        self,
        job_id: str,
        stage: str,
        windows: Sequence[PlannedWindow],
        *,
        actor: str = "scheduler",
    ) -> None:
        """Give a stage its windows, once its inputs told how many frames there are."""

        def act(moves: Moves) -> None:
            row = moves.connection.execute(
                select(
                    stages,
                    jobs.c.number,
                    jobs.c.priority,
                    jobs.c.submitter,
                    jobs.c.deadline,
                )
                .join(jobs, jobs.c.id == stages.c.job_id)
                .where(stages.c.job_id == job_id, stages.c.name == stage)
            ).one()
            claimed = moves.connection.execute(
                update(stages)
                .where(
                    stages.c.job_id == job_id, stages.c.name == stage, stages.c.expanded.is_(False)
                )
                .values(expanded=True, open_tasks=len(windows), total_tasks=len(windows))
            )
            if claimed.rowcount != 1:
                return
            _insert_tasks(
                moves,
                job_id=job_id,
                stage=stage,
                windows=windows,
                shape=row.shape,
                priority=row.priority,
                submitter=row.submitter,
                deadline=row.deadline,
                number=row.number,
                ordinal=row.ordinal,
                model_key=row.model_key,
            )
            Advance(self.database, moves).open_stage(job_id, stage)

        self._act(actor, act)

    def to_expand(self, limit: int = 50) -> list[dict[str, Any]]:
        """Stages whose inputs are known and whose windows are not cut yet."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(
                    stages.c.job_id,
                    stages.c.name,
                    stages.c.stage_id,
                    stages.c.params,
                    stages.c.inputs,
                )
                .join(jobs, jobs.c.id == stages.c.job_id)
                .where(
                    stages.c.expanded.is_(False),
                    stages.c.waits_for == 0,
                    jobs.c.state.in_([JobState.QUEUED, JobState.RUNNING]),
                )
                .limit(limit)
            )
            return [dict(row._mapping) for row in rows]

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
            connection = moves.connection
            changed = connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.paused.is_(False))
                .values(paused=True)
            )
            if changed.rowcount:
                moves.note("job", job_id, "paused", f"paused by {actor}", job_id=job_id)
            recall(moves, tasks.c.job_id == job_id, TaskState.READY, "its job was paused")
            held = 0
            for state in (TaskState.READY, TaskState.DELAYED):
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
            changed = moves.connection.execute(
                update(jobs).where(jobs.c.id == job_id, jobs.c.paused).values(paused=False)
            )
            if changed.rowcount:
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
        """The job id for ``#42``, ``42``, an id, or the unambiguous end of one.

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
                where = jobs.c.id == text
                found = list(connection.execute(select(jobs.c.id).where(where)).scalars())
            if not found and len(text) >= 4:
                where = jobs.c.id.endswith(text, autoescape=True)
                found = list(connection.execute(select(jobs.c.id).where(where).limit(2)).scalars())
        if len(found) != 1:
            raise UnknownName(
                "no job is called that" if not found else "more than one job ends like that",
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
        """Held tasks become ready, but for gates that wait and jobs that are paused."""
        connection = moves.connection
        if connection.execute(select(jobs.c.paused).where(jobs.c.id == job_id)).scalar_one():
            return 0
        closed = select(stages.c.name).where(
            stages.c.job_id == job_id, stages.c.approval, stages.c.approved_by.is_(None)
        )
        which = and_(tasks.c.job_id == job_id, tasks.c.stage.not_in(closed))
        if stage is not None:
            which = and_(which, tasks.c.stage == stage)
        return len(
            moves.move_all(
                tasks,
                tasks.c.id,
                which,
                TaskState.HELD,
                TaskState.READY,
                "it was released",
                job_id=job_id,
                wait_reason=None,
                ready_at=moves.now_s,
            )
        )

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

    def _keep_inputs(self, connection: Connection, plan: Plan, now_s: float) -> None:
        rows = [
            {**file.record(), "missing": False, "created_at": now_s}
            for files in plan.inputs.values()
            for file in files
        ]
        if rows:
            connection.execute(
                self.database.insert(artifacts).on_conflict_do_update(
                    index_elements=["hash"], set_={"missing": False, "created_at": now_s}
                ),
                rows,
            )

    def _write_stages(self, moves: Moves, plan: Plan, job_id: str, number: int) -> None:
        dependents: dict[str, list[str]] = {stage.name: [] for stage in plan.stages}
        for stage in plan.stages:
            for before in stage.needs_stages:
                dependents[before].append(stage.name)
        for shape in {stage.needs.shape: stage.needs for stage in plan.stages}.values():
            register_shape(self.database, moves, shape)
        ordinal = 0
        rows: list[dict[str, Any]] = []
        for stage in plan.stages:
            rows.append(_stage_row(stage, job_id, ordinal, dependents[stage.name]))
            ordinal += 1_000_000
        if rows:
            moves.connection.execute(insert(stages), rows)
        for stage, row in zip(plan.stages, rows, strict=True):
            _insert_tasks(
                moves,
                job_id=job_id,
                stage=stage.name,
                windows=stage.windows or (),
                shape=stage.needs.shape,
                priority=plan.priority,
                submitter=plan.submitter,
                deadline=plan.deadline_s,
                number=number,
                ordinal=row["ordinal"],
                model_key=stage.model_key,
            )

    def _act(self, actor: str, act: Callable[[Moves], T]) -> T:
        def run(connection: Connection) -> T:
            moves = Moves(connection, now_s=self.database.clock(), actor=actor)
            result = act(moves)
            moves.flush()
            return result

        return self.database.write(run)


def _stage_row(
    stage: PlannedStage, job_id: str, ordinal: int, dependents: list[str]
) -> dict[str, Any]:
    count = len(stage.windows) if stage.windows is not None else 0
    return {
        "job_id": job_id,
        "name": stage.name,
        "ordinal": ordinal,
        "stage_id": stage.stage_id,
        "version": stage.version,
        "params": dict(stage.params),
        "bindings": {
            port: [source.record() for source in sources]
            for port, sources in stage.bindings.items()
        },
        "dependents": dependents,
        "waits_for": len(stage.needs_stages),
        "inputs": None,
        "outputs": None,
        "seed": stage.seed,
        "needs": stage.needs.record(),
        "shape": stage.needs.shape,
        "windowed": stage.windowed,
        "expanded": stage.windows is not None,
        "chained": stage.chained,
        "carry": list(stage.carry),
        "approval": stage.approval,
        "approved_by": None,
        "cacheable": stage.cacheable,
        "model_key": stage.model_key,
        "timeout_s": stage.timeout_s,
        "stall_s": stage.stall_s,
        "open_tasks": count,
        "total_tasks": count,
    }


def _insert_tasks(
    moves: Moves,
    *,
    job_id: str,
    stage: str,
    windows: Sequence[PlannedWindow],
    shape: str,
    priority: int,
    submitter: str,
    deadline: float | None,
    number: int,
    ordinal: int,
    model_key: str | None,
) -> None:
    rows: list[dict[str, Any]] = [
        {
            "id": task_id(job_id, stage, index),
            "job_id": job_id,
            "stage": stage,
            "window": index,
            "start": window.start,
            "stop": window.stop,
            "state": TaskState.BLOCKED,
            "shape": shape,
            "urgency": -priority,
            "submitter": submitter,
            "due": NO_DEADLINE if deadline is None else deadline,
            "job_number": number,
            "ordinal": ordinal + index,
            "model_key": model_key,
            "fence": 0,
            "attempts": 0,
            "failures": {},
            "avoid": [],
            "skips": 0,
        }
        for index, window in enumerate(windows)
    ]
    if rows:
        moves.connection.execute(insert(tasks), rows)
