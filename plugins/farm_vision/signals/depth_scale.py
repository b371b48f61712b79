"""What the samples of a depth film mean.

Invariant: inverse depth is 0 where all is infinitely far or nothing is known; without a document
(``farm.depth/1``) the samples are inverse depth from infinity at 0.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm import InputError

SCHEMA = "farm.depth/1"


@dataclass(frozen=True, slots=True)
class Scale:
    """coding : ``disparity`` (even in 1/distance) or ``distance`` from far to near or near to far
    across the samples, or ``metres`` in steps of ``unit_m``. focal : in widths of the picture."""

    coding: str = "disparity"
    near_m: float = 1.0
    far_m: float = math.inf
    unit_m: float = 0.001
    focal: float | None = None

    def inverse(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """1/distance of samples from 0 to 65535."""
        share = samples / 65535.0
        if self.coding == "disparity":
            return 1 / self.far_m + share * (1 / self.near_m - 1 / self.far_m)
        if self.coding == "distance":
            return np.asarray(1 / (self.near_m + share * (self.far_m - self.near_m)))
        metres = samples * self.unit_m
        return np.divide(1.0, metres, out=np.zeros_like(metres), where=metres > 0)


def scale_of(path: Path) -> Scale:
    """The scale of a depth film, from the document that lies beside it.

    Raises
    ------
    InputError : it is not such a document.
    """
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        focal = told.get("focal")
        scale = Scale(
            str(told["coding"]),
            float(told.get("near_m", 1.0)),
            float(told.get("far_m", "inf")),
            float(told.get("unit_m", 0.001)),
            None if focal is None else float(focal),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _unfit(f"{type(error).__name__}: {error}") from error
    endless = scale.coding == "distance" and math.isinf(scale.far_m)
    numbers = (scale.near_m, scale.far_m, scale.unit_m, scale.focal or 1.0)
    known = scale.coding in ("disparity", "distance", "metres") and told.get("schema") == SCHEMA
    if not known or endless or not all(number > 0 for number in numbers):
        raise _unfit(", ".join(f"{key} {told[key]}" for key in sorted(told) if key in _TOLD))
    return scale


_TOLD = ("schema", "coding", "near_m", "far_m", "unit_m", "focal")


def inverse_depth(frame: VideoFrame, scale: Scale) -> NDArray[np.float32]:
    """float32 (H, W): 1/distance of a frame of grey.

    Raises
    ------
    InputError : the frame is no grey.
    """
    if not frame.format.name.startswith("gray"):
        raise InputError(
            "is no depth",
            where="depth",
            expected="grey, such as 16-bit gray16le",
            got=frame.format.name,
            mend="Send the film that a depth stage wrote.",
            code="depth.not-grey",
        )
    samples = frame.to_ndarray()
    top = 65535.0 / ((1 << frame.format.components[0].bits) - 1)
    return scale.inverse(samples.astype(np.float64) * top).astype(np.float32)


def _unfit(got: str) -> InputError:
    return InputError(
        "does not tell what a depth means",
        where="scale",
        expected=f'"schema" {SCHEMA}, a "coding" of disparity, distance or metres, lengths above 0',
        got=got,
        mend="Send the document that the depth stage wrote.",
        code="depth.scale",
    )
