"""What the ComfyUI client adds to a server's own time, and many runs over several servers.

    python -m tests.benchmarks comfyui

Invariant: the servers are the tests' stand-ins, each a process of its own, so what is measured is the
client and the wire; a run's overhead is its whole time less what the server says it executed; memory
is this process's own, taken while all runs go on and again after as many more.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import psutil

from farm_comfyui.bound import Asset, OutputNode
from farm_comfyui.client import Client
from farm_comfyui.downloads import Downloads
from farm_comfyui.moving import RunResult
from farm_comfyui.pool import Pool
from farm_comfyui.servers import Server
from farm_comfyui.uploads import Uploads
from tests.comfy.process import StandIn
from tests.plugins.comfy_work import copied, picture

ALONE, SERVERS, AT_ONCE, ROUNDS = 40, 8, 200, 3
LARGE_BYTES = 90 * 2**20
TARGETS: list[tuple[str, str, str, float]] = [
    ("ComfyUI client beside the server, ms", "comfyui.overhead_ms.p50", "<", 50.0),
    ("200 runs at once, growth a round, MB", "comfyui.at_once.growth_mb", "<", 8.0),
    ("90 MB there and back, growth, MB", "comfyui.streaming.growth_mb", "<", 8.0),
]


def measure() -> dict[str, Any]:
    """Overhead of a run by itself; rate and memory of many at once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        servers = [StandIn(folder / f"server{n}") for n in range(SERVERS)]
        try:
            for server in servers:
                server.start()
            return {
                "overhead_ms": _overhead(servers[0], folder),
                "at_once": _at_once(servers, folder),
                "streaming": _streaming(servers[0], folder),
            }
        finally:
            for server in servers:
                server.kill()


def _pool(servers: list[StandIn], capacity: int) -> Pool:
    table = [
        {"name": f"s{n}", "url": server.url, "capacity": capacity}
        for n, server in enumerate(servers)
    ]
    return Pool.from_settings({"servers": table})


def _run(pool: Pool, folder: Path, number: int, asset: Asset) -> RunResult:
    into = folder / f"out{number}"
    into.mkdir()
    return pool.run(copied(16 + number % 400), {"picture": asset}, into, attempt=f"bench/{number}")


def _overhead(server: StandIn, folder: Path) -> dict[str, float]:
    pool = _pool([server], 1)
    times = []
    for number in range(-4, ALONE):
        asset = picture(folder, number + 10)  # each with an upload of its own
        begun = time.perf_counter()
        result = _run(pool, folder, 10_000 + number, asset)
        if number >= 0:
            times.append((time.perf_counter() - begun - result.executed_s) * 1000)
    pool.close()
    times.sort()
    return {
        "p50": round(statistics.median(times), 1),
        "p95": round(times[int(len(times) * 0.95)], 1),
        "runs": ALONE,
    }


def _at_once(servers: list[StandIn], folder: Path) -> dict[str, Any]:
    pool = _pool(servers, 4)
    asset = picture(folder, 250)
    memory = psutil.Process()
    before = memory.memory_info().rss
    peaks, rates, ids = [], [], set()
    for turn in range(ROUNDS):
        begun = time.perf_counter()
        peak, done = _round(pool, folder, turn * AT_ONCE, asset, memory)
        rates.append(round(AT_ONCE / (time.perf_counter() - begun), 1))
        peaks.append(peak)
        ids |= done
    pool.close()
    submitted = [name for server in servers for name in server.seen()["submitted"]]
    return {
        "runs_a_second": rates,
        "peak_over_start_mb": [round((peak - before) / 2**20, 1) for peak in peaks],
        "growth_mb": round((peaks[-1] - peaks[0]) / 2**20 / (ROUNDS - 1), 1),
        "done": len(ids),
        "sent_twice": len(submitted) - len(set(submitted)),
    }


def _streaming(server: StandIn, folder: Path) -> dict[str, float]:
    """A large file there and back: seconds each way, and what this process grew by meanwhile."""
    large = folder / "large.mp4"
    with large.open("wb") as file:
        for number in range(LARGE_BYTES // 2**20):
            file.write(bytes([number]) * 2**20)
    client = Client(Server("s", server.url))
    memory = psutil.Process()
    before = memory.memory_info().rss
    peak = 0

    def look() -> None:
        nonlocal peak
        peak = max(peak, memory.memory_info().rss)

    begun = time.perf_counter()
    sent = Uploads(client).bring({"video": Asset(large)}, 2 * LARGE_BYTES, look)
    middle = time.perf_counter()
    subfolder, name = sent.names["video"].split("/")
    told = {"1": {"images": [{"filename": name, "subfolder": subfolder, "type": "input"}]}}
    slots = (OutputNode("1", "video", "video"),)
    (fetched,) = Downloads(client).fetch(slots, told, folder, "", look)["video"]
    ended = time.perf_counter()
    client.close()
    assert fetched.size_bytes == LARGE_BYTES
    return {
        "upload_s": round(middle - begun, 2),
        "download_s": round(ended - middle, 2),
        "growth_mb": round((peak - before) / 2**20, 1),
    }


def _round(
    pool: Pool, folder: Path, first: int, asset: Asset, memory: psutil.Process
) -> tuple[int, set[str]]:
    """So many runs at once: the highest resident size in bytes, and the ids of what was done."""
    results: list[RunResult] = []
    threads = [
        threading.Thread(target=lambda n=first + n: results.append(_run(pool, folder, n, asset)))
        for n in range(AT_ONCE)
    ]
    for thread in threads:
        thread.start()
    peak = 0
    while any(thread.is_alive() for thread in threads):
        peak = max(peak, memory.memory_info().rss)
        time.sleep(0.05)
    return peak, {result.prompt_id for result in results}


if __name__ == "__main__":
    print(json.dumps(measure(), indent=2))
