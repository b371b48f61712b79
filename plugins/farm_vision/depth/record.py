"""Depth maps on file: 16-bit grey, even in 1/distance, and the document that says how they are read.

Invariant: a sample ``s`` means ``1/distance = 1/far + s / 65535 * (1/near - 1/far)`` in every frame of
a clip, and no distance that was estimated is cut off. Memory does not depend on the length: maps wait
in scratch until the range of the whole clip is known.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np

from farm.media.maps import Samples, write_maps
from farm_vision.depth.frames import Estimate, Power

SCHEMA = "farm.depth/1"
_LEAST = 1e-6
"""1/m of what counts as infinitely far."""


@dataclass(slots=True)
class Record:
    """Maps of a clip, waiting in ``store``."""

    store: BinaryIO
    shape: tuple[int, int] = (0, 0)
    least: float = np.inf
    most: float = 0.0
    metric: bool = True
    confidence: list[float] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)

    def add(self, estimate: Estimate, first: bool) -> None:
        """Keep the next map. Nothing is nearer than a millimetre."""
        power = np.minimum(estimate.power, np.float32(1000))
        if first:
            self.cuts.append(len(self.methods))
        self.shape = power.shape[0], power.shape[1]
        self.least = min(self.least, float(power.min()))
        self.most = max(self.most, float(power.max()))
        self.metric = self.metric and estimate.metric
        self.confidence.append(round(estimate.confidence, 3))
        self.methods.append(estimate.method)
        self.store.write(np.ascontiguousarray(power, "<f4").tobytes())

    def write(self, video: Path, scale: Path, fps: Fraction, told: Callable[[int], None]) -> None:
        """Write the maps and their document. told : gets the number of each map."""
        far = self.least if self.least > _LEAST else 0.0
        near = max(self.most, far * 1.001, 1e-3)
        write_maps(video, self._samples(far, near, told), fps)
        height, width = self.shape
        document = {
            "schema": SCHEMA,
            "coding": "disparity",
            "near_m": 1 / near,
            "far_m": 1 / far if far else "infinity",
            "metric": self.metric,
            "width": width,
            "height": height,
            "frames": len(self.methods),
            "fps": str(fps),
            "shots": self.cuts,
            "methods": sorted(set(self.methods)),
            "confidence": self.confidence,
            "method": self.methods,
        }
        scale.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")

    def _samples(self, far: float, near: float, told: Callable[[int], None]) -> Iterator[Samples]:
        self.store.seek(0)
        height, width = self.shape
        for number in range(len(self.methods)):
            told(number)
            power: Power = np.frombuffer(self.store.read(4 * height * width), "<f4")
            samples = (power.astype(np.float64) - far) * (65535 / (near - far))
            yield np.rint(samples.clip(0, 65535)).astype(np.uint16).reshape(height, width)
