"""The clocks of one run, and what is seen of its memory from outside.

Invariant: a task is asked to stop once, for the first reason that comes, and is killed a fixed time
later. The clocks are looked at only while the engine is silent, so they cost short tasks nothing.
"""

from __future__ import annotations

import time

from farm.domain.errors import FarmError, TaskCancelled, TaskTimeout
from farm.engine.meter import tree_peak_mb
from farm.engine.protocol import EngineRequest, Peaks
from farm.engine.vram import VramProbe

_SAMPLE_S = 0.5


class Watch:
    """One run's limits. Times are monotonic seconds; ``stop`` is why the task was asked to stop."""

    __slots__ = (
        "_began_s", "_kill_after_s", "_kill_at", "_ram_mb", "_request", "_sample_at",
        "_stall_at", "_timeout_at", "_vram_mb", "stop",
    )  # fmt: skip

    def __init__(self, request: EngineRequest, kill_after_s: float) -> None:
        now_s = time.monotonic()
        self.stop: FarmError | None = None
        self._request = request
        self._kill_after_s = kill_after_s
        self._began_s = now_s
        self._timeout_at = now_s + request.timeout_s
        self._stall_at = now_s + request.stall_s
        self._sample_at = now_s + _SAMPLE_S
        self._kill_at = 0.0
        self._ram_mb = 0
        self._vram_mb = 0

    @property
    def next_at(self) -> float:
        """When to look again, if the engine stays silent."""
        if self.stop is not None:
            return min(self._kill_at, self._sample_at)
        return min(self._timeout_at, self._stall_at, self._sample_at)

    @property
    def due(self) -> bool:
        """Whether it is time to look, even if the engine talks without a pause."""
        return time.monotonic() >= self.next_at

    def alive(self) -> None:
        """The engine gave a sign of progress."""
        self._stall_at = time.monotonic() + self._request.stall_s

    def must_stop(self, asked: str | None) -> bool:
        """Whether the task is to be asked to stop now; ``asked`` is the reason of a cancel."""
        if self.stop is not None:
            return False
        now_s = time.monotonic()
        self.stop = self._reason(asked, now_s)
        self._kill_at = now_s + self._kill_after_s
        return self.stop is not None

    def must_die(self) -> bool:
        """Whether it was asked and its time to obey is over."""
        return self.stop is not None and time.monotonic() >= self._kill_at

    def sample(self, pid: int, vram: VramProbe) -> None:
        """Look at the memory of the engine and of what it started, if it is time to."""
        now_s = time.monotonic()
        if now_s >= self._sample_at:
            self._sample_at = now_s + _SAMPLE_S
            self._ram_mb = max(self._ram_mb, tree_peak_mb(pid))
            self._vram_mb = max(self._vram_mb, vram.used_mb(pid))

    def peaks(self, told: Peaks | None = None) -> Peaks:
        """What the attempt used; ``told`` is the engine's own account, if it lived to give one."""
        if told is None:
            wall_s = time.monotonic() - self._began_s
            return Peaks(ram_mb=self._ram_mb, vram_mb=self._vram_mb, wall_s=wall_s)
        return Peaks(
            ram_mb=max(told.ram_mb, self._ram_mb),
            vram_mb=max(told.vram_mb, self._vram_mb),
            cpu_s=told.cpu_s,
            wall_s=told.wall_s,
            run_started_s=told.run_started_s,
        )

    def _reason(self, asked: str | None, now_s: float) -> FarmError | None:
        request = self._request
        where = f"{request.task_id}#{request.number}"
        if asked is not None:
            return TaskCancelled(asked, where=where, code="task.cancelled")
        if now_s >= self._timeout_at:
            return TaskTimeout(
                "the task ran out of its time",
                where=where,
                expected=f"at most {request.timeout_s:g} s",
                got=f"{now_s - self._began_s:.1f} s",
                mend="Make the work smaller, or raise the stage's timeout_s.",
                code="task.timeout",
            )
        if now_s >= self._stall_at:
            return TaskTimeout(
                "the task made no progress",
                where=where,
                expected=f"a sign of progress every {request.stall_s:g} s",
                mend="The stage must call task.progress more often, or declare a longer stall_s.",
                code="task.stalled",
            )
        return None
