"""Writing accepted jobs, and the windows of stages whose inputs became known.

Invariant: a job with its stages, tasks and inputs appears whole in one transaction or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, insert, select, update

from farm.domain.ids import task_id
from farm.domain.plan import Plan, PlannedStage, PlannedWindow
from farm.domain.states import JobState, SubmissionState, TaskState
from farm.ledger.advance import Advance
from farm.ledger.database import Database
from farm.ledger.failures import register_shape
from farm.ledger.moves import Moves
from farm.ledger.schema import NO_DEADLINE, artifacts, jobs, stages, submissions, tasks

T = TypeVar("T")

DRAFT = "draft"

_TO_EXPAND = (
    select(
        stages.c.job_id,
        stages.c.name,
        stages.c.stage_id,
        stages.c.params,
        stages.c.inputs,
        stages.c.each,
    )
    .join(jobs, jobs.c.id == stages.c.job_id)
    .where(
        stages.c.expanded.is_(False),
        stages.c.waits_for == 0,
        jobs.c.state.in_([JobState.QUEUED, JobState.RUNNING]),
    )
    .limit(bindparam("limit"))
)


class Accepting:
    """The part of :class:`farm.ledger.jobs.Jobs` that brings jobs and tasks into being."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def accept(
        self, plan: Plan, *, job_id: str, submission_id: str | None = None, actor: str = "intake"
    ) -> int:
        """Write a planned job; returns its number. Accepting the same id again changes nothing."""
        return self._act(actor, lambda moves: self._accept(moves, plan, job_id, submission_id))

    def _accept(self, moves: Moves, plan: Plan, job_id: str, submission_id: str | None) -> int:
        connection = moves.connection
        known = connection.execute(
            select(jobs.c.number).where(jobs.c.id == job_id)
        ).scalar_one_or_none()
        if known is not None:
            return int(known)
        draft_id = lock_draft(connection, plan)
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
                    inputs=_records(plan),
                    outputs={name: list(source) for name, source in plan.outputs.items()},
                    plugins=dict(plan.plugins),
                    priority=plan.priority,
                    submitter=plan.submitter,
                    tags=list(plan.tags),
                    quality=plan.quality,
                    draft_id=draft_id,
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
        if draft_id is not None:
            reason = f"#{number} is its master in {plan.quality} quality"
            moves.note("job", draft_id, "approved", reason, job_id=draft_id)
        advance = Advance(self.database, moves)
        advance.use(job_id, _records(plan), "input")
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
                update(submissions).where(submissions.c.id == submission_id).values(job_id=job_id)
            )
        for stage in plan.stages:
            if not stage.needs_stages:
                advance.open_stage(job_id, stage.name)
        return number

    def expand(
        self,
        job_id: str,
        stage: str,
        windows: Sequence[PlannedWindow],
        *,
        actor: str = "scheduler",
    ) -> None:
        """Give a stage its windows, once its inputs told how many frames there are; none when its job
        was stopped meanwhile."""

        def act(moves: Moves) -> None:
            row = moves.connection.execute(
                select(
                    stages,
                    jobs.c.state,
                    jobs.c.number,
                    jobs.c.priority,
                    jobs.c.submitter,
                    jobs.c.deadline,
                )
                .join(jobs, jobs.c.id == stages.c.job_id)
                .where(stages.c.job_id == job_id, stages.c.name == stage)
                .with_for_update(of=jobs)
            ).one()
            if row.state not in (JobState.QUEUED, JobState.RUNNING):
                return
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
            rows = connection.execute(_TO_EXPAND, {"limit": limit})
            return [dict(row._mapping) for row in rows]

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


def lock_draft(connection: Connection, plan: Plan) -> str | None:
    """The draft that the plan makes the master of, if it asks for that and is: a finished draft of
    the same inputs, seed, pipeline and parameters, but for those that profiles decide. Whoever asks
    for its master next waits for this transaction.
    """
    if plan.draft_id is None:
        return None
    row = connection.execute(
        select(jobs.c.inputs, jobs.c.pipeline, jobs.c.manifest)
        .where(
            jobs.c.id == plan.draft_id,
            jobs.c.state == JobState.DONE,
            jobs.c.quality == DRAFT,
            jobs.c.seed == plan.seed,
        )
        .with_for_update()
    ).first()
    if row is None or row.pipeline != plan.pipeline:
        return None
    same = _hashes(row.inputs) == _hashes(_records(plan))
    return plan.draft_id if same and _given(row.manifest) == _given(plan.manifest) else None


def _records(plan: Plan) -> dict[str, list[dict[str, Any]]]:
    return {name: [file.record() for file in files] for name, files in plan.inputs.items()}


def _given(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of a normalised manifest that no profile decided."""
    decided = manifest.get("decided", {}).get("params", {})
    return {k: v for k, v in manifest.get("params", {}).items() if k not in decided}


def _hashes(records: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[str]]:
    return {name: [file["hash"] for file in files] for name, files in records.items() if files}


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
        "each": list(stage.each),
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
