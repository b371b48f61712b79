"""Raw Dramatiq for comparison: one worker process, two threads, the farm's prefetch and poll.

    python tests/benchmarks/plain_dramatiq.py URL chains 200 5    # or: fan 500, serve

Messages lie in the broker only; nothing is written down anywhere else. Prints one JSON line.
"""

from __future__ import annotations

import argparse
import itertools
import json
import signal
import threading
import time

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import GroupCallbacks, Pipelines, Retries
from dramatiq.rate_limits.backends import RedisBackend
from dramatiq.worker import Worker

THREADS, PREFETCH, POLL_MS = 2, 2, 5
LATENCIES = "plain:latencies"

_began: list[float] = []
_ended = itertools.count(1)
_all_ended = threading.Event()
_wanted = [0]


def open_broker(url: str) -> RedisBroker:
    """A broker with what pipelines and groups need, and nothing more."""
    backend = RedisBackend(url=url)
    middleware = [Retries(max_retries=0), Pipelines(), GroupCallbacks(backend)]
    broker = RedisBroker(url=url, middleware=middleware, namespace="plain")
    dramatiq.set_broker(broker)
    return broker


def actors(broker: RedisBroker) -> dict[str, dramatiq.Actor]:
    """The no-op, the last of a chain or group, and one that tells how late it was reached."""

    def noop(*_: object) -> None:
        if not _began:
            _began.append(time.perf_counter())

    def last(*_: object) -> None:
        if next(_ended) == _wanted[0]:
            _all_ended.set()

    def mark(sent_at: float) -> None:
        broker.client.rpush(LATENCIES, time.time() - sent_at)

    return {f.__name__: dramatiq.actor(f, broker=broker) for f in (noop, last, mark)}


def worker_of(broker: RedisBroker, prefetch: int) -> Worker:
    """A worker with the node's threads and poll."""
    worker = Worker(broker, worker_threads=THREADS, worker_timeout=POLL_MS)
    worker.queue_prefetch = prefetch
    return worker


def main() -> None:
    """Queue everything, start the worker, and measure until the last actor has run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--prefetch", type=int, default=PREFETCH)
    parser.add_argument("what", choices=["chains", "fan", "serve"])
    parser.add_argument("sizes", type=int, nargs="*")
    given = parser.parse_args()
    url, what, sizes = given.url, given.what, given.sizes
    broker = open_broker(url)
    known = actors(broker)
    worker = worker_of(broker, given.prefetch)
    if what == "serve":
        stopped = threading.Event()
        signal.signal(signal.SIGTERM, lambda *_: stopped.set())
        worker.start()
        print("ready", flush=True)
        stopped.wait()
        worker.stop()
        return
    noop, last = known["noop"], known["last"]
    if what == "chains":
        count, length = sizes
        _wanted[0], stages = count, count * length
        for _ in range(count):
            steps = [noop.message_with_options(pipe_ignore=True) for _ in range(length - 1)]
            dramatiq.pipeline([*steps, last.message_with_options(pipe_ignore=True)]).run()
    else:
        width = sizes[0]
        _wanted[0], stages = 1, width + 1
        group = dramatiq.group([noop.message() for _ in range(width)])
        group.add_completion_callback(last.message())
        group.run()
    worker.start()
    if not _all_ended.wait(240):
        raise TimeoutError("Dramatiq did not finish within 240 s")
    seconds = time.perf_counter() - _began[0]
    print(json.dumps({"seconds": seconds, "stages": stages, "rate": stages / seconds}))
    worker.stop()


if __name__ == "__main__":
    main()
