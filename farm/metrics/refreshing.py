"""Keeping the daemon's metrics fresh beside its real work.

Invariant: a scrape reads memory only. What must be counted over many rows is counted again no sooner
than fifty times as long as the last count took, so metrics never take more than a fiftieth of a core
however large the ledger is.
"""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import farm
from farm.ledger.database import Database
from farm.ledger.event_feed import EventFeed
from farm.ledger.outbox import Outbox
from farm.ledger.views_metrics import MetricReads
from farm.metrics.farm_metrics import FarmMetrics
from farm.metrics.series import Book

EVERY_S = 2.0
_BATCH = 2000
_REST = 50.0
_STORE_EVERY_S = 30.0


class Refreshing:
    """Follows the ledger for one daemon. ``tick`` is called every ``every_s`` while it leads."""

    every_s = EVERY_S

    def __init__(
        self,
        database: Database,
        book: Book,
        spool: Path,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._spool = spool
        self._monotonic = monotonic
        self._clock = clock
        self._reads = MetricReads(database)
        self._outbox = Outbox(database)
        self.metrics = FarmMetrics(book, self._reads)
        self.metrics.build.replace({farm.__version__: 1.0})
        self.metrics.active.set(0)
        self._feed: EventFeed | None = None
        self._due: dict[str, float] = {}
        self._turn = threading.Lock()

    def lead(self) -> None:
        """This daemon leads now: count what happens from here on."""
        with self._turn:
            self._feed = EventFeed(self._database)
            self._due.clear()
        self.metrics.active.set(1)

    def stand_by(self) -> None:
        """Another daemon leads; two must not count the same."""
        with self._turn:
            self._feed = None
        self.metrics.active.set(0)

    def tick(self) -> None:
        """Count new events and take the readings that are due."""
        with self._turn:
            if self._feed is None:
                return
            began_s = self._monotonic()
            with self._database.snapshot():
                while events := self._feed.next(_BATCH):
                    self.metrics.count(events)
                    if len(events) < _BATCH:
                        break
                self._seldom("queued", EVERY_S, self._read_queued)
                self._seldom("farm", EVERY_S, self._read_farm)
                self._seldom("stored", _STORE_EVERY_S, self._read_stored)
            self.metrics.refresh_s.set(self._monotonic() - began_s)
            self.metrics.refreshed_at.set(self._clock())

    def _seldom(self, name: str, every_s: float, read: Callable[[], None]) -> None:
        began_s = self._monotonic()
        if began_s < self._due.get(name, 0.0):
            return
        read()
        took_s = self._monotonic() - began_s
        self._due[name] = began_s + max(every_s, took_s * _REST)

    def _read_queued(self) -> None:
        queued = self._reads.queued()
        self.metrics.queue.replace(queued.waiting)
        self.metrics.running.replace(queued.running)
        self.metrics.jobs.replace(self._reads.live_jobs())

    def _read_farm(self) -> None:
        metrics = self.metrics
        metrics.paused.set(float(self._reads.farm_paused()))
        nodes = self._reads.nodes()
        states: dict[str, float] = {}
        for node in nodes:
            states[node.state] = states.get(node.state, 0) + 1
        metrics.nodes.replace(states)
        metrics.node_up.replace(
            {node.name: float(node.state not in ("lost", "offline")) for node in nodes}
        )
        metrics.node_blocked.replace({node.name: float(node.blocked) for node in nodes})
        oldest = self._reads.oldest_arrival()
        metrics.intake_lag.set(0.0 if oldest is None else max(0.0, self._clock() - oldest))
        metrics.notifications.replace(self._outbox.pending())
        disk = shutil.disk_usage(self._spool)
        metrics.spool_free.set(disk.free)
        metrics.spool_size.set(disk.total)

    def _read_stored(self) -> None:
        stored = self._reads.stored()
        self.metrics.store_count.replace({kind: found[0] for kind, found in stored.items()})
        self.metrics.store_bytes.replace({kind: found[1] for kind, found in stored.items()})
        self.metrics.store_largest.replace({kind: found[2] for kind, found in stored.items()})
