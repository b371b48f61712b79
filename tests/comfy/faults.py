"""Faults on demand: which misbehaviours are switched on, for how often, and with what values.

Invariant: a fault is off unless a test switched it on through ``/_stand_in/faults``; one with a
number of times switches itself off after that many uses.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

KNOWN = {
    "crash-at-progress": "the process dies at that share (at: 0..1) of a sampling node",
    "crash-on-prompt": "the process dies right after it has queued a prompt, before it answers",
    "drop-socket": "all sockets are cut at that share (at: 0..1) of a sampling node",
    "silent-socket": "sockets stay open but nothing is sent",
    "refuse-socket": "/ws answers 503",
    "zombie": "the worker takes a prompt and never does anything again",
    "oom": "the next sampling node runs out of memory",
    "node-error": "the next sampling node raises",
    "disk-full": "uploads answer 500, saving nodes raise OSError 28",
    "slow": "every answer takes seconds (seconds)",
    "slow-loris": "answers trickle a byte at a time (seconds between bytes)",
    "status": "routes answer with a status (status) and a text (text); route: only paths that start so",
    "text-500": "every route answers 500 with plain text",
    "unauthorised": "every route answers 401 with plain text",
    "html": "every route answers 200 with a page of HTML",
    "redirect": "/view redirects (to)",
    "truncate": "/view ends after that share (at: 0..1), with the full Content-Length",
    "no-range": "/view ignores Range",
    "wrong-type": "/view says text/html",
    "changed-file": "/view answers other bytes from the second request on",
    "history-lag": "a finished run is in no history and no job list for a while (seconds)",
    "lost-reply": "the next prompts are queued but the connection is cut instead of an answer",
    "reset": "connections are cut before an answer; route: only paths that start so",
    "forget": "a finished run is left out of history (as if it were capped at nothing)",
    "slow-node": "every sampling step takes seconds (seconds)",
    "ignore-interrupt": "nodes do not look at the interrupt flag",
    "missing-output": "history names a file that is not there",
    "rename-uploads": "every upload comes back under another name",
}


@dataclass(slots=True)
class Fault:
    """values : the fault's own. times : uses that are left; negative for always."""

    values: dict[str, Any]
    times: int = -1


class Faults:
    """The switched-on faults; used from the event loop and the worker."""

    def __init__(self) -> None:
        self._on: dict[str, Fault] = {}
        self._lock = threading.Lock()

    def switch_on(self, name: str, times: int = -1, **values: Any) -> None:
        """Switch a fault on for that many uses (negative: until it is switched off)."""
        if name not in KNOWN:
            raise KeyError(name)
        with self._lock:
            self._on[name] = Fault(values, times)

    def switch_off(self, name: str | None = None) -> None:
        """Switch one fault off, or all."""
        with self._lock:
            if name is None:
                self._on.clear()
            else:
                self._on.pop(name, None)

    def on(self, name: str) -> dict[str, Any] | None:
        """The fault's values when it is on; counts as one use."""
        with self._lock:
            fault = self._on.get(name)
            if fault is None:
                return None
            if fault.times > 0:
                fault.times -= 1
                if fault.times == 0:
                    del self._on[name]
            return fault.values or {"on": True}

    def peek(self, name: str) -> dict[str, Any] | None:
        """As ``on`` without counting."""
        with self._lock:
            fault = self._on.get(name)
            return None if fault is None else (fault.values or {"on": True})

    def listed(self) -> dict[str, Any]:
        """Everything that is on, for the control route."""
        with self._lock:
            return {
                name: {"times": fault.times, **fault.values} for name, fault in self._on.items()
            }
