"""A stage that loads a model and takes steps on a make-believe device, and tells when.

The device is a clock: a load and a step take as long as they are told to, whatever else the machine
does, so what is measured is the farm. Also a loose plugin: its source is put into a farm's folder.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from farm import MediaKind, Port, Resources, Stage, StageParams, hookimpl

TELLS = "work.jsonl"


class WorkParams(StageParams):
    """Which model, and how long things take."""

    model: str = "m"
    size_mb: int = 1000
    load_s: float = 1.0
    steps: int = 10
    step_s: float = 0.05
    tells: str = ""


def load(seconds: float) -> bytes:
    """A model: a small object that takes long to load."""
    time.sleep(seconds)
    return os.urandom(1 << 20)


def steps(count: int, seconds: float, step: Any) -> None:
    """Work on the device; ``step`` is called after each."""
    for index in range(count):
        time.sleep(seconds)
        step(index + 1)


def run(task: Any) -> Any:
    """Load the model unless it is warm, take the steps, write a picture's worth of bytes."""
    params = task.params
    began_s = time.time()
    loads: list[str] = []

    def make() -> bytes:
        loads.append(params.model)
        return load(params.load_s)

    picture = task.models.get(params.model, make, size_mb=params.size_mb)
    ready_s = time.time()
    steps(params.steps, params.step_s, lambda done: task.progress(done, params.steps))
    ended_s = time.time()
    out = task.output("picture", ".txt")
    out.write_bytes(picture[:200_000].hex().encode())
    told = {
        "task": task.id, "engine": os.getpid(), "model": params.model, "loads": len(loads),
        "began_s": began_s, "ready_s": ready_s, "ended_s": ended_s,
    }  # fmt: skip
    with Path(params.tells).open("a", encoding="ascii") as file:
        file.write(json.dumps(told) + "\n")
    return {"picture": out}


@hookimpl
def farm_stages() -> list[Stage]:
    """The one stage."""
    return [
        Stage(
            "bench.device", "bench", 1, "device_work:run", {}, {"picture": Port(MediaKind.TEXT)},
            params=WorkParams, resources=Resources(ram_mb=64), cacheable=False,
            model_key=lambda params: params.model,
        )
    ]  # fmt: skip
