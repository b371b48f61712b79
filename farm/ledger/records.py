"""What the ledger hands to the rest of the farm: plain frozen data, never rows.

Invariant: nothing here refers to a connection; a record stays true as of the moment it was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Files = Mapping[str, Sequence[Mapping[str, Any]]]
"""Artifact records (``Artifact.record()``) by port."""


@dataclass(frozen=True, slots=True)
class Message:
    """What travels over the broker for one attempt, and where to."""

    node: str
    task_id: str
    number: int
    fence: int


@dataclass(frozen=True, slots=True)
class Assignment:
    """A claimed attempt with everything an engine needs to run it."""

    task_id: str
    number: int
    fence: int
    job_id: str
    job_number: int
    stage: str
    stage_id: str
    version: int
    params: Mapping[str, Any]
    inputs: Files
    window: Mapping[str, int] | None
    seed: int
    slot: str
    shape: str
    urgency: int
    submitter: str
    model_key: str | None
    cache_key: str | None
    timeout_s: float
    stall_s: float
    cores: int
    correlation: str = ""
    """Id of the submission it began with; of the job, if it came without one."""
    models: Mapping[str, str] = field(default_factory=dict)
    """Name to manifest digest of each model the task is given."""


@dataclass(frozen=True, slots=True)
class Peaks:
    """What an attempt used at its peak."""

    ram_mb: float = 0.0
    vram_mb: float = 0.0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    size: str = ""


@dataclass(frozen=True, slots=True)
class DocumentPut:
    """A document written by a task; it becomes visible when the task's result is accepted."""

    plugin: str
    collection: str
    key: str
    document: Any


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """An engine as its node reports it."""

    slot: str
    device: str
    resident: Sequence[str] = ()
    vram_mb: int = 0
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """A node as the scheduler sees it. ``block``: stage ids on its block-list."""

    name: str
    incarnation: str
    state: str
    offers: Mapping[str, int]
    engines: Sequence[EngineFacts]
    cores: int
    ram_mb: int
    tags: frozenset[str]
    blocked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Active:
    """An attempt that is sent or running."""

    task_id: str
    number: int
    fence: int
    state: str
    node: str
    incarnation: str
    slot: str
    lease: int
    shape: str
    submitter: str
    sent_at: float
    model_key: str | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A ready task that might be handed out. Sorting by :meth:`order` gives the queue."""

    task_id: str
    shape: str
    urgency: int
    submitter: str
    due: float
    job_number: int
    ordinal: int
    model_key: str | None
    avoid: Sequence[str]
    skips: int
    ready_at: float

    def order(self, share: int) -> tuple[int, int, float, int, int]:
        """Priority, then fair share (``share``: running tasks of the submitter), deadline, age."""
        return (self.urgency, share, self.due, self.job_number, self.ordinal)


@dataclass(frozen=True, slots=True)
class Placement:
    """A decision of the scheduler: this task on that engine."""

    task_id: str
    node: str
    incarnation: str
    slot: str


@dataclass(frozen=True, slots=True)
class StopOrder:
    """A running attempt that must stop, and why."""

    task_id: str
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class Beat:
    """The ledger's answer to a heartbeat. ``alive`` false: the node was fenced, start anew;
    ``restart``: engines that must be ended and started again."""

    alive: bool
    state: str = ""
    stop: Sequence[StopOrder] = field(default_factory=tuple)
    restart: Sequence[str] = ()
