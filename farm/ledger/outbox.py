"""The outbox: what is to be told, to whom, and whether it was.

Invariant: a notification is recorded once for each channel, in the transaction that moves the
reading position past the events it was made from; it stays due until it is delivered or given up.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from farm.domain.errors import InputError, UnknownName
from farm.ledger.database import Database
from farm.ledger.moves import Moves
from farm.ledger.schema import events, jobs, notifications, settings, submissions

_POSITION = "notify.position"


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing to tell on one channel. ``tries``: made so far."""

    id: int
    channel: str
    kind: str
    body: Mapping[str, Any]
    tries: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing to tell. ``key``: told once on each channel, however often it is recorded."""

    key: str
    kind: str
    job_id: str | None
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row as people see it; times are seconds since 1970."""

    id: int
    channel: str
    kind: str
    job_id: str | None
    title: str
    tries: int
    due_at: float | None
    delivered_at: float | None
    error: str | None
    created_at: float

    @property
    def state(self) -> str:
        """``delivered``, ``given-up``, ``waiting`` for its first try or ``retrying``."""
        if self.delivered_at is not None:
            return "delivered"
        if self.due_at is None:
            return "given-up"
        return "retrying" if self.tries else "waiting"

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "state": self.state}


class Outbox:
    """Each write is one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def position(self) -> int:
        """The id of the newest event that was looked at."""
        with self.database.read() as connection:
            value = connection.execute(
                select(settings.c.value).where(settings.c.name == _POSITION)
            ).scalar_one_or_none()
        return int(value or 0)

    def record(self, told: Mapping[str, Sequence[Entry]], position: int) -> int:
        """Record entries by channel and move the position; returns how many were new."""
        now_s = self.database.clock()

        def act(connection: Connection) -> int:
            rows = [
                {
                    "key": entry.key,
                    "channel": channel,
                    "kind": entry.kind,
                    "job_id": entry.job_id,
                    "body": dict(entry.body),
                    "tries": 0,
                    "due_at": now_s,
                    "created_at": now_s,
                }
                for channel, entries in told.items()
                for entry in entries
            ]
            new = 0
            for row in rows:
                statement = self.database.insert(notifications).values(**row)
                added = statement.on_conflict_do_nothing().returning(notifications.c.id)
                new += len(connection.execute(added).all())
            place = self.database.insert(settings).values(name=_POSITION, value=position)
            connection.execute(
                place.on_conflict_do_update(index_elements=["name"], set_={"value": position})
            )
            return new

        return self.database.write(act)

    def due(self, channel: str, limit: int = 20) -> list[Notification]:
        """What should be tried now on a channel, the longest due first."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(
                    notifications.c.id,
                    notifications.c.channel,
                    notifications.c.kind,
                    notifications.c.body,
                    notifications.c.tries,
                )
                .where(
                    notifications.c.channel == channel,
                    notifications.c.due_at <= self.database.clock(),
                )
                .order_by(notifications.c.due_at, notifications.c.id)
                .limit(limit)
            )
            return [Notification(*row) for row in rows]

    def delivered(self, id: int) -> None:
        """It arrived."""
        self._set(id, due_at=None, delivered_at=self.database.clock(), error=None)

    def again(self, id: int, error: str, wait_s: float) -> None:
        """A try failed; the next one is due in ``wait_s`` seconds."""
        self._set(id, due_at=self.database.clock() + wait_s, error=error[:2000])

    def given_up(self, id: int, error: str) -> None:
        """The last try failed."""
        self._set(id, due_at=None, error=error[:2000])

    def retry(self, ids: Sequence[int] | None, *, channels: Collection[str]) -> list[int]:
        """Make these due now, or all that were given up; returns the ids.

        One that was given up gets all its tries anew. channels : those that somebody delivers.

        Raises
        ------
        UnknownName : there is no such notification. InputError : it was delivered, or its channel is
        configured no more.
        """
        now_s = self.database.clock()
        settled = notifications.c.due_at.is_(None)

        def act(connection: Connection) -> list[int]:
            where = [notifications.c.id.in_(list(ids))] if ids else [
                settled, notifications.c.delivered_at.is_(None),
                notifications.c.channel.in_(list(channels)),
            ]  # fmt: skip
            columns = (notifications.c.id, notifications.c.channel, notifications.c.delivered_at)
            rows = connection.execute(select(*columns).where(*where).order_by(columns[0])).all()
            if ids:
                _check(ids, rows, channels)
            found = [row.id for row in rows]
            for values, which in (({"tries": 0}, [settled]), ({}, [])):
                connection.execute(
                    update(notifications)
                    .where(notifications.c.id.in_(found), *which)
                    .values(due_at=now_s, **values)
                )
            return found

        return self.database.write(act)

    def drop_channels(self, known: Sequence[str]) -> int:
        """Give up what was meant for channels that are configured no more."""

        def act(connection: Connection) -> int:
            gone = connection.execute(
                update(notifications)
                .where(notifications.c.due_at.is_not(None), notifications.c.channel.not_in(known))
                .values(due_at=None, error="the channel is configured no more")
            )
            return int(gone.rowcount)

        return self.database.write(act)

    def prune(self, older_than_s: float) -> int:
        """Forget what was settled and is older than this (seconds since 1970)."""

        def act(connection: Connection) -> int:
            gone = connection.execute(
                delete(notifications).where(
                    notifications.c.due_at.is_(None), notifications.c.created_at < older_than_s
                )
            )
            return int(gone.rowcount)

        return self.database.write(act)

    def pending(self) -> dict[str, int]:
        """How many wait on each channel."""
        with self.database.read() as connection:
            rows = connection.execute(
                select(notifications.c.channel, func.count())
                .where(notifications.c.due_at.is_not(None))
                .group_by(notifications.c.channel)
            )
            return {row[0]: int(row[1]) for row in rows}

    def newest(
        self, limit: int = 50, *, channel: str | None = None, unsettled: bool = False
    ) -> list[Delivery]:
        """The newest rows, for people. unsettled : only those that were not delivered."""
        where = [notifications.c.channel == channel] if channel is not None else []
        if unsettled:
            where.append(notifications.c.delivered_at.is_(None))
        with self.database.read() as connection:
            rows = connection.execute(
                select(notifications).where(*where).order_by(notifications.c.id.desc()).limit(limit)
            )
            return [
                Delivery(
                    id=row.id,
                    channel=row.channel,
                    kind=row.kind,
                    job_id=row.job_id,
                    title=str(row.body.get("title", "")),
                    tries=row.tries,
                    due_at=row.due_at,
                    delivered_at=row.delivered_at,
                    error=row.error,
                    created_at=row.created_at,
                )
                for row in rows
            ]

    def job_facts(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What is told about jobs, by id."""
        columns = (
            jobs.c.id,
            jobs.c.number,
            jobs.c.name,
            jobs.c.pipeline,
            jobs.c.submitter,
            jobs.c.submission_id,
            jobs.c.published,
            jobs.c.error,
        )
        with self.database.read() as connection:
            rows = connection.execute(select(*columns).where(jobs.c.id.in_(list(ids))))
            return {row.id: dict(row._mapping) for row in rows}

    def submission_facts(self, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """What is told about submissions, by id."""
        columns = (
            submissions.c.id,
            submissions.c.origin,
            submissions.c.name,
            submissions.c.error,
            submissions.c.job_id,
        )
        with self.database.read() as connection:
            rows = connection.execute(select(*columns).where(submissions.c.id.in_(list(ids))))
            return {row.id: dict(row._mapping) for row in rows}

    def note_trouble(self, what: str, target: str, reason: str) -> None:
        """Write an event about the farm itself: ``what`` is in ``trouble`` or ``recovered``."""

        def act(connection: Connection) -> None:
            moves = Moves(connection, now_s=self.database.clock(), actor="daemon")
            moves.note("farm", what, target, reason)
            moves.flush()

        self.database.write(act)

    def in_trouble(self, what: str) -> bool:
        """Whether the newest event about ``what`` was a trouble."""
        with self.database.read() as connection:
            newest = connection.execute(
                select(events.c.target)
                .where(events.c.entity_id == what, events.c.entity == "farm")
                .order_by(events.c.id.desc())
                .limit(1)
            ).scalar_one_or_none()
        return newest == "trouble"

    def _set(self, id: int, **values: Any) -> None:
        def act(connection: Connection) -> None:
            connection.execute(
                update(notifications)
                .where(notifications.c.id == id)
                .values(tries=notifications.c.tries + 1, **values)
            )

        self.database.write(act)


def _check(ids: Sequence[int], rows: Sequence[Any], channels: Collection[str]) -> None:
    known = {row.id: row for row in rows}
    for id in ids:
        row = known.get(id)
        if row is None:
            raise UnknownName(
                "no notification has this id",
                where=str(id),
                mend="`farm notify ls` lists them.",
                code="notify.unknown",
            )
        if row.delivered_at is not None:
            raise InputError(
                "it was delivered",
                where=f"notification {id}",
                expected="one that waits or was given up",
                code="notify.delivered",
            )
        if row.channel not in channels:
            raise InputError(
                "its channel is configured no more",
                where=f"notification {id}",
                got=row.channel,
                expected=", ".join(sorted(channels)),
                mend=f"Write [notify.{row.channel}] into farm.toml again.",
                code="notify.no-channel",
            )
