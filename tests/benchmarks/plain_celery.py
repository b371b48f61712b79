"""Celery chains for comparison: a worker with two processes, late acknowledgement, prefetch 1.

    python tests/benchmarks/plain_celery.py unix:///…/valkey.sock 200 5

Messages lie in the broker only; there is no result backend. Prints one JSON line.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import redis
from celery import Celery, chain

PROCESSES = 2
BEGAN, ENDED = "celery:began", "celery:ended"


def open_app(url: str) -> Celery:
    """The app on the farm's own broker, under keys of its own."""
    app = Celery("plain_celery", broker=url.replace("unix://", "redis+socket://"))
    app.conf.update(
        broker_transport_options={"global_keyprefix": "celery:"},
        task_acks_late=True,
        worker_prefetch_multiplier=1,
        task_ignore_result=True,
        broker_connection_retry_on_startup=True,
    )
    return app


app = open_app(sys.argv[1] if len(sys.argv) > 1 and "://" in sys.argv[1] else "memory://")
_client = redis.Redis.from_url(sys.argv[1]) if "://" in sys.argv[1] else None


@app.task(name="noop")
def noop() -> None:
    """The work; the first of a run says when it began."""
    if _client is not None:
        _client.setnx(BEGAN, repr(time.time()))


@app.task(name="last")
def last() -> None:
    """The last of a chain."""
    if _client is not None:
        _client.rpush(ENDED, repr(time.time()))


def main() -> None:
    """Queue everything, start the worker, and wait until the last task of each chain has run."""
    url, count, length = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    assert _client is not None
    for key in _client.scan_iter("celery:*"):
        _client.delete(key)
    for _ in range(count):
        chain(*[noop.si() for _ in range(length - 1)], last.si()).apply_async()
    worker = subprocess.Popen([sys.executable, str(Path(__file__)), url, "serve"])
    try:
        until = time.monotonic() + 240
        while _client.llen(ENDED) < count:
            if time.monotonic() > until:
                raise TimeoutError("Celery did not finish within 240 s")
            time.sleep(0.02)
    finally:
        worker.terminate()
        worker.wait(timeout=30)
    began = float(_client.get(BEGAN))
    seconds = max(map(float, _client.lrange(ENDED, 0, -1))) - began
    stages = count * length
    print(json.dumps({"seconds": seconds, "stages": stages, "rate": stages / seconds}))


if __name__ == "__main__":
    if sys.argv[2] == "serve":
        app.worker_main(["worker", "-P", "prefork", f"-c{PROCESSES}", "-l", "ERROR"])
    else:
        main()
