"""Connecting to the ledger's database and running transactions on it.

Invariant: every write runs in one transaction that holds the write lock from its first statement
(SQLite: BEGIN IMMEDIATE) or is guarded by row conditions (PostgreSQL), and is repeated from the
start when the database says it lost a race (busy, deadlock, serialisation).
"""

from __future__ import annotations

import json
import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DisconnectionError, OperationalError
from sqlalchemy.pool import QueuePool

from farm.domain.errors import ConfigError, MissingExtra

T = TypeVar("T")

_TRIES = 8
_TRUSTED_S = 2.0


def connect(url: str) -> Engine:
    """An engine for ``sqlite:///…`` or ``postgresql+psycopg://…``.

    Raises
    ------
    ConfigError : another kind of database. MissingExtra : the PostgreSQL driver is not installed.
    """
    if url.startswith("sqlite:///"):
        Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(
            url,
            poolclass=QueuePool,
            pool_size=8,
            max_overflow=8,
            connect_args={"timeout": 30, "check_same_thread": False, "isolation_level": None},
            json_serializer=_dumps,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if url.startswith("postgresql"):
        try:
            engine = create_engine(
                url, pool_size=8, max_overflow=8, pool_use_lifo=True, json_serializer=_dumps
            )
        except ModuleNotFoundError as error:
            raise MissingExtra(
                "the PostgreSQL driver is not installed",
                where="database",
                mend="Run: pip install 'farm[postgres]'",
            ) from error
        # Many rows are one statement with many VALUES, and so one round trip.
        engine.dialect.use_insertmanyvalues_wo_returning = True
        event.listen(engine, "checkin", _note_return)
        event.listen(engine, "checkout", _test_if_idle)
        return engine
    raise ConfigError(
        "not a database the farm can keep its ledger in",
        where="database",
        expected="sqlite:///… or postgresql+psycopg://…",
        got=url.split("://", 1)[0],
    )


def _dumps(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    # FULL: a committed transaction survives a power cut, not only a kill. A reader of a finish
    # must never see it vanish, because an engine has already gone on from it.
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "cache_size=-8000",
        "wal_autocheckpoint=2000",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _note_return(_connection: Any, record: Any) -> None:
    record.info["returned_s"] = time.monotonic()


def _test_if_idle(connection: Any, record: Any, _proxy: Any) -> None:
    """Replace a connection that died while nobody used it; one in constant use needs no test."""
    if time.monotonic() - record.info.get("returned_s", math.inf) < _TRUSTED_S:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise DisconnectionError from error


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


class Database:
    """The ledger's database with the clock that stamps its rows.

    clock : returns seconds since 1970; passed in so that tests can hold it still.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.time) -> None:
        self.engine = connect(url)
        self.clock = clock
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._reading = (
            self.engine.execution_options(reading=True)
            if self.is_sqlite
            else self.engine.execution_options(isolation_level="AUTOCOMMIT")
        )
        self._shared = threading.local()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading; it takes no lock that stops writers.

        SQLite: all statements have one view. PostgreSQL: each statement has its own, as in any
        transaction at the level "read committed", without the cost of one.
        """
        shared: Connection | None = getattr(self._shared, "connection", None)
        if shared is not None:
            yield shared
            return
        with self._reading.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Every read of this thread meanwhile shares one connection, and so what it costs."""
        with self.read() as connection:
            self._shared.connection = connection
            try:
                yield
            finally:
                self._shared.connection = None

    def write(self, act: Callable[[Connection], T]) -> T:
        """Run ``act`` in one write transaction; on a lost race roll back and run it again."""
        for attempt in range(_TRIES):
            try:
                with self.engine.begin() as connection:
                    return act(connection)
            except OperationalError as error:
                if attempt == _TRIES - 1 or not _lost_race(error):
                    raise
                # Not a wait for a condition: spreads the second try of racing writers.
                time.sleep(random.uniform(0.002, 0.02) * 2**attempt)
        raise AssertionError("unreachable")

    def insert(self, table: Table) -> Any:
        """An INSERT of the database's own dialect, which knows ``ON CONFLICT``."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)

    def close(self) -> None:
        """Give every pooled connection back."""
        self.engine.dispose()


def _lost_race(error: OperationalError) -> bool:
    text = str(error.orig).lower()
    return any(
        sign in text
        for sign in ("locked", "busy", "deadlock", "serialize", "connection", "shutting down")
    )
