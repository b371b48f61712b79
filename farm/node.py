"""The node agent: takes messages, claims attempts, has engines run them, reports results.

Invariant: an attempt runs here only while its claim in the ledger stands. A result is reported after
its files are durable in the store, and a node that was fenced stops all work before it starts anew.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import farm
from farm import machine
from farm.artifacts.patience import patient
from farm.artifacts.store import Store, open_store
from farm.attempt_logs import log_path
from farm.carrying import fetch_inputs, keep_outputs, peaks_of, puts_of
from farm.config import Settings
from farm.dispatch.broker import Bell, Receiver
from farm.domain.errors import ErrorClass, FarmError, LostClaim
from farm.domain.ids import new_id
from farm.engine.preview import PreviewWatch
from farm.engine.protocol import EngineOutcome, EngineRequest
from farm.headroom import Headroom
from farm.ledger.claims import Claims
from farm.ledger.database import Database
from farm.ledger.documents import Documents
from farm.ledger.look_ahead import coming_models
from farm.ledger.nodes import Nodes
from farm.ledger.offers import write_offers
from farm.ledger.previews import Previews
from farm.ledger.records import NAMELESS, Assignment, Names, Peaks
from farm.logs import about
from farm.metrics.node_metrics import EngineReading, NodeMetrics
from farm.metrics.series import Book
from farm.metrics.serving import ServedNode
from farm.models.needs import promised
from farm.models.prefetch import Prefetch
from farm.models.store import open_models
from farm.offering import Offering
from farm.plugins import Registry, registry_of
from farm.slots import Slot, held_models, make_slots, parked_models_mb
from farm.stages import Service, Window

_log = logging.getLogger(__name__)
_RING_EVERY_S = 0.01
_LOOK_EVERY_S = 2.0


class NodeAgent:
    """One machine's share in the farm."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self.settings = settings
        self.clock = clock
        self.name = settings.node_name
        self.spool = settings.spool_dir
        self.database = Database(settings.database_url, clock)
        self.nodes = Nodes(self.database, max_failures=settings.max_attempts_per_job)
        self.documents = Documents(self.database)
        self.previews = Previews(self.database)
        self._preview_watch = PreviewWatch()
        self.registry: Registry = registry_of(settings)
        self.store: Store = open_store(
            settings.store_url,
            cache_dir=self.spool / "cache" / self.name,
            options=settings.store_options,
        )
        self.headroom = Headroom(settings, self.store, self.database)
        self.bell = Bell(settings.broker_url, settings.name)
        self.slots = {slot.name: slot for slot in make_slots(settings)}
        self._running: dict[tuple[str, int], Slot] = {}
        self._progress: dict[tuple[str, int], tuple[float, str]] = {}
        self._names: dict[tuple[str, int], Names] = {}
        self._halted: set[tuple[str, int]] = set()
        self._stopping = threading.Event()
        self._rung_at = 0.0
        self.models = open_models(settings)
        self.prefetch = Prefetch(self._folder)
        self.offering = Offering(self.registry, self.models, settings.tags)
        self.offer = self.offering.look()
        self.claims: Claims
        self._gauges = machine.gauges(self.spool)
        self._beat_at_s = time.monotonic()
        self.metrics = NodeMetrics(
            Book(),
            engines=self._readings,
            gauges=lambda: self._gauges,
            gpus=machine.gpus,
            beat_age_s=self._beat_age_s,
            services=self._services,
        )
        self.served = ServedNode(
            settings,
            self.database,
            self.metrics,
            engines=self._readings,
            beat_age_s=self._beat_age_s,
        )
        self.headroom.look()
        self._register()

    def start(self) -> None:
        """Start engines, then heartbeats and messages."""
        for slot in self.slots.values():
            slot.engine.start()
        self.served.start()
        threading.Thread(target=self._beat_loop, name="heartbeat", daemon=True).start()
        threading.Thread(target=self._look_loop, name="offering", daemon=True).start()
        self._receiver = Receiver(
            self.settings.broker_url,
            self.settings.name,
            node=self.name,
            threads=len(self.slots) + 1,
            prefetch=self.settings.prefetch,
            poll_ms=self.settings.poll_ms,
            handle=self.handle,
        )
        self._receiver.start()

    def stop(self) -> None:
        """Leave the farm: running attempts go back to the queue, engines end."""
        self._stopping.set()
        self.served.stop()
        self.nodes.leave(self.name, self.claims.incarnation)
        for slot in self.slots.values():
            slot.engine.stop()
        self.prefetch.close()
        self._receiver.stop(timeout_s=2.0)
        self.bell.ring()
        self.bell.close()
        self.database.close()

    def handle(self, task_id: str, number: int, fence: int) -> None:
        """Take one message: claim, run, report, and go on with whatever the ledger hands over."""
        if self._stopping.is_set():
            return
        claims = self.claims
        task = claims.claim(task_id, number, fence)
        while task is not None:
            slot = self.slots[task.slot]
            with slot.lock:
                task = self._run(claims, task, slot)
        self._ring()

    def _run(self, claims: Claims, task: Assignment, slot: Slot) -> Assignment | None:
        with about(task.correlation, job=task.job_id, task=task.task_id, attempt=task.number):
            return self._run_here(claims, task, slot)

    def _run_here(self, claims: Claims, task: Assignment, slot: Slot) -> Assignment | None:
        key = (task.task_id, task.number)
        scratch = self._scratch(*key)
        self._running[key] = slot
        outcome: EngineOutcome | None = None
        slot.at_work = task.model_key
        store = self._patient_store(claims, key)
        try:
            outcome = slot.engine.run(
                self._request(task, scratch, store),
                on_progress=lambda done, total, note: self._note(key, done, total, note),
                on_named=lambda kind, name: self._named(key, kind, name),
                documents=self._document,
            )
            holding = slot.after(task, outcome, self.slots.values())
            peaks = peaks_of(outcome)
            self._count(task, outcome)
            if outcome.error is not None:
                self._report_failure(claims, task, outcome, peaks)
                return None
            following = claims.finish(
                task, keep_outputs(store, outcome), peaks, puts_of(outcome),
                names=self._names.get(key, NAMELESS),
                go_on=self._goes_on(), holding=holding,
            )  # fmt: skip
            self._ring(eager=False)
            return following
        except LostClaim as error:
            self.metrics.refused.add()
            _log.warning("result refused: %s", error)
        except FarmError as error:
            self._fail(claims, task, error.error_class, error.record(), Peaks())
        finally:
            slot.at_work = None
            self._running.pop(key, None)
            self._progress.pop(key, None)
            self._names.pop(key, None)
            self._halted.discard(key)
            if outcome is None or outcome.outputs or scratch.exists():
                shutil.rmtree(scratch, ignore_errors=True)
        return None

    def _goes_on(self) -> bool:
        """Whether an engine may take its next task without the scheduler."""
        room = self.headroom
        return not (self._stopping.is_set() or room.full or room.over)

    def _patient_store(self, claims: Claims, key: tuple[str, int]) -> Store:
        def gives_up(seconds: float) -> bool:
            stopped = self._stopping.wait(seconds)
            return stopped or key in self._halted or claims is not self.claims

        def tell(what: str) -> None:
            self._progress[key] = (self._progress.get(key, (0.0, ""))[0], what)

        return patient(self.store, tell=tell, wait=gives_up)

    def _scratch(self, task_id: str, number: int) -> Path:
        return self.spool / "scratch" / f"{task_id}.{number}"

    def _request(self, task: Assignment, scratch: Path, store: Store) -> EngineRequest:
        return EngineRequest(
            task_id=task.task_id,
            number=task.number,
            stage_id=task.stage_id,
            version=task.version,
            params=task.params,
            inputs=fetch_inputs(store, task),
            seed=task.seed,
            scratch=scratch,
            log=log_path(self.spool, task.task_id, task.number),
            window=None if task.window is None else Window(**task.window),
            models={name: self._folder(name, digest) for name, digest in task.models.items()},
            soon=task.soon,
            reserved_mb=task.reserved_mb,
            ran_out=task.ran_out,
            threads=max(1, task.cores),
            timeout_s=task.timeout_s,
            stall_s=task.stall_s,
            correlation=task.correlation,
            log_format=self.settings.log_format,
        )

    def _folder(self, name: str, digest: str) -> Path:
        return promised(name, digest, self.registry.models, self.models)

    def _count(self, task: Assignment, outcome: EngineOutcome) -> None:
        ended = "succeeded"
        if outcome.error is not None:
            ended = (outcome.error_class or ErrorClass.BUG).value
        self.metrics.ended(task.stage_id, ended, outcome.peaks.wall_s)
        self.metrics.loaded(task.slot, outcome.loads_s, outcome.evicted)

    def _readings(self) -> list[EngineReading]:
        return [slot.reading() for slot in self.slots.values()]

    def _beat_age_s(self) -> float:
        return time.monotonic() - self._beat_at_s

    def _report_failure(
        self, claims: Claims, task: Assignment, outcome: EngineOutcome, peaks: Peaks
    ) -> None:
        error = dict(outcome.error or {})
        error["last_lines"] = list(outcome.last_lines)
        if outcome.signal is not None:
            error["signal"] = outcome.signal
        self._fail(claims, task, outcome.error_class or ErrorClass.BUG, error, peaks)

    def _fail(
        self,
        claims: Claims,
        task: Assignment,
        error_class: ErrorClass,
        error: Mapping[str, Any],
        peaks: Peaks,
    ) -> None:
        _log.warning("%s#%d: %s", task.task_id, task.number, error.get("message"))
        try:
            claims.fail(
                task,
                error_class,
                error,
                peaks,
                names=self._names.get((task.task_id, task.number), NAMELESS),
                max_failures=self.settings.max_attempts_per_job,
            )
        except LostClaim as lost:
            _log.warning("failure refused: %s", lost)

    def _note(self, key: tuple[str, int], done: float, total: float, note: str) -> None:
        self._progress[key] = (min(1.0, done / total) if total else 0.0, note)

    def _named(self, key: tuple[str, int], kind: str, name: str) -> None:
        self._names[key] = replace(self._names.get(key, NAMELESS), **{kind: name})

    def _document(self, plugin: str, collection: str, key: str | None) -> Any:
        if key is None:
            return self.documents.keys(plugin, collection)
        return self.documents.get(plugin, collection, key)

    def _ring(self, *, eager: bool = True) -> None:
        """Wake the scheduler; not for every task of a busy engine."""
        now = time.monotonic()
        if eager or now - self._rung_at >= _RING_EVERY_S:
            self._rung_at = now
            self.bell.ring()

    def _beat_loop(self) -> None:
        while not self._stopping.wait(self.settings.heartbeat_s):
            try:
                self._beat()
            except Exception:
                # The database may be away for a while. The lease lapses meanwhile; what still
                # runs is refused later, which the ledger's fences take care of.
                _log.exception("heartbeat")

    def _services(self) -> Sequence[Service]:
        return [*self.headroom.services, *self.offering.services]

    def _beat(self) -> None:
        claims = self.claims
        running = dict(self._running)
        self._gauges = machine.gauges(self.spool)
        answer = self.nodes.beat(
            self.name,
            claims.incarnation,
            list(running),
            engines=[slot.record() for slot in self.slots.values()],
            gauges={
                **self._gauges,
                "full": self.headroom.full,
                "services": [asdict(service) for service in self._services()],
            },
        )
        self._beat_at_s = time.monotonic()
        if not answer.alive and not self._stopping.is_set():
            self.metrics.fenced.add()
            _log.warning("this node was fenced; starting anew")
            for slot in self.slots.values():
                slot.engine.cancel("the node was fenced")
            self._register()
            return
        for order in answer.stop:
            self._halted.add((order.task_id, order.number))
            busy = running.get((order.task_id, order.number))
            if busy is not None:
                busy.engine.cancel(order.reason, task_id=order.task_id, number=order.number)
        for name in answer.restart:
            if name in self.slots:
                restart = self.slots[name].restart
                threading.Thread(target=restart, name=f"restart {name}", daemon=True).start()
        claims.note_progress(dict(self._progress), dict(self._names))
        if any(slot.at_work for slot in self.slots.values()):
            held = held_models(self.slots.values())
            self.prefetch.want([one.models for one in coming_models(self.database, held)])
        scratches = {key: self._scratch(*key) for key in running}
        if shown := self._preview_watch.look(scratches, time.monotonic()):
            self.previews.put(shown)

    def _register(self) -> None:
        incarnation = new_id(self.clock())
        self.claims = Claims(
            self.database,
            node=self.name,
            incarnation=incarnation,
            offers=self.offer.versions,
        )
        facts = machine.facts(self.spool, farm.__version__)
        if self.settings.ram_mb:
            facts["ram_mb"] = self.settings.ram_mb
        elif any(slot.gpus for slot in self.slots.values()):
            # What parked models may take is not there for tasks.
            facts["ram_mb"] = max(0, facts["ram_mb"] - parked_models_mb(self.settings))
        facts["plugins"] = dict(self.registry.versions)
        facts["gauges"] = {**self._gauges, "full": self.headroom.full}
        self.nodes.register(
            self.name,
            incarnation,
            offers=self.offer.stages,
            complaints=self.offer.complaints,
            engines=[slot.record() for slot in self.slots.values()],
            facts=facts,
            tags=self.offer.tags,
        )

    def _look_loop(self) -> None:
        """Notice models and services that come or go. Not in the heartbeat: a changed file is read
        whole, and a service may take seconds to answer."""
        while not self._stopping.wait(_LOOK_EVERY_S):
            try:
                self.headroom.look()
                now = self.offering.look()
                if now != self.offer:
                    claims = self.claims
                    write_offers(
                        self.database, self.name, claims.incarnation,
                        offers=now.stages, complaints=now.complaints, tags=now.tags,
                    )  # fmt: skip
                    self.offer, claims.offers = now, now.versions
                    self._ring()
            except Exception:
                # The database or the disk may be away for a while; the next look is soon.
                _log.exception("looking over what can be offered")
