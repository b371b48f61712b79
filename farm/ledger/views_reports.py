"""What a period of the farm cost and brought: usage, waits, failures, storage, cache savings.

Invariant: every number of a report speaks of the jobs that ended in its period, which an index on
time finds; its cost grows with those jobs, not with the ledger. It is asked for by people, and
never on the way to a refresh of a screen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, case, cast, func, select

from farm.domain.errors import UnknownName, nearest
from farm.domain.states import AttemptState, JobState, TaskState
from farm.ledger.database import Database
from farm.ledger.schema import (
    artifact_uses,
    artifacts,
    attempts,
    cache,
    jobs,
    stages,
    tasks,
)

GROUPS = ("submitter", "pipeline", "version", "model", "day")
"""What usage can be told by: ``version`` is a pipeline with its version, ``day`` one of UTC plus the
given offset."""

_DAY_S = 86_400
# An expression has no index. So SQLite, which keeps no statistics, can neither read every attempt and
# look up its job, nor every job in the order of the key: it begins with the jobs of the period.
_JOB = jobs.c.id.concat("")
_SUMS = ("jobs", "done", "failed", "cancelled", "waited", "wait_s", "run_s", "attempts",
         "failed_attempts", "engine_s", "gpu_s", "cpu_s", "cached", "saved_s")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Period:
    """Jobs that ended at ``since_s <= time < until_s``, in seconds since 1970.

    offset_s : local time less UTC, so that days begin at local midnight.
    """

    since_s: float
    until_s: float
    offset_s: int = 0


@dataclass(frozen=True, slots=True)
class UsageLine:
    """What jobs of one submitter, pipeline, version, model or day used.

    engine_s : seconds that attempts held an engine, gpu_s : those on GPU engines, cpu_s : processor
    seconds. wait_s : mean from submission to start; run_s : mean from start to end of those done;
    ``None`` without such a job. cached : tasks answered from the cache; saved_s : engine seconds
    that the same tasks took when they ran, where that is still known.
    """

    key: str
    jobs: int
    done: int
    failed: int
    cancelled: int
    attempts: int
    failed_attempts: int
    engine_s: float
    gpu_s: float
    cpu_s: float
    wait_s: float | None
    run_s: float | None
    cached: int
    saved_s: float

    @property
    def failure_rate(self) -> float | None:
        """Failed jobs of those that were done or failed, 0 to 1."""
        decided = self.done + self.failed
        return self.failed / decided if decided else None


@dataclass(frozen=True, slots=True)
class StoredDay:
    """Artifacts made on one day. ``kept_bytes``: of those, what the store still has."""

    day: str
    artifacts: int
    made_bytes: int
    kept_bytes: int


@dataclass(frozen=True, slots=True)
class LargeFile:
    """An artifact and the newest job that uses it, if one does."""

    hash: str
    kind: str
    size_bytes: int
    created_at: float
    job_number: int | None
    job_id: str | None
    job_name: str


class ReportViews:
    """Reads for reports; nothing here writes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def usage(self, by: str, period: Period) -> tuple[list[UsageLine], list[UsageLine]]:
        """One line for each key, and one for each day; both in order, out of one pass.

        Raises
        ------
        UnknownName : ``by`` is not in :data:`GROUPS`.
        """
        if by not in GROUPS:
            raise UnknownName(
                f'a report cannot be grouped by "{by}"',
                expected=", ".join(GROUPS),
                mend=nearest(by, GROUPS),
                code="report.unknown-group",
            )
        name = _NAMES.get(by, str)
        lines: dict[str, dict[str, float]] = {}
        days: dict[str, dict[str, float]] = {}
        with self.database.read() as connection:
            for statement in _usage(by, period):
                for row in connection.execute(statement):
                    _add(lines.setdefault(name(row.grouped), dict.fromkeys(_SUMS, 0.0)), row)
                    _add(days.setdefault(_date(row.day), dict.fromkeys(_SUMS, 0.0)), row)
        if by == "model":
            # A job counts under each of its models, and once for its day.
            return _lines(lines), self.usage("day", period)[0]
        return _lines(lines), _lines(days)

    def stored_days(self, period: Period) -> list[StoredDay]:
        """What was made on each day of the period that made anything."""
        size = artifacts.c.size_bytes
        day = _day(artifacts.c.created_at, period).label("grouped")
        statement = (
            select(day, func.count(), func.sum(size), func.sum(_if(~artifacts.c.missing, size)))
            .where(_in(artifacts.c.created_at, period))
            .group_by("grouped")
            .order_by("grouped")
        )
        with self.database.read() as connection:
            return [
                StoredDay(_date(key), count, int(made), int(kept))
                for key, count, made, kept in connection.execute(statement)
            ]

    def largest(self, period: Period, limit: int = 20) -> list[LargeFile]:
        """The largest artifacts made in the period that the store still has."""
        columns = (
            artifacts.c.hash, artifacts.c.kind, artifacts.c.size_bytes, artifacts.c.created_at,
        )  # fmt: skip
        most = (
            select(*columns)
            .where(_in(artifacts.c.created_at, period), artifacts.c.missing.is_(False))
            .order_by(artifacts.c.size_bytes.desc(), artifacts.c.hash)
            .limit(limit)
        )
        with self.database.read() as connection:
            rows = connection.execute(most).all()
            users = {
                row.hash: row
                for row in connection.execute(
                    select(artifact_uses.c.hash, jobs.c.number, jobs.c.id, jobs.c.name)
                    .join(jobs, jobs.c.id == artifact_uses.c.job_id)
                    .where(artifact_uses.c.hash.in_([row.hash for row in rows]))
                    .order_by(jobs.c.number)
                )
            }
        files = []
        for row in rows:
            user = users.get(row.hash)
            about = (user.number, user.id, user.name) if user else (None, None, "")
            files.append(LargeFile(row.hash, row.kind, row.size_bytes, row.created_at, *about))
        return files


def _usage(by: str, period: Period) -> Sequence[Select[Any]]:
    """Three sums: over the jobs, over their attempts, over their tasks from the cache."""
    ended = _in(jobs.c.ended_at, period)
    took_s = attempts.c.ended_at - attempts.c.started_at
    # A job may have many stages of one model, and counts once for it.
    once = select(
        jobs.c.id, jobs.c.state, jobs.c.created_at, jobs.c.started_at, jobs.c.ended_at,
        _day(jobs.c.ended_at, period).label("day"),
        (_model(stages) if by == "model" else _key(by, period)).label("grouped"),
    ).where(ended)  # fmt: skip
    if by == "model":
        once = once.join(stages, stages.c.job_id == _JOB).distinct()
    job = once.subquery()
    over_jobs = select(
        job.c.grouped,
        job.c.day,
        func.count().label("jobs"),
        _count(job.c.state == JobState.DONE).label("done"),
        _count(job.c.state == JobState.FAILED).label("failed"),
        _count(job.c.state == JobState.CANCELLED).label("cancelled"),
        func.count(job.c.started_at).label("waited"),
        func.sum(job.c.started_at - job.c.created_at).label("wait_s"),
        func.sum(_if(job.c.state == JobState.DONE, job.c.ended_at - job.c.started_at)).label(
            "run_s"
        ),
    ).group_by(job.c.grouped, job.c.day)

    key = (_model(tasks) if by == "model" else _key(by, period)).label("grouped")
    day = _day(jobs.c.ended_at, period).label("day")
    tried = jobs.join(attempts, attempts.c.job_id == _JOB)
    if by == "model":
        tried = tried.join(tasks, tasks.c.id == attempts.c.task_id)
    over_attempts = (
        select(
            key,
            day,
            func.count().label("attempts"),
            _count(attempts.c.state.in_([AttemptState.FAILED, AttemptState.LOST])).label(
                "failed_attempts"
            ),
            func.sum(took_s).label("engine_s"),
            # The slots of a node are cpu0, cpu1, … and gpu0, gpu1, …
            func.sum(_if(attempts.c.slot.like("gpu%"), took_s)).label("gpu_s"),
            func.sum(attempts.c.cpu_s).label("cpu_s"),
        )
        .select_from(tried)
        .where(ended)
        .group_by("grouped", "day")
    )
    over_cached = (
        select(key, day, func.count().label("cached"), func.sum(took_s).label("saved_s"))
        .select_from(
            jobs.join(tasks, tasks.c.job_id == _JOB)
            .outerjoin(cache, cache.c.key == tasks.c.cache_key)
            .outerjoin(
                attempts,
                (attempts.c.task_id == cache.c.task_id)
                & (attempts.c.state == AttemptState.SUCCEEDED),
            )
        )
        .where(ended, tasks.c.state == TaskState.CACHED)
        .group_by("grouped", "day")
    )
    return over_jobs, over_attempts, over_cached


def _add(sums: dict[str, float], row: Any) -> None:
    for column, value in row._mapping.items():
        if column in sums:
            sums[column] += value or 0


def _lines(found: Mapping[str, Mapping[str, float]]) -> list[UsageLine]:
    return [_line(key, found[key]) for key in sorted(found)]


def _line(key: str, sums: Mapping[str, float]) -> UsageLine:
    def whole(name: str) -> int:
        return int(sums[name])

    return UsageLine(
        key=key,
        jobs=whole("jobs"),
        done=whole("done"),
        failed=whole("failed"),
        cancelled=whole("cancelled"),
        attempts=whole("attempts"),
        failed_attempts=whole("failed_attempts"),
        engine_s=sums["engine_s"],
        gpu_s=sums["gpu_s"],
        cpu_s=sums["cpu_s"],
        wait_s=sums["wait_s"] / sums["waited"] if sums["waited"] else None,
        run_s=sums["run_s"] / sums["done"] if sums["done"] else None,
        cached=whole("cached"),
        saved_s=sums["saved_s"],
    )


def _key(by: str, period: Period) -> ColumnElement[Any]:
    if by == "day":
        return _day(jobs.c.ended_at, period)
    return (jobs.c.submitter if by == "submitter" else jobs.c.pipeline).concat("")


def _model(table: Any) -> ColumnElement[Any]:
    return func.coalesce(table.c.model_key, "")


def _day(column: ColumnElement[Any], period: Period) -> ColumnElement[Any]:
    # Whole seconds first: what a cast of a fraction rounds to differs between databases.
    return cast(column + period.offset_s, BigInteger) // _DAY_S


def _in(column: ColumnElement[Any], period: Period) -> ColumnElement[bool]:
    return (column >= period.since_s) & (column < period.until_s)


def _count(holds: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(case((holds, 1), else_=0))


def _if(holds: ColumnElement[bool], value: Any) -> ColumnElement[Any]:
    return case((holds, value), else_=0)


def _date(day: int) -> str:
    from datetime import date, timedelta

    return (date(1970, 1, 1) + timedelta(days=int(day))).isoformat()


_NAMES: Mapping[str, Callable[[Any], str]] = {
    "day": _date,
    "pipeline": lambda ref: str(ref).partition("@")[0],
    "model": lambda key: str(key) or "(no model)",
}
