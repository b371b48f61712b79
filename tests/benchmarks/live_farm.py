"""A whole farm in a temporary folder: Valkey, one daemon and one node as real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import Any

import psutil
import redis
from sqlalchemy import select

from farm.config import Settings, load_settings
from farm.dispatch.broker import Bell
from farm.domain.ids import new_id
from farm.domain.plan import Needs, Plan, PlannedStage, PlannedWindow
from farm.domain.states import JobState
from farm.ledger.database import Database
from farm.ledger.jobs import Jobs
from farm.ledger.nodes import Nodes
from farm.ledger.schema import jobs, nodes as node_rows
from farm.ledger.upgrade import upgrade
from farm.processes import die_with_parent
from farm.valkey import start_server

SLOTS = 2
_LOOK_S = 0.02
_NONE: Mapping[str, str] = MappingProxyType({})
_PLUGIN = '''
"""Stages that do nothing, and one that tells when it was reached."""

import time
from pathlib import Path

from farm import Resources, Stage, Windowing, hookimpl

MARKS = Path(__file__).parents[1] / "marks"


def noop(task):
    return {}


def mark(task):
    reached = time.time()
    (MARKS / task.id).write_text(repr(reached))
    return {}


@hookimpl
def farm_stages():
    small = Resources(ram_mb=64)
    windows = Windowing(length=lambda params, inputs: 1, size=lambda params: 1)
    return [
        Stage("bench.noop", "bench", 1, "bench_plugin:noop", {}, {}, resources=small),
        Stage("bench.wide", "bench", 1, "bench_plugin:noop", {}, {}, resources=small,
              windows=windows),
        Stage("bench.mark", "bench", 1, "bench_plugin:mark", {}, {}, resources=small),
    ]
'''


@dataclass
class LiveFarm:
    """A running farm, and direct access to its ledger."""

    settings: Settings
    database: Database
    bell: Bell
    processes: dict[str, subprocess.Popen[bytes]]

    @property
    def marks(self) -> Path:
        """Where ``bench.mark`` writes the time it was reached, one file a task."""
        return self.settings.spool_dir / "marks"

    @property
    def jobs(self) -> Jobs:
        return Jobs(self.database)

    @property
    def nodes(self) -> Nodes:
        return Nodes(self.database)

    def accept(self, *stages: PlannedStage, number: int = 0) -> str:
        """Write a job made of ``stages``; returns its id."""
        job_id = new_id(time.time())
        self.jobs.accept(plan_of(stages, number), job_id=job_id, actor="benchmark")
        return job_id

    def members(self) -> dict[str, list[psutil.Process]]:
        """Processes by part: the daemon, the node, and the node's engines."""
        node = psutil.Process(self.processes["node"].pid)
        return {
            "daemon": [psutil.Process(self.processes["daemon"].pid)],
            "node": [node],
            "engines": node.children(recursive=True),
        }


def noop_stage(name: str, number: int, **changes: Any) -> PlannedStage:
    """A planned no-op; each ``number`` is work of its own, so that the cache answers none."""
    capability = changes.pop("capability", "bench.noop")
    values: dict[str, Any] = {
        "name": name,
        "capability": capability,
        "provider": "bench",
        "version": 1,
        "params": {},
        "bindings": {},
        "needs_stages": [],
        "needs": Needs(f"{capability}/bench", 1, ram_mb=64),
        "seed": number,
    }
    return PlannedStage(**{**values, **changes})


def chain(length: int, number: int) -> list[PlannedStage]:
    """Stages that run one after another. ``number`` must be unique in a farm."""
    return [
        noop_stage(f"s{i}", number * 100 + i, needs_stages=[f"s{i - 1}"] if i else [])
        for i in range(length)
    ]


def fan(width: int, number: int) -> list[PlannedStage]:
    """A stage of ``width`` windows and one that waits for all of them."""
    windows = tuple(PlannedWindow(i, i + 1) for i in range(width))
    return [
        noop_stage(
            "wide", number * 100, capability="bench.wide", windowed=True, windows=windows
        ),
        noop_stage("join", number * 100 + 1, needs_stages=["wide"]),
    ]  # fmt: skip


def plan_of(stages: tuple[PlannedStage, ...], number: int) -> Plan:
    """A plan without inputs and files."""
    return Plan(
        name=f"bench-{number}",
        pipeline="bench@1",
        pipeline_hash="0" * 64,
        manifest={"farm": 1, "pipeline": "bench@1"},
        inputs={},
        stages=stages,
        outputs={},
        content_key=f"{number:064d}",
        seed=number,
        submitter="bench",
    )


@contextmanager
def live_farm(
    folder: Path,
    database_url: str = "",
    plugins: Mapping[str, str] = _NONE,
    environ: Mapping[str, str] = _NONE,
) -> Iterator[LiveFarm]:
    """Start a farm in ``folder`` and wait until its engines are up; default database: SQLite.

    plugins : source of further plugins by module name. environ : further settings.
    """
    folder.mkdir(exist_ok=True)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("FARM_")},
        "FARM_ROOT": str(folder),
        "FARM_CPU_SLOTS": str(SLOTS),
        "FARM_GPUS": "[]",
        "FARM_LOG_LEVEL": "WARNING",
        "FARM_LOW_DISK_MB": "0",
        "FARM_METRICS_LISTEN": "",
        "FARM_NODE_METRICS_LISTEN": "",
        **({"FARM_DATABASE": database_url} if database_url else {}),
        **environ,
    }
    settings, _ = load_settings(folder, environment)
    loose = settings.under_root(settings.plugin_folder)
    loose.mkdir(parents=True)
    for name, source in {"bench_plugin": _PLUGIN, **plugins}.items():
        (loose / f"{name}.py").write_text(source, encoding="utf-8")
    (settings.spool_dir / "marks").mkdir()
    database = Database(settings.database_url)
    upgrade(database)
    processes = {"valkey": start_server(settings.valkey_socket, settings.spool_dir / "valkey")}
    bell = Bell(settings.broker_url, settings.name)
    try:
        wait_for(lambda: answers(settings.broker_url), 15)
        for part in ("daemon", "node"):
            processes[part] = subprocess.Popen(
                [sys.executable, "-m", "farm", part],
                env=environment,
                stdin=subprocess.DEVNULL,
                preexec_fn=die_with_parent,
                process_group=0,
            )
        farm = LiveFarm(settings, database, bell, processes)
        wait_for(lambda: _registered(database), 60)
        _warm(farm)
        yield farm
    finally:
        for part in reversed(processes.values()):
            part.terminate()
            try:
                part.wait(timeout=10)
            except subprocess.TimeoutExpired:
                part.kill()
                part.wait()
        database.close()


def wait_for(condition: Callable[[], Any], seconds: float, every_s: float = _LOOK_S) -> Any:
    """Look until ``condition`` gives something true; raises after ``seconds``."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = condition()
        if found:
            return found
        time.sleep(every_s)
    raise TimeoutError(f"nothing came within {seconds} s")


def answers(url: str) -> bool:
    """Whether a broker is there."""
    client = redis.Redis.from_url(url)
    try:
        return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
    finally:
        client.close()


def temporary_folder() -> tempfile.TemporaryDirectory[str]:
    """A folder for one farm; SIGTERM removes it as well."""
    signal.signal(signal.SIGTERM, _leave)
    return tempfile.TemporaryDirectory(prefix="farm-bench-")


def _leave(_number: int, _frame: FrameType | None) -> None:
    raise SystemExit(143)


def _registered(database: Database) -> bool:
    with database.read() as connection:
        return connection.execute(select(node_rows.c.name)).first() is not None


def _warm(farm: LiveFarm) -> None:
    """Run a few tasks, so that both engines have imported the plugin."""
    job_id = farm.accept(*[noop_stage(f"m{i}", i, capability="bench.mark") for i in range(8)])
    farm.bell.ring()

    def done() -> bool:
        with farm.database.read() as connection:
            state = connection.execute(select(jobs.c.state).where(jobs.c.id == job_id)).scalar_one()
        return bool(state == JobState.DONE)

    wait_for(done, 60)
