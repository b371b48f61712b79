"""What waits, grouped by the one reason each task has, in the order of the queue.

Invariant: a group is counted up to a bound and read in pages by key, so a hundred thousand waiting
tasks cost what a screen of them costs; the reasons are those of :mod:`farm.ledger.views_reasons`.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, literal, select, tuple_

from farm.domain.states import TaskState
from farm.ledger.database import Database
from farm.ledger.schema import jobs, shapes, tasks
from farm.ledger.views_reasons import TASK, farm_wide, why_waiting

COUNTED = 10_000
"""Tasks of one state and shape are counted up to this many."""

NEXT_ENGINE = "next free engine"

Spot = tuple[int, str, float, int, int]
"""A place in the order of the queue: urgency, submitter, due, job number, ordinal."""

_ORDER = (
    tasks.c.urgency, tasks.c.submitter, tasks.c.due, tasks.c.job_number, tasks.c.ordinal,
)  # fmt: skip
_OF_JOB = jobs.c.number == tasks.c.job_number


@dataclass(frozen=True, slots=True)
class Strand:
    """Tasks that one index holds together in the order of the queue.

    shape : ``None`` for all. paused, tried : only of jobs that are, only those that ran before.
    """

    state: TaskState
    shape: str | None = None
    paused: bool | None = None
    tried: bool | None = None


@dataclass(frozen=True, slots=True)
class WaitGroup:
    """Tasks that wait for the same reason. count : up to a bound, then ``more`` is true."""

    kind: str
    reason: str
    count: int
    more: bool
    strands: tuple[Strand, ...]

    @property
    def key(self) -> str:
        """Stable between two looks, also where the reason tells a time."""
        return f"placement {self.reason}" if self.kind == "placement" else self.kind


@dataclass(frozen=True, slots=True)
class WaitLine:
    """A waiting task. ``since``: when it became ready, in seconds since 1970, if it is."""

    id: str
    job_id: str
    job_number: int
    job_name: str
    pipeline: str
    stage: str
    window: int
    state: str
    priority: int
    submitter: str
    since: float | None
    kind: str
    reason: str


_WAYS = (
    ("paused", "the job is paused; P releases it", True, None),
    ("approval", "a stage waits for approval; A approves it", False, None),
    ("back-off", "it failed and is tried again after a pause", False, True),
    ("start-time", "its start time has not come", False, False),
    ("stage", "it waits for a stage or window before it", False, None),
)
_STATES_OF = {
    "paused": (TaskState.HELD, TaskState.DELAYED, TaskState.BLOCKED),
    "approval": (TaskState.HELD,),
    "back-off": (TaskState.DELAYED,),
    "start-time": (TaskState.DELAYED,),
    "stage": (TaskState.BLOCKED,),
}


class QueueViews:
    """Reads about what waits; nothing here writes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def groups(self) -> list[WaitGroup]:
        """Every reason something waits for, the fullest first; the plain queue comes last."""
        found: list[WaitGroup] = []
        with self.database.read() as connection:
            found.extend(self._ready(connection))
            known = {state: _ways_of(connection, state) for state in _STATES_OF["paused"]}
            for kind, reason, paused, tried in _WAYS:
                strands = tuple(
                    Strand(state, paused=paused, tried=tried) for state in _STATES_OF[kind]
                )
                count = sum(
                    number
                    for strand in strands
                    for (held, again), number in known[strand.state].items()
                    if held is paused and tried in (None, again)
                )
                if count:
                    more = any(sum(known[s.state].values()) >= COUNTED for s in strands)
                    found.append(WaitGroup(kind, reason, count, more, strands))
        last = ("stage", "queue")
        return sorted(found, key=lambda g: (g.kind in last, last.count(g.kind), -g.count))

    def page(
        self, group: WaitGroup, *, limit: int, after: Spot | None = None
    ) -> tuple[list[str], Spot | None]:
        """Ids of a page of a group in the order of the queue, and where it ended.

        ``None``: it was the last.
        """
        found: list[tuple[Spot, str]] = []
        with self.database.read() as connection:
            for strand in group.strands:
                rows = connection.execute(_chosen(strand, after).limit(limit))
                found.extend((tuple(row[:5]), row.id) for row in rows)
        first = heapq.nsmallest(limit, found)
        end = first[-1][0] if len(first) == limit else None
        return [id for _, id in first], end

    def lines(self, ids: Sequence[str]) -> list[WaitLine]:
        """These tasks in full, as far as they still wait, each with its reason."""
        now_s = self.database.clock()
        with self.database.read() as connection:
            whole = farm_wide(connection, now_s)
            reasons = _shape_reasons(connection)
            rows = connection.execute(
                TASK.add_columns(jobs.c.name.label("job_name"), jobs.c.pipeline).where(
                    tasks.c.id.in_(list(ids))
                )
            ).all()
            return [_line(connection, row, whole, reasons, now_s) for row in rows]

    def _ready(self, connection: Connection) -> list[WaitGroup]:
        """Groups of ready tasks: all of them when the farm stands still, else by shape's reason."""
        whole = farm_wide(connection, self.database.clock())
        reasons = _shape_reasons(connection)
        merged: dict[tuple[str, str], list[tuple[Strand, int]]] = {}
        for shape in _ready_shapes(connection):
            reason = reasons.get(shape)
            told = whole or (("placement", reason) if reason else ("queue", NEXT_ENGINE))
            strand = Strand(TaskState.READY, shape)
            merged.setdefault(told, []).append((strand, _counted(connection, strand)))
        return [
            WaitGroup(
                kind,
                reason,
                sum(count for _, count in parts),
                any(count >= COUNTED for _, count in parts),
                tuple(strand for strand, _ in parts),
            )
            for (kind, reason), parts in merged.items()
        ]


def _line(
    connection: Connection,
    row: Any,
    whole: tuple[str, str] | None,
    reasons: dict[str, str],
    now_s: float,
) -> WaitLine:
    kind, reason = why_waiting(connection, row, now_s) or ("", "")
    if row.state is TaskState.READY and not kind:
        told = reasons.get(row.shape)
        kind, reason = whole or (("placement", told) if told else ("queue", NEXT_ENGINE))
    return WaitLine(
        id=row.id,
        job_id=row.job_id,
        job_number=row.job_number,
        job_name=row.job_name,
        pipeline=row.pipeline,
        stage=row.stage,
        window=row.window,
        state=row.state.value,
        priority=-row.urgency,
        submitter=row.submitter,
        since=row.ready_at,
        kind=kind or row.state.value,
        reason=reason or f"it does not wait any more: it is {row.state.value}",
    )


def _ready_shapes(connection: Connection) -> list[str]:
    """Distinct shapes of ready tasks: one look-up in the index for each."""
    found: list[str] = []
    while True:
        shape = connection.execute(
            select(func.min(tasks.c.shape)).where(
                tasks.c.state == TaskState.READY, tasks.c.shape > (found[-1] if found else "")
            )
        ).scalar_one()
        if shape is None:
            return found
        found.append(shape)


def _shape_reasons(connection: Connection) -> dict[str, str]:
    rows = connection.execute(select(shapes.c.shape, shapes.c.reason).where(shapes.c.reason != ""))
    return {row.shape: row.reason for row in rows}


def _where(strand: Strand) -> Any:
    where: list[ColumnElement[bool]] = [tasks.c.state == strand.state]
    if strand.shape is not None:
        where.append(tasks.c.shape == strand.shape)
    if strand.paused is not None:
        where.append(jobs.c.paused.is_(strand.paused))
    if strand.tried is not None:
        where.append(tasks.c.attempts > 0 if strand.tried else tasks.c.attempts == 0)
    return and_(*where)


def _counted(connection: Connection, strand: Strand) -> int:
    """Tasks of a state and shape, up to ``COUNTED``."""
    bounded = select(tasks.c.state).where(_where(strand)).limit(COUNTED).subquery()
    return int(connection.execute(select(func.count()).select_from(bounded)).scalar_one())


def _ways_of(connection: Connection, state: TaskState) -> dict[tuple[bool, bool], int]:
    """Tasks of a state by whether their job is paused and whether they ran before.

    Of the first ``COUNTED``. Only delayed tasks are asked whether they ran: for the others that
    would mean reading the row, not just the index.
    """
    ran = tasks.c.attempts > 0 if state is TaskState.DELAYED else literal(False)
    part = (
        select(tasks.c.job_number, ran.label("ran"))
        .where(tasks.c.state == state)
        .limit(COUNTED)
        .subquery()
    )
    rows = connection.execute(
        select(jobs.c.paused, part.c.ran, func.count())
        .select_from(part.join(jobs, jobs.c.number == part.c.job_number))
        .group_by(jobs.c.paused, part.c.ran)
    )
    return {(bool(paused), bool(ran)): int(number) for paused, ran, number in rows}


def _chosen(strand: Strand, after: Spot | None) -> Any:
    found = select(*_ORDER, tasks.c.id).where(_where(strand)).order_by(*_ORDER)
    if strand.paused is not None:
        found = found.join(jobs, _OF_JOB)
    return found if after is None else found.where(tuple_(*_ORDER) > tuple_(*after))
