"""The engines of a node: one for each GPU and each CPU slot, and what each runs now.

Invariant: a slot has one engine process and runs one task at a time; restarting it never takes the
node with it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from farm import machine
from farm.config import Settings
from farm.domain.errors import FarmError
from farm.engine.process import EngineProcess
from farm.engine.protocol import EngineOutcome
from farm.ledger.records import Assignment, Holding
from farm.metrics.node_metrics import EngineReading

_log = logging.getLogger(__name__)
_CANCEL_AGAIN_S = 0.5


class Slot:
    """One engine of this node and what it runs now."""

    def __init__(self, name: str, device: str, gpus: int, vram_mb: int, engine: EngineProcess):
        self.name = name
        self.device = device
        self.gpus = gpus
        self.vram_mb = vram_mb
        self.engine = engine
        self.lock = threading.Lock()
        self.resident: Mapping[str, int] = {}
        self.at_work: str | None = None
        """Key of the model that its task works with."""
        self._restarting = threading.Lock()

    def restart(self) -> None:
        """End the engine and start it again; what runs goes back to the queue. Blocks."""
        if not self._restarting.acquire(blocking=False):
            return
        try:
            # Asked again until the turn is ours: another task may have begun meanwhile.
            self.engine.cancel("its engine is being restarted")
            while not self.lock.acquire(timeout=_CANCEL_AGAIN_S):
                self.engine.cancel("its engine is being restarted")
            try:
                self.engine.stop()
                self.resident = {}
                self.engine.start()
            finally:
                self.lock.release()
        except FarmError as error:
            # The next task tries again, and says so if it still cannot start.
            _log.warning("engine %s: %s", self.name, error)
        finally:
            self._restarting.release()

    def after(
        self, task: Assignment, outcome: EngineOutcome, slots: Iterable[Slot]
    ) -> Holding | None:
        """What the engine holds after a task; ``None`` if it has not had to do with models.

        slots : every engine of the node.
        """
        changed = set(outcome.resident) != set(self.resident)
        self.resident = outcome.resident
        if not changed and not outcome.resident:
            return None
        return Holding(
            warm=frozenset(outcome.resident),
            load_s=sum(outcome.loads_s),
            size_mb=outcome.resident.get(task.model_key or "", 0),
            engines=[slot.record() for slot in slots] if changed else None,
        )

    def reading(self) -> EngineReading:
        """As the metrics show it."""
        engine = self.engine
        return EngineReading(
            self.name, engine.pid, self.lock.locked(), engine.starts, engine.held_mb
        )

    def record(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        return {
            "slot": self.name,
            "device": self.device,
            "gpus": self.gpus,
            "vram_mb": self.vram_mb,
            "resident": sorted(self.resident),
            "resident_mb": dict(self.resident),
            "models_mb": self.engine.models_mb,
            "pid": self.engine.pid,
        }


def held_models(slots: Iterable[Slot]) -> set[str]:
    """Keys of the models that engines hold or are about to load."""
    return {key for slot in slots for key in (*slot.resident, slot.at_work) if key is not None}


def make_slots(settings: Settings) -> list[Slot]:
    """A slot for each CPU engine that is asked for, and for each GPU this node may use."""

    gpus = [g for g in machine.gpus() if settings.gpus is None or g["index"] in settings.gpus]
    parked_mb = parked_models_mb(settings) if gpus else 0

    def engine(slot: str, device: str) -> EngineProcess:
        return EngineProcess(
            slot,
            device,
            plugin_folder=settings.under_root(settings.plugin_folder),
            manifests_folder=settings.under_root(settings.models_manifests_dir),
            told=settings.plugins,
            threads=1,
            kill_after_s=settings.kill_after_s,
            recycle_mb=settings.recycle_mb,
            parked_mb=parked_mb // max(1, len(gpus)),
        )

    slots = [
        Slot(f"cpu{i}", "cpu", 0, 0, engine(f"cpu{i}", "cpu")) for i in range(settings.cpu_slots)
    ]
    for gpu in gpus:
        name, device = f"gpu{gpu['index']}", f"cuda:{gpu['index']}"
        slots.append(Slot(name, device, 1, gpu["vram_mb"], engine(name, device)))
    return slots


def parked_models_mb(settings: Settings) -> int:
    """Memory that the GPU engines of this machine may keep parked models in, all together."""
    if settings.parked_models_mb is not None:
        return settings.parked_models_mb
    return (settings.ram_mb or machine.ram_mb()) // 4
