"""What a node counts about itself: tasks, engines, models, memory.

Invariant: counting never touches the ledger and never waits for an engine; readings are taken when
the page is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from farm.domain.wording import MB
from farm.metrics.series import Book
from farm.stages import Service


@dataclass(frozen=True, slots=True)
class EngineReading:
    """One engine now. ``starts``: since the node began; ``resident_mb``: of its warm models."""

    slot: str
    pid: int | None
    busy: bool
    starts: int
    resident_mb: int


class NodeMetrics:
    """Declares a node's metrics. The readers are called when a page is made.

    engines : the engines now. gauges : ``machine.gauges``. gpus : ``machine.gpus``.
    beat_age_s : seconds since the ledger last answered a heartbeat. services : as last seen.
    """

    def __init__(
        self,
        book: Book,
        *,
        engines: Callable[[], Sequence[EngineReading]],
        gauges: Callable[[], dict[str, Any]],
        gpus: Callable[[], list[dict[str, Any]]],
        beat_age_s: Callable[[], float],
        services: Callable[[], Sequence[Service]] = tuple,
    ) -> None:
        self.book = book
        self._engines, self._gauges, self._gpus = engines, gauges, gpus
        self._beat_age_s, self._services = beat_age_s, services
        counter, gauge, histogram = book.counter, book.gauge, book.histogram
        self.tasks = counter("farm_node_tasks_total", "Attempts ended here.", "stage", "outcome")
        self.task_s = histogram("farm_node_task_duration_seconds", "Engine time of attempts.")
        self.refused = counter(
            "farm_node_results_refused_total", "Results refused because the attempt was fenced."
        )
        self.fenced = counter("farm_node_fenced_total", "Times this node was declared lost.")
        self.model_loads = counter("farm_node_model_loads_total", "Models loaded.", "slot")
        self.model_s = histogram("farm_node_model_load_seconds", "Time to load a model.")
        self.model_swaps = counter(
            "farm_node_model_swaps_total", "Models that had to make room for another.", "slot"
        )
        self.restarts = counter("farm_node_engine_restarts_total", "Engines started again.", "slot")
        self.up = gauge("farm_node_engine_up", "1 while the engine's process is there.", "slot")
        self.busy = gauge("farm_node_engine_busy", "1 while the engine runs a task.", "slot")
        self.engine_ram = gauge(
            "farm_node_engine_memory_bytes", "Resident memory of the engine.", "slot"
        )
        self.resident = gauge("farm_node_models_resident_bytes", "Warm models.", "slot")
        self.ram_used = gauge("farm_node_memory_used_bytes", "Memory in use on the machine.")
        self.ram_total = gauge("farm_node_memory_total_bytes", "Memory of the machine.")
        self.vram_used = gauge("farm_node_vram_used_bytes", "GPU memory in use.", "gpu")
        self.vram_total = gauge("farm_node_vram_total_bytes", "GPU memory.", "gpu")
        self.cpu = gauge("farm_node_cpu_ratio", "Busy share of all processors, 0 to 1.")
        self.disk_free = gauge("farm_node_disk_free_bytes", "Free disk under the spool.")
        self.beat_age = gauge(
            "farm_node_heartbeat_age_seconds", "Since the ledger last answered a heartbeat."
        )
        self.service_up = gauge(
            "farm_node_service_up", "1 while a service works that stages use from here.", "service"
        )
        self.service_numbers = gauge(
            "farm_node_service", "What a service counts.", "service", "what"
        )

    def page(self) -> bytes:
        """The text that Prometheus reads, with readings of this moment."""
        engines = self._engines()
        self.up.replace({engine.slot: float(engine.pid is not None) for engine in engines})
        self.busy.replace({engine.slot: float(engine.busy) for engine in engines})
        for engine in engines:
            self.restarts.reach(engine.slot, total=max(0, engine.starts - 1))
        self.resident.replace({e.slot: float(e.resident_mb * MB) for e in engines})
        self.engine_ram.replace({e.slot: float(_rss_bytes(e.pid)) for e in engines})
        gauges = self._gauges()
        memory = psutil.virtual_memory()
        self.ram_used.set(memory.total - memory.available)
        self.ram_total.set(memory.total)
        self.cpu.set(float(gauges["cpu_percent"]) / 100)
        self.disk_free.set(float(gauges["disk_free_mb"]) * MB)
        gpus = self._gpus()
        self.vram_used.replace({str(g["index"]): float(g["vram_used_mb"] * MB) for g in gpus})
        self.vram_total.replace({str(g["index"]): float(g["vram_mb"] * MB) for g in gpus})
        self.beat_age.set(self._beat_age_s())
        services = self._services()
        self.service_up.replace({s.name: float(s.state != "fail") for s in services})
        self.service_numbers.replace(
            {(s.name, what): float(n) for s in services for what, n in s.numbers.items()}
        )
        return self.book.page()

    def ended(self, stage_id: str, outcome: str, wall_s: float) -> None:
        """An attempt ended; ``outcome``: ``succeeded`` or its error class."""
        self.tasks.add(stage_id, outcome)
        self.task_s.observe(seconds=wall_s)

    def loaded(self, slot: str, loads_s: Sequence[float], evicted: int) -> None:
        """Models that an engine loaded (seconds each) and evicted during a task."""
        for seconds in loads_s:
            self.model_loads.add(slot)
            self.model_s.observe(seconds=seconds)
        if evicted:
            self.model_swaps.add(slot, by=evicted)


def _rss_bytes(pid: int | None) -> int:
    if pid is None:
        return 0
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0  # It ended this moment.
