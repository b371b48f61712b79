"""The plan of a job: what intake hands to the ledger, and the ledger keeps.

Invariant: a plan is complete and immutable; nothing about a job is decided twice. Only windows of a
stage whose length is not known yet are filled in later, from the same declaration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from farm.domain.media import Artifact


@dataclass(frozen=True, slots=True)
class Binding:
    """Where the files of an input port come from: a job input, or an output of another stage."""

    source: str
    """``input`` or ``stage``."""
    name: str
    """The job input's name, or the other stage's name."""
    port: str = ""
    """The other stage's output port."""

    def record(self) -> dict[str, str]:
        """As JSON."""
        return {"source": self.source, "name": self.name, "port": self.port}

    @classmethod
    def from_record(cls, record: Mapping[str, str]) -> Binding:
        """The inverse of :meth:`record`."""
        return cls(record["source"], record["name"], record.get("port", ""))


@dataclass(frozen=True, slots=True)
class PlannedWindow:
    """Frames ``start`` to ``stop`` (not included) of a windowed stage."""

    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Needs:
    """Resolved resources of a task, and what a node must offer to run it.

    Two tasks with equal needs are interchangeable for placement: :attr:`shape` names their class.
    """

    stage_id: str
    version: int
    cores: int = 1
    ram_mb: int = 512
    disk_mb: int = 0
    gpus: int = 0
    vram_mb: int = 0
    limits: Mapping[str, int] = field(default_factory=dict)
    tags: Sequence[str] = ()
    raised: bool = False
    """A larger reservation after running out of memory: recorded peaks do not lower it."""
    models: Mapping[str, str] = field(default_factory=dict)
    """Name to manifest digest of each model the task is given."""
    size: str = ""
    """How large a task is, and with which model: recorded peaks go by it. Empty: all are alike."""

    def record(self) -> dict[str, Any]:
        """As JSON."""
        models = {"models": dict(sorted(self.models.items()))} if self.models else {}
        return {
            "stage_id": self.stage_id,
            "version": self.version,
            "cores": self.cores,
            "ram_mb": self.ram_mb,
            "disk_mb": self.disk_mb,
            "gpus": self.gpus,
            "vram_mb": self.vram_mb,
            "limits": dict(sorted(self.limits.items())),
            "tags": sorted(self.tags),
            "raised": self.raised,
            **models,
            **({"size": self.size} if self.size else {}),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Needs:
        """The inverse of :meth:`record`."""
        return cls(**record)

    @property
    def shape(self) -> str:
        """A readable key, equal for tasks that any engine may take in place of one another."""
        parts = [f"{self.stage_id}@{self.version}", f"c{self.cores}", f"r{self.ram_mb}"]
        parts += [f"d{self.disk_mb}"] if self.disk_mb else []
        parts += [f"g{self.gpus}v{self.vram_mb}"] if self.gpus else []
        parts += [f"{name}={units}" for name, units in sorted(self.limits.items())]
        parts += [f"#{tag}" for tag in sorted(self.tags)]
        parts += [f"~{self.size}"] if self.size else []
        parts += ["raised"] if self.raised else []
        return " ".join(parts)


@dataclass(frozen=True, slots=True)
class PlannedStage:
    """One stage of the DAG with everything decided.

    capability, provider, version : which implementation runs.
    params : validated, complete, JSON-serialisable parameters.
    bindings : input port to its sources, in order.
    needs_stages : names of stages that must be done first (from the bindings, and ``after``).
    windows : known windows; ``None`` when they can only be cut once the inputs are known.
        A stage that runs whole has one window ``(0, 0)`` and ``windowed`` false.
    chained : windows run in order and pass ``carry`` ports on.
    each : ports whose files are handed out one to a task; their windows count files, not frames.
    """

    name: str
    capability: str
    provider: str
    version: int
    params: Mapping[str, Any]
    bindings: Mapping[str, Sequence[Binding]]
    needs_stages: Sequence[str]
    needs: Needs
    seed: int
    windowed: bool = False
    windows: Sequence[PlannedWindow] | None = (PlannedWindow(0, 0),)
    chained: bool = False
    carry: Sequence[str] = ()
    each: Sequence[str] = ()
    approval: bool = False
    cacheable: bool = True
    model_key: str | None = None
    timeout_s: float = 21600.0
    stall_s: float = 600.0

    @property
    def stage_id(self) -> str:
        """``<capability>/<provider>``."""
        return f"{self.capability}/{self.provider}"


@dataclass(frozen=True, slots=True)
class Plan:
    """One job, ready to be written to the ledger in one transaction.

    pipeline : ``name@version``; pipeline_hash : SHA-256 of the template's canonical content.
    manifest : the complete, normalised manifest as JSON (what ``job_manifest.json`` is made of).
    inputs : job input name to its artifacts. outputs : published file name to (stage, port).
    content_key : SHA-256 over pipeline, parameters, providers, quality, seed and input hashes; equal
        for a submission that would make the same thing.
    draft_id : the draft that this job was asked to be the master of.
    deadline_s, start_after_s : seconds since 1970. plugins : distribution name to version.
    """

    name: str
    pipeline: str
    pipeline_hash: str
    manifest: Mapping[str, Any]
    inputs: Mapping[str, Sequence[Artifact]]
    stages: Sequence[PlannedStage]
    outputs: Mapping[str, tuple[str, str]]
    content_key: str
    seed: int
    quality: str = "standard"
    priority: int = 50
    submitter: str = "anonymous"
    tags: Sequence[str] = ()
    deadline_s: float | None = None
    start_after_s: float | None = None
    rerun: bool = False
    notify: Mapping[str, Any] | None = None
    output_dir: str | None = None
    plugins: Mapping[str, str] = field(default_factory=dict)
    draft_id: str | None = None
