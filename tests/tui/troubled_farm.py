"""A farm with eight troubles, each brought about by the part of the farm that meets it in earnest.

A real engine crashes and hangs, the scheduler misses a heartbeat and explains what cannot be placed,
the intake refuses a drop and finds no room, the notifier sees the full disk, an operator paused it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from farmhand import plan, stage
from sample_farm import PIPELINE, PLUGIN, Hand, Standing, orphan

from farm.artifacts.store import open_store
from farm.config import Settings
from farm.dispatch.scheduler import Scheduler
from farm.domain.plan import Needs, Plan
from farm.engine.process import EngineProcess
from farm.engine.protocol import EngineRequest
from farm.intake import Intake
from farm.ledger.database import Database
from farm.ledger.upgrade import upgrade
from farm.notify import Notifier
from farm.plugins import load_plugins

BAD_STAGES = '''
"""A stage that takes its engine with it, and one that never comes back."""

import os
import signal
import threading

from farm import Stage, hookimpl


def crash(task):
    os.kill(os.getpid(), signal.SIGSEGV)


def hang(task):
    threading.Event().wait()


@hookimpl
def farm_stages():
    return [Stage(f"bad.{name}", "loose", 1, f"bad:{name}", {}, {}) for name in ("crash", "hang")]
'''
NO_ROOM_MB = 10**12
PAUSED = "the air conditioning is being mended"


class Wire:
    """Nobody listens: the hand claims what it wants."""

    def send(self, message: object) -> bool:
        return True


def job(name: str, **limits: int) -> Plan:
    """A job of one task."""
    needs = Needs("clip.render/procedural", 3, ram_mb=100, limits=limits)
    work = stage("work", capability="clip.render", provider="procedural", version=3, needs=needs)
    return plan(work, name=name, prompt=name)


@contextmanager
def troubled(folder: Path) -> Iterator[tuple[Settings, Database, Standing]]:
    """Seven troubles of the eight; the pause hides some of them, so the test brings it itself."""
    clock = Standing()
    settings = Settings(root=folder, low_disk_mb=0)
    plugins = settings.under_root(settings.plugin_folder)
    plugins.mkdir(parents=True)
    for name, text in (
        ("clip.py", PLUGIN), ("_procedural.yaml", PIPELINE), ("bad.py", BAD_STAGES),
    ):  # fmt: skip
        (plugins / name).write_text(text, encoding="utf-8")
    (folder / "dropbox" / "procedural").mkdir(parents=True)
    database = Database(settings.database_url, clock)
    upgrade(database)
    hand = Hand(database, node="atlas")
    hand.join("vega")
    _bad_jobs(hand, folder, plugins)
    hand.jobs.accept(orphan("portrait"), job_id="orphan")
    for name in ("first", "second"):
        hand.jobs.accept(job(name, comfy=1), job_id=name)
    _schedule(hand, hand.take("first.work.0"))
    full = _arrivals(settings, database, clock)
    yield full, database, clock
    database.close()


def _bad_jobs(hand: Hand, folder: Path, plugins: Path) -> None:
    """A job that kills every engine, and one that stops moving, on one node after the other."""
    engine = EngineProcess("cpu0", plugin_folder=plugins, kill_after_s=0.1)
    try:
        for name in ("crash", "hang"):
            hand.jobs.accept(job(name), job_id=name)
            for node in ("atlas", "vega"):
                task = hand.take(f"{name}.work.0", node)
                outcome = engine.run(_request(task, name, folder))
                assert outcome.error is not None and outcome.error_class is not None
                hand.claims[node].fail(
                    task, outcome.error_class, outcome.error, outcome.peaks, max_failures=200
                )
    finally:
        engine.stop()


def _request(task: Any, name: str, folder: Path) -> EngineRequest:
    return EngineRequest(
        task_id=task.task_id, number=task.number, stage_id=f"bad.{name}/loose", version=1,
        params={}, inputs={}, seed=7, stall_s=0.2,
        scratch=folder / "scratch" / f"{name}{task.number}",
        log=folder / "log" / f"{name}{task.number}.log",
    )  # fmt: skip


def _schedule(hand: Hand, runs: Any) -> None:
    """Two passes with six seconds between them, in which one node is heard and the other is not."""
    time = SimpleNamespace(now_s=0.0)
    scheduler = Scheduler(
        queue=hand.queue, jobs=hand.jobs, nodes=hand.nodes, sender=Wire(),  # type: ignore[arg-type]
        cut=lambda *_: [], limits={"comfy": 1}, lease_s=5.0, monotonic=lambda: time.now_s,
    )  # fmt: skip
    scheduler.tick()
    time.now_s = 6.0
    hand.beat("atlas", runs, cpu_percent=5.0, ram_used_mb=9000, disk_free_mb=400_000)
    scheduler.tick()


def _arrivals(settings: Settings, database: Database, clock: Standing) -> Settings:
    """A refused drop; then the disk is full and another one has to wait."""
    door = settings.root / "dropbox" / "procedural"
    registry = load_plugins(settings.under_root(settings.plugin_folder))
    store = open_store(settings.store_url, cache_dir=settings.spool_dir / "cache")
    full = settings.model_copy(update={"low_disk_mb": NO_ROOM_MB})
    for now, name, text in ((settings, "blank.txt", " \n"), (full, "late.txt", "a harbour")):
        (door / name).write_text(text, encoding="utf-8")
        intake = Intake(now, registry, store, database, clock=clock, monotonic=clock)
        intake.recover()
        intake.tick()
        clock.pass_s(3)
        intake.tick()
    Notifier(full, registry, database, clock=clock).tick()
    return full
