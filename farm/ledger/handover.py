"""The next task for an engine that has just finished one, without a round over the scheduler.

Invariant: what is handed over is what the scheduler would have given this engine: the first ready
task of the whole farm or, within the bounds of overtaking, the first whose model the engine has
warm; and only when it fits into exactly what the finished one leaves.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from sqlalchemy import Connection, and_, bindparam, exists, insert, select

from farm.domain.errors import ErrorClass
from farm.domain.overtaking import is_tired
from farm.domain.states import AttemptState, JobState, NodeState, TaskState
from farm.ledger.look_ahead import OVERTAKEN, Ahead, look_ahead
from farm.ledger.moves import Moves
from farm.ledger.records import Assignment
from farm.ledger.schema import attempts, blocks, jobs, nodes, settings, shapes, stages, tasks
from farm.ledger.task_keys import of_each

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
    tasks.c.failures,
    stages.c.stage_id,
    stages.c.version,
    stages.c.params,
    stages.c.inputs,
    stages.c.seed,
    stages.c.windowed,
    stages.c.total_tasks,
    stages.c.chained,
    stages.c.carry,
    stages.c.each,
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
        tasks.c.skips,
        tasks.c.overtaken_at,
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
_READY_ONE = (
    select(*_facts, tasks.c.attempts, tasks.c.fence)
    .select_from(_whole)
    .where(tasks.c.id == bindparam("task"), _ready)
)
_BEFORE = select(tasks.c.outputs).where(
    tasks.c.job_id == bindparam("job"),
    tasks.c.stage == bindparam("stage"),
    tasks.c.window == bindparam("window_"),
)
_RESERVATION = select(shapes.c.needs).where(shapes.c.shape == bindparam("shape"))
_NEW_ATTEMPT = insert(attempts)


def assignment(moves: Moves, task: str, number: int, fence: int, slot: str) -> Assignment:
    """Everything an engine needs to run a claimed attempt."""
    row = moves.connection.execute(_ASSIGNMENT, {"task": task}).one()
    return _assignment(moves.connection, row, number, fence, slot)


def _assignment(connection: Connection, row: Any, number: int, fence: int, slot: str) -> Assignment:
    ahead = Ahead(()) if row.model_key is None else look_ahead(connection)
    inputs = row.inputs
    if row.chained and row.window > 0:
        before = connection.execute(
            _BEFORE, {"job": row.job_id, "stage": row.stage, "window_": row.window - 1}
        ).scalar_one()
        inputs = {**inputs, **{port: before.get(port, []) for port in row.carry}}
    window = None
    if row.each:
        inputs = of_each(inputs, row.each, row.start)
    elif row.windowed:
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
        reserved_mb=_reserved_mb(connection, row),
        ran_out=row.failures.get(ErrorClass.RESOURCE.value, 0),
        soon=ahead.soon(),
        whole=not row.windowed,
        size=row.needs.get("size", ""),
    )


def _reserved_mb(connection: Connection, row: Any) -> int:
    """What was set aside: as declared, or more after memory ran out."""
    needs = row.needs
    if row.failures.get(ErrorClass.RESOURCE.value):
        raised = connection.execute(_RESERVATION, {"shape": row.shape}).scalar_one_or_none()
        needs = raised or needs
    return int(needs.get("vram_mb" if needs.get("gpus") else "ram_mb", 0))


def take_next(
    moves: Moves,
    done: Assignment,
    *,
    node: str,
    incarnation: str,
    offers: Set[str],
    warm: Set[str] = frozenset(),
) -> Assignment | None:
    """Claim the engine's next task at once; ``None`` when the scheduler must decide.

    warm : model keys that the engine holds.

    It decides whenever the first ready task needs something else of the node than the finished one
    (so that it might not fit), or finds its model cold and nobody behind it finds one warm; when
    another submitter waits at the same priority, when the node has a block-list, and when farm or
    node take no new work.
    """
    connection = moves.connection
    here = {"node": node, "incarnation": incarnation}
    first = connection.execute(_NEXT, here).first()
    if first is None or first.contested or first.submitter != done.submitter:
        return None
    if first.model_key == done.model_key or first.model_key in warm:
        if not _fits(first, done, node, offers):
            return None
        return _take(moves, first, done, node=node, incarnation=incarnation)
    if done.model_key is None or first.model_key is None:
        return None
    if is_tired(first.skips, first.overtaken_at, moves.now_s):
        return None
    for row in look_ahead(connection).rows:
        alike = (row.urgency, row.submitter) == (first.urgency, first.submitter)
        if not alike or not (row.model_key == done.model_key or row.model_key in warm):
            continue
        if _fits(row, done, node, offers):
            found = connection.execute(_READY_ONE, {"task": row.id}).first()
            if found is None:
                return None
            overtaken = {"task": first.id, "times": 1, "now_s": moves.now_s}
            connection.execute(OVERTAKEN, overtaken)
            return _take(moves, found, done, node=node, incarnation=incarnation)
    return None


def _take(
    moves: Moves, first: Any, done: Assignment, *, node: str, incarnation: str
) -> Assignment | None:
    connection = moves.connection
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
    if node in first.avoid:
        return False
    stage, _, rest = first.shape.partition(" ")
    if first.shape == done.shape:
        return True
    # Another stage, but the same cores, memory, limits and tags.
    return stage in offers and rest == done.shape.partition(" ")[2]
