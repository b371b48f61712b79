"""Starts, kills and restarts a stand-in server as a process of its own.

Invariant: after ``kill`` the port stays the same and the saved files stay, everything else is gone.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from .descriptions import install_models

TESTS = Path(__file__).resolve().parents[1]


class StandIn:
    """One server. folder : its input, output and models. options : see ``server.py``."""

    def __init__(
        self,
        folder: Path,
        *,
        version: str = "0.33.0",
        models: Mapping[str, Iterable[str]] | None = None,
        without: Iterable[str] = (),
        nodes: Iterable[Path] = (),
        step_s: float = 0.01,
        upload_limit: int | None = None,
        vram_gb: int = 24,
        require_header: Mapping[str, str] | None = None,
        port: int = 0,
    ) -> None:
        self.folder = folder
        self._options = ["--version", version, "--step-s", str(step_s)]
        self._options += ["--vram-gb", str(vram_gb)]
        if models is not None:
            install_models(folder, models)
            self._options += ["--models", "none"]
        for name in without:
            self._options += ["--without", name]
        for path in nodes:
            self._options += ["--nodes", str(path)]
        if upload_limit is not None:
            self._options += ["--upload-limit", str(upload_limit)]
        for name, value in (require_header or {}).items():
            self._options += ["--require-header", f"{name}={value}"]
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> StandIn:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start the process and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "comfy.server",
                "--port",
                str(self.port),
                "--root",
                str(self.folder),
                "--with-parent",
                *self._options,
            ],
            cwd=TESTS,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.startswith("stand-in at"):
            raise RuntimeError(f"the stand-in did not start: {line!r}")

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def wait_dead(self, timeout_s: float = 10) -> None:
        """Wait until the process is gone (after a crash on demand)."""
        assert self._process is not None
        self._process.wait(timeout_s)
        self._close()

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._close()

    def freeze(self) -> None:
        """Stop the process where it is: it accepts connections and never answers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen process go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """Kill it and start it again on the same port: queue and history are lost."""
        self.kill()
        self.start()

    def fault(self, name: str, times: int = -1, **values: Any) -> None:
        """Switch a fault on (see ``faults.KNOWN``)."""
        self.ask("/_stand_in/faults", {"name": name, "times": times, **values})

    def mend(self, name: str | None = None) -> None:
        """Switch one fault off, or all."""
        self.ask("/_stand_in/faults" + (f"?name={name}" if name else ""), method="DELETE")

    def without(self, *classes: str) -> None:
        """From now on these node classes are not installed."""
        self.ask("/_stand_in/nodes", {"absent": list(classes)})

    def seen(self) -> dict[str, Any]:
        """What was asked of the server since it started."""
        return self.ask("/_stand_in/seen")

    def queue(self) -> tuple[list[str], list[str]]:
        """Ids that run and that wait."""
        told = self.ask("/queue")
        return tuple([item[1] for item in told[f"queue_{part}"]] for part in ("running", "pending"))

    def ask(self, path: str, body: Any = None, method: str | None = None) -> Any:
        """A request of the test's own; the JSON answer."""
        request = urllib.request.Request(
            self.url + path,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def _close(self) -> None:
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
        self._process = None


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Any, timeout_s: float = 20.0, what: str = "the condition") -> Any:
    """The condition's first true value."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come true in {timeout_s} s")
