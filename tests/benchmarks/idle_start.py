"""From an accepted job to the first line of its plugin on an idle farm, against raw Dramatiq."""

from __future__ import annotations

import itertools
import random
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import redis

from tests.benchmarks import plain_dramatiq
from tests.benchmarks.live_farm import LiveFarm, noop_stage, wait_for

JOBS = 40
_PLAIN = Path(plain_dramatiq.__file__)
_numbers = itertools.count(900_000)


def measure(farm: LiveFarm) -> dict[str, Any]:
    """One job here, one message there, by turns, at random distances from any polling."""
    url = farm.settings.broker_url
    client = redis.Redis.from_url(url)
    client.delete(plain_dramatiq.LATENCIES)
    mark = plain_dramatiq.actors(plain_dramatiq.open_broker(url))["mark"]
    server = subprocess.Popen([sys.executable, str(_PLAIN), url, "serve"], stdout=subprocess.PIPE)
    assert server.stdout is not None
    server.stdout.readline()
    ours: list[float] = []
    spread = random.Random(1)
    try:
        for turn in range(JOBS):
            ours.append(_farm_once(farm))
            time.sleep(spread.uniform(0.1, 0.2))
            mark.send(time.time())
            wait_for(lambda: client.llen(plain_dramatiq.LATENCIES) == turn + 1, 10)  # noqa: B023
            time.sleep(spread.uniform(0.1, 0.2))
    finally:
        server.terminate()
        server.wait(timeout=10)
    theirs = [float(value) for value in client.lrange(plain_dramatiq.LATENCIES, 0, -1)]
    farm_ms, plain_ms = _quantiles(ours), _quantiles(theirs)
    return {
        "farm_ms": farm_ms,
        "dramatiq_ms": plain_ms,
        "ratio": {name: round(farm_ms[name] / plain_ms[name], 2) for name in farm_ms},
    }


def _farm_once(farm: LiveFarm) -> float:
    job_id = farm.accept(noop_stage("mark", next(_numbers), capability="bench.mark"))
    accepted = time.time()
    farm.bell.ring()

    def reached() -> str:
        found = list(farm.marks.glob(f"{job_id}.*"))
        return found[0].read_text() if found else ""

    return float(wait_for(reached, 10)) - accepted


def _quantiles(seconds: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(seconds, n=20, method="inclusive")
    return {"p50": round(cuts[9] * 1000, 2), "p95": round(cuts[18] * 1000, 2)}
