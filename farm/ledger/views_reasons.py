"""Why a task waits, runs, failed, or was or was not answered by the stage cache.

Invariant: a waiting task has exactly one reason: the first of pause, approval, start time, back-off,
what it waits for, the farm's pause, the missing daemon, what no node can give, and the queue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select

from farm.domain.errors import UnknownName
from farm.domain.states import JOB_ENDED, TASK_ACTIVE, JobState, TaskState
from farm.ledger.database import Database
from farm.ledger.publishing import WAITS
from farm.ledger.schema import attempts, events, jobs, leader, settings, shapes, stages, tasks
from farm.ledger.views_cache import hit_reason, miss_reason

_AHEAD = 1000
_SILENT_S = 60.0
_WAITING = (TaskState.READY, TaskState.DELAYED, TaskState.HELD, TaskState.BLOCKED)


@dataclass(frozen=True, slots=True)
class Why:
    """One answer. ``kind``: a stable word for programs; ``reason``: a sentence for people;
    ``stages``: answers for the stages of a job that has something to tell about each."""

    entity: str
    number: int
    state: str
    kind: str
    reason: str
    stages: Sequence[Why] = ()

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


class Reasons:
    """Answers to ``farm why``; worked out when asked, nothing is stored."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def task(self, task_id: str) -> Why:
        """Why a task is as it is.

        Raises
        ------
        UnknownName : no such task.
        """
        with self.database.read() as connection:
            row = _task(connection, tasks.c.id == task_id)
            if row is None:
                raise UnknownName(
                    "no task is called that",
                    where=task_id,
                    expected="job.stage.window, such as #42.render.0",
                    mend="`farm show JOB` lists the stages of a job.",
                    code="task.unknown",
                )
            return self._why(connection, row)

    def job(self, job_id: str) -> Why:
        """Why a job is as it is: of several waiting tasks the one that comes first counts."""
        with self.database.read() as connection:
            job = connection.execute(select(jobs).where(jobs.c.id == job_id)).one()

            def answer(kind: str, reason: str, parts: Sequence[Why] = ()) -> Why:
                return Why(job.id, job.number, job.state.value, kind, reason, parts)

            if job.state is JobState.DONE:
                parts = self._stages(connection, job_id)
                cached = sum(part.kind == "cached" for part in parts)
                return answer(
                    "done",
                    f"it is done; {cached} of {len(parts)} stages came from the cache",
                    parts,
                )
            if job.state in JOB_ENDED or job.state in (JobState.FAILING, JobState.CANCELLING):
                error = job.error or {}
                text = error.get("message") or error.get("what") or "no reason was recorded"
                return answer(job.state.value, str(text))
            if job.state is JobState.PUBLISHING:
                return answer("publishing", _publishing(connection, job_id))
            here = tasks.c.job_id == job_id
            if job.paused:
                return answer("paused", "the job is paused; `farm resume` lets it go on")
            for states in (tuple(TASK_ACTIVE), *((state,) for state in _WAITING)):
                row = _task(connection, and_(here, tasks.c.state.in_(states)))
                if row is not None:
                    found = self._why(connection, row)
                    return answer(found.kind, f"{row.stage}.{row.window}: {found.reason}")
            return answer("expanding", "its next stage is being cut into windows")

    def _stages(self, connection: Connection, job_id: str) -> list[Why]:
        """One answer for each stage, told by its first window."""
        parts = []
        for row in connection.execute(
            TASK.where(tasks.c.job_id == job_id, tasks.c.window == 0).order_by(tasks.c.ordinal)
        ).all():
            parts.append(self._why(connection, row))
        return parts

    def _why(self, connection: Connection, row: Any) -> Why:
        kind, reason = self._reason(connection, row)
        return Why(row.id, row.job_number, row.state.value, kind, reason)

    def _reason(self, connection: Connection, row: Any) -> tuple[str, str]:
        now_s = self.database.clock()
        if row.state is TaskState.CACHED:
            return "cached", hit_reason(connection, row.id)
        if row.state is TaskState.DONE:
            return "ran", miss_reason(connection, row)
        if row.state in TASK_ACTIVE:
            return _active(connection, row, now_s)
        if row.state in (TaskState.FAILED, TaskState.QUARANTINED, TaskState.CANCELLED):
            error = row.error or {}
            return row.state.value, str(error.get("message") or "its job stopped")
        waits = why_waiting(connection, row, now_s)
        return waits if waits is not None else _queued(connection, row, now_s)


TASK = (
    select(
        tasks,
        jobs.c.paused,
        stages.c.stage_id,
        stages.c.version,
        stages.c.params,
        stages.c.inputs,
        stages.c.seed,
        stages.c.model_key.label("stage_model_key"),
        stages.c.cacheable,
        stages.c.bindings,
        stages.c.chained,
    )
    .join(jobs, jobs.c.id == tasks.c.job_id)
    .join(stages, and_(stages.c.job_id == tasks.c.job_id, stages.c.name == tasks.c.stage))
)
"""Tasks with what their reasons depend on."""


def _task(connection: Connection, where: Any) -> Any:
    return connection.execute(TASK.where(where).order_by(tasks.c.ordinal).limit(1)).first()


def why_waiting(connection: Connection, row: Any, now_s: float) -> tuple[str, str] | None:
    """Kind and reason of a waiting row of ``TASK`` that lie with its job, not with the queue."""
    if row.state not in _WAITING:
        return None
    if row.paused:
        return "paused", "the job is paused; `farm resume` lets it go on"
    if row.state is TaskState.HELD:
        return "approval", f"waits for approval: `farm approve #{row.job_number} {row.stage}`"
    if row.state is TaskState.DELAYED:
        left_s = max(0.0, (row.not_before or now_s) - now_s)
        if row.attempts:
            return "back-off", f"{row.wait_reason or 'tries again'} (in {left_s:.0f} s)"
        return "start-time", f"waits for its start time (in {left_s:.0f} s)"
    if row.state is TaskState.BLOCKED:
        return "stage", _blocked_by(connection, row)
    return None


def farm_wide(connection: Connection, now_s: float) -> tuple[str, str] | None:
    """Kind and reason why nothing at all is handed out; ``None`` when the farm works."""
    paused = connection.execute(
        select(settings.c.value).where(settings.c.name == "paused")
    ).scalar_one_or_none()
    if paused is not None:
        return "farm-paused", f"the farm is paused: {paused}; `farm resume --farm` goes on"
    daemon = connection.execute(select(leader).where(leader.c.role == "daemon")).first()
    if daemon is None or not daemon.holder:
        return "no-daemon", "no daemon is active; `farm up` (or `farm daemon`) starts one"
    silent_s = now_s - daemon.beat_at
    if silent_s > _SILENT_S:
        return "no-daemon", f"the daemon {daemon.holder} gave no sign of life for {silent_s:.0f} s"
    return None


def _publishing(connection: Connection, job_id: str) -> str:
    newest = connection.execute(
        select(events.c.target, events.c.reason)
        .where(events.c.job_id == job_id, events.c.entity == "job")
        .order_by(events.c.id.desc())
        .limit(1)
    ).first()
    if newest is not None and newest.target == WAITS:
        return f"its outputs cannot be published yet and are tried again: {newest.reason}"
    return "its outputs are being published"


def _active(connection: Connection, row: Any, now_s: float) -> tuple[str, str]:
    attempt = connection.execute(
        select(attempts).where(attempts.c.task_id == row.id, attempts.c.number == row.attempts)
    ).one()
    place = f"engine {attempt.slot} of {attempt.node}"
    if attempt.started_at is None:
        return "sent", f"handed to {place}, which is about to begin"
    since_s = max(0.0, now_s - attempt.started_at)
    text = f"runs on {place} since {since_s:.0f} s, {attempt.progress:.0%} done"
    return "running", f"{text}: {attempt.note}" if attempt.note else text


def _blocked_by(connection: Connection, row: Any) -> str:
    wanted = {b["name"] for sources in row.bindings.values() for b in sources if b["port"]}
    before = connection.execute(
        select(stages.c.name, stages.c.outputs, stages.c.dependents)
        .where(stages.c.job_id == row.job_id)
        .order_by(stages.c.ordinal)
    ).all()
    for stage in before:
        awaited = stage.name in wanted or row.stage in stage.dependents
        if awaited and stage.outputs is None:
            return f"waits for stage {stage.name}"
    if row.chained and row.window > 0:
        return f"waits for window {row.window - 1} of its stage"
    return "its inputs are complete; it is about to become ready"


def _queued(connection: Connection, row: Any, now_s: float) -> tuple[str, str]:
    whole = farm_wide(connection, now_s)
    if whole is not None:
        return whole
    reason = connection.execute(
        select(shapes.c.reason).where(shapes.c.shape == row.shape)
    ).scalar_one_or_none()
    if reason:
        return "placement", str(reason)
    ahead = _ahead(connection, row)
    text = f"more than {_AHEAD}" if ahead > _AHEAD else str(ahead)
    return "queue", f"next free engine ({text} task{'' if ahead == 1 else 's'} ahead)"


def _ahead(connection: Connection, row: Any) -> int:
    """Ready tasks before this one, without fair share, counted up to a bound."""
    earlier = or_(
        tasks.c.due < row.due,
        and_(tasks.c.due == row.due, tasks.c.job_number < row.job_number),
        and_(
            tasks.c.due == row.due,
            tasks.c.job_number == row.job_number,
            tasks.c.ordinal < row.ordinal,
        ),
    )
    ahead = 0
    for where in (
        tasks.c.urgency < row.urgency,
        and_(tasks.c.urgency == row.urgency, earlier),
    ):
        bounded = (
            select(tasks.c.id)
            .where(tasks.c.state == TaskState.READY, where)
            .limit(_AHEAD + 1 - ahead)
            .subquery()
        )
        ahead += int(connection.execute(select(func.count()).select_from(bounded)).scalar_one())
        if ahead > _AHEAD:
            break
    return ahead
