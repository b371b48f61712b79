"""Runs a diffusion stage directly on tiny weights, with the engine's own model cache."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import tiny_weights
from direct_task import DirectTask, input_file

import farm_diffusion
from farm import ModelFacts, Stage, Window
from farm.engine.models import ModelCache
from farm.media.film import film
from farm.stages import TaskMemory


@cache
def facts_of(name: str) -> ModelFacts:
    """What the engine would say of a tiny model, its components by the hash of their files."""
    folder = tiny_weights.folder(name)
    hashes = {
        part.name: hashlib.sha256(
            b"".join(file.read_bytes() for file in sorted(part.rglob("*")) if file.is_file())
        ).hexdigest()
        for part in sorted(folder.iterdir())
        if part.is_dir()
    }
    digest = hashlib.sha256(json.dumps([name, hashes]).encode()).hexdigest()
    return ModelFacts(name, digest, "tiny", hashes)


class TinyModels:
    """``task.models`` over the tiny models; ``cache`` keeps what is loaded."""

    def __init__(self) -> None:
        self.cache = ModelCache(4000)

    def files(self, name: str) -> Path:
        return tiny_weights.folder(name)

    def facts(self, name: str) -> ModelFacts:
        return facts_of(name)

    def get(self, key: str, load: Callable[[], Any], **how: Any) -> Any:
        return self.cache.get(key, load, **how)

    def room_mb(self) -> int | None:
        return 4000

    def make_room(self, mb: int) -> bool:
        return mb <= 4000


@dataclass
class TinyTask(DirectTask):
    """A task of one process; every one shares the loaded models."""

    memory: TaskMemory = field(default_factory=TaskMemory)
    previews: list[Path | bytes] = field(default_factory=list)

    def preview(self, picture: Path | bytes) -> None:
        self.previews.append(picture)


SHARED = TinyModels()


@cache
def stage(capability: str, provider: str) -> Stage:
    """A stage of farm_diffusion."""
    return next(
        found
        for found in farm_diffusion.farm_stages()
        if (found.capability, found.provider) == (capability, provider)
    )


def run(
    of: Stage,
    folder: Path,
    inputs: Mapping[str, Path | Sequence[Path]],
    params: Mapping[str, Any],
    **task: Any,
) -> dict[str, Path]:
    """The files of each output port; what the engine does, in this process."""
    from farm_diffusion.runtime.run import run as run_task

    files = {
        port: [
            input_file(path, of.inputs[port].kind)
            for path in ([given] if isinstance(given, Path) else given)
        ]
        for port, given in inputs.items()
    }
    task.setdefault("models", SHARED)
    direct = TinyTask(folder, of.params(**params), files, **task)
    try:
        made = dict(run_task(direct))  # type: ignore[arg-type]
        assert direct.named["counts_as"].startswith(f"{direct.params.model}@")
        return made
    finally:
        direct.models.cache.task_ended()


def windows(frames: int, size: int, overlap: int) -> list[Window]:
    """As the farm cuts them."""
    from farm.planning.windows import cut_windows

    cuts = cut_windows(frames, size, overlap)
    return [Window(at, len(cuts), cut.start, cut.stop) for at, cut in enumerate(cuts)]


def frames_of(path: Path) -> list[bytes]:
    """Each frame's numbers."""
    with film(path, path.name) as opened:
        return [
            b"".join(plane.tobytes() for plane in picture.planes) for picture in opened.pictures()
        ]
