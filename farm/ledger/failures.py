"""What follows when an attempt does not succeed: another try, or the end of its job.

Invariant: the failure policy alone decides; a task that will not be tried again fails its job, and a
job that is stopping ends as soon as none of its tasks is sent or running.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, func, select, update

from farm.domain.errors import ErrorClass, LostClaim
from farm.domain.plan import Needs
from farm.domain.policy import FAILURE_POLICY, FailureRule, backoff_s
from farm.domain.states import (
    ATTEMPT_ACTIVE,
    JOB_ENDED,
    JOB_STOPPING,
    TASK_ACTIVE,
    TASK_WAITING,
    AttemptState,
    JobState,
    TaskState,
)
from farm.ledger.database import Database
from farm.ledger.moves import Moves
from farm.ledger.schema import attempts, blocks, jobs, nodes, shapes, stages, tasks

_LARGER = 1.5


def end_attempt(
    database: Database,
    moves: Moves,
    task_id: str,
    number: int,
    fence: int,
    error_class: ErrorClass,
    error: Mapping[str, Any],
    *,
    max_failures: int,
    **used: Any,
) -> None:
    """End an active attempt as failed, lost or cancelled and decide what becomes of its task.

    Raises
    ------
    LostClaim : it is not active any more, or was fenced.
    """
    connection = moves.connection
    row = connection.execute(
        select(
            tasks,
            attempts.c.state.label("attempt_state"),
            attempts.c.node.label("node"),
            stages.c.stage_id,
            stages.c.cacheable,
            jobs.c.state.label("job_state"),
            jobs.c.paused,
            jobs.c.failures.label("job_failures"),
        )
        .join(attempts, attempts.c.task_id == tasks.c.id)
        .join(stages, and_(stages.c.job_id == tasks.c.job_id, stages.c.name == tasks.c.stage))
        .join(jobs, jobs.c.id == tasks.c.job_id)
        .where(tasks.c.id == task_id, attempts.c.number == number)
        # Or its job would be stopped meanwhile, and find nothing to stop.
        .with_for_update(of=jobs)
    ).one()
    if row.attempt_state not in ATTEMPT_ACTIVE or row.fence != fence:
        raise LostClaim(
            f"attempt {number} is {row.attempt_state.value}, its outcome is refused", where=task_id
        )
    was_running = row.attempt_state is AttemptState.RUNNING
    target = {
        ErrorClass.LOST: AttemptState.LOST,
        ErrorClass.CANCELLED: AttemptState.CANCELLED,
    }.get(error_class, AttemptState.FAILED)
    reason = str(error.get("message") or error.get("what") or error_class.value)
    moves.must_move(
        attempts,
        {"task_id": task_id, "number": number, "fence": fence},
        AttemptState.RUNNING if was_running else AttemptState.SENT,
        target,
        reason,
        entity_id=f"{task_id}#{number}",
        job_id=row.job_id,
        ended_at=moves.now_s,
        error_class=error_class.value,
        error=dict(error),
        **used,
    )
    if row.job_state in JOB_STOPPING or row.job_state in JOB_ENDED:
        _task(moves, row, TaskState.CANCELLED, "its job stopped")
        settle_job(moves, row.job_id)
        return
    if not was_running or error_class is ErrorClass.CANCELLED:
        # Recalled, or its node vanished before it began: no fault of the task.
        _again(moves, row, None, 0.0, reason)
        return
    rule = FAILURE_POLICY[error_class]
    failures = dict(row.failures)
    failures[error_class.value] = count = failures.get(error_class.value, 0) + 1
    crashed_on = set(row.avoid) | {row.node} if error_class is ErrorClass.CRASH else set()
    values: dict[str, Any] = {"failures": failures}
    if rule.other_node:
        values["avoid"] = sorted({*row.avoid, row.node})
    if rule.blocks_node_after:
        _block_node(database, moves, row, error_class, rule)
    job_failures = row.job_failures
    if rule.charged:
        job_failures += 1
        connection.execute(
            update(jobs).where(jobs.c.id == row.job_id).values(failures=job_failures)
        )
    if count <= rule.retries and len(crashed_on) < 2 and job_failures < max_failures:
        if error_class is ErrorClass.RESOURCE:
            values["shape"] = _larger_shape(database, moves, row.shape)
        _again(moves, row, values, backoff_s(rule, count), reason)
        return
    last = TaskState.QUARANTINED if rule.quarantine else TaskState.FAILED
    _task(moves, row, last, reason, error=dict(error), ended_at=moves.now_s, **values)
    stop_job(
        moves,
        row.job_id,
        JobState.FAILING,
        {**error, "stage": row.stage, "task": task_id, "attempts": row.attempts},
        f"{task_id} failed: {reason}",
    )


def stop_job(
    moves: Moves, job_id: str, target: JobState, error: Mapping[str, Any], reason: str
) -> bool:
    """Begin to end a job as failed or cancelled; false when it has ended or cannot be stopped."""
    connection = moves.connection
    source = connection.execute(
        select(jobs.c.state).where(jobs.c.id == job_id).with_for_update()
    ).scalar_one()
    if source in JOB_ENDED or source is target or source is JobState.CANCELLING:
        return False
    moves.must_move(
        jobs,
        {"id": job_id},
        source,
        target,
        reason,
        entity_id=job_id,
        job_id=job_id,
        error=dict(error),
    )
    for state in TASK_WAITING:
        moves.move_all(
            tasks,
            tasks.c.id,
            tasks.c.job_id == job_id,
            state,
            TaskState.CANCELLED,
            "its job stopped",
            job_id=job_id,
            ended_at=moves.now_s,
        )
    recall(moves, tasks.c.job_id == job_id, TaskState.CANCELLED, "its job stopped")
    connection.execute(
        update(attempts)
        .where(attempts.c.job_id == job_id, attempts.c.state == AttemptState.RUNNING)
        .values(stop_reason=reason)
    )
    settle_job(moves, job_id)
    return True


def recall(moves: Moves, which: Any, target: TaskState, reason: str) -> int:
    """Take back tasks that were sent and not begun; their messages will lose the claim."""
    found = moves.connection.execute(
        select(tasks.c.id, tasks.c.attempts, tasks.c.job_id).where(
            which, tasks.c.state == TaskState.SENT
        )
    ).all()
    if found:
        # A job that is stopped meanwhile takes them back itself.
        ids = sorted({row.job_id for row in found})
        moves.connection.execute(
            select(jobs.c.id).where(jobs.c.id.in_(ids)).order_by(jobs.c.id).with_for_update()
        )
    taken = 0
    for row in found:
        moved = moves.move(
            attempts,
            {"task_id": row.id, "number": row.attempts},
            AttemptState.SENT,
            AttemptState.CANCELLED,
            reason,
            entity_id=f"{row.id}#{row.attempts}",
            job_id=row.job_id,
            ended_at=moves.now_s,
        )
        if moved:
            moves.must_move(
                tasks,
                {"id": row.id},
                TaskState.SENT,
                target,
                reason,
                entity_id=row.id,
                job_id=row.job_id,
                bump=("fence",),
            )
            taken += 1
    return taken


def settle_job(moves: Moves, job_id: str) -> None:
    """End a stopping job once nothing of it is sent or running."""
    connection = moves.connection
    state = connection.execute(
        select(jobs.c.state).where(jobs.c.id == job_id).with_for_update()
    ).scalar_one()
    if state not in JOB_STOPPING:
        return
    busy = connection.execute(
        select(tasks.c.id)
        .where(tasks.c.job_id == job_id, tasks.c.state.in_(list(TASK_ACTIVE)))
        .limit(1)
    ).first()
    if busy is not None:
        return
    target = JobState.FAILED if state is JobState.FAILING else JobState.CANCELLED
    moves.must_move(
        jobs,
        {"id": job_id},
        state,
        target,
        "the last of its running tasks has stopped",
        entity_id=job_id,
        job_id=job_id,
        ended_at=moves.now_s,
    )


def _task(moves: Moves, row: Any, target: TaskState, reason: str, **values: Any) -> None:
    moves.must_move(
        tasks,
        {"id": row.id},
        row.state,
        target,
        reason,
        entity_id=row.id,
        job_id=row.job_id,
        bump=("fence",),
        **values,
    )


def _again(
    moves: Moves, row: Any, values: Mapping[str, Any] | None, wait_s: float, reason: str
) -> None:
    extra = dict(values or {})
    if row.paused:
        # Ready first, so that the pause is a move of its own that the table knows.
        _task(moves, row, TaskState.READY, reason, ready_at=moves.now_s, **extra)
        moves.must_move(
            tasks,
            {"id": row.id},
            TaskState.READY,
            TaskState.HELD,
            "the job is paused",
            entity_id=row.id,
            job_id=row.job_id,
            wait_reason="the job is paused",
        )
    elif wait_s > 0 and row.state is TaskState.RUNNING:
        _task(
            moves,
            row,
            TaskState.DELAYED,
            reason,
            not_before=moves.now_s + wait_s,
            wait_reason=f"tries again after: {reason}",
            **extra,
        )
    else:
        _task(moves, row, TaskState.READY, reason, ready_at=moves.now_s, **extra)


def _block_node(
    database: Database, moves: Moves, row: Any, error_class: ErrorClass, rule: FailureRule
) -> None:
    """Block-list (node, stage) when this many different tasks failed there in a row of one class."""
    others = moves.connection.execute(
        select(func.count(func.distinct(attempts.c.task_id)))
        .select_from(attempts)
        .join(tasks, tasks.c.id == attempts.c.task_id)
        .join(stages, and_(stages.c.job_id == tasks.c.job_id, stages.c.name == tasks.c.stage))
        .where(
            attempts.c.state == AttemptState.FAILED,
            attempts.c.node == row.node,
            attempts.c.error_class == error_class.value,
            stages.c.stage_id == row.stage_id,
            attempts.c.ended_at > moves.now_s - 3600,
        )
    ).scalar_one()
    alone = (
        moves.connection.execute(
            select(func.count()).select_from(nodes).where(nodes.c.name != row.node)
        ).scalar_one()
        == 0
    )
    # The only node of a farm is never blocked: nothing would run at all.
    if others < rule.blocks_node_after or alone:
        return
    added = moves.connection.execute(
        database.insert(blocks).on_conflict_do_nothing().returning(blocks.c.node),
        {
            "node": row.node,
            "stage_id": row.stage_id,
            "reason": f"{others} tasks failed here with class {error_class.value}",
            "created_at": moves.now_s,
        },
    )
    if added.first() is not None:
        moves.note("node", row.node, "blocked", f"{row.stage_id}: {others} tasks failed here")


def _larger_shape(database: Database, moves: Moves, shape: str) -> str:
    """A reservation half as large again, registered as a shape of its own."""
    record = moves.connection.execute(
        select(shapes.c.needs).where(shapes.c.shape == shape)
    ).scalar_one()
    needs = Needs.from_record(
        {
            **record,
            "ram_mb": int(record["ram_mb"] * _LARGER),
            "vram_mb": int(record["vram_mb"] * _LARGER),
            "raised": True,
        }
    )
    register_shape(database, moves, needs)
    return needs.shape


def register_shape(database: Database, moves: Moves, needs: Needs) -> None:
    """Make a class of interchangeable tasks known to the scheduler."""
    moves.connection.execute(
        database.insert(shapes).on_conflict_do_nothing(),
        {
            "shape": needs.shape,
            "needs": needs.record(),
            "reason": None,
            "updated_at": moves.now_s,
        },
    )
