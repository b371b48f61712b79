"""What is said about a run: a document that is the same for the same work, and a line of the log.

Invariant: the document holds nothing that differs between two runs that made the same pictures; times,
peaks and where the weights were go to the log.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from farm import Task
from farm_diffusion.choices import RecipeParams, Settings
from farm_diffusion.runtime.assemble import Kit
from farm_diffusion.runtime.libraries import library
from farm_diffusion.runtime.plan import Way
from farm_diffusion.runtime.shot import seed_of

SCHEMA = "farm.diffusion/1"


@dataclass(slots=True)
class Spent:
    """Seconds of each part of a run, and the peak on the device in MB (0 where there is none)."""

    seconds: dict[str, float] = field(default_factory=dict)
    peak_mb: int = 0

    @contextmanager
    def on(self, part: str) -> Iterator[None]:
        """What happens inside counts for ``part``."""
        began_s = time.monotonic()
        try:
            yield
        finally:
            self.seconds[part] = self.seconds.get(part, 0.0) + time.monotonic() - began_s

    def sentence(self) -> str:
        """One line for the log."""
        parts = ", ".join(f"{name} {took_s:.2f} s" for name, took_s in self.seconds.items())
        return f"{parts}; peak {self.peak_mb} MB" if self.peak_mb else parts


@contextmanager
def peak(device: str, spent: Spent) -> Iterator[None]:
    """Measure the most that the device's memory held inside."""
    torch = library("torch")
    on_card = device.startswith("cuda")
    if on_card:
        torch.cuda.reset_peak_memory_stats(device)
    try:
        yield
    finally:
        if on_card:
            spent.peak_mb = torch.cuda.max_memory_allocated(device) >> 20


def write_report(task: Task[RecipeParams], kit: Kit, settings: Settings, way: Way) -> Path:
    """Write the document to the port ``report``."""
    params = task.params
    window = task.window
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "provider": params.recipe.provider,
        "pipeline": kit.kind.__name__,
        "model": params.model,
        "digest": kit.digest,
        "adapters": [
            {"model": adapter.model, "weight": adapter.weight}
            for adapter in getattr(params, "loras", ())
        ],
        "quality": settings.quality,
        "params": dict(settings.values),
        "scheduler": settings.scheduler or "own",
        "cache": settings.cache or "none",
        "width": settings.width,
        "height": settings.height,
        "frames": settings.frames,
        "frames_made": settings.made,
        "fps": str(settings.fps),
        "seed": task.seed,
        "window": None if window is None else [window.start, window.stop],
        "noise_seed": seed_of(task),
        "memory": {
            "tiles": way.tiled,
            "precision": way.precision,
            "asked": params.memory,  # type: ignore[attr-defined]
        },
    }
    path = task.output("report", ".json")
    path.write_text(json.dumps(document, indent=1, sort_keys=True), encoding="utf-8")
    return path
