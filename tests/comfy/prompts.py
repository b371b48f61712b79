"""The queue of prompts, the one that runs, and what is known of those that ran.

Invariant: prompts run one after another, the lowest number first; everything is in memory only, so a
new process knows none of them; a cancelled prompt that did not run yet leaves no trace.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .faults import Faults

HISTORY_LIMIT = 10000


def now_ms() -> int:
    """Milliseconds since 1970, the unit of every time a server tells."""
    return int(time.time() * 1000)


@dataclass(order=True, slots=True)
class Prompt:
    """One queued graph. outputs : the nodes that run."""

    number: float
    order: int
    id: str = field(compare=False)
    graph: dict[str, Any] = field(compare=False)
    extra: dict[str, Any] = field(compare=False)
    outputs: list[str] = field(compare=False)

    def listed(self) -> list[Any]:
        """As ``/queue`` and ``/history`` show it."""
        number = int(self.number) if self.number == int(self.number) else self.number
        return [number, self.id, self.graph, self.extra, self.outputs]


@dataclass(slots=True)
class Ended:
    """A prompt that ran. visible_at : monotonic seconds from which on the server admits it."""

    prompt: Prompt
    outputs: dict[str, Any]
    meta: dict[str, Any]
    status: dict[str, Any]
    visible_at: float = 0.0

    def listed(self) -> dict[str, Any]:
        """As ``/history`` shows it."""
        return {
            "prompt": self.prompt.listed(),
            "outputs": self.outputs,
            "status": self.status,
            "meta": self.meta,
        }


class Prompts:
    """The queue; the routes put and cancel, the worker takes and ends."""

    def __init__(self, faults: Faults, changed: Callable[[int], None]) -> None:
        self._faults = faults
        self._changed = changed
        self._waiting: list[Prompt] = []
        self._ended: dict[str, Ended] = {}
        self._condition = threading.Condition()
        self._next = 0
        self._order = 0
        self.running: Prompt | None = None
        self.interrupted = threading.Event()

    def put(
        self,
        prompt_id: str,
        graph: dict[str, Any],
        extra: dict[str, Any],
        outputs: list[str],
        number: float | None,
        front: bool,
    ) -> float:
        """Queue a graph; its number."""
        with self._condition:
            if number is None:
                number = -self._next if front else self._next
                self._next += 1
            self._order += 1
            prompt = Prompt(number, self._order, prompt_id, graph, extra, outputs)
            heapq.heappush(self._waiting, prompt)
            self._condition.notify_all()
            self._tell()
        return number

    def take(self) -> Prompt:
        """The next prompt to run; waits for one."""
        with self._condition:
            while not self._waiting:
                self._condition.wait()
            self.running = heapq.heappop(self._waiting)
            self.interrupted.clear()
            self._tell()
            return self.running

    def end(self, outputs: dict[str, Any], meta: dict[str, Any], status: dict[str, Any]) -> None:
        """The running prompt ended."""
        lag = self._faults.on("history-lag")
        with self._condition:
            prompt, self.running = self.running, None
            assert prompt is not None
            if not self._faults.on("forget"):
                if len(self._ended) >= HISTORY_LIMIT:
                    del self._ended[next(iter(self._ended))]
                visible = time.monotonic() + float(lag["seconds"]) if lag else 0.0
                self._ended[prompt.id] = Ended(prompt, outputs, meta, status, visible)
            self._tell()

    def cancel(self, prompt_id: str) -> bool:
        """Take a waiting prompt out or interrupt the running one; whether there was one."""
        return self.delete(prompt_id) or self.interrupt(prompt_id)

    def delete(self, prompt_id: str) -> bool:
        """Take a waiting prompt out of the queue."""
        with self._condition:
            for prompt in self._waiting:
                if prompt.id == prompt_id:
                    self._waiting.remove(prompt)
                    heapq.heapify(self._waiting)
                    self._tell()
                    return True
            return False

    def interrupt(self, prompt_id: str | None) -> bool:
        """Raise the flag for the running prompt (``None``: whichever runs)."""
        with self._condition:
            if prompt_id is not None and (self.running is None or self.running.id != prompt_id):
                return False
            self.interrupted.set()
            return self.running is not None

    def clear(self) -> None:
        """Empty the queue."""
        with self._condition:
            self._waiting.clear()
            self._tell()

    def forget(self, prompt_ids: list[str] | None) -> None:
        """Delete from history; ``None`` for all of it."""
        with self._condition:
            for name in list(self._ended) if prompt_ids is None else prompt_ids:
                self._ended.pop(name, None)

    def queue(self) -> dict[str, Any]:
        """As ``GET /queue`` answers."""
        with self._condition:
            running = [self.running.listed()] if self.running else []
            return {
                "queue_running": running,
                "queue_pending": [prompt.listed() for prompt in sorted(self._waiting)],
            }

    def history(self) -> list[Ended]:
        """Everything that is known to have ended, oldest first."""
        now = time.monotonic()
        with self._condition:
            return [ended for ended in self._ended.values() if ended.visible_at <= now]

    def waiting(self) -> list[Prompt]:
        """What waits, in the order in which it will run."""
        with self._condition:
            return sorted(self._waiting)

    def _tell(self) -> None:
        self._changed(len(self._waiting) + (self.running is not None))
