"""What readers are shown about jobs: plain frozen data with units.

Invariant: nothing here refers to a connection; ``record()`` is the JSON that ``--json`` prints.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from farm.domain.states import JOB_ENDED, JobState


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job as a list shows it.

    counts : tasks by state. total : tasks, with one for each stage whose windows are not cut yet.
    progress : 0 to 1. eta_s : seconds until it is done; ``None`` when unknown or paused.
    Times are seconds since 1970.
    """

    number: int
    id: str
    name: str
    state: str
    pipeline: str
    paused: bool
    priority: int
    submitter: str
    quality: str
    tags: Sequence[str]
    created_at: float
    started_at: float | None
    ended_at: float | None
    deadline: float | None
    published: str | None
    error: str | None
    counts: Mapping[str, int]
    total: int
    progress: float
    eta_s: float | None

    @property
    def ended(self) -> bool:
        """Whether it is done, failed or cancelled."""
        return JobState(self.state) in JOB_ENDED

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class StageLine:
    """One stage of a job. ``total`` is ``None`` until its windows are cut."""

    name: str
    stage_id: str
    version: int
    total: int | None
    counts: Mapping[str, int]
    progress: float
    approval: bool
    approved_by: str | None
    seed: int
    params: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AttemptLine:
    """One try of a task. ``progress``: 0 to 1; ``error``: a sentence; ``counts_as``: in metrics;
    ``known_as``: to a service outside."""

    task_id: str
    number: int
    state: str
    node: str
    slot: str
    progress: float
    note: str | None
    error_class: str | None
    error: str | None
    sent_at: float
    started_at: float | None
    ended_at: float | None
    ram_mb: float | None
    vram_mb: float | None
    counts_as: str | None = None
    known_as: str | None = None


@dataclass(frozen=True, slots=True)
class EventLine:
    """One transition, with its reason and who caused it."""

    at: float
    entity: str
    entity_id: str
    source: str | None
    target: str
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class JobDetail:
    """One job in full; ``attempts`` are the active ones and the newest failed ones.

    warnings : see :func:`warnings_in`. external : see :func:`external_in`. draft : whose master it
    is. masters : what became of it as a draft, the newest first; each with ``job``, ``number``,
    ``quality``, ``state``, ``published``.
    """

    line: JobLine
    pipeline_hash: str
    content_key: str
    seed: int
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    plugins: Mapping[str, str]
    failures: int
    start_after: float | None
    error: Mapping[str, Any] | None
    submission: Mapping[str, Any] | None
    stages: Sequence[StageLine] = field(default_factory=tuple)
    attempts: Sequence[AttemptLine] = field(default_factory=tuple)
    events: Sequence[EventLine] = field(default_factory=tuple)
    warnings: Sequence[str] = ()
    external: Sequence[Mapping[str, str]] = ()
    draft: Mapping[str, Any] | None = None
    masters: Sequence[Mapping[str, Any]] = ()

    def record(self) -> dict[str, Any]:
        """As JSON: the fields of the line and the rest beside them."""
        found = asdict(self)
        return {**found.pop("line"), **found}


def external_in(
    stages: Iterable[tuple[str, Mapping[str, Any] | None]],
) -> list[dict[str, str]]:
    """What other systems call pieces of a job's work, each once: ``stage``, and what the stage says.

    stages : names and outputs, which are artifact records by port.
    """
    found = [
        {"stage": name, **told}
        for name, outputs in stages
        for artifacts in (outputs or {}).values()
        for artifact in artifacts
        if (told := artifact.get("facts", {}).get("extra", {}).get("external"))
    ]
    return [told for at, told in enumerate(found) if told not in found[:at]]


def warnings_in(stages: Iterable[tuple[str, Mapping[str, Any] | None]]) -> list[str]:
    """What stages warn of, ``stage: sentence``, each once: from the reports that they wrote.

    stages : names and outputs, which are artifact records by port.
    """
    found = [
        f"{name}: {text}"
        for name, outputs in stages
        for artifacts in (outputs or {}).values()
        for artifact in artifacts
        for text in artifact.get("facts", {}).get("extra", {}).get("warnings", ())
    ]
    return list(dict.fromkeys(found))
