"""The daemon: intake, scheduler, publisher and collection of one farm, with a standby.

Invariant: only the daemon that holds the leadership does any of it; the others wait for it to fall
silent. What it was doing when it died is taken up from the ledger by the next one.
"""

from __future__ import annotations

import logging
import os
import platform
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from farm.artifacts.store import Store, open_store
from farm.collect import collect
from farm.config import Settings
from farm.dispatch.broker import Bell, Sender, open_broker
from farm.dispatch.scheduler import Scheduler
from farm.domain.errors import NotLeader
from farm.domain.media import Artifact
from farm.domain.plan import PlannedWindow
from farm.headroom import Headroom
from farm.intake import Intake
from farm.ledger.artifacts import Artifacts
from farm.ledger.database import Database
from farm.ledger.jobs import Jobs
from farm.ledger.leader import Leadership
from farm.ledger.nodes import Nodes
from farm.ledger.peaks import prune_peaks
from farm.ledger.previews import Previews
from farm.ledger.queue import Queue
from farm.ledger.upgrade import require_current
from farm.metrics.serving import ServedDaemon
from farm.metrics.traces import Traces
from farm.notify import Notifier
from farm.planning import cut_later
from farm.plugins import Registry, registry_of
from farm.publish import Publisher

_log = logging.getLogger(__name__)

_SCHEDULE_EVERY_S = 0.5
_COLLECT_EVERY_S = 3600.0
_NOTICE_EVERY_S = 2.0
_TELL_EVERY_S = 5.0
_TRACE_EVERY_S = 5.0
_FIRST_NODE_S = 60.0


class Daemon:
    """One daemon process; :meth:`run` returns after :meth:`stop`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.database = Database(settings.database_url)
        require_current(self.database)
        self.registry: Registry = registry_of(settings)
        # Read now, so that a broken one stops the daemon and not its first job.
        _log.debug("%d pipelines", len(self.registry.pipelines))
        self.store: Store = open_store(
            settings.store_url,
            cache_dir=settings.spool_dir / "cache" / "daemon",
            options=settings.store_options,
        )
        self.headroom = Headroom(settings, self.store, self.database)
        self.leadership = Leadership(
            self.database,
            holder=f"{platform.node()}/{os.getpid()}",
            lease_s=settings.lease_s,
            monotonic=time.monotonic,
        )
        self.bell = Bell(settings.broker_url, settings.name)
        self.served = ServedDaemon(settings, self.database)
        self._stopping = threading.Event()
        self._loops: list[Loop] = []

    def run(self) -> None:
        """Stand by until this is the active daemon, work until deposed or stopped."""
        self.bell.listen(self._wake)
        self.served.start()
        told = False
        while not self._stopping.is_set():
            if _take_over(self.leadership):
                told = False
                _log.info("active daemon, epoch %s", self.leadership.epoch)
                self._lead()
            elif not told:
                told = True
                _log.info("standing by for %s", self.leadership.present_holder())
            self._stopping.wait(self.settings.heartbeat_s)
        self.served.stop()
        self.leadership.release()
        self.bell.close()
        self.database.close()

    def stop(self) -> None:
        """Ask :meth:`run` to end; may be called from a signal handler."""
        self._stopping.set()
        self._wake()

    def _wake(self) -> None:
        for loop in self._loops[:1]:  # The scheduler's; it wakes the publisher.
            loop.wake()

    def _lead(self) -> None:
        deposed = threading.Event()

        def on_error(error: BaseException) -> None:
            if isinstance(error, NotLeader):
                _log.warning("%s", error)
                deposed.set()

        def look() -> None:
            arriving.wake()

        def take_in() -> float:
            wait_s = intake.tick()
            placing.wake()
            if "store" in intake.complaints():
                collecting.wake()  # There is no room: what nobody needs goes now.
            return wait_s

        intake = Intake(
            self.settings,
            self.registry,
            self.store,
            self.database,
            wake=look,
            first_node_s=_FIRST_NODE_S,
        )
        publisher = Publisher(self.settings, self.registry, self.store, self.database)
        scheduler = self._scheduler()
        scheduler.jobs.settle()
        intake.recover()
        publishing = Loop("publisher", publisher.tick, 1.0, on_error, rest_s=0.01)
        # One after the other: side by side they would only delay each other.
        placing = Loop(
            "scheduler", scheduler.tick, _SCHEDULE_EVERY_S, on_error, rest_s=0.002, then=publishing
        )
        arriving = Loop("intake", take_in, self.settings.rescan_s, on_error, rest_s=0.01)
        collecting = Loop(
            "collection", self._collect, _COLLECT_EVERY_S, on_error, rest_s=60.0, late=True
        )
        self._loops = [placing, arriving, publishing, collecting, *self._watching(on_error)]
        intake.watch()
        for loop in self._loops:
            loop.start()
        try:
            while not self._stopping.wait(self.settings.heartbeat_s) and not deposed.is_set():
                try:
                    self.leadership.renew()
                except NotLeader as error:
                    on_error(error)
                except Exception:
                    # The database is away; if that lasts, a standby that can reach it takes over.
                    _log.exception("renewing the leadership")
        finally:
            intake.close()
            for loop in self._loops:
                loop.stop()
            self._loops = []
            self.served.stand_by()

    def _watching(self, on_error: Callable[[BaseException], None]) -> list[Loop]:
        """What follows the work and never holds it up: notifications, metrics, traces."""
        self.served.lead()
        notifier = Notifier(
            self.settings,
            self.registry,
            self.database,
            tried=self.served.tried,
            over_quota=self.headroom.quota,
        )
        telling = [
            Loop(
                f"tell {delivery.channel}",
                delivery.tick,
                _TELL_EVERY_S,
                on_error,
                rest_s=0.1,
                patience_s=0.5,
            )
            for delivery in notifier.deliveries
        ]

        def note() -> None:
            if notifier.tick():
                for loop in telling:
                    loop.wake()

        watching = [Loop("notices", note, _NOTICE_EVERY_S, on_error, rest_s=0.5), *telling]
        if self.settings.otel_endpoint:
            traces = Traces(self.database, self.settings.name, self.settings.otel_endpoint)
            watching.append(Loop("traces", traces.tick, _TRACE_EVERY_S, on_error, rest_s=1.0))
        refreshing = self.served.refreshing
        if refreshing is not None:
            watching.append(
                Loop("metrics", refreshing.tick, refreshing.every_s, on_error, rest_s=1.0)
            )
        return watching

    def _scheduler(self) -> Scheduler:
        settings = self.settings
        return Scheduler(
            queue=Queue(self.database, self.leadership),
            jobs=Jobs(self.database),
            nodes=Nodes(self.database, max_failures=settings.max_attempts_per_job),
            sender=Sender(open_broker(settings.broker_url, settings.name), settings.name),
            cut=self._cut,
            limits={**self.registry.limits(), **settings.limits},
            lease_s=settings.lease_s,
            monotonic=time.monotonic,
            over_quota=self.headroom.quota,
        )

    def _cut(self, stage_id: str, params: Any, inputs: Any, each: Any) -> list[PlannedWindow]:
        stage = self.registry.stages[stage_id]
        files = {
            port: [Artifact.from_record(record) for record in records]
            for port, records in inputs.items()
        }
        return cut_later(stage, params, files, each)

    def _collect(self) -> None:
        prune_peaks(self.database)
        Previews(self.database).prune()
        collect(self.settings, self.store, Artifacts(self.database), time.time)


class Loop:
    """A thread that runs ``act`` at each wake, and at least every ``every_s`` seconds.

    rest_s : shortest pause between two runs, so that a storm of wakes costs no more than it must.
    patience_s : how long :meth:`stop` waits for the present run.
    then : woken after each run that was woken. ``act`` may return the seconds until it wants to
    run again.
    """

    def __init__(
        self,
        name: str,
        act: Callable[[], float | int | None],
        every_s: float,
        on_error: Callable[[BaseException], None],
        *,
        rest_s: float,
        late: bool = False,
        patience_s: float = 10.0,
        then: Loop | None = None,
    ) -> None:
        self._act = act
        self._every_s = every_s
        self._on_error = on_error
        self._rest_s = rest_s
        self._late = late
        self._patience_s = patience_s
        self._then = then
        self._awake = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Run soon."""
        self._awake.set()

    def stop(self) -> None:
        """End after the present run."""
        self._stopped.set()
        self._awake.set()
        self._thread.join(timeout=self._patience_s)

    def _run(self) -> None:
        wait_s = self._every_s if self._late else 0.0
        while not self._stopped.is_set():
            woken = self._awake.wait(wait_s)
            self._awake.clear()
            if self._stopped.is_set():
                return
            wait_s = self._every_s
            try:
                wanted = self._act()
                if isinstance(wanted, float):
                    wait_s = max(0.0, min(wanted, wait_s))
            except Exception as error:
                # One bad pass must not end the farm; the next one starts from the ledger again.
                if not isinstance(error, NotLeader):
                    _log.exception("%s", self._thread.name)
                self._on_error(error)
                wait_s = min(1.0, wait_s)
            if woken and self._then is not None:
                self._then.wake()
            self._stopped.wait(self._rest_s)


def _take_over(leadership: Leadership) -> bool:
    """Acquire the leadership; at once when its holder was a process of this machine that died."""
    holder = leadership.present_holder()
    host, _, pid = holder.rpartition("/")
    if host == platform.node() and pid.isdecimal() and not Path(f"/proc/{pid}").exists():
        leadership.lease_s, lease_s = 0.0, leadership.lease_s
        try:
            return leadership.try_acquire() or leadership.try_acquire()
        finally:
            leadership.lease_s = lease_s
    return leadership.try_acquire()
