"""What metrics are made of.

Invariant: whatever is read for each event is found by key; what needs a count over many rows is a
method of its own, so that its caller can see what it costs and ask seldom.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, bindparam, case, func, select, text

from farm.domain.states import JOB_ENDED, JobState, SubmissionState, TaskState
from farm.ledger.database import Database
from farm.ledger.schema import (
    artifacts,
    attempts,
    blocks,
    jobs,
    leader,
    nodes,
    settings,
    shapes,
    stages,
    submissions,
    tasks,
)

_CHUNK = 500
_COUNTED = (TaskState.BLOCKED, TaskState.READY, TaskState.SENT, TaskState.RUNNING)
_JOBS = select(
    jobs.c.id, jobs.c.pipeline, jobs.c.created_at, jobs.c.started_at, jobs.c.ended_at
).where(jobs.c.id.in_(bindparam("keys", expanding=True)))
_STAGES = select(stages.c.job_id, stages.c.name, stages.c.stage_id, stages.c.version).where(
    stages.c.job_id.in_(bindparam("keys", expanding=True))
)
_READY_AT = select(tasks.c.id, tasks.c.ready_at).where(
    tasks.c.id.in_(bindparam("keys", expanding=True))
)
_OUTPUTS = select(tasks.c.id, tasks.c.outputs).where(
    tasks.c.id.in_(bindparam("keys", expanding=True))
)
_ATTEMPTS = select(
    attempts.c.task_id,
    attempts.c.number,
    attempts.c.node,
    attempts.c.error_class,
    attempts.c.counts_as,
    attempts.c.started_at,
    attempts.c.ended_at,
).where(attempts.c.task_id.in_(bindparam("keys", expanding=True)))
_SUBMISSIONS = select(
    submissions.c.id, submissions.c.origin, submissions.c.created_at, submissions.c.job_id
).where(submissions.c.id.in_(bindparam("keys", expanding=True)))
# Answered from ix_tasks_placement alone: no row of a task is touched.
_by_job = (
    select(tasks.c.state, tasks.c.shape, tasks.c.job_number, func.count().label("n"))
    .where(tasks.c.state.in_(_COUNTED))
    .group_by(tasks.c.state, tasks.c.shape, tasks.c.job_number)
    .subquery()
)
_COUNTS = (
    select(_by_job.c.state, _by_job.c.shape, jobs.c.pipeline, func.sum(_by_job.c.n))
    .join(jobs, jobs.c.number == _by_job.c.job_number)
    .group_by(_by_job.c.state, _by_job.c.shape, jobs.c.pipeline)
)
_kind = case(
    (
        and_(tasks.c.state == TaskState.HELD, tasks.c.wait_reason == "waits for approval"),
        "approval",
    ),
    (tasks.c.state == TaskState.HELD, "paused"),
    (tasks.c.attempts > 0, "back-off"),
    else_="start-time",
).label("why")
_HELD = (
    select(_kind, jobs.c.pipeline, func.count())
    .join(jobs, jobs.c.id == tasks.c.job_id)
    .where(tasks.c.state.in_([TaskState.HELD, TaskState.DELAYED]))
    .group_by("why", jobs.c.pipeline)
)
_LIVE_JOBS = (
    select(jobs.c.state, func.count())
    .where(jobs.c.state.in_([state for state in JobState if state not in JOB_ENDED]))
    .group_by(jobs.c.state)
)
_OLDEST_ARRIVAL = select(func.min(submissions.c.created_at)).where(
    submissions.c.state.in_([SubmissionState.CLAIMING, SubmissionState.CLAIMED])
)
_NODES = select(nodes.c.name, nodes.c.state, func.count(blocks.c.stage_id)).outerjoin(
    blocks, blocks.c.node == nodes.c.name
).group_by(nodes.c.name, nodes.c.state)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Queued:
    """Tasks that wait or run. ``waiting``: by (pipeline, reason); ``running``: by pipeline."""

    waiting: Mapping[tuple[str, str], int]
    running: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class NodeState:
    """A node: its state and how many stages it is blocked from."""

    name: str
    state: str
    blocked: int


class MetricReads:
    """Reads only; inside ``database.snapshot()`` they share one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def jobs(self, ids: Sequence[str]) -> dict[str, Any]:
        """Rows (pipeline, created_at, started_at, ended_at) by job id."""
        return {row.id: row for row in self._rows(_JOBS, ids)}

    def stages(self, job_ids: Sequence[str]) -> dict[tuple[str, str], tuple[str, int]]:
        """``(stage id, version)`` by job id and stage name."""
        return {(r.job_id, r.name): (r.stage_id, r.version) for r in self._rows(_STAGES, job_ids)}

    def ready_at(self, task_ids: Sequence[str]) -> dict[str, float | None]:
        """When tasks became ready, in seconds since 1970."""
        return {row.id: row.ready_at for row in self._rows(_READY_AT, task_ids)}

    def saved_bytes(self, task_ids: Sequence[str]) -> dict[str, int]:
        """Size of the outputs of tasks."""
        return {
            row.id: sum(
                int(file["size_bytes"]) for files in (row.outputs or {}).values() for file in files
            )
            for row in self._rows(_OUTPUTS, task_ids)
        }

    def attempts(self, task_ids: Sequence[str]) -> dict[str, Any]:
        """Rows of every attempt of these tasks, by ``task#number``."""
        return {f"{row.task_id}#{row.number}": row for row in self._rows(_ATTEMPTS, task_ids)}

    def submissions(self, ids: Sequence[str]) -> dict[str, Any]:
        """Rows (origin, created_at, job_id) by submission id."""
        return {row.id: row for row in self._rows(_SUBMISSIONS, ids)}

    def queued(self) -> Queued:
        """Every task that waits or runs. Costs as much as there are of them."""
        waiting: dict[tuple[str, str], int] = {}
        running: dict[str, int] = {}
        with self.database.read() as connection:
            paused = self.farm_paused()
            full = set(
                connection.execute(select(shapes.c.shape).where(shapes.c.reason != "")).scalars()
            )
            for state, shape, pipeline, count in connection.execute(_COUNTS):
                if state is TaskState.RUNNING or state is TaskState.SENT:
                    running[pipeline] = running.get(pipeline, 0) + int(count)
                    continue
                reason = "queue"
                if state is TaskState.BLOCKED:
                    reason = "stage"
                elif paused:
                    reason = "farm-paused"
                elif shape in full:
                    reason = "placement"
                key = (pipeline, reason)
                waiting[key] = waiting.get(key, 0) + int(count)
            for reason, pipeline, count in connection.execute(_HELD):
                waiting[pipeline, reason] = int(count)
        return Queued(waiting, running)

    def live_jobs(self) -> dict[str, int]:
        """Jobs that have not ended, by state."""
        with self.database.read() as connection:
            return {state.value: count for state, count in connection.execute(_LIVE_JOBS)}

    def farm_paused(self) -> bool:
        """Whether the whole farm is paused."""
        with self.database.read() as connection:
            row = connection.execute(select(settings.c.name).where(settings.c.name == "paused"))
            return row.first() is not None

    def nodes(self) -> list[NodeState]:
        """Every node."""
        with self.database.read() as connection:
            rows = connection.execute(_NODES)
            return [NodeState(name, state.value, blocked) for name, state, blocked in rows]

    def oldest_arrival(self) -> float | None:
        """When the oldest submission arrived that is neither accepted nor refused yet."""
        with self.database.read() as connection:
            oldest: float | None = connection.execute(_OLDEST_ARRIVAL).scalar_one()
        return oldest

    def stored(self) -> dict[str, tuple[int, int, int]]:
        """Artifacts by kind: how many, their bytes, the largest. Costs a look at every artifact."""
        size = artifacts.c.size_bytes
        with self.database.read() as connection:
            rows = connection.execute(
                select(artifacts.c.kind, func.count(), func.sum(size), func.max(size))
                .where(artifacts.c.missing.is_(False))
                .group_by(artifacts.c.kind)
            )
            return {kind: (count, int(total), int(most)) for kind, count, total, most in rows}

    def reachable(self) -> str:
        """Who leads the farm, ``""`` for nobody; an exception when the ledger is away."""
        with self.database.read() as connection:
            connection.execute(text("SELECT 1"))
            held = connection.execute(
                select(leader.c.holder).where(leader.c.role == "daemon")
            ).scalar_one_or_none()
        return held or ""

    def _rows(self, statement: Any, keys: Sequence[str]) -> list[Any]:
        found: list[Any] = []
        with self.database.read() as connection:
            for at in range(0, len(keys), _CHUNK):
                found.extend(connection.execute(statement, {"keys": keys[at : at + _CHUNK]}))
        return found
