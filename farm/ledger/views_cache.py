"""Why the stage cache did or did not answer for a task, worked out by comparing it with its peers.

Invariant: the search for an earlier task looks at a bounded number of earlier jobs, so an answer is
never slow; "nothing to compare with" means within that bound.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, and_, or_, select

from farm.domain.states import TaskState
from farm.ledger.schema import cache, events, jobs, stages, tasks

_LOOK_BACK = 500


def hit_reason(connection: Connection, task_id: str) -> str:
    """Which earlier task's outputs a cached task was given."""
    reason = connection.execute(
        select(events.c.reason)
        .where(events.c.entity_id == task_id, events.c.target == TaskState.CACHED.value)
        .order_by(events.c.id.desc())
        .limit(1)
    ).scalar_one_or_none()
    return f"answered from the cache: {reason}" if reason else "answered from the cache"


def miss_reason(connection: Connection, task: Any) -> str:
    """Why a task had to run: what differs from the nearest earlier one of the same stage id."""
    if not task.cacheable:
        return "it ran because results of this stage are not reused"
    earlier = _nearest(connection, task)
    if earlier is None:
        return f"it ran because no earlier job used {task.stage_id}"
    name = f"#{earlier.number}.{earlier.name}"
    differs = _differences(connection, task, earlier)
    if differs:
        return f"it ran because it differs from {name} in {', '.join(differs)}"
    known = connection.execute(
        select(cache.c.task_id).where(cache.c.key == task.cache_key)
    ).scalar_one_or_none()
    if known is None or known == task.id:
        return f"it ran because {name} had no result yet, or its files had been collected"
    return f"it ran beside {known}, which had not finished when this one began"


def _nearest(connection: Connection, task: Any) -> Any:
    """The stage of the same id in the newest of the earlier jobs, or before it in its own job."""
    recent = (
        select(jobs.c.id, jobs.c.number)
        .where(jobs.c.number <= task.job_number)
        .order_by(jobs.c.number.desc())
        .limit(_LOOK_BACK)
        .subquery()
    )
    return connection.execute(
        select(stages, recent.c.number)
        .join(recent, recent.c.id == stages.c.job_id)
        .where(
            stages.c.stage_id == task.stage_id,
            or_(
                recent.c.number < task.job_number,
                and_(stages.c.name != task.stage, stages.c.ordinal < task.ordinal),
            ),
        )
        .order_by(recent.c.number.desc(), (stages.c.name == task.stage).desc())
        .limit(1)
    ).first()


def _differences(connection: Connection, task: Any, earlier: Any) -> list[str]:
    found = []
    if task.version != earlier.version:
        found.append(f"version ({earlier.version} then, {task.version} now)")
    if task.seed != earlier.seed:
        found.append(f"seed ({earlier.seed} then, {task.seed} now)")
    if task.stage_model_key != earlier.model_key:
        found.append("model")
    for name in sorted({*task.params, *earlier.params}):
        then, now = earlier.params.get(name), task.params.get(name)
        if then != now:
            found.append(f"params.{name} ({_short(then)} then, {_short(now)} now)")
    inputs, before = task.inputs or {}, earlier.inputs or {}
    for port in sorted({*inputs, *before}):
        if [f["hash"] for f in inputs.get(port, ())] != [f["hash"] for f in before.get(port, ())]:
            found.append(f"input port {port}")
    window = connection.execute(
        select(tasks.c.start, tasks.c.stop).where(
            tasks.c.job_id == earlier.job_id,
            tasks.c.stage == earlier.name,
            tasks.c.window == task.window,
        )
    ).first()
    if not found and (window is None or tuple(window) != (task.start, task.stop)):
        found.append("window")
    return found


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
