"""What a task uses, measured inside the engine.

Invariant: measuring costs a short task next to nothing: the exact peak of memory is read, and reset,
only around tasks that run for longer than a moment.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Any

from farm.domain.wording import MB
from farm.engine.vram import VramProbe

_MOMENT_S = 0.05
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Meter:
    """Clocks and memory of this process."""

    def __init__(self) -> None:
        self._statm = os.open("/proc/self/statm", os.O_RDONLY)
        self._cpu_s = 0.0
        self._wall_s = 0.0
        self._began_s = 0.0

    def start(self) -> None:
        """A task begins."""
        self._began_s = time.time()
        self._wall_s = time.monotonic()
        self._cpu_s = _cpu_s()

    def stop(self) -> dict[str, float]:
        """The task ended; returns its peaks as JSON (see ``protocol.Peaks``)."""
        wall_s = time.monotonic() - self._wall_s
        ram_mb, vram_mb = self.rss_mb(), 0
        if wall_s >= _MOMENT_S:
            ram_mb = max(ram_mb, peak_mb(os.getpid()))
            vram_mb = _torch_peak_mb()
            with contextlib.suppress(OSError):  # without the right to, the old peak stays
                Path("/proc/self/clear_refs").write_text("5")
        return {
            "ram_mb": ram_mb,
            "vram_mb": vram_mb,
            "cpu_s": _cpu_s() - self._cpu_s,
            "wall_s": wall_s,
            "run_started_s": self._began_s,
        }

    def rss_mb(self) -> int:
        """Resident memory now."""
        return int(os.pread(self._statm, 256, 0).split()[1]) * _PAGE // MB


def device_used_mb(device: str, meter: Meter) -> int:
    """Memory that models take on the engine's device now."""
    torch = sys.modules.get("torch")
    if device == "cpu" or torch is None or not torch.cuda.is_available():
        return meter.rss_mb()
    return int(torch.cuda.memory_allocated(device)) // MB


def device_free_mb(device: str, probe: VramProbe) -> int | None:
    """Memory that this process may still take on its GPU: free there, or kept by torch in reserve.

    ``None`` when neither torch nor the driver can tell.
    """
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return probe.free_mb()
    free, _ = torch.cuda.mem_get_info(device)
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return int(free + kept) // MB


def hand_back(device: str) -> None:
    """Give memory that the libraries hold in reserve back to the device."""
    torch = sys.modules.get("torch")
    if device != "cpu" and torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def peak_mb(pid: int) -> int:
    """Largest resident memory of a process since its last reset; 0 when it cannot be read."""
    return _mb(_memory(pid), "VmHWM")


def tree_peak_mb(pid: int) -> int:
    """Largest resident memory of a process since its last reset, with that of its children now.

    Costs the reading of a few files without children. A child that is not yet a program of its own
    works in its parent's memory, which counts once; what forked processes share counts for each.
    """
    memory = _memory(pid)
    return max(_mb(memory, "VmHWM"), _mb(memory, "VmRSS") + _below_mb(pid))


def _below_mb(pid: int) -> int:
    """The peaks of all processes below one, together."""
    total_mb = 0
    for child in children(pid):
        before, memory, after = _memory(pid), _memory(child), _memory(pid)
        if memory not in (before, after):
            total_mb += _mb(memory, "VmHWM")
        total_mb += _below_mb(child)
    return total_mb


def children(pid: int) -> list[int]:
    """Processes that a process started; empty when it is gone."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            # A child belongs to the thread that started it.
            found += map(int, (thread / "children").read_text(encoding="ascii").split())
    return found


def _memory(pid: int) -> str:
    """The kernel's account of a process's memory; empty when it cannot be read."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return status.partition("VmPeak:")[2].partition("Threads:")[0]


def _mb(memory: str, field: str) -> int:
    told = memory.partition(f"{field}:")[2].split(maxsplit=1)
    return int(told[0]) * 1024 // MB if told else 0


def _cpu_s() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _torch_peak_mb() -> int:
    torch: Any = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_initialized():
        return 0
    peak = int(torch.cuda.max_memory_reserved()) // MB
    torch.cuda.reset_peak_memory_stats()
    return peak
