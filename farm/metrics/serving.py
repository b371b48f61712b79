"""The observed side of a daemon and of a node: their metrics, and whether they are ready.

Invariant: what is served here follows the work and never steers it; with an empty listen setting
nothing is counted and no port is opened.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import redis

from farm.config import Settings
from farm.domain.errors import FarmError
from farm.ledger.database import Database
from farm.ledger.upgrade import HEAD, revision
from farm.ledger.views_metrics import MetricReads
from farm.metrics.node_metrics import EngineReading, NodeMetrics
from farm.metrics.refreshing import Refreshing
from farm.metrics.series import Book
from farm.metrics.server import Check, MetricsServer, Readiness, serve

_BROKER_S = 1.0


class ServedDaemon:
    """``/metrics`` of a daemon. ``refreshing`` is ``None`` when nothing is to be served."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings = settings
        self._database = database
        self._server: MetricsServer | None = None
        self.book = Book()
        self.refreshing: Refreshing | None = None
        if settings.metrics_listen:
            self.refreshing = Refreshing(database, self.book, settings.spool_dir)

    def start(self) -> None:
        """Open the port."""
        checks: dict[str, Check] = {
            **shared_checks(self._settings, self._database),
            "leader": partial(_leader, self._database),
        }
        self._server = serve(self._settings.metrics_listen, self.book.page, Readiness(checks))

    def stop(self) -> None:
        """Close the port."""
        if self._server is not None:
            self._server.stop()

    def lead(self) -> None:
        """This daemon leads now."""
        if self.refreshing is not None:
            self.refreshing.lead()

    def stand_by(self) -> None:
        """Another daemon leads, or this one ends."""
        if self.refreshing is not None:
            self.refreshing.stand_by()

    def tried(self, channel: str, outcome: str) -> None:
        """A notification was tried."""
        if self.refreshing is not None:
            self.refreshing.metrics.deliveries.add(channel, outcome)


class ServedNode:
    """``/metrics`` of a node."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        metrics: NodeMetrics,
        *,
        engines: Callable[[], list[EngineReading]],
        beat_age_s: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._checks: dict[str, Check] = {
            **shared_checks(settings, database),
            "engines": partial(_engines, engines),
            "heartbeat": partial(_beating, beat_age_s, settings.lease_s),
        }
        self._metrics = metrics
        self._server: MetricsServer | None = None

    def start(self) -> None:
        """Open the port."""
        listen = self._settings.node_metrics_listen
        self._server = serve(listen, self._metrics.page, Readiness(self._checks))

    def stop(self) -> None:
        """Close the port."""
        if self._server is not None:
            self._server.stop()


def shared_checks(settings: Settings, database: Database) -> dict[str, Check]:
    """What both kinds of process cannot work without."""
    return {
        "ledger": partial(_ledger, database),
        "schema": partial(_schema, database),
        "broker": partial(_broker, settings.broker_url),
    }


def _ledger(database: Database) -> str:
    began_s = time.monotonic()
    MetricReads(database).reachable()
    return f"answered in {(time.monotonic() - began_s) * 1000:.0f} ms"


def _schema(database: Database) -> str:
    found = revision(database)
    if found != HEAD:
        raise FarmError("the tables are not those of this version", expected=HEAD, got=str(found))
    return f"revision {found}"


def _leader(database: Database) -> str:
    holder = MetricReads(database).reachable()
    if not holder:
        raise FarmError("no daemon leads the farm")
    return f"led by {holder}"


def _broker(url: str) -> str:
    client = redis.Redis.from_url(url, socket_connect_timeout=_BROKER_S, socket_timeout=_BROKER_S)
    try:
        client.ping()
    finally:
        client.close()
    return "answered"


def _engines(read: Callable[[], list[EngineReading]]) -> str:
    engines = read()
    up = sum(engine.pid is not None for engine in engines)
    if engines and not up:
        raise FarmError("no engine is up", got=f"0 of {len(engines)}")
    return f"{up} of {len(engines)} engines are up"


def _beating(age_s: Callable[[], float], lease_s: float) -> str:
    silent_s = age_s()
    if silent_s > lease_s:
        raise FarmError(
            "the ledger has not answered a heartbeat",
            expected=f"within {lease_s:g} s",
            got=f"{silent_s:.0f} s",
        )
    return f"{silent_s:.1f} s ago"
