"""Stages a second through a durable farm, against raw Dramatiq in the same run."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from farm.domain.states import TaskState
from farm.ledger.schema import attempts, tasks
from tests.benchmarks import plain_dramatiq
from tests.benchmarks.live_farm import LiveFarm, chain, fan, wait_for

CHAINS, LENGTH, WIDTH, ROUNDS = 200, 5, 500, 3
_PLAIN = Path(plain_dramatiq.__file__)
# What Dramatiq does when it may fetch far ahead, which a farm must not: a message taken early by a
# busy node is a task that an idle one does not get. For orientation only.
_WIDE_PREFETCH = 64


def measure(farm: LiveFarm) -> dict[str, Any]:
    """Pairs of runs, one beside the other, so that a busy machine slows both."""
    chains: list[tuple[float, float]] = []
    fans: list[tuple[float, float]] = []
    for turn in range(ROUNDS):
        first = 1000 * (turn + 1)
        jobs = range(first, first + CHAINS)
        chains.append((through_farm(farm, [chain(LENGTH, n) for n in jobs]), plain(farm, "chains")))
        fans.append((through_farm(farm, [fan(WIDTH, first + CHAINS)]), plain(farm, "fan")))
    celery = statistics.median(plain_celery(farm) for _ in range(ROUNDS))
    wide = statistics.median(plain(farm, "chains", _WIDE_PREFETCH) for _ in range(ROUNDS))
    return {
        "chains": _summary(chains),
        "celery_stages_per_s": round(celery, 1),
        "chains_against_celery": round(statistics.median(c[0] for c in chains) / celery, 3),
        "fan": _summary(fans),
        f"dramatiq_chains_prefetch_{_WIDE_PREFETCH}": round(wide, 1),
    }


def through_farm(farm: LiveFarm, jobs: list[Any]) -> float:
    """Stages a second from the first hand-out until the last task is done."""
    farm.nodes.pause_farm("", actor="benchmark")
    ids = [farm.accept(*stages, number=stages[0].seed) for stages in jobs]
    farm.nodes.resume_farm(actor="benchmark")
    farm.bell.ring()
    wanted = sum(len(stage.windows or ()) for stages in jobs for stage in stages)
    wait_for(lambda: _done(farm, ids) == wanted, 240)
    with farm.database.read() as connection:
        began, ended = connection.execute(
            select(func.min(attempts.c.sent_at), func.max(attempts.c.ended_at)).where(
                attempts.c.job_id.in_(ids)
            )
        ).one()
    return wanted / (ended - began)


def plain(farm: LiveFarm, what: str, prefetch: int = plain_dramatiq.PREFETCH) -> float:
    """Stages a second of the same shape through raw Dramatiq on the same Valkey."""
    sizes = [str(CHAINS), str(LENGTH)] if what == "chains" else [str(WIDTH)]
    options = ["--prefetch", str(prefetch)]
    command = [sys.executable, str(_PLAIN), farm.settings.broker_url, *options, what, *sizes]
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    return float(json.loads(out)["rate"])


def plain_celery(farm: LiveFarm) -> float:
    """Stages a second of Celery chains with late acknowledgement on the same Valkey."""
    script = Path(__file__).with_name("plain_celery.py")
    command = [sys.executable, str(script), farm.settings.broker_url, str(CHAINS), str(LENGTH)]
    out = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout
    return float(json.loads(out.splitlines()[-1])["rate"])


def _done(farm: LiveFarm, ids: list[str]) -> int:
    with farm.database.read() as connection:
        return int(
            connection.execute(
                select(func.count())
                .select_from(tasks)
                .where(tasks.c.job_id.in_(ids), tasks.c.state == TaskState.DONE)
            ).scalar_one()
        )


def _summary(pairs: list[tuple[float, float]]) -> dict[str, float]:
    return {
        "farm_stages_per_s": round(statistics.median(pair[0] for pair in pairs), 1),
        "dramatiq_stages_per_s": round(statistics.median(pair[1] for pair in pairs), 1),
        "ratio": round(statistics.median(pair[0] / pair[1] for pair in pairs), 3),
    }
