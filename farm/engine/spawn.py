"""One engine process as its node holds it: started, talked to, waited for, killed.

Invariant: when an engine is over, its whole process group is (a task's own children too), and so it is
when the node dies, however it dies.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from farm.engine.protocol import Lines, Message, send

# Names of the libraries' own variables: they are read when the library is first loaded.
_THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)

# PR_SET_PDEATHSIG was tried and refused: it fires when the *thread* that forked ends, and it kills
# the engine before the engine can take its children along. So the engine kills its own group when
# its pipe ends. A library that never gives up the interpreter lock would keep it from noticing;
# therefore this shell, whose standard input only the node holds open, does the same from outside.
_GUARD = 'read -r _; kill -9 "-$0"'


class EngineGone(Exception):
    """The engine process ended. ``status`` is its exit status, negative for a signal."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class EngineChild:
    """A running engine process with its pipes.

    environ : added to the node's environment, from which the farm's own settings are taken out.
    told : settings of plugins, by plugin.
    """

    def __init__(
        self,
        device: str,
        *,
        models_mb: int,
        parked_mb: int,
        plugin_folder: Path,
        manifests_folder: Path | None,
        threads: int,
        environ: Mapping[str, str],
        told: Mapping[str, Mapping[str, Any]],
    ) -> None:
        child_in, self._to = os.pipe()
        self._from, child_out = os.pipe()
        # What the engine says outside of tasks; read only to explain why it ended.
        self._own_log = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the engine
        arguments = [str(child_in), str(child_out), device]
        arguments += [str(models_mb), str(parked_mb), str(plugin_folder)]
        if manifests_folder is not None:
            arguments.append(str(manifests_folder))
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "farm.engine.child", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=self._own_log,
                stderr=self._own_log,
                pass_fds=(child_in, child_out),
                env=_environment(threads, environ),
                start_new_session=True,
            )
        finally:
            os.close(child_in)
            os.close(child_out)
        self.pid = self._process.pid
        self._guard = _start_guard(self._process)
        # The end of the pipe alone does not tell that the engine died: a child of it that was
        # forked without exec may hold the other end open.
        self._pidfd = os.pidfd_open(self.pid)
        self._lines = Lines()
        self._inbox: deque[Message] = deque()
        self._poll = select.poll()
        self._poll.register(self._from, select.POLLIN)
        self._poll.register(self._pidfd, select.POLLIN)
        # Through the pipe and not in its environment: they may hold secrets.
        with contextlib.suppress(BrokenPipeError):
            send(self._to, {"type": "begin", "plugins": told})

    def watch(self, fd: int) -> None:
        """Let :meth:`receive` return early when ``fd`` becomes readable."""
        self._poll.register(fd, select.POLLIN)

    def tell(self, message: Message) -> None:
        """Send a message. Raises EngineGone."""
        try:
            send(self._to, message)
        except BrokenPipeError:
            raise EngineGone(self.end()) from None

    def receive(self, until_s: float) -> Message | None:
        """The next message, or ``None`` at ``until_s`` (monotonic) or for a watched descriptor.

        Raises
        ------
        EngineGone : the process has ended and everything it said was read.
        """
        if not self._inbox:
            wait_ms = max(0.0, until_s - time.monotonic()) * 1000 + 1
            ready = [fd for fd, _ in self._poll.poll(wait_ms)]
            if self._from in ready:
                data = os.read(self._from, 1 << 16)
                if not data:
                    raise EngineGone(self.end())
                self._inbox.extend(self._lines.feed(data))
            elif self._pidfd in ready:
                raise EngineGone(self.end())
        return self._inbox.popleft() if self._inbox else None

    def end(self, grace_s: float = 0.0) -> int:
        """End the process and its whole group within ``grace_s``; returns its exit status.

        With a grace the engine is asked to quit first. Ending it a second time does nothing.
        """
        if self._process.returncode is not None:
            return self._process.returncode
        if grace_s > 0:
            with contextlib.suppress(BrokenPipeError):
                send(self._to, {"type": "quit"})
            select.select([self._pidfd], [], [], grace_s)
        # Until it is waited for, the group's number cannot be given to anybody else.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        status = self._process.wait()
        self._guard.kill()
        self._guard.wait()
        if self._guard.stdin is not None:
            self._guard.stdin.close()
        for fd in (self._to, self._from, self._pidfd):
            os.close(fd)
        return status

    def own_words(self) -> list[str]:
        """The last lines the engine said outside of tasks."""
        return last_lines(self._own_log.fileno())


def _start_guard(engine: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, str(engine.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except BaseException:
        engine.kill()
        engine.wait()
        raise


def last_lines(fd: int, most: int = 40) -> list[str]:
    """The end of a text file, at most 16 kB of it."""
    size = os.fstat(fd).st_size
    text = os.pread(fd, 16384, max(0, size - 16384)).decode("utf-8", "replace")
    lines: Sequence[str] = text.splitlines()
    return list(lines[-most:])


def _environment(threads: int, extra: Mapping[str, str]) -> dict[str, str]:
    # Plugin code never sees the farm's configuration; its secrets least of all.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FARM_")}
    environment |= dict.fromkeys(_THREAD_VARIABLES, str(threads))
    # Sets and dictionaries of strings iterate alike in every engine: equal work, equal bytes.
    environment["PYTHONHASHSEED"] = "0"
    return {**environment, **extra}
