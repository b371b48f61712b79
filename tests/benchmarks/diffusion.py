"""A diffusion job on a warm engine, against the same pipeline in a plain script.

Both use one thread of the processor, and take turns. The weights are random: what is measured is what
surrounds them.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import select

from farm.attempt_logs import log_path
from farm.domain.states import JobState
from farm.ledger.schema import attempts, jobs
from farm.models.declare import Facts, declare
from tests.benchmarks import plain_diffusion
from tests.benchmarks.live_farm import LiveFarm, live_farm, temporary_folder, wait_for

STEPS, SIZE, TURNS = 8, 192, 4
TARGETS = [
    ("diffusion job, overhead on a plain script, %", "diffusion.overhead_percent", "<=", 3.0),
    ("second job: load, % of the first one's", "diffusion.warm_percent", "<", 2.0),
]
_PLAIN = Path(plain_diffusion.__file__)
_MODEL = "bench-sd"
_PARTS = ("start_s", "engine_s", "read_s", "load_s", "call_s", "write_s", "publish_s")


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
        first = _job(farm, 1)
        ours, theirs = [], []
        for turn in range(TURNS + 1):
            ours.append(_job(farm, 100 + turn))
            plain.stdin.write(f"{turn}\n")
            plain.stdin.flush()
            theirs.append(float(plain.stdout.readline()))
    finally:
        plain.stdin.close()
        plain.wait(timeout=60)
    # The first turn of each pays for warming up.
    ratios = [mine["job_s"] / other for mine, other in zip(ours[1:], theirs[1:], strict=True)]
    parts = {name: statistics.median(job[name] for job in ours[1:]) for name in _PARTS}
    load_s = parts["load_s"]
    return {
        "job_s": round(statistics.median(job["job_s"] for job in ours[1:]), 3),
        "plain_s": round(statistics.median(theirs[1:]), 3),
        "overhead_percent": round(100 * (statistics.median(ratios) - 1), 2),
        "parts": {name: round(took_s, 3) for name, took_s in parts.items()},
        "cold_load_s": first["load_s"],
        "warm_load_s": load_s,
        "warm_percent": round(100 * load_s / first["load_s"], 2),
    }


def _job(farm: LiveFarm, seed: int) -> dict[str, float]:
    """One picture: seconds from the job's acceptance until it is published, and of loading."""
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
    job = wait_for(ended, 120, every_s=0.5)
    with farm.database.read() as connection:
        [tried] = connection.execute(select(attempts).where(attempts.c.job_id == job.id)).all()
    log = log_path(farm.settings.spool_dir, tried.task_id, tried.number).read_text("utf-8")
    spent = {f"{part}_s": float(took_s) for part, took_s in re.findall(r"(\w+) (\d+\.\d+) s", log)}
    return {
        **spent,
        "job_s": job.ended_at - job.created_at,
        "start_s": tried.started_at - job.created_at,
        "engine_s": tried.ended_at - tried.started_at,
        "publish_s": job.ended_at - tried.ended_at,
    }
