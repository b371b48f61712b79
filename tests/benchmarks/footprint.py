"""What an idle farm takes: memory by part (PSS), the daemon's resident size and processor time."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import psutil

from tests.benchmarks.live_farm import LiveFarm

IDLE_S = 10.0


def measure(farm: LiveFarm) -> dict[str, Any]:
    """MB, and percent of one core over ten idle seconds."""
    members = farm.members()
    processes = {name: list(found) for name, found in members.items()}
    before = {name: _cpu_s(found) for name, found in processes.items()}
    began = time.monotonic()
    time.sleep(IDLE_S)
    idle_s = time.monotonic() - began
    cpu = {n: round(100 * (_cpu_s(p) - before[n]) / idle_s, 2) for n, p in processes.items()}
    pss = {name: round(sum(map(_pss_mb, found)), 1) for name, found in processes.items()}
    return {
        "pss_mb": {**pss, "total": round(sum(pss.values()), 1)},
        "daemon_rss_mb": round(processes["daemon"][0].memory_info().rss / 1e6, 1),
        "idle_cpu_percent": cpu,
        "engines": len(processes["engines"]),
    }


def _cpu_s(processes: list[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _pss_mb(process: psutil.Process) -> float:
    text = Path(f"/proc/{process.pid}/smaps_rollup").read_text(encoding="ascii")
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024 / 1e6
