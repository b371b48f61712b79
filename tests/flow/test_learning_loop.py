"""The learning loop through a farm whose engines are killed while it runs."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from running_farm import farm, running
from sqlalchemy import func, select

from farm.domain.states import TaskState
from farm.ledger.database import Database
from farm.ledger.schema import tasks


def loop_with_kills(folder: Path, rounds: int, kills: int) -> dict[str, Any]:
    """Run the loop, kill its engine ``kills`` times at even distances; the final report."""
    with running(folder) as root:
        told = farm(
            root, "submit", "-p", "learning-loop", "--seed", "11", "--json",
            "--set", f"rounds={rounds}", "--set", "duration_s=1.5",
        )  # fmt: skip
        [job] = json.loads(told)
        ledger = Database(f"sqlite:///{root / 'spool' / 'ledger.sqlite3'}")
        for kill in range(kills):
            wait_for_rounds(ledger, job["id"], rounds * (kill + 1) // (kills + 1))
            kill_engine(root)
        wait_for_rounds(ledger, job["id"], rounds)
        ledger.close()
        [shown] = json.loads(farm(root, "watch", str(job["number"]), "--json"))
        assert shown["state"] == "done"
        report = next(root.rglob("report.json"))
        return dict(json.loads(report.read_text()))


def wait_for_rounds(ledger: Database, job_id: str, rounds: int) -> None:
    """Return as soon as so many rounds of the loop are done."""
    done = select(func.count()).where(
        tasks.c.job_id == job_id, tasks.c.stage == "loop", tasks.c.state == TaskState.DONE
    )
    until = time.monotonic() + 60 + 10 * rounds
    while True:
        with ledger.read() as connection:
            if connection.execute(done).scalar_one() >= rounds:
                return
        assert time.monotonic() < until, f"not {rounds} rounds in time"
        time.sleep(0.02)


def kill_engine(root: Path) -> None:
    """SIGKILL to an engine of the farm in ``root``."""
    for process in psutil.process_iter(["cmdline"]):
        line = process.info["cmdline"] or []
        if "farm.engine.child" in line and any(str(root) in part for part in line):
            os.kill(process.pid, signal.SIGKILL)
            return
    raise AssertionError("no engine is running")


def assert_grown(report: dict[str, Any], rounds: int) -> None:
    assert report["films"] == rounds
    assert len({one["prompt"] for one in report["rounds"]}) == rounds
    assert report["entries"]
    covered = [one["coverage"] for one in report["rounds"]]
    assert covered == sorted(covered)
    assert covered[-1] > covered[0]


@pytest.mark.timeout(240)
def test_the_loop_goes_on_after_its_engine_is_killed(tmp_path: Path) -> None:
    assert_grown(loop_with_kills(tmp_path, rounds=6, kills=2), 6)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_fifty_rounds_with_ten_kills_learn_and_repeat_nothing(tmp_path: Path) -> None:
    assert_grown(loop_with_kills(tmp_path, rounds=50, kills=10), 50)
