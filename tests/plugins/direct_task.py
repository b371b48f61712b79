"""Runs a stage directly, without daemon, ledger or engine: the contract and real files."""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

from farm import InputFile, MediaFacts, MediaKind, Stage, TaskCancelled, Window


class WarmModels:
    """A model cache that keeps everything."""

    def __init__(self) -> None:
        self._held: dict[str, Any] = {}

    def get(self, key: str, load: Callable[[], Any], *, size_mb: int, pinned: bool = False) -> Any:
        if key not in self._held:
            self._held[key] = load()
        return self._held[key]


class MemoryDocuments:
    """A document store in memory."""

    def __init__(self) -> None:
        self._held: dict[tuple[str, str], Any] = {}

    def get(self, collection: str, key: str) -> Any | None:
        return self._held.get((collection, key))

    def put(self, collection: str, key: str, document: Any) -> None:
        self._held[collection, key] = document

    def keys(self, collection: str) -> list[str]:
        return sorted(key for name, key in self._held if name == collection)


@dataclass
class DirectTask:
    """Implements ``farm.Task`` over a folder. ``cancel_after``: checkpoints until it is stopped."""

    folder: Path
    params: Any
    inputs: Mapping[str, Sequence[InputFile]]
    window: Window | None = None
    seed: int = 7
    id: str = "job.stage.0"
    device: str = "cpu"
    threads: int = 1
    cancel_after: int | None = None
    log: logging.Logger = field(default_factory=lambda: logging.getLogger("direct-task"))
    models: WarmModels = field(default_factory=WarmModels)
    documents: MemoryDocuments = field(default_factory=MemoryDocuments)
    reports: list[tuple[float, float, str]] = field(default_factory=list)
    named: dict[str, str] = field(default_factory=dict)
    _written: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def scratch(self) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        return self.folder

    def input(self, port: str) -> InputFile:
        (only,) = self.inputs[port]
        return only

    def output(self, port: str, suffix: str) -> Path:
        number = self._written[port]
        self._written[port] += 1
        return self.scratch / f"{port}-{number}{suffix}"

    def progress(self, done: float, total: float, note: str = "") -> None:
        self.reports.append((done, total, note))
        self.checkpoint()

    def preview(self, picture: Path | bytes) -> None:
        """Nobody looks."""

    def counts_as(self, name: str) -> None:
        self.named["counts_as"] = name

    def known_as(self, name: str) -> None:
        self.named["known_as"] = name

    def checkpoint(self) -> None:
        if self.cancel_after is not None and len(self.reports) > self.cancel_after:
            raise TaskCancelled("stopped by the test")


def input_file(path: Path, kind: MediaKind) -> InputFile:
    """A file as a stage gets it."""
    return InputFile(path, kind, hashlib.sha256(path.read_bytes()).hexdigest(), MediaFacts())


def run_stage(
    stage: Stage,
    folder: Path,
    inputs: Mapping[str, Path | Sequence[Path]],
    params: Mapping[str, Any] | None = None,
    **task: Any,
) -> dict[str, Path]:
    """Validate, import and run a stage as an engine does; returns the file of each output port."""
    files = {
        port: [
            input_file(path, stage.inputs[port].kind)
            for path in ([given] if isinstance(given, Path) else given)
        ]
        for port, given in inputs.items()
    }
    direct = DirectTask(folder, stage.params(**(params or {})), files, **task)
    module, _, function = stage.run.partition(":")
    result = getattr(import_module(module), function)(direct)
    return dict(result)


def stage_of(plugin: Any, capability: str) -> Stage:
    """A plugin's stage for a capability."""
    return next(stage for stage in plugin.farm_stages() if stage.capability == capability)
