"""A farm that really runs (``farm up``) in a folder of its own, and its command line."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

COMMAND = (sys.executable, "-m", "farm")


def environment(root: Path) -> dict[str, str]:
    return {
        **os.environ,
        "FARM_ROOT": str(root),
        "FARM_SETTLE_S": "0.1",
        "FARM_CPU_SLOTS": "1",
        "FARM_NODE_NAME": "atlas",
        "FARM_LOG_LEVEL": "WARNING",
    }


def farm(root: Path, *arguments: str, code: int = 0, timeout_s: float = 120) -> str:
    """Run one command to its end; returns its standard output."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        env=environment(root),
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout


def first_line(process: subprocess.Popen[str], timeout_s: float = 60.0) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], timeout_s)
    assert ready, "nothing was printed in time"
    return process.stdout.readline()


@contextmanager
def running(folder: Path) -> Iterator[Path]:
    """``farm up`` in ``folder``; afterwards an interrupt must end it and leave no process behind."""
    (folder / "dropbox" / "procedural").mkdir(parents=True)
    process = subprocess.Popen(
        [*COMMAND, "up"], env=environment(folder), stdout=subprocess.PIPE, text=True
    )
    try:
        assert first_line(process).startswith("The farm is up.")
        children = psutil.Process(process.pid).children(recursive=True)
        yield folder
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=120) == 0
        gone, alive = psutil.wait_procs(children, timeout=60)
        assert gone
        assert not alive
    finally:
        process.kill()
        process.wait()
