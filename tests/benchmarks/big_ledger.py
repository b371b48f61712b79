"""``python tests/benchmarks/big_ledger.py FOLDER``: a large ledger, and how fast the console is on it.

100,000 jobs with ten tasks each and 50 nodes, written in bulk into an SQLite file; then the queries
that the console repeats, its first paint, its answer to a key and its memory.
"""

from __future__ import annotations

import asyncio
import random
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from farm.config import Settings
from farm.domain.states import AttemptState, JobState, NodeState, TaskState
from farm.ledger.database import Database
from farm.ledger.schema import attempts, events, jobs, leader, nodes, peaks, stages, tasks
from farm.ledger.upgrade import upgrade

JOBS, TASKS, NODES = 100_000, 10, 50
NOW = 1_800_000_000.0
_PIPELINES = ("animate@1", "animate@2", "procedural@1", "transcode@1", "lipsync@1")
_PEOPLE = tuple(f"artist{n:02}" for n in range(40))
_WORDS = [
    "dusk",
    "dawn",
    "storm",
    "neon",
    "violet",
    "dunes",
    "harbour",
    "lantern",
    "glacier",
    "orchid",
    "comet",
    "mirror",
]


def build(
    folder: Path, *, count: int = JOBS, per_job: int = TASKS, machines: int = NODES
) -> Settings:
    """Write the ledger; returns the settings of its farm."""
    settings = Settings(root=folder)
    database = Database(settings.database_url, lambda: NOW)
    upgrade(database)
    chance = random.Random(7)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA cache_size=-262144")
        connection.execute(insert(nodes), [_node(n) for n in range(machines)])
        connection.execute(
            insert(leader),
            {"role": "daemon", "holder": "bench", "epoch": 1, "beat": 1, "beat_at": NOW},
        )
        connection.execute(
            insert(peaks),
            [
                {"stage_id": "test.render/cpu", "version": 1, "size": "s", "ram_mb": 900.0,
                 "vram_mb": 0.0, "wall_s": 3.0}
                for _ in range(1000)
            ],
        )  # fmt: skip
        for first in range(0, count, 2000):
            made: dict[Any, list[dict[str, Any]]] = {
                t: [] for t in (jobs, stages, tasks, attempts, events)
            }
            for number in range(first + 1, min(first + 2000, count) + 1):
                _job(made, number, count, per_job, machines, chance)
            for table, rows in made.items():
                if rows:
                    connection.execute(insert(table), rows)
        connection.commit()
    database.close()
    return settings


def _state(number: int, count: int, chance: random.Random) -> JobState:
    """The newest two in a hundred wait or run; of the rest few failed."""
    if number > count - count // 50:
        return JobState.RUNNING if chance.random() < 0.05 else JobState.QUEUED
    at = chance.random()
    return JobState.FAILED if at < 0.03 else JobState.CANCELLED if at < 0.04 else JobState.DONE


def _job(
    made: dict[Any, list[dict[str, Any]]], number: int, count: int, per_job: int, machines: int,
    chance: random.Random,
) -> None:  # fmt: skip
    job_id = f"j{number:011}"
    state = _state(number, count, chance)
    born = NOW - (count - number) * 20.0
    ended = born + 60.0 if state in (JobState.DONE, JobState.FAILED, JobState.CANCELLED) else None
    started = born + 5.0 if state is not JobState.QUEUED else None
    who, priority = chance.choice(_PEOPLE), chance.choice((20, 50, 50, 50, 80))
    error = (
        {"message": "the model file is missing. Mend: copy it."}
        if state is JobState.FAILED
        else None
    )
    made[jobs].append(
        {"number": number, "id": job_id, "name": " ".join(chance.sample(_WORDS, 2)), "state": state,
         "pipeline": chance.choice(_PIPELINES), "pipeline_hash": "0" * 64,
         "content_key": f"{number:064}",
         "submission_id": None, "manifest": {"farm": 1}, "inputs": {}, "outputs": {}, "plugins": {},
         "priority": priority, "submitter": who, "tags": ["film"], "quality": "standard", "seed": 7,
         "paused": False, "open_stages": 0 if ended else 1, "failures": 0, "error": error,
         "ended_hook": True, "created_at": born, "started_at": started, "ended_at": ended}
    )  # fmt: skip
    left = 0 if ended else per_job
    made[stages].append(
        {"job_id": job_id, "name": "render", "ordinal": 0, "stage_id": "test.render/cpu", "version": 1,
         "params": {}, "bindings": {}, "dependents": [], "waits_for": 0, "seed": 7, "needs": {},
         "shape": "s", "windowed": True, "expanded": True, "chained": False, "carry": {},
         "approval": False, "cacheable": True, "timeout_s": 60.0, "stall_s": 60.0, "open_tasks": left,
         "total_tasks": per_job}
    )  # fmt: skip
    for window in range(per_job):
        kind = {JobState.DONE: TaskState.DONE, JobState.QUEUED: TaskState.READY,
                JobState.CANCELLED: TaskState.CANCELLED}.get(state)  # fmt: skip
        if kind is None:
            last = TaskState.FAILED if state is JobState.FAILED else TaskState.RUNNING
            kind = last if window == per_job - 1 else TaskState.DONE
        task_id = f"{job_id}.render.{window}"
        made[tasks].append(
            {"id": task_id, "job_id": job_id, "stage": "render", "window": window,
             "start": window * 16, "stop": window * 16 + 16, "state": kind, "shape": "s",
             "urgency": -priority, "submitter": who, "due": 9.0e15, "job_number": number,
             "ordinal": window, "fence": 1, "attempts": 1, "failures": {}, "avoid": [], "skips": 0}
        )  # fmt: skip
        if kind is TaskState.RUNNING:
            made[attempts].append(
                {"task_id": task_id, "number": 1, "job_id": job_id, "fence": 1,
                 "state": AttemptState.RUNNING, "node": f"node{number % machines:02}", "slot": "cpu0",
                 "incarnation": "i", "lease": 1, "progress": 0.5, "sent_at": born, "started_at": born}
            )  # fmt: skip
    made[events].append(
        {"at": ended or born, "entity": "job", "entity_id": job_id, "job_id": job_id,
         "source": "running",
         "target": state.value, "reason": "as told", "actor": "bench"}
    )  # fmt: skip


def _node(index: int) -> dict[str, Any]:
    return {
        "name": f"node{index:02}", "state": NodeState.ONLINE, "incarnation": "i", "beat": 1,
        "beat_at": NOW, "offers": {"test.render/cpu": 1}, "complaints": {},
        "engines": [{"slot": f"cpu{n}", "device": "cpu", "resident": ["wan-2.2"]} for n in range(4)],
        "facts": {"cores": 32, "ram_mb": 128_000, "disk_mb": 900_000,
                  "gauges": {"cpu_percent": 40.0, "ram_used_mb": 60_000, "disk_free_mb": 400_000}},
        "tags": [], "started_at": NOW,
    }  # fmt: skip


def queries(database: Database) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What the console asks again and again, and what it asks when it is told to sort or filter."""
    from farm.ledger.views_console import ConsoleViews, Place, Sort
    from farm.ledger.views_nodes import NodeViews
    from farm.tui.filters import parse

    views = ConsoleViews(database)

    def page(text: str, sort: Sort | None = None, after: Place | None = None) -> Callable[[], Any]:
        chosen = parse(text, me="artist07", now_s=NOW)
        return lambda: views.numbers(chosen, sort or Sort(), limit=120, after=after)

    newest = list(range(JOBS, JOBS - 60, -1))
    yield "pulse", views.pulse
    yield "changes", lambda: views.changes(JOBS - 200, 2000)
    yield "jobs by state", views.job_counts
    yield "tasks by state", views.task_counts
    yield "nodes", lambda: NodeViews(database).nodes()
    yield "newest failures", lambda: views.failures(20)
    yield "60 job lines", lambda: views.lines(newest)
    yield "first page", page("")
    yield "page in the middle", page("", None, Place(50_000, 50_000))
    yield "state:failed", page("state:failed")
    yield "by:me state:active", page("by:me state:active")
    yield "pipeline, by age", page("pipeline:animate age<2h")
    yield "by priority", page("", Sort("priority"))
    yield "priority, deep", page("", Sort("priority"), Place(50, 50_000))
    yield "words", page("violet dunes")


async def paint(settings: Settings) -> tuple[float, float, float]:
    """Seconds to the first jobs on the screen and from a key to the screen; idle share of a core."""
    from textual.events import Key

    from farm.tui.console import build_console
    from farm.tui.widgets.table import VirtualTable

    begin = time.perf_counter()
    app = build_console(settings, actor="artist07", clock=lambda: NOW, first="jobs")
    async with app.run_test(size=(160, 48)) as pilot:
        while True:
            tables = app.screen.query(VirtualTable)
            if tables and tables.first().cells(JOBS) is not None:
                break
            await pilot.pause(0.001)
        first_s = time.perf_counter() - begin
        await pilot.pause(2)
        worked = time.process_time()
        await pilot.pause(4)
        idle = (time.process_time() - worked) / 4
        table = app.screen.query_one("#jobs", VirtualTable)
        begin = time.perf_counter()
        for _ in range(20):
            before = table.cursor_key
            app.post_message(Key("down", None))
            while table.cursor_key == before:
                await asyncio.sleep(0)
            app.screen._compositor.render_update(full=True)
        key_s = (time.perf_counter() - begin) / 20
    return first_s, key_s, idle


def main(folder: Path) -> None:
    """Build when the folder has no ledger, then measure and print."""
    settings = Settings(root=folder)
    if not (settings.spool_dir / "ledger.sqlite3").exists():
        begin = time.perf_counter()
        build(folder)
        print(f"built in {time.perf_counter() - begin:.1f} s")
    database = Database(settings.database_url, lambda: NOW)
    for name, query in queries(database):
        query()
        times = []
        for _ in range(7):
            begin = time.perf_counter()
            query()
            times.append(time.perf_counter() - begin)
        print(f"{name:<22}{sorted(times)[3] * 1000:8.2f} ms")
    database.close()
    first_s, key_s, idle = asyncio.run(paint(settings))
    print(f"first paint {first_s:.2f} s, key to screen {key_s * 1000:.1f} ms, idle {idle:.1%}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
