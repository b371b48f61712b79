"""The plugin contract as types: what a stage declares and what its ``run`` is given.

Invariant: everything here is light (no media or model library), because the daemon, the command
line and the console load every declaration. Heavy code is named by a ``"module:function"`` string
that only an engine process imports.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from farm.domain.media import Artifact, MediaFacts, MediaKind


class StageParams(BaseModel):
    """Parameters of a stage. Give each field a type, a default, a range, a unit and a sentence.

    ``Field(6.0, gt=0, le=600, description="Length of the film.", json_schema_extra={"unit": "s"})``
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


P = TypeVar("P", bound=StageParams)


@dataclass(frozen=True, slots=True)
class Port:
    """A typed opening of a stage.

    kind : what flows through it. many : a list of files instead of one (a join takes the outputs
    of every window, in order). required : whether the stage runs without it.
    """

    kind: MediaKind
    many: bool = False
    required: bool = True
    description: str = ""


@dataclass(frozen=True, slots=True)
class Resources:
    """What one task needs at its peak; the ledger's recorded peaks refine it.

    cores : 0 for work that only waits for something else to be done.
    limits : units of named counters (licences, a service's capacity) held while it runs.
    tags : labels a node must carry.
    """

    cores: int = 1
    ram_mb: int = 512
    disk_mb: int = 0
    gpus: int = 0
    vram_mb: int = 0
    limits: Mapping[str, int] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Window:
    """One task's share of a stage: frames ``start`` (included) to ``stop`` (not included).

    ``index`` counts from 0 to ``count - 1``. With an overlap, ``start`` lies that many frames
    before the previous window's ``stop``.
    """

    index: int
    count: int
    start: int
    stop: int

    @property
    def frames(self) -> int:
        """Number of frames in this window."""
        return self.stop - self.start


Facts = Mapping[str, Sequence[Artifact]]


@dataclass(frozen=True, slots=True)
class Windowing:
    """How a stage splits into windows.

    length : frames of the whole, from the validated parameters and the inputs by port.
    size, overlap : frames; a number, or a function of the parameters.
    mode : ``independent`` windows run in parallel on all engines; ``chained`` ones run in order,
        and each gets the ``carry`` outputs of the one before as inputs of the same name.
    """

    length: Callable[[Any, Facts], int]
    size: int | Callable[[Any], int]
    overlap: int | Callable[[Any], int] = 0
    mode: Literal["independent", "chained"] = "independent"
    carry: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class InputFile:
    """An input as a local, read-only file."""

    path: Path
    kind: MediaKind
    hash: str
    facts: MediaFacts


@dataclass(frozen=True, slots=True)
class ModelVariant:
    """One way to load a model, with what it takes at its peak; as its manifest declares it."""

    vram_mb: int = 0
    ram_mb: int = 0
    dtype: str = ""
    quantisation: str = ""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model is. digest : SHA-256 of its name and files; part of the task's cache key.

    components : each part's name to the SHA-256 of its files; parts with the same are the same,
    whichever model they belong to. ``""`` has the files that belong to no part.
    """

    name: str
    digest: str
    family: str
    components: Mapping[str, str] = field(default_factory=dict)
    variants: Mapping[str, ModelVariant] = field(default_factory=dict)


class Models(Protocol):
    """The models a stage names in ``Stage.models``, and the engine's cache of warm ones."""

    def files(self, name: str) -> Path:
        """The folder with the verified, read-only files of a model that the stage names."""

    def facts(self, name: str) -> ModelFacts:
        """What a model that the stage names is made of."""

    def get(
        self,
        key: str,
        load: Callable[[], Any],
        *,
        size_mb: int,
        pinned: bool = False,
        group: str = "",
        park: Callable[[Any], object] | None = None,
        wake: Callable[[Any], object] | None = None,
        host: bool = False,
    ) -> Any:
        """The object under ``key``; on a miss ``load()`` makes it, once, evicting others if needed.

        group : the stage's ``model_key`` when one model is loaded in several parts: the model counts
            as resident while all of its parts are. Without it the key stands for itself.
        park, wake : move the object from the device into memory and back, in place. With both, an
            eviction parks it while the node's memory for that lasts. They outlive the task, so they
            must not refer to it.
        host : the object lives in memory and only visits the device (its own hooks take it there).
        """

    def room_mb(self) -> int | None:
        """Memory on the device (on ``cpu``: what the engine may use for models) that is free or
        held by models that this task does not use; ``None`` when it cannot be told."""

    def make_room(self, mb: int) -> bool:
        """Evict models that this task does not use until so much is free; whether it is."""


@dataclass(frozen=True, slots=True)
class TaskMemory:
    """reserved_mb : what the scheduler set aside for this attempt on the device (on ``cpu``: of the
    node's memory); 0 for nothing in particular. ran_out : earlier attempts of this task that ran
    out of memory."""

    reserved_mb: int = 0
    ran_out: int = 0


class Documents(Protocol):
    """A small shared store of JSON documents, one namespace per plugin, kept in the ledger."""

    def get(self, collection: str, key: str) -> Any | None:
        """The document, or ``None``."""

    def put(self, collection: str, key: str, document: Any) -> None:
        """Write a document; it becomes visible to others when the task's result is accepted."""

    def keys(self, collection: str) -> list[str]:
        """Every key of a collection, sorted."""


class Task(Protocol, Generic[P]):
    """What ``run`` is given. A task never sees the ledger, the broker or the configuration.

    seed : the stage's, the same for all of its windows; ``farm.window_seed(seed, window.index)``
        gives one of a window's own. threads : how many it may use. device : ``cpu`` or ``cuda:0``.
    """

    id: str
    params: P
    inputs: Mapping[str, Sequence[InputFile]]
    window: Window | None
    seed: int
    device: str
    threads: int
    log: logging.Logger
    models: Models
    memory: TaskMemory
    documents: Documents

    @property
    def scratch(self) -> Path:
        """A folder of this attempt's own on the node's disk; removed afterwards."""

    def input(self, port: str) -> InputFile:
        """The one file at ``port``."""

    def output(self, port: str, suffix: str) -> Path:
        """A path in scratch to write the file for output ``port`` to; a second call for a
        ``many`` port gives the next file."""

    def progress(self, done: float, total: float, note: str = "") -> None:
        """Say how far the task is; also a cancel checkpoint."""

    def preview(self, picture: Path | bytes) -> None:
        """Show how the result looks so far: a PNG or JPEG of at most 256 KiB. The newest wins; one
        every two seconds is enough."""

    def counts_as(self, name: str) -> None:
        """What the attempt counts as in metrics and in ``farm show``: a workflow or a model with its
        version, such as ``animate-move@1.0.0``; at most 80 characters. The last call wins."""

    def known_as(self, name: str) -> None:
        """What a service outside of the farm calls the attempt's work, such as the id of a ComfyUI
        prompt, at most 200 characters: by it ``farm show`` finds the job. The last call wins."""

    def checkpoint(self) -> None:
        """Raise :class:`farm.domain.errors.TaskCancelled` if the task was asked to stop.
        Call at least once a second."""


Result = Mapping[str, Path | Sequence[Path]]


@dataclass(frozen=True, slots=True)
class Service:
    """A service outside of the farm that stages use, as it is now.

    name : lower-case, such as ``comfyui a``. state : ``ok``, ``warn`` (it works, but) or ``fail``.
    detail : one line for people. numbers : what can be counted (``waiting``), for the metrics.
    """

    name: str
    state: Literal["ok", "warn", "fail"]
    detail: str
    numbers: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stage:
    """One implementation (provider) of one capability.

    capability : what it does, the name pipelines use (``video.encode``).
    provider : whose implementation it is (``farm_finish``); unique together with the capability.
    version : raise it whenever the same inputs may give other bytes; it is part of the cache key.
    run : ``"package.module:function"``, imported in the engine; ``function(task) -> Result`` maps
        each output port to the file(s) that were written through ``task.output``.
    params : a :class:`StageParams` model; its JSON Schema is published.
    resources : a constant, or a function of the validated parameters. The files of models that are
        chosen by the parameters come on top of ``ram_mb``.
    windows : ``None`` for a stage that always runs whole.
    preference : higher wins when several providers are on offer; per quality profile.
    models : names of the models (``farm_models``) it needs on the node, or a function of the
        parameters; what they are made of is part of the cache key.
    resolve : makes definite what parameters leave open, such as the newest version of something:
        called with the validated parameters while a job is planned; the values it returns, by
        parameter, replace those of the job and stand in its manifest, so that dropping that again
        makes the same.
    check : refuses what it cannot honour while a job is planned, before anything is queued: called
        with the validated parameters and the artifacts at those ports that only the job's own
        inputs feed; raises a ``FarmError``. It sees media facts and opens no file.
    model_key : names the model that must be resident, from the parameters; ``None`` for none.
    size : names how large a task with these parameters is, in a few steps (``24MP``): what earlier
        tasks of that size took at their peak, with the same model, is set aside for it.
    cacheable : whether equal inputs, parameters and seed may reuse earlier outputs.
    timeout_s, stall_s : the longest it may run, and the longest it may go without progress.
    """

    capability: str
    provider: str
    version: int
    run: str
    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    params: type[StageParams] = StageParams
    resources: Resources | Callable[[Any], Resources] = Resources()
    windows: Windowing | None = None
    preference: int | Mapping[str, int] = 0
    models: tuple[str, ...] | Callable[[Any], tuple[str, ...]] = ()
    model_key: Callable[[Any], str | None] | None = None
    size: Callable[[Any], str] | None = None
    resolve: Callable[[Any], Mapping[str, Any]] | None = None
    check: Callable[[Any, Facts], None] | None = None
    cacheable: bool = True
    seeded: bool = True
    timeout_s: float = 6 * 3600.0
    stall_s: float = 600.0
    description: str = ""

    @property
    def id(self) -> str:
        """``<capability>/<provider>``."""
        return f"{self.capability}/{self.provider}"
