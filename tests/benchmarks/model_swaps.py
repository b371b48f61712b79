"""Models on real engines: loads of a mixed queue, a warm start, idle time between tasks, reading ahead.

What runs on the engines is a clock (``device_work``), so that the farm is measured and not the
machine; the files that are read ahead are real.
"""

from __future__ import annotations

import json
import os
import statistics
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from sqlalchemy import select

from farm.domain.states import TaskState
from farm.ledger.schema import attempts, tasks
from farm.models.prefetch import Prefetch
from farm.sim.mix import drawn
from farm.sim.optimum import bound
from farm.sim.replay import first_come
from tests.benchmarks import device_work
from tests.benchmarks.live_farm import (
    SLOTS,
    LiveFarm,
    live_farm,
    noop_stage,
    temporary_folder,
    wait_for,
)

TARGETS = [
    ("loads of a mixed queue, against the fewest", "models.swaps.against_fewest", "<=", 1.3),
    ("the same, against first come", "models.swaps.against_first_come", "<=", 0.4),
    ("warm start, % of a cold load", "models.warm.percent", "<", 2.0),
    ("overhead on a job, %", "models.busy.overhead_percent", "<=", 3.0),
    ("device idle between tasks, %", "models.busy.idle_percent", "<", 2.0),
]
_SOURCE = Path(device_work.__file__).read_text(encoding="utf-8")
_FILE_MB = 300


def measure() -> dict[str, Any]:
    """Each in a farm of its own, so that none inherits another's warm models."""
    found: dict[str, Any] = {}
    for name, part in (("swaps", swaps), ("warm", warm), ("busy", busy)):
        with (
            temporary_folder() as folder,
            live_farm(Path(folder), plugins={"device_work": _SOURCE}) as farm,
        ):
            found[name] = part(farm)
    found["read_ahead"] = read_ahead()
    return found


def swaps(farm: LiveFarm) -> dict[str, Any]:
    """Sixty tasks over six models, on two engines with room for two each."""
    mix = drawn(1, tasks=60, models=6, engines=SLOTS, room=2)
    wanted = [task.model for task in mix.tasks]
    # Two of these fill the 4096 MB that an engine on a CPU has for models.
    found = _work(farm, wanted, size_mb=2000, load_s=2.0, steps=4, step_s=0.15)
    loads, theirs = sum(task["loads"] for task in found), first_come(mix).loads
    return {
        "loads": loads,
        "fewest": bound(wanted),
        "first_come": theirs,
        "against_fewest": round(loads / bound(wanted), 2),
        "against_first_come": round(loads / theirs, 2),
    }


def warm(farm: LiveFarm) -> dict[str, Any]:
    """From the first line of the stage to its first step: a cold load, then the same model again."""
    cold = _work(farm, ["m"], load_s=5.0, steps=1)[0]
    again = [_work(farm, ["m"], load_s=5.0, steps=1, first=10 + n)[0] for n in range(5)]
    assert [task["loads"] for task in (cold, *again)] == [1, 0, 0, 0, 0, 0]
    load_s = cold["ready_s"] - cold["began_s"]
    # From the farm's side it begins when the attempt does, not when the plugin is reached.
    warm_s = statistics.median(task["ready_s"] - _started_s(farm, task["task"]) for task in again)
    return {
        "cold_load_s": round(load_s, 3),
        "warm_start_s": round(warm_s, 4),
        "percent": round(100 * warm_s / load_s, 2),
    }


def busy(farm: LiveFarm) -> dict[str, Any]:
    """Sixteen jobs of one model on two engines, against the same steps in a plain loop."""
    count, shape = 8, {"steps": 10, "step_s": 0.15}
    _work(farm, ["m"] * 2 * SLOTS, load_s=0.5, steps=1)
    found = _work(farm, ["m"] * count * SLOTS, load_s=0.5, first=100, **shape)
    began_s = time.perf_counter()
    for _ in range(count):
        device_work.steps(10, 0.15, lambda done: None)
    plain_s = time.perf_counter() - began_s
    shares, idle_s, walls = [], [], []
    for engine in {task["engine"] for task in found}:
        mine = sorted((t for t in found if t["engine"] == engine), key=lambda t: t["ready_s"])
        gaps = [after["ready_s"] - before["ended_s"] for before, after in pairwise(mine)]
        whole_s = mine[-1]["ended_s"] - mine[0]["ready_s"]
        shares.append(sum(gaps) / whole_s)
        idle_s.append(statistics.median(gaps))
        walls.append(whole_s / len(mine))
    overhead = statistics.mean(walls) / (plain_s / count) - 1
    return {
        "tasks": len(found),
        "gap_ms": round(1000 * statistics.median(idle_s), 1),
        "idle_percent": round(100 * statistics.mean(shares), 2),
        "overhead_percent": round(100 * overhead, 2),
    }


def read_ahead() -> dict[str, float]:
    """Seconds to read a file of 300 MB that was not in memory, and one that was read ahead."""
    with tempfile.TemporaryDirectory(prefix="farm-bench-", dir=Path.cwd()) as folder:
        path = Path(folder) / "model.safetensors"
        path.write_bytes(os.urandom(1 << 20) * _FILE_MB)
        _forget(path)
        cold_s = _read_s(path)
        _forget(path)
        prefetch = Prefetch(lambda name, digest: Path(folder))
        prefetch.want([{"model": "digest"}])
        assert prefetch.wait(60)
        prefetch.close()
        ahead_s = _read_s(path)
    return {"cold_s": round(cold_s, 3), "read_ahead_s": round(ahead_s, 3)}


def _work(
    farm: LiveFarm, models: list[str], *, first: int = 0, **shape: Any
) -> list[dict[str, Any]]:
    """Run one job for each of ``models``, all waiting from the start; what the stage told."""
    tells = farm.settings.spool_dir / f"{first}.jsonl"
    farm.nodes.pause_farm("", actor="benchmark")
    ids = [
        farm.accept(
            noop_stage(
                "work",
                number,
                capability="bench.device",
                params={"model": model, "tells": str(tells), **shape},
                model_key=model,
                cacheable=False,
            ),
            number=number,
        )
        for number, model in enumerate(models, first)
    ]
    farm.nodes.resume_farm(actor="benchmark")
    farm.bell.ring()

    def done() -> bool:
        with farm.database.read() as connection:
            states = connection.execute(select(tasks.c.state).where(tasks.c.job_id.in_(ids)))
            return all(state is TaskState.DONE for state in states.scalars())

    wait_for(done, 120)
    return [json.loads(line) for line in tells.read_text(encoding="ascii").splitlines()]


def _started_s(farm: LiveFarm, task_id: str) -> float:
    with farm.database.read() as connection:
        return float(
            connection.execute(
                select(attempts.c.started_at).where(attempts.c.task_id == task_id)
            ).scalar_one()
        )


def _forget(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _read_s(path: Path) -> float:
    began_s = time.perf_counter()
    with path.open("rb", buffering=0) as file:
        while file.read(1 << 22):
            pass
    return time.perf_counter() - began_s
