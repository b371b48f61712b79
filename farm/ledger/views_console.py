"""What the console reads at scale: pages by key, counts, and changes by event id.

Invariant: no statement here reads more than a bounded number of rows of a large table; a list of a
hundred thousand jobs is read as their numbers, in pages by key, and told in full only where it shows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from farm.domain.states import JobState, SubmissionState, TaskState
from farm.ledger.database import Database
from farm.ledger.schema import (
    events,
    jobs,
    peaks,
    submissions,
    tasks,
)
from farm.ledger.views import JobLine
from farm.ledger.views_jobs import JobViews, related_to, unapproved
from farm.ledger.views_pulse import Pulse, read_pulse

COUNTED = 10_000
"""Tasks of one state are counted up to this many."""

_SORTS: Mapping[str, Any] = {
    "number": jobs.c.number,
    "priority": jobs.c.priority,
    "pipeline": jobs.c.pipeline,
    "submitter": jobs.c.submitter,
}
SORTS = tuple(_SORTS)


@dataclass(frozen=True, slots=True)
class Change:
    """One event, as the console follows them."""

    id: int
    at: float
    entity: str
    entity_id: str
    job_id: str | None
    source: str | None
    target: str
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs to list. Times are seconds since 1970; ``words`` must each occur in the name,
    the pipeline, the submitter, the tags or the end of the id, or be a file's hash or what a service
    outside calls its work. unapproved : finished drafts without
    a master."""

    states: frozenset[JobState] = frozenset()
    paused: bool | None = None
    unapproved: bool = False
    pipelines: tuple[str, ...] = ()
    submitters: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    qualities: tuple[str, ...] = ()
    created_after: float | None = None
    created_before: float | None = None
    least_priority: int | None = None
    most_priority: int | None = None


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of jobs: a name of ``SORTS``, ties by number in the same direction."""

    by: str = "number"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of numbers ended."""

    value: Any
    number: int


@dataclass(frozen=True, slots=True)
class Troubles:
    """The newest failure: one line for a list."""

    number: int
    id: str
    name: str
    ended_at: float | None
    message: str


class ConsoleViews:
    """Reads for the console; nothing here writes."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def pulse(self) -> Pulse:
        """Signs of life: the newest event, the farm's pause, its daemon."""
        return read_pulse(self.database)

    def changes(self, after: int, limit: int) -> list[Change]:
        """Events after an id, oldest first."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(*(events.c[name] for name in Change.__slots__))
                .where(events.c.id > after)
                .order_by(events.c.id)
                .limit(limit)
            )
            return [Change(*row) for row in rows]

    def recent(self, limit: int) -> list[Change]:
        """The newest events of the whole farm, oldest first."""
        with self.database.read() as connection:
            last = connection.execute(select(func.max(events.c.id))).scalar_one() or 0
        return self.changes(last - limit, limit)

    def job_counts(self) -> dict[str, int]:
        """Jobs by state."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(jobs.c.state, func.count()).group_by(jobs.c.state)
            ).all()
        return {state.value: count for state, count in rows}

    def task_counts(self) -> dict[str, int]:
        """Tasks that are not ended, by state, each counted up to ``COUNTED``."""
        found = {}
        with self.database.read() as connection:
            for state in (
                TaskState.READY, TaskState.SENT, TaskState.RUNNING, TaskState.DELAYED,
                TaskState.HELD, TaskState.BLOCKED,
            ):  # fmt: skip
                bounded = select(tasks.c.state).where(tasks.c.state == state).limit(COUNTED)
                count = select(func.count()).select_from(bounded.subquery())
                found[state.value] = int(connection.execute(count).scalar_one())
        return found

    def submission_counts(self) -> dict[str, dict[str, int]]:
        """Submissions under way or refused, by where they arrived and state."""
        listed = [SubmissionState.CLAIMING, SubmissionState.CLAIMED, SubmissionState.ACCEPTED,
                  SubmissionState.REJECTING, SubmissionState.REJECTED]  # fmt: skip
        found: dict[str, dict[str, int]] = {}
        with self.database.read() as connection:
            newest = (
                select(submissions.c.origin, submissions.c.state)
                .where(submissions.c.state.in_(listed))
                .limit(COUNTED)
                .subquery()
            )
            for origin, state, count in connection.execute(
                select(newest.c.origin, newest.c.state, func.count()).group_by(
                    newest.c.origin, newest.c.state
                )
            ):
                found.setdefault(origin, {})[state.value] = count
        return found

    def typical_task_s(self) -> float | None:
        """Mean duration of the newest recorded attempts; ``None`` before there is one."""
        with self.database.read() as connection:
            newest = select(peaks.c.wall_s).order_by(peaks.c.id.desc()).limit(200).subquery()
            mean = connection.execute(select(func.avg(newest.c.wall_s))).scalar_one()
        return None if mean is None else float(mean)

    def failures(self, limit: int) -> list[Troubles]:
        """The newest failed jobs, the newest first."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(jobs.c.number, jobs.c.id, jobs.c.name, jobs.c.ended_at, jobs.c.error)
                .where(jobs.c.state == JobState.FAILED)
                .order_by(jobs.c.number.desc())
                .limit(limit)
            ).all()
        return [
            Troubles(
                row.number,
                row.id,
                row.name,
                row.ended_at,
                str((row.error or {}).get("message", "")),
            )
            for row in rows
        ]

    def numbers(
        self, chosen: JobFilter, sort: Sort, *, limit: int, after: Place | None = None
    ) -> tuple[list[int], Place | None]:
        """A page of the numbers of chosen jobs, and where it ended (``None``: it was the last)."""
        column = _SORTS[sort.by]
        wanted = (jobs.c.number,) if sort.by == "number" else (jobs.c.number, column)
        with self.database.read() as connection:
            where = [*_conditions(chosen), *self._bounds(connection, chosen)]
            if after is not None:
                where.append(_beyond(column, sort, after))
            order = (column,) if sort.by == "number" else (column, jobs.c.number)
            rows = connection.execute(
                select(*wanted)
                .where(*where)
                .order_by(*(c.desc() if sort.descending else c.asc() for c in order))
                .limit(limit)
            ).all()
        if len(rows) < limit:
            return [row[0] for row in rows], None
        return [row[0] for row in rows], Place(rows[-1][-1], rows[-1][0])

    def which(self, chosen: JobFilter, job_ids: Sequence[str]) -> tuple[list[int], list[int]]:
        """The numbers of these jobs: all that exist, and those that are chosen; descending."""
        with self.database.read() as connection:
            here = jobs.c.id.in_(list(job_ids))
            known = connection.execute(
                select(jobs.c.number).where(here).order_by(jobs.c.number.desc())
            ).scalars()
            fit = connection.execute(
                select(jobs.c.number)
                .where(here, *_conditions(chosen))
                .order_by(jobs.c.number.desc())
            ).scalars()
            return list(known), list(fit)

    def lines(self, numbers: Sequence[int]) -> list[JobLine]:
        """These jobs in full lines, by number."""
        with self.database.read() as connection:
            ids = connection.execute(select(jobs.c.id).where(jobs.c.number.in_(list(numbers))))
            found = list(ids.scalars())
        return JobViews(self.database).lines(found)

    def ids(self, numbers: Sequence[int]) -> list[str]:
        """The ids of these jobs, in the order given."""
        found: dict[int, str] = {}
        with self.database.read() as connection:
            for at in range(0, len(numbers), 500):
                rows = connection.execute(
                    select(jobs.c.number, jobs.c.id).where(
                        jobs.c.number.in_(list(numbers[at : at + 500]))
                    )
                )
                found.update((row.number, row.id) for row in rows)
        return [found[number] for number in numbers if number in found]

    def _bounds(self, connection: Any, chosen: JobFilter) -> list[ColumnElement[bool]]:
        """Limits on the number that follow from limits on the age.

        Numbers and times of creation rise together, so the search stops where the age ends instead
        of reading every older job.
        """
        if chosen.created_after is None:
            return []
        first = connection.execute(
            select(jobs.c.number)
            .where(jobs.c.created_at >= chosen.created_after)
            .order_by(jobs.c.created_at)
            .limit(1)
        ).scalar_one_or_none()
        # A hundred numbers of grace: two submissions at once may be numbered the other way round.
        return [] if first is None else [jobs.c.number >= first - 100]


def outage_of(error: BaseException) -> str | None:
    """Why the database is away, in its own words; ``None`` when the error is another one."""
    broken = isinstance(error, DBAPIError) and error.connection_invalidated
    if isinstance(error, OperationalError | InterfaceError | ConnectionError) or broken:
        lines = str(getattr(error, "orig", error)).strip().splitlines()
        return lines[0] if lines else type(error).__name__
    return None


def _beyond(column: Any, sort: Sort, after: Place) -> ColumnElement[bool]:
    place: Any
    here: Any
    if sort.by == "number":
        place, here = jobs.c.number, after.number
    else:
        place, here = tuple_(column, jobs.c.number), tuple_(after.value, after.number)
    beyond: ColumnElement[bool] = place < here if sort.descending else place > here
    return beyond


def _conditions(chosen: JobFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if chosen.states:
        found.append(jobs.c.state.in_(sorted(chosen.states, key=lambda state: state.value)))
    if chosen.paused is not None:
        found.append(jobs.c.paused.is_(chosen.paused))
    if chosen.unapproved:
        found.append(unapproved())
    if chosen.pipelines:
        found.append(or_(*(_pipeline(name) for name in chosen.pipelines)))
    if chosen.submitters:
        found.append(jobs.c.submitter.in_(chosen.submitters))
    if chosen.qualities:
        found.append(jobs.c.quality.in_(chosen.qualities))
    if chosen.numbers:
        found.append(jobs.c.number.in_(chosen.numbers))
    if chosen.created_after is not None:
        found.append(jobs.c.created_at >= chosen.created_after)
    if chosen.created_before is not None:
        found.append(jobs.c.created_at <= chosen.created_before)
    if chosen.least_priority is not None:
        found.append(jobs.c.priority >= chosen.least_priority)
    if chosen.most_priority is not None:
        found.append(jobs.c.priority <= chosen.most_priority)
    found.extend(_tagged(tag) for tag in chosen.tags)
    found.extend(_mentions(word) for word in chosen.words)
    return found


def _pipeline(name: str) -> ColumnElement[bool]:
    """``name@version`` exactly, or every version of ``name``, as a range an index can walk."""
    if "@" in name:
        return jobs.c.pipeline == name
    return and_(jobs.c.pipeline >= f"{name}@", jobs.c.pipeline < f"{name}A")


def _tagged(tag: str) -> ColumnElement[bool]:
    from sqlalchemy import Text, cast

    return cast(jobs.c.tags, Text).contains(f'"{tag}"', autoescape=True)


def _mentions(word: str) -> ColumnElement[bool]:
    return or_(
        jobs.c.name.icontains(word, autoescape=True),
        jobs.c.pipeline.icontains(word, autoescape=True),
        jobs.c.submitter.icontains(word, autoescape=True),
        jobs.c.id.endswith(word, autoescape=True),
        _tagged(word),
        related_to(word),
    )
