"""A procedural film through the farm, against the same functions in plain processes."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import select

from farm.artifacts.store import open_store
from farm.domain.states import JobState
from farm.intake import Intake
from farm.ledger.schema import events, jobs, stages
from farm.plugins import load_plugins
from tests.benchmarks.live_farm import SLOTS, LiveFarm, wait_for

PROMPT, ROUNDS, WARM_ROUNDS = "a quiet lake at dawn", 3, 1
_PLAIN = Path(__file__).with_name("procedural_plain.py")


def measure(farm: LiveFarm) -> dict[str, Any]:
    """1280x720, 6 s, a fresh seed each time; both have their kernels compiled."""
    settings = farm.settings
    registry = load_plugins(settings.under_root(settings.plugin_folder))
    store = open_store(
        settings.store_url, cache_dir=settings.spool_dir / "cache" / "bench", options={}
    )
    intake = Intake(settings, registry, store, farm.database)
    started = int(time.time())
    for warm in range(WARM_ROUNDS):
        _film(farm, intake, started - 1 - warm, {"duration_s": 2.0, "learn": False})
    pairs = []
    for turn in range(ROUNDS):
        seed = started + turn
        made = _film(farm, intake, seed, {"duration_s": 6.0, "learn": False})
        seconds, film = _plain(made["seed"])
        assert made["sha256"] == film, "the farm's film differs from the plain one"
        pairs.append((made, seconds))
    ours = [made["until_rendered_s"] for made, _ in pairs]
    return {
        "farm_s": round(statistics.median(ours), 2),
        "farm_published_s": round(statistics.median(m["until_done_s"] for m, _ in pairs), 2),
        "plain_s": round(statistics.median(p for _, p in pairs), 2),
        "ratio": round(statistics.median(m["until_rendered_s"] / p for m, p in pairs), 3),
        "ratio_published": round(statistics.median(m["until_done_s"] / p for m, p in pairs), 3),
    }


def _film(farm: LiveFarm, intake: Intake, seed: int, params: dict[str, Any]) -> dict[str, Any]:
    fields = {"prompt": PROMPT, "seed": seed, "params": params, "name": f"film-{seed}"}
    accepted = intake.submit(fields, pipeline="procedural", submitter="benchmark")
    farm.bell.ring()
    done = wait_for(lambda: _ended(farm, accepted.job_id), 300)
    assert done == JobState.DONE, f"{accepted.job_id} ended {done}"
    with farm.database.read() as connection:
        at = dict(
            connection.execute(
                select(events.c.target, events.c.at).where(
                    events.c.entity_id == accepted.job_id, events.c.entity == "job"
                )
            ).all()
        )
        # Each stage draws its own seed from the job's; the plain film needs the script's.
        stage_seed = connection.execute(
            select(stages.c.seed).where(
                stages.c.job_id == accepted.job_id, stages.c.name == "script"
            )
        ).scalar_one()
        joined = connection.execute(
            select(stages.c.outputs).where(
                stages.c.job_id == accepted.job_id, stages.c.name == "join"
            )
        ).scalar_one()
    return {
        "until_rendered_s": at["publishing"] - at["queued"],
        "until_done_s": at["done"] - at["queued"],
        "seed": stage_seed,
        "sha256": joined["video"][0]["hash"],
    }


def _ended(farm: LiveFarm, job_id: str) -> JobState | None:
    with farm.database.read() as connection:
        state = connection.execute(select(jobs.c.state).where(jobs.c.id == job_id)).scalar_one()
    return state if state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED) else None


def _plain(seed: int) -> tuple[float, str]:
    command = [sys.executable, str(_PLAIN), "--processes", str(SLOTS), "--seed", str(seed)]
    out = subprocess.run(
        [*command, "--prompt", PROMPT], check=True, capture_output=True, text=True, timeout=300
    ).stdout
    made = json.loads(out)
    return float(made["seconds"]), str(made["sha256"])
