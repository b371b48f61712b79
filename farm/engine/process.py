"""A node's handle on one engine slot: run a task, cancel it, and outlive whatever it does.

Invariant: ``run`` always comes back with an outcome: within ``kill_after_s`` of a cancel or a passed
limit, and at once when the engine dies. The next ``run`` finds a working engine.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from farm.domain.errors import EngineCrash, FarmError, TransientError
from farm.engine import outcomes
from farm.engine.protocol import EngineOutcome, EngineRequest, Message
from farm.engine.spawn import EngineChild, EngineGone
from farm.engine.vram import VramProbe
from farm.engine.watch import Watch

START_LIMIT_S = 120.0

OnProgress = Callable[[float, float, str], None]
OnNamed = Callable[[str, str], None]
"""``("counts_as" or "known_as", name)``; see :class:`farm.stages.Task`."""
ReadDocuments = Callable[[str, str, str | None], Any]
"""``(plugin, collection, key)`` to the document, or to all keys when ``key`` is ``None``."""


class _NeverBegan(Exception):
    """The engine ended before it began with the task."""


@dataclass(frozen=True, slots=True)
class _Hears:
    """Whom to tell what a task says while it runs."""

    progress: OnProgress | None
    named: OnNamed | None
    documents: ReadDocuments | None


class EngineProcess:
    """One slot of a node.

    device : ``cpu`` or ``cuda:0``. threads : what the engine's libraries may use.
    kill_after_s : from asking a task to stop to killing the engine.
    recycle_mb : a CPU engine that grew by this much, its models not counted, is replaced.
    models_mb : room for warm models; default: nine tenths of a GPU's memory, else ``recycle_mb``.
    parked_mb : memory for models that were moved off a GPU; a CPU engine has no use for it.
    environ : variables added to the engine's environment. told : settings of plugins, by plugin.
    plugin_folder, manifests_folder : loose plugins, and manifests of the operator's own models.
    """

    def __init__(
        self,
        slot: str,
        device: str = "cpu",
        *,
        plugin_folder: Path,
        manifests_folder: Path | None = None,
        threads: int = 1,
        kill_after_s: float = 1.0,
        recycle_mb: int = 4096,
        models_mb: int | None = None,
        parked_mb: int = 0,
        environ: Mapping[str, str] | None = None,
        told: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.slot = slot
        self.device = device
        self.resident: Mapping[str, int] = {}
        self.held_mb = 0
        self.starts = 0
        self._vram = VramProbe(device)
        self._plugin_folder = plugin_folder
        self._manifests_folder = manifests_folder
        self._threads = threads
        self._kill_after_s = kill_after_s
        self._recycle_mb = recycle_mb
        self._models_mb = models_mb or self._vram.total_mb * 9 // 10 or recycle_mb
        self._parked_mb = 0 if device == "cpu" else parked_mb
        self._environ = dict(environ or {})
        self._told = dict(told or {})
        self._child: EngineChild | None = None
        self._fresh_mb = 0
        self._turn = threading.Lock()  # held while a task runs, and to start or stop the engine
        self._asking = threading.Lock()
        self._running: tuple[str, int] | None = None
        self._asked: str | None = None
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    @property
    def models_mb(self) -> int:
        """Room for warm models on its device, in MB."""
        return self._models_mb

    @property
    def pid(self) -> int | None:
        """Process id of the engine; ``None`` while there is none."""
        child = self._child
        return child.pid if child else None

    def start(self) -> None:
        """Start the engine and wait until it is ready.

        Raises
        ------
        PluginError, EngineCrash : it cannot start; says why.
        """
        with self._turn:
            self._started()

    def stop(self) -> None:
        """End the engine; a task that runs is cancelled first. A later ``run`` starts it again."""
        self.cancel("the engine is being stopped")
        with self._turn:
            self._discard(grace_s=self._kill_after_s)

    def cancel(self, reason: str, *, task_id: str | None = None, number: int | None = None) -> bool:
        """Ask the running task to stop; from any thread. Returns whether one was running.

        task_id, number : cancel this attempt only, and nothing if another one runs by now.
        """
        with self._asking:
            running = self._running
            if running is None or (task_id or running[0], number or running[1]) != running:
                return False
            self._asked = reason
        os.eventfd_write(self._bell, 1)
        return True

    def run(
        self,
        request: EngineRequest,
        *,
        on_progress: OnProgress | None = None,
        on_named: OnNamed | None = None,
        documents: ReadDocuments | None = None,
    ) -> EngineOutcome:
        """Run one attempt to its end, whatever end that is. Blocks.

        on_progress : called with (done, total, note) in this thread; what it raises kills the
            task and is passed on. on_named : the same, with what the attempt calls itself.

        Raises
        ------
        TransientError : there was no engine, and a new one could not be started.
        """
        with self._turn:
            with self._asking:
                self._running, self._asked = (request.task_id, request.number), None
            try:
                hears = _Hears(on_progress, on_named, documents)
                try:
                    return self._run(request, hears)
                except _NeverBegan:
                    # It died while it was idle, or is only now found to have: not this task's doing.
                    return self._run(request, hears, last_try=True)
            except BaseException:
                self._discard()
                raise
            finally:
                with self._asking:
                    self._running = None

    # --- one run --------------------------------------------------------------------------------

    def _run(
        self, request: EngineRequest, hears: _Hears, *, last_try: bool = False
    ) -> EngineOutcome:
        child = self._started_for_task()
        watch = Watch(request, self._kill_after_s)
        try:
            child.tell({"type": "run", "request": request.record()})
            while True:
                message = child.receive(watch.next_at)
                if message is not None:
                    if message["type"] == "result":
                        self._keep_or_recycle(message)
                        return outcomes.told(request, watch, message, self.resident, self.held_mb)
                    watch.alive()
                    _answer(child, message, hears)
                if message is None or watch.due:
                    self._attend(child, watch)
        except EngineGone as gone:
            self._discard()
            # The first thing an engine does for a task is to open its log.
            if not (last_try or watch.stop or request.log.exists()):
                raise _NeverBegan from None
            return outcomes.ended(request, watch, gone.status)

    def _attend(self, child: EngineChild, watch: Watch) -> None:
        """See what the clocks and :meth:`cancel` say."""
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._bell)
        watch.sample(child.pid, self._vram)
        if watch.must_stop(self._asked):
            assert watch.stop is not None
            child.tell({"type": "cancel", "reason": watch.stop.what})
        if watch.must_die():
            raise EngineGone(child.end())

    def _keep_or_recycle(self, result: Message) -> None:
        self.resident, self.held_mb = result["resident"], result["held_mb"]
        grown_mb = result["rss_mb"] - self._fresh_mb - self.held_mb
        if result["spent"] or (self.device == "cpu" and grown_mb > self._recycle_mb):
            self._discard()

    # --- the process ----------------------------------------------------------------------------

    def _started(self) -> EngineChild:
        """The engine, started if there is none. The caller holds the turn."""
        if self._child is not None:
            return self._child
        child = EngineChild(
            self.device,
            models_mb=self._models_mb,
            parked_mb=self._parked_mb,
            plugin_folder=self._plugin_folder,
            manifests_folder=self._manifests_folder,
            threads=self._threads,
            environ=self._environ,
            told=self._told,
        )
        try:
            ready = child.receive(time.monotonic() + START_LIMIT_S)
        except EngineGone as gone:
            raise self._no_start(f"it ended with status {gone.status}", child) from None
        except BaseException:
            child.end()
            raise
        if ready is None or "error" in ready:
            child.end()
            if ready is None:
                raise self._no_start(f"it was not ready after {START_LIMIT_S:.0f} s", child)
            raise outcomes.plugin_fault(ready["error"])
        child.watch(self._bell)
        self._child, self._fresh_mb = child, ready["rss_mb"]
        self.starts += 1
        return child

    def _started_for_task(self) -> EngineChild:
        try:
            return self._started()
        except FarmError as error:
            raise TransientError(
                f"the engine did not start: {error.what}",
                where=f"engine {self.slot}",
                got=error.got,
                mend=error.mend,
                code="engine.not-started",
            ) from error

    def _no_start(self, how: str, child: EngineChild) -> EngineCrash:
        return EngineCrash(
            "the engine did not become ready",
            where=f"engine {self.slot} on {self.device}",
            got="; ".join([how, *child.own_words()[-5:]]),
            mend="`farm doctor` loads every plugin and says which one is at fault.",
            code="engine.no-start",
        )

    def _discard(self, grace_s: float = 0.0) -> None:
        """End the engine; the next run starts another. The caller holds the turn."""
        child, self._child = self._child, None
        self.resident, self.held_mb = {}, 0
        if child is not None:
            child.end(grace_s)


def _answer(child: EngineChild, message: Message, hears: _Hears) -> None:
    if message["type"] == "document":
        child.tell(_document(message, hears.documents))
    elif message["type"] == "named":
        if hears.named is not None:
            hears.named(message["kind"], message["name"])
    elif hears.progress is not None:
        hears.progress(message["done"], message["total"], message["note"])


def _document(message: Message, documents: ReadDocuments | None) -> Message:
    key = message["key"] if message["read"] == "get" else None
    if documents is None:
        return {"type": "document", "value": None if key is not None else []}
    try:
        value = documents(message["plugin"], message["collection"], key)
    except Exception as error:
        # The ledger's trouble is the task's to bear, not the node's: the task may be tried again.
        return {"type": "document", "error": f"{type(error).__name__}: {error}"}
    return {"type": "document", "value": value}
