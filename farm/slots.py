"""The engines of a node: one for each GPU and each CPU slot, and what each runs now.

Invariant: a slot has one engine process and runs one task at a time; restarting it never takes the
node with it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from farm import machine
from farm.config import Settings
from farm.domain.errors import FarmError
from farm.engine.process import EngineProcess
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

    def reading(self) -> EngineReading:
        """As the metrics show it."""
        engine = self.engine
        return EngineReading(
            self.name, engine.pid, self.lock.locked(), engine.starts, sum(self.resident.values())
        )

    def record(self) -> dict[str, Any]:
        """As the ledger keeps it."""
        return {
            "slot": self.name,
            "device": self.device,
            "gpus": self.gpus,
            "vram_mb": self.vram_mb,
            "resident": sorted(self.resident),
            "pid": self.engine.pid,
        }


def make_slots(settings: Settings) -> list[Slot]:
    """A slot for each CPU engine that is asked for, and for each GPU this node may use."""

    def engine(slot: str, device: str) -> EngineProcess:
        return EngineProcess(
            slot,
            device,
            plugin_folder=settings.under_root(settings.plugin_folder),
            threads=1,
            kill_after_s=settings.kill_after_s,
            recycle_mb=settings.recycle_mb,
        )

    slots = [
        Slot(f"cpu{i}", "cpu", 0, 0, engine(f"cpu{i}", "cpu")) for i in range(settings.cpu_slots)
    ]
    for gpu in machine.gpus():
        index = gpu["index"]
        if settings.gpus is None or index in settings.gpus:
            name, device = f"gpu{index}", f"cuda:{index}"
            slots.append(Slot(name, device, 1, gpu["vram_mb"], engine(name, device)))
    return slots
