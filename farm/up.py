"""``farm up``: a whole farm on one machine, supervised.

Invariant: a part that dies is started again; when this process dies, however it dies, every part goes
with it (the kernel sends them the signal), so no half of a farm is left running. It stays small: it
opens neither the ledger nor the broker itself, and loads the libraries of neither.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from farm.config import Settings
from farm.domain.errors import ConfigError
from farm.processes import die_with_parent
from farm.valkey import is_ready, start_server

_log = logging.getLogger(__name__)

_STOP_S = 8.0
_STEADY_S = 10.0
_MOST_BACKOFF_S = 10.0


@dataclass(slots=True)
class Part:
    """One supervised process."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    backoff_s: float = 0.1
    due_at: float = field(default=0.0)


def run_up(settings: Settings, *, stopping: threading.Event, ready: Callable[[], None]) -> None:
    """Run Valkey (unless a broker is configured), daemon and node until ``stopping`` is set.

    Call it in the main thread: the kernel ties the children's fate to the thread that starts them.
    ``ready`` is called once everything has been started.

    Raises
    ------
    SystemExit : the ledger cannot be brought up; the process that tried has said why.
    ConfigError : the embedded server cannot be brought up.
    """
    settings.spool_dir.mkdir(parents=True, exist_ok=True)
    _upgrade_ledger(settings)
    parts = []
    if not settings.broker:
        folder = settings.spool_dir / "valkey"
        parts.append(Part("valkey", lambda: start_server(settings.valkey_socket, folder)))
    parts.append(Part("daemon", lambda: _start(settings, "daemon")))
    parts.append(Part("node", lambda: _start(settings, "node")))
    try:
        for part in parts:
            _launch(part)
            if part.name == "valkey":
                _wait_for_server(settings.valkey_socket, folder / "valkey.log")
        ready()
        while not stopping.wait(0.1):
            for part in parts:
                _supervise(part)
    finally:
        for part in reversed(parts):
            _end(part)


def _upgrade_ledger(settings: Settings) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "farm", "db", "upgrade"],
        env=_environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
        process_group=0,
        check=False,
    )
    if done.returncode:
        raise SystemExit(done.returncode)


def _environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, "FARM_ROOT": str(settings.root)}


def _start(settings: Settings, part: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "farm", part],
        env=_environment(settings),
        stdin=subprocess.DEVNULL,
        preexec_fn=die_with_parent,
        # A group of its own: Ctrl-C reaches this process only, which stops the parts in order.
        process_group=0,
    )


def _launch(part: Part) -> None:
    part.process = part.start()
    part.started_at = time.monotonic()


def _supervise(part: Part) -> None:
    now = time.monotonic()
    if part.process is not None:
        code = part.process.poll()
        if code is None:
            if now - part.started_at > _STEADY_S:
                part.backoff_s = 0.1
            return
        _log.error("%s ended with %s; starting it again", part.name, code)
        part.process = None
        part.due_at = now + part.backoff_s
        part.backoff_s = min(_MOST_BACKOFF_S, part.backoff_s * 2)
    if now >= part.due_at:
        _launch(part)


def _end(part: Part) -> None:
    process = part.process
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(timeout=_STOP_S)
    except subprocess.TimeoutExpired:
        _log.warning("%s did not stop in %s s; killing it", part.name, _STOP_S)
        process.kill()
        process.wait()


def _wait_for_server(socket: Path, log: Path, timeout_s: float = 15.0) -> None:
    until = time.monotonic() + timeout_s
    while not is_ready(socket):
        if time.monotonic() > until:
            raise ConfigError(
                "the embedded Valkey server did not come up",
                where=str(socket),
                got=f"no answer within {timeout_s:g} s",
                mend=f"Look into {log}.",
                code="up.no-broker",
            )
        time.sleep(0.01)
