"""A private farm in a folder: real processes that can be killed and started again.

Invariant: none of its processes outlives the one that made it, and it takes nothing from the
environment's ``FARM_*`` settings.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import redis
from sqlalchemy import select

from farm.config import Settings, load_settings
from farm.domain.errors import ConfigError
from farm.domain.states import AttemptState
from farm.ledger.database import Database
from farm.ledger.schema import attempts, jobs, leader, nodes, tasks
from farm.ledger.upgrade import upgrade
from farm.processes import die_with_parent
from farm.valkey import start_server

_PLUGIN = "from farm.sim.plugin import farm_pipelines, farm_stages\n"
_LOOK_S = 0.02


class Farmlet:
    """One farm. Start and restart its parts from a thread that lives as long as they should.

    root : an empty folder. database : an empty database's URL; default: SQLite in the folder.
    engines : in all, shared between the nodes. quick : short leases, for many faults in little
    time; otherwise the settings are those of every farm.
    """

    def __init__(
        self,
        root: Path,
        *,
        database: str = "",
        daemons: int = 2,
        nodes: int = 2,
        engines: int = 2,
        quick: bool = True,
    ) -> None:
        self.root = root
        self.door = root / "dropbox" / "sim"
        self.inbox = root / "manifests" / "inbox"
        for folder in (self.door, self.inbox, root / "spool" / "plugins", root / "log"):
            folder.mkdir(parents=True)
        (root / "spool" / "plugins" / "sim.py").write_text(_PLUGIN, encoding="ascii")
        (root / "farm.toml").write_text(_toml(database, quick=quick), encoding="utf-8")
        self.settings: Settings = load_settings(root, {})[0]
        self.database = Database(self.settings.database_url)
        upgrade(self.database)
        with self.database.read() as connection:
            if connection.execute(select(jobs.c.id).limit(1)).first() is not None:
                raise ConfigError(
                    "this ledger has jobs of its own",
                    where="database",
                    expected="an empty database",
                    mend="Create one for the simulation.",
                )
        self._engines = max(1, engines // max(1, nodes))
        self._starts: dict[str, Callable[[], subprocess.Popen[bytes]]] = {"valkey": self._valkey}
        for index in range(daemons):
            self._starts[f"daemon{index}"] = self._starter(f"daemon{index}", "daemon", index)
        for index in range(nodes):
            self._starts[f"node{index}"] = self._starter(f"node{index}", "node", index)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        """Start every part that does not run."""
        for part in self._starts:
            self.restart(part)

    def stop(self) -> None:
        """End every part, nodes first."""
        for part in reversed(self._starts):
            process = self._processes.get(part)
            if process is not None and process.poll() is None:
                process.kill() if part == "valkey" else process.terminate()
        for process in self._processes.values():
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.database.close()

    def restart(self, part: str) -> bool:
        """Start ``part`` unless it runs; returns whether it had to be started."""
        process = self._processes.get(part)
        if process is not None and process.poll() is None:
            return False
        self._processes[part] = self._starts[part]()
        return True

    def dead(self) -> list[str]:
        """The parts that do not run."""
        return [part for part in self._starts if not self.is_alive(part)]

    def is_alive(self, part: str) -> bool:
        """Whether ``part`` runs."""
        process = self._processes.get(part)
        return process is not None and process.poll() is None

    def kill(self, part: str) -> bool:
        """Kill a part with SIGKILL; false when it did not run."""
        process = self._processes.get(part)
        if process is None or process.poll() is not None:
            return False
        process.kill()
        process.wait()  # Reaped, so that a standby on this machine sees it is gone.
        return True

    def engines(self) -> list[tuple[str, str, int]]:
        """Node, slot and process id of each engine, as the nodes last said."""
        with self.database.read() as connection:
            rows = connection.execute(select(nodes.c.name, nodes.c.engines)).all()
        return [(r.name, e["slot"], e["pid"]) for r in rows for e in r.engines if e.get("pid")]

    def kill_engine(self, node: str, pid: int) -> bool:
        """Kill an engine with SIGKILL; false when the process is no child of that node any more."""
        process = self._processes.get(node)
        if process is None or process.poll() is not None:
            return False
        try:
            if pid not in {child.pid for child in psutil.Process(process.pid).children()}:
                return False
            os.kill(pid, signal.SIGKILL)
        except (psutil.NoSuchProcess, ProcessLookupError):
            return False
        return True

    def active_daemon(self) -> str | None:
        """The daemon part that leads, if it runs."""
        with self.database.read() as connection:
            holder = connection.execute(select(leader.c.holder)).scalar_one_or_none() or ""
        pid = holder.rpartition("/")[2]
        for part, process in self._processes.items():
            if str(process.pid) == pid and process.poll() is None:
                return part
        return None

    def flush_broker(self) -> bool:
        """Make Valkey forget everything; false when it could not be reached."""
        client = redis.Redis.from_url(self.settings.broker_url, socket_timeout=2)
        try:
            client.flushall()
        except (redis.RedisError, OSError):
            return False
        finally:
            client.close()
        return True

    def running(self) -> list[Any]:
        """Attempts that run now: task, number, node, slot, failures of the task by class."""
        with self.database.read() as connection:
            return list(
                connection.execute(
                    select(
                        attempts.c.task_id,
                        attempts.c.number,
                        attempts.c.node,
                        attempts.c.slot,
                        attempts.c.started_at,
                        tasks.c.failures,
                    )
                    .join(tasks, tasks.c.id == attempts.c.task_id)
                    .where(attempts.c.state == AttemptState.RUNNING)
                    .order_by(attempts.c.started_at)
                )
            )

    def wait_for(self, what: str, found: Callable[[], Any], within_s: float) -> Any:
        """Look until ``found`` returns something true; returns it. Raises TimeoutError."""
        until = time.monotonic() + within_s
        while not (value := found()):
            if time.monotonic() > until:
                raise TimeoutError(f"not within {within_s:g} s: {what}")
            time.sleep(_LOOK_S)
        return value

    def _valkey(self) -> subprocess.Popen[bytes]:
        return start_server(self.settings.valkey_socket, self.settings.spool_dir / "valkey")

    def _starter(
        self, part: str, command: str, index: int
    ) -> Callable[[], subprocess.Popen[bytes]]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("FARM_")}
        environ = {
            **clean,
            "FARM_ROOT": str(self.root),
            "FARM_NODE_NAME": f"node{index}",
            "FARM_CPU_SLOTS": str(self._engines),
        }

        def start() -> subprocess.Popen[bytes]:
            with (self.root / "log" / f"{part}.log").open("ab") as log:
                return subprocess.Popen(
                    [sys.executable, "-m", "farm", command],
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    preexec_fn=die_with_parent,
                    process_group=0,
                )

        return start


def _toml(database: str, *, quick: bool) -> str:
    lines = ['name = "sim"', "settle_s = 0.2", "gpus = []", "low_disk_mb = 0", "ram_mb = 4096"]
    lines.append('plugin_folder = "spool/plugins"')
    if quick:
        lines += ["rescan_s = 0.5", "lease_s = 3.0", "heartbeat_s = 0.5"]
    if database:
        lines.append(f"database = '{database}'")
    return "\n".join(lines) + "\n"
