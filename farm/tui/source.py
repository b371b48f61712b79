"""The console's one gateway to the ledger: threaded reads, changes by event id, survival of its loss.

Invariant: nothing here runs in the UI's thread, nothing here writes but through :meth:`Source.write`,
and a ledger that is gone is an :class:`Outage`, never a crash; the next read tries it again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from farm.domain.errors import FarmError

if TYPE_CHECKING:
    from farm.config import Settings
    from farm.ledger.database import Database
    from farm.ledger.views_console import Change
    from farm.ledger.views_pulse import Pulse

T = TypeVar("T")

_MOST_CHANGES = 2000


class Outage(FarmError):
    """Raised when the ledger cannot be reached now."""


@dataclass(frozen=True, slots=True)
class Delta:
    """What happened since the last look.

    changes : new events, oldest first. complete : false when there were too many to list, or when
    this is the first look after an outage; a screen then loads everything anew.
    """

    pulse: Pulse
    changes: Sequence[Change]
    complete: bool

    @property
    def job_ids(self) -> frozenset[str]:
        """Jobs that something happened to."""
        return frozenset(change.job_id for change in self.changes if change.job_id)

    @property
    def quiet(self) -> bool:
        """Whether no event came, so that nothing has to be counted again."""
        return self.complete and not self.changes


class Source:
    """Opens the ledger when first asked, and again after it was lost. Any thread may call it."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.clock = clock
        self._lock = threading.Lock()
        self._database: Database | None = None
        self._inode = 0
        self._last_event = 0
        self._missed = False

    def read(self, query: Callable[[Database], T]) -> T:
        """Run a query.

        Raises
        ------
        Outage : the ledger cannot be reached. FarmError : what the query itself refuses.
        """
        from farm.ledger.views_console import outage_of

        try:
            return query(self._open())
        except Exception as error:
            reason = outage_of(error)
            if reason is None:
                self._missed = self._missed or isinstance(error, Outage)
                raise
            self._forget()
            self._missed = True
            raise Outage(
                "the ledger cannot be reached",
                where=self._where(),
                got=reason,
                mend="The console goes on trying; `farm doctor` looks for the cause.",
            ) from error

    write = read
    """Run an order; the ledger's own functions make the transaction."""

    def delta(self) -> Delta:
        """What happened since the last call. Raises :class:`Outage`."""
        from farm.ledger.views_console import ConsoleViews

        def look(database: Database) -> Delta:
            views = ConsoleViews(database)
            # First, so that what a screen could not read meanwhile counts for the next look.
            missed, self._missed = self._missed, False
            pulse = views.pulse()
            after = self._last_event
            if missed or pulse.last_event < after:
                self._last_event = pulse.last_event
                return Delta(pulse, (), False)
            if pulse.last_event == after:
                return Delta(pulse, (), True)
            changes = views.changes(after, _MOST_CHANGES)
            whole = len(changes) < _MOST_CHANGES
            self._last_event = changes[-1].id if whole and changes else pulse.last_event
            return Delta(pulse, changes, whole)

        return self.read(look)

    def close(self) -> None:
        """Give the connections back."""
        self._forget()

    def _open(self) -> Database:
        with self._lock:
            path = self._file()
            if path is not None:
                # Opening would create an empty ledger, and a connection to a file that was
                # removed or replaced would go on reading the old one.
                try:
                    inode = path.stat().st_ino
                except OSError:
                    inode = 0
                if inode != self._inode:
                    self._drop()
                if not inode:
                    raise Outage(
                        "there is no ledger here",
                        where=str(path),
                        mend="Start the farm with `farm up`; the console goes on looking.",
                    )
                self._inode = inode
            if self._database is None:
                self._database = self._connected()
            return self._database

    def _connected(self) -> Database:
        from farm.ledger.database import Database
        from farm.ledger.event_feed import newest_event
        from farm.ledger.upgrade import require_current
        from farm.ledger.views_console import outage_of

        database = Database(self.settings.database_url, self.clock)
        try:
            require_current(database)
            # Whatever a screen reads is read after this: no event falls between the two.
            self._last_event = newest_event(database)
        except Exception as error:
            database.close()
            reason = outage_of(error)
            if reason is None and not isinstance(error, FarmError):
                raise
            raise Outage(
                "the ledger cannot be used",
                where=self._where(),
                got=reason or str(error),
                mend="The console goes on trying; `farm doctor` looks for the cause.",
            ) from error
        return database

    def _forget(self) -> None:
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._database is not None:
            self._database.close()
            self._missed = True
        self._database = None

    def _file(self) -> Path | None:
        url = self.settings.database_url
        return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else None

    def _where(self) -> str:
        from farm.config import shown_value

        return shown_value("database", self.settings.database_url)
