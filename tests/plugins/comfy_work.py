"""Small pieces of work for ComfyUI servers: graphs of nodes that need no model, and their files."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from PIL import Image

from farm_comfyui.bound import (
    Asset,
    BoundGraph,
    Expected,
    Finishing,
    Graph,
    ModelNeed,
    Needs,
    OutputNode,
    UploadSlot,
)
from farm_comfyui.moving import RunResult
from farm_comfyui.pool import Pool

LIVE = os.environ.get("FARM_TEST_COMFY_URL", "")
QUICK = {"timeout_s": 5.0, "lost_s": 1.0, "forgotten_s": 0.4, "sick_s": 30.0}
"""Settings for tests: what takes minutes on a real farm takes a second."""


def picture(folder: Path, red: int = 180) -> Asset:
    """A small PNG."""
    path = folder / f"picture-{red}.png"
    Image.new("RGB", (64, 48), (red, 40, 20)).save(path)
    return Asset(path)


def bound(
    graph: Graph,
    *,
    outputs: tuple[OutputNode, ...] = (OutputNode("save", "picture", "image"),),
    slots: tuple[UploadSlot, ...] = (UploadSlot("picture", "load", "image"),),
    needs: Needs | None = None,
    weights: dict[str, float] | None = None,
) -> BoundGraph:
    """A graph as a template would bind it."""
    return BoundGraph(
        template="lab",
        version="1.0.0",
        version_id="lab@1.0.0",
        graph=graph,
        slots=slots,
        outputs=outputs,
        needs=needs or Needs(nodes=tuple({node["class_type"] for node in graph.values()})),
        weights=weights or {},
        expected=Expected(1, 16, 64, 48),
        before=(),
        after=Finishing(0, 1, 16, Fraction(16), 1, 1.0),
        record={},
    )


def copied(width: int = 32) -> BoundGraph:
    """Load a picture, scale it, save it: core nodes alone."""
    return bound(
        {
            "load": {"class_type": "LoadImage", "inputs": {"image": ""}},
            "scale": {
                "class_type": "ImageScale",
                "inputs": {
                    "image": ["load", 0],
                    "upscale_method": "lanczos",
                    "width": width,
                    "height": 32,
                    "crop": "center",
                },
            },
            "save": {
                "class_type": "SaveImage",
                "inputs": {"images": ["scale", 0], "filename_prefix": ""},
            },
        }
    )


def stepped(steps: int = 4, seconds: float = 0.01, seed: int = 1, model: str = "") -> BoundGraph:
    """As ``copied`` with a node that takes its time, shows previews and can be interrupted."""
    graph: dict[str, Any] = {
        "load": {"class_type": "LoadImage", "inputs": {"image": ""}},
        "steps": {
            "class_type": "LabSteps",
            "inputs": {
                "image": ["load", 0],
                "steps": steps,
                "seconds_per_step": seconds,
                "seed": seed,
                "preview": True,
            },
        },
        "save": {
            "class_type": "SaveImage",
            "inputs": {"images": ["steps", 0], "filename_prefix": ""},
        },
    }
    needs = None
    if model:
        graph["model"] = {
            "class_type": "UNETLoader",
            "inputs": {"unet_name": model, "weight_dtype": "default"},
        }
        need = ModelNeed("UNETLoader", "unet_name", "diffusion_models", model)
        needs = Needs(nodes=("LabSteps", "UNETLoader"), models=(need,))
    return bound(graph, needs=needs, weights={"load": 0.1, "steps": 0.8, "save": 0.1})


def slow_on_any_server(frames: int = 2000) -> BoundGraph:
    """Core nodes that keep a server busy for seconds: many large pictures scaled."""
    graph = copied().graph
    graph["many"] = {
        "class_type": "RepeatImageBatch",
        "inputs": {"image": ["load", 0], "amount": 4},
    }
    before: list[Any] = ["many", 0]
    for number in range(frames // 100):
        graph[f"scale{number}"] = {
            "class_type": "ImageScale",
            "inputs": {
                "image": before,
                "upscale_method": "lanczos",
                "width": 1400 + number,
                "height": 1400,
                "crop": "disabled",
            },
        }
        before = [f"scale{number}", 0]
    graph["scale"]["inputs"]["image"] = before
    return bound(graph)


def pool_of(*servers: Any, capacity: int = 1, **settings: Any) -> Pool:
    """A pool of stand-ins named a, b, c, …"""
    table: dict[str, Any] = {**QUICK, **settings}
    table["servers"] = [
        {"name": "abcdefgh"[place], "url": server.url, "capacity": capacity}
        for place, server in enumerate(servers)
    ]
    return Pool.from_settings(table)


class Stopped(Exception):
    """What a test's checkpoint raises."""


@dataclass
class Watcher:
    """Hears a run. stop_when : told the notes so far; when true, the checkpoint raises."""

    stop_when: Callable[[list[tuple[float, str]]], bool] | None = None
    notes: list[tuple[float, str]] = field(default_factory=list)
    previews: list[bytes] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    def progress(self, done: float, note: str) -> None:
        self.notes.append((done, note))

    def checkpoint(self) -> None:
        if self.stop_when is not None and self.stop_when(self.notes):
            raise Stopped

    def hear_log(self, level: int, text: str) -> None:
        assert level >= logging.INFO
        self.log.append(text)


def run(
    pool: Pool,
    work: BoundGraph,
    folder: Path,
    attempt: str = "job.render/1",
    watcher: Watcher | None = None,
    **more: Any,
) -> RunResult:
    """Run a piece of work on the pool with a picture from the folder."""
    watcher = watcher or Watcher()
    folder.mkdir(parents=True, exist_ok=True)
    into = folder / f"results-{time.monotonic_ns()}"
    into.mkdir()
    asset = more.pop("asset", None) or picture(folder)
    return pool.run(
        work,
        {"picture": asset},
        into,
        attempt=attempt,
        progress=watcher.progress,
        checkpoint=watcher.checkpoint,
        preview=watcher.previews.append,
        log=watcher.hear_log,
        **more,
    )


class Beside(threading.Thread):
    """A call in a thread of its own; ``result`` waits for it and raises what it raised."""

    def __init__(self, call: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._call, self._value, self._error = call, None, None
        self.start()

    def run(self) -> None:
        try:
            self._value = self._call()
        except BaseException as error:
            self._error = error

    def result(self, timeout_s: float = 30.0) -> Any:
        self.join(timeout_s)
        assert not self.is_alive(), "the call did not end"
        if self._error is not None:
            raise self._error
        return self._value
