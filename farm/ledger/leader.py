"""Which daemon is the active one.

Invariant: at most one daemon writes as scheduler at a time. A take-over raises the epoch, and every
write of a daemon checks its epoch in its own transaction, so a daemon that was only slow is fenced.
Silence is measured on the watcher's monotonic clock, never by comparing two machines' clocks.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection, select, update

from farm.domain.errors import NotLeader
from farm.ledger.database import Database
from farm.ledger.schema import leader

_ROLE = "daemon"
_EPOCH = select(leader.c.epoch).where(leader.c.role == _ROLE).with_for_update(read=True)


class Leadership:
    """One daemon's claim to be the active one.

    holder : host and process, for people. lease_s : silence after which a standby takes over.
    monotonic : seconds on a clock that never jumps.
    """

    def __init__(
        self,
        database: Database,
        *,
        holder: str,
        lease_s: float,
        monotonic: Callable[[], float],
    ) -> None:
        self.database = database
        self.holder = holder
        self.lease_s = lease_s
        self.monotonic = monotonic
        self.epoch: int | None = None
        self._seen: tuple[int, int] | None = None
        self._seen_at = 0.0

    def try_acquire(self) -> bool:
        """Become the active daemon if there is none, or if the present one has gone silent."""
        with self.database.read() as connection:
            row = connection.execute(select(leader).where(leader.c.role == _ROLE)).first()
        if row is None:
            return self._insert()
        seen = (row.epoch, row.beat)
        if seen != self._seen:
            self._seen, self._seen_at = seen, self.monotonic()
            if row.holder:
                return False
        if row.holder and self.monotonic() - self._seen_at < self.lease_s:
            return False
        return self._take_over(row.epoch, row.beat)

    def present_holder(self) -> str:
        """Who holds it now, for people; empty when nobody does."""
        with self.database.read() as connection:
            found = connection.execute(
                select(leader.c.holder).where(leader.c.role == _ROLE)
            ).scalar_one_or_none()
        return found or ""

    def renew(self) -> None:
        """Show that this daemon is alive.

        Raises
        ------
        NotLeader : another daemon took over.
        """

        def act(connection: Connection) -> None:
            renewed = connection.execute(
                update(leader)
                .where(leader.c.role == _ROLE, leader.c.epoch == self.epoch)
                .values(beat=leader.c.beat + 1, beat_at=self.database.clock())
            )
            if renewed.rowcount != 1:
                self._deposed()

        self.database.write(act)

    def release(self) -> None:
        """Step down in order, so that a standby need not wait."""
        if self.epoch is None:
            return

        def act(connection: Connection) -> None:
            connection.execute(
                update(leader)
                .where(leader.c.role == _ROLE, leader.c.epoch == self.epoch)
                .values(holder="", beat=leader.c.beat + 1)
            )

        self.database.write(act)
        self.epoch = None

    def check(self, connection: Connection) -> None:
        """Inside a write transaction: raise :class:`NotLeader` unless still the active one."""
        epoch = connection.execute(_EPOCH).scalar_one_or_none()
        if epoch is None or epoch != self.epoch:
            self._deposed()

    def _insert(self) -> bool:
        def act(connection: Connection) -> bool:
            added = connection.execute(
                self.database.insert(leader).on_conflict_do_nothing().returning(leader.c.role),
                {
                    "role": _ROLE,
                    "holder": self.holder,
                    "epoch": 1,
                    "beat": 0,
                    "beat_at": self.database.clock(),
                },
            )
            return added.first() is not None

        if self.database.write(act):
            self.epoch = 1
            return True
        return False

    def _take_over(self, epoch: int, beat: int) -> bool:
        def act(connection: Connection) -> bool:
            taken = connection.execute(
                update(leader)
                .where(leader.c.role == _ROLE, leader.c.epoch == epoch, leader.c.beat == beat)
                .values(
                    holder=self.holder,
                    epoch=epoch + 1,
                    beat=beat + 1,
                    beat_at=self.database.clock(),
                )
            )
            return bool(taken.rowcount == 1)

        if self.database.write(act):
            self.epoch = epoch + 1
            return True
        return False

    def _deposed(self) -> None:
        self.epoch = None
        raise NotLeader(
            "another daemon has become the active one",
            where=self.holder,
            got=self.present_holder(),
            mend="This daemon stands by from now on.",
        )
