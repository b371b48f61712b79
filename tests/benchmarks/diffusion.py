"""A diffusion job on a warm engine, against the same pipeline in a plain script.

Both use one thread of the processor and take turns, each first in every other turn. What counts is
processor time: of the script, and of all processes of the farm from the submission to the published
picture, beyond what daemon and node use while there is nothing to do. So other work on the machine
delays both and favours none. The median of many short turns is told, with the quarters above and
below it. The weights are random: what is measured is what surrounds them.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import select

from farm.attempt_logs import log_path
from farm.domain.states import JobState
from farm.ledger.schema import attempts, jobs
from farm.models.declare import Facts, declare
from tests.benchmarks import plain_diffusion
from tests.benchmarks.live_farm import LiveFarm, live_farm, temporary_folder, wait_for

STEPS, SIZE = 10, 192
TURNS, FEWEST, TURNS_S = 16, 6, 55.0
"""Turns that are taken; fewer, where they take longer than this many seconds."""
IDLE_S = 6.0
TARGETS = [
    ("diffusion job, overhead on a plain script, %", "diffusion.overhead_percent", "<=", 3.0),
    ("second job: load, % of the first one's", "diffusion.warm_percent", "<", 2.0),
]
_PLAIN = Path(plain_diffusion.__file__)
_MODEL = "bench-sd"
_PARTS = (
    "start_s", "engine_s", "read_s", "load_s", "call_s", "write_s", "publish_s",
    "daemon_cpu_s", "node_cpu_s", "engines_cpu_s",
)  # fmt: skip


def measure() -> dict[str, Any]:
    """One engine; a job, then a picture of the plain script, by turns."""
    with temporary_folder() as place:
        shared, root = Path(place) / "shared", Path(place) / "farm"
        subprocess.run([sys.executable, str(_PLAIN), "build", str(shared / _MODEL)], check=True)
        manifests = root / "manifests" / "models"
        manifests.mkdir(parents=True)
        facts = Facts(_MODEL, "sd", "CC0-1.0", provides=["image.generate"])
        declare(shared / _MODEL, facts, manifests, lambda *_: None)
        environ = {"FARM_CPU_SLOTS": "1", "FARM_MODELS_SHARED_DIRS": json.dumps([str(shared)])}
        with live_farm(root, environ=environ) as farm:
            return _by_turns(farm, shared / _MODEL, Path(place) / "plain.png")


def _by_turns(farm: LiveFarm, model: Path, out: Path) -> dict[str, Any]:
    command = [sys.executable, str(_PLAIN), "serve", str(model), str(out), str(STEPS), str(SIZE)]
    plain = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert plain.stdin is not None
    assert plain.stdout is not None
    try:
        plain.stdout.readline()
        first = _job(farm, 1, {})
        idle = _idle(farm)
        ours, theirs = [], []

        def by_script(turn: int) -> None:
            plain.stdin.write(f"{turn}\n")  # type: ignore[union-attr]
            plain.stdin.flush()  # type: ignore[union-attr]
            wall_s, cpu_s = map(float, plain.stdout.readline().split())  # type: ignore[union-attr]
            theirs.append({"job_s": wall_s, "cpu_s": cpu_s})

        def by_farm(turn: int) -> None:
            ours.append(_job(farm, 100 + turn, idle))

        until_s = time.monotonic() + TURNS_S
        for turn in range(TURNS + 1):
            if turn > FEWEST and time.monotonic() > until_s:
                break
            for act in (by_farm, by_script) if turn % 2 else (by_script, by_farm):
                act(turn)
    finally:
        plain.stdin.close()
        plain.wait(timeout=60)
    # The first turn of each pays for warming up.
    pairs = list(zip(ours[1:], theirs[1:], strict=True))
    more = {
        name: [100 * (mine[name] / other[name] - 1) for mine, other in pairs]
        for name in ("cpu_s", "job_s")
    }
    low, middle, high = statistics.quantiles(more["cpu_s"], n=4)
    parts = {name: statistics.median(job[name] for job in ours[1:]) for name in _PARTS}
    load_s = parts["load_s"]
    return {
        "turns": len(pairs),
        "job_s": round(statistics.median(mine["job_s"] for mine, _ in pairs), 3),
        "plain_s": round(statistics.median(other["job_s"] for _, other in pairs), 3),
        "job_cpu_s": round(statistics.median(mine["cpu_s"] for mine, _ in pairs), 3),
        "plain_cpu_s": round(statistics.median(other["cpu_s"] for _, other in pairs), 3),
        "overhead_percent": round(middle, 2),
        "overhead_quarters_percent": [round(low, 2), round(high, 2)],
        "delay_percent": round(statistics.median(more["job_s"]), 2),
        "parts": {name: round(took_s, 3) for name, took_s in parts.items()},
        "cold_load_s": first["load_s"],
        "warm_load_s": load_s,
        "warm_percent": round(100 * load_s / first["load_s"], 2),
    }


def _job(farm: LiveFarm, seed: int, idle: Mapping[str, float]) -> dict[str, float]:
    """One picture: seconds from the job's acceptance until it is published, of loading, and of the
    processor meanwhile in all processes of the farm. idle : what they use a second without it."""
    manifest = {
        "farm": 1,
        "pipeline": "text-to-image",
        "prompt": plain_diffusion.PROMPT,
        "seed": seed,
        "providers": {"image.generate": "sd15"},
        "params": {"model": _MODEL, "steps": STEPS, "width": SIZE, "height": SIZE},
    }
    path = farm.settings.root / f"{seed}.json"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    began_s, before_s = time.monotonic(), _cpu_s(farm)
    command = [sys.executable, "-m", "farm", "submit", "--json", str(path)]
    environ = {**os.environ, "FARM_ROOT": str(farm.settings.root)}
    done = subprocess.run(command, env=environ, check=True, capture_output=True, text=True)
    [told] = json.loads(done.stdout)
    number = told["number"]

    def ended() -> Any:
        with farm.database.read() as connection:
            row = connection.execute(select(jobs).where(jobs.c.number == number)).one()
            if row.state is JobState.FAILED:
                raise RuntimeError(row.error)
            return row if row.state is JobState.DONE else None

    # Looked at seldom, because looking takes time from the engine; the ledger knows the times.
    job = wait_for(ended, 120, every_s=0.2)
    wall_s = time.monotonic() - began_s
    cpu_s = {
        part: used_s - before_s[part] - idle.get(part, 0.0) * wall_s
        for part, used_s in _cpu_s(farm).items()
    }
    with farm.database.read() as connection:
        [tried] = connection.execute(select(attempts).where(attempts.c.job_id == job.id)).all()
    log = log_path(farm.settings.spool_dir, tried.task_id, tried.number).read_text("utf-8")
    spent = {f"{part}_s": float(took_s) for part, took_s in re.findall(r"(\w+) (\d+\.\d+) s", log)}
    return {
        **spent,
        "cpu_s": sum(cpu_s.values()),
        **{f"{part}_cpu_s": used_s for part, used_s in cpu_s.items()},
        "job_s": job.ended_at - job.created_at,
        "start_s": tried.started_at - job.created_at,
        "engine_s": tried.ended_at - tried.started_at,
        "publish_s": job.ended_at - tried.ended_at,
    }


def _idle(farm: LiveFarm) -> dict[str, float]:
    """Processor seconds a second of each part, while there is nothing to do."""
    began_s, before_s = time.monotonic(), _cpu_s(farm)
    time.sleep(IDLE_S)
    wall_s = time.monotonic() - began_s
    return {part: (used_s - before_s[part]) / wall_s for part, used_s in _cpu_s(farm).items()}


def _cpu_s(farm: LiveFarm) -> dict[str, float]:
    """Processor seconds of the daemon, the node and its engines, so far."""
    found = {
        part: [process.cpu_times() for process in processes]
        for part, processes in farm.members().items()
    }
    return {part: sum(t.user + t.system for t in times) for part, times in found.items()}
