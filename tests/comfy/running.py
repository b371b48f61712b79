"""What a node of the stand-in is given while it runs.

Invariant: a model node looks at the interrupt flag after every step; a plumbing node never does.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

from .faults import Faults


class Interrupted(Exception):
    """The running node saw the interrupt flag."""

    def __init__(self, node: str) -> None:
        super().__init__(node)
        self.node = node


class OutOfMemory(RuntimeError):
    """Stands for ``torch.OutOfMemoryError``."""


@dataclass(frozen=True, slots=True)
class Slot:
    """shown : what an output node reports (``{"images": [{filename, …}]}``)."""

    shown: dict[str, Any]


@dataclass(frozen=True, slots=True)
class NodeRun:
    """report : value, most, preview of a node's progress. cut : cuts all sockets."""

    root: Path
    node: str
    faults: Faults
    step_s: float
    interrupted: Event
    report: Callable[[str, int, int, bytes | None], None]
    cut: Callable[[], None]

    def steps(
        self,
        first: int,
        last: int,
        most: int,
        seconds: float,
        preview: Callable[[int], bytes | None],
    ) -> None:
        """Act out the sampling steps ``first`` (excluded) to ``last`` of ``most``, faults included."""
        if self.faults.on("oom"):
            raise OutOfMemory(
                "Allocation on device\nThis error means you ran out of memory on your GPU."
            )
        if self.faults.on("node-error"):
            raise RuntimeError("expected scalar type Half but found Float")
        slow = self.faults.peek("slow-node")
        seconds = float(slow["seconds"]) if slow else seconds
        for step in range(first + 1, last + 1):
            crash = self.faults.peek("crash-at-progress")
            if crash and step / most >= float(crash.get("at", 0.5)):
                os._exit(137)
            dropped = self.faults.peek("drop-socket")
            if dropped and step / most >= float(dropped.get("at", 0.5)):
                self.faults.on("drop-socket")
                self.cut()
            deadline = time.monotonic() + seconds
            while (left := deadline - time.monotonic()) > 0:
                self.look()
                time.sleep(min(left, 0.02))
            self.look()
            self.report(self.node, step, most, preview(step))

    def look(self) -> None:
        """Raise when the prompt was interrupted."""
        if self.interrupted.is_set() and not self.faults.peek("ignore-interrupt"):
            raise Interrupted(self.node)

    def writable(self) -> None:
        """Raise as a full disk does."""
        if self.faults.on("disk-full"):
            raise OSError(28, "No space left on device")
