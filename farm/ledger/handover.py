"""The next task for an engine that has just finished one, without a round over the scheduler.

Invariant: what is handed over is what the scheduler would have given this engine: the first ready
task of the whole farm, and only when it fits into exactly what the finished one leaves.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, insert, select

from farm.domain.states import AttemptState, JobState, NodeState, TaskState
from farm.ledger.moves import Moves
from farm.ledger.records import Assignment
from farm.ledger.schema import attempts, blocks, jobs, nodes, settings, stages, tasks

_ready = tasks.c.state == TaskState.READY
_facts = (
    tasks.c.id,
    tasks.c.job_id,
    tasks.c.job_number,
    tasks.c.stage,
    tasks.c.window,
    tasks.c.start,
    tasks.c.stop,
    tasks.c.shape,
    tasks.c.urgency,
    tasks.c.submitter,
    tasks.c.cache_key,
    stages.c.stage_id,
    stages.c.version,
    stages.c.params,
    stages.c.inputs,
    stages.c.seed,
    stages.c.windowed,
    stages.c.total_tasks,
    stages.c.chained,
    stages.c.carry,
    stages.c.model_key,
    stages.c.timeout_s,
    stages.c.stall_s,
    stages.c.needs,
    jobs.c.submission_id,
)
_whole = tasks.join(
    stages, and_(stages.c.job_id == tasks.c.job_id, stages.c.name == tasks.c.stage)
).join(jobs, jobs.c.id == tasks.c.job_id)
_ASSIGNMENT = select(*_facts).select_from(_whole).where(tasks.c.id == bindparam("task"))

_first = (
    select(tasks.c.id)
    .where(_ready)
    .order_by(tasks.c.urgency, tasks.c.submitter, tasks.c.due, tasks.c.job_number, tasks.c.ordinal)
    .limit(1)
    .with_for_update(skip_locked=True)
    .correlate(None)
    .scalar_subquery()
)
_other = tasks.alias("other")
_contested = exists().where(
    _other.c.state == TaskState.READY,
    _other.c.urgency == tasks.c.urgency,
    _other.c.submitter > tasks.c.submitter,
)
# The first ready task of the farm, while this node may take one: one question instead of four.
_NEXT = (
    select(
        *_facts,
        tasks.c.attempts,
        tasks.c.fence,
        tasks.c.avoid,
        _contested.label("contested"),
    )
    .select_from(_whole)
    .where(
        tasks.c.id == _first,
        exists().where(
            nodes.c.name == bindparam("node"),
            nodes.c.incarnation == bindparam("incarnation"),
            nodes.c.state == NodeState.ONLINE,
        ),
        ~exists().where(settings.c.name == "paused"),
        ~exists().where(blocks.c.node == bindparam("node")),
    )
)
_BEFORE = select(tasks.c.outputs).where(
    tasks.c.job_id == bindparam("job"),
    tasks.c.stage == bindparam("stage"),
    tasks.c.window == bindparam("window_"),
)
_NEW_ATTEMPT = insert(attempts)


def assignment(moves: Moves, task: str, number: int, fence: int, slot: str) -> Assignment:
    """Everything an engine needs to run a claimed attempt."""
    row = moves.connection.execute(_ASSIGNMENT, {"task": task}).one()
    return _assignment(moves.connection, row, number, fence, slot)


def _assignment(connection: Connection, row: Any, number: int, fence: int, slot: str) -> Assignment:
    inputs = row.inputs
    if row.chained and row.window > 0:
        before = connection.execute(
            _BEFORE, {"job": row.job_id, "stage": row.stage, "window_": row.window - 1}
        ).scalar_one()
        inputs = {**inputs, **{port: before.get(port, []) for port in row.carry}}
    window = None
    if row.windowed:
        window = {
            "index": row.window,
            "count": row.total_tasks,
            "start": row.start,
            "stop": row.stop,
        }
    return Assignment(
        task_id=row.id,
        number=number,
        fence=fence,
        job_id=row.job_id,
        job_number=row.job_number,
        stage=row.stage,
        stage_id=row.stage_id,
        version=row.version,
        params=row.params,
        inputs=inputs,
        window=window,
        seed=row.seed,
        slot=slot,
        shape=row.shape,
        urgency=row.urgency,
        submitter=row.submitter,
        model_key=row.model_key,
        cache_key=row.cache_key,
        timeout_s=row.timeout_s,
        stall_s=row.stall_s,
        cores=row.needs.get("cores", 1),
        correlation=row.submission_id or row.job_id,
        models=row.needs.get("models", {}),
    )


def take_next(
    moves: Moves, done: Assignment, *, node: str, incarnation: str, offers: Set[str]
) -> Assignment | None:
    """Claim the engine's next task at once; ``None`` when the scheduler must decide.

    It decides whenever the first ready task needs something else of the node than the finished one
    (so that it might not fit, or find its model cold), when another submitter waits at the same
    priority, when the node has a block-list, and when farm or node take no new work.
    """
    connection = moves.connection
    here = {"node": node, "incarnation": incarnation}
    first = connection.execute(_NEXT, here).first()
    if first is None or first.contested or not _fits(first, done, node, offers):
        return None
    number, fence = first.attempts + 1, first.fence + 1
    taken = moves.move(
        tasks,
        {"id": first.id},
        TaskState.READY,
        TaskState.RUNNING,
        f"engine {done.slot} of {node} went on with it",
        entity_id=first.id,
        job_id=first.job_id,
        attempts=number,
        fence=fence,
    )
    if not taken:
        return None
    connection.execute(
        _NEW_ATTEMPT,
        {
            "task_id": first.id,
            "number": number,
            "job_id": first.job_id,
            "fence": fence,
            "state": AttemptState.RUNNING,
            "node": node,
            "slot": done.slot,
            "incarnation": incarnation,
            "lease": 0,
            "progress": 0.0,
            "sent_at": moves.now_s,
            "started_at": moves.now_s,
        },
    )
    if first.job_id != done.job_id:
        moves.move(
            jobs,
            {"id": first.job_id},
            JobState.QUEUED,
            JobState.RUNNING,
            "its first task was handed out",
            entity_id=first.job_id,
            job_id=first.job_id,
            started_at=moves.now_s,
        )
    return _assignment(connection, first, number, fence, done.slot)


def _fits(first: Any, done: Assignment, node: str, offers: Set[str]) -> bool:
    """Whether a ready task takes exactly the place of the finished one."""
    if first.submitter != done.submitter or node in first.avoid:
        return False
    if first.model_key != done.model_key:
        return False
    if first.shape == done.shape:
        return True
    # Another stage, but the same cores, memory, limits and tags.
    stage, _, rest = first.shape.partition(" ")
    return stage in offers and rest == done.shape.partition(" ")[2]
