"""What the ledger hands to the rest of the farm: plain frozen data, never rows.

Invariant: nothing here refers to a connection; a record stays true as of the moment it was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
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
    reserved_mb: int = 0
    """Memory set aside for it: on the GPU if it needs one, else of the node's."""
    ran_out: int = 0
    """Earlier attempts of it that ran out of memory."""
    soon: Mapping[str, int] = field(default_factory=dict)
    """Model key to how many of the tasks that wait next want it."""
    whole: bool = True
    """Whether its stage runs as this one task."""
    size: str = ""
    """What its peaks are recorded by."""


@dataclass(frozen=True, slots=True)
class Coming:
    """A model that waiting tasks want: its key, and name to manifest digest of its files."""

    model_key: str
    models: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Holding:
    """What an engine holds after a task.

    warm : model keys that are whole on its device. load_s : seconds that loading took meanwhile.
    size_mb : what the task's own model takes there.
    engines : the engines of the node, if what this one holds has changed.
    """

    warm: Set[str] = frozenset()
    load_s: float = 0.0
    size_mb: float = 0.0
    engines: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class LoadCost:
    """What loading a model costs, as recorded: seconds, and MB on the device."""

    load_s: float
    size_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class Peaks:
    """What an attempt used at its peak."""

    ram_mb: float = 0.0
    vram_mb: float = 0.0
    cpu_s: float = 0.0
    wall_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Names:
    """What an attempt called itself. counts_as : in metrics. known_as : to a service outside."""

    counts_as: str | None = None
    known_as: str | None = None


NAMELESS = Names()


@dataclass(frozen=True, slots=True)
class DocumentPut:
    """A document written by a task; it becomes visible when the task's result is accepted."""

    plugin: str
    collection: str
    key: str
    document: Any


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """An engine as its node reports it.

    resident : keys of the models on its device. resident_mb : their sizes, where known.
    models_mb : room for models in all; 0 where it is not known.
    """

    slot: str
    device: str
    resident: Sequence[str] = ()
    vram_mb: int = 0
    gpus: int = 0
    resident_mb: Mapping[str, int] = field(default_factory=dict)
    models_mb: int = 0


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """A node as the scheduler sees it. ``blocked``: stage ids on its block-list; ``full``: why it has
    no room to begin anything."""

    name: str
    incarnation: str
    state: str
    offers: Mapping[str, int]
    engines: Sequence[EngineFacts]
    cores: int
    ram_mb: int
    tags: frozenset[str]
    blocked: frozenset[str] = frozenset()
    full: str = ""


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
    started_at: float | None = None
    progress: float = 0.0


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
    overtaken_at: float | None = None

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
