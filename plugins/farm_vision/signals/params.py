"""Parameters of the signals, and what follows from them.

Invariant: light; it is imported by every process that loads the plugin.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from farm import InputError, StageParams
from farm.stages import Facts

WINDOW = 48
"""Frames of one task."""


class EdgeParams(StageParams):
    """Which edges are drawn."""

    style: Literal["canny", "soft"] = Field(
        "canny", description="Lines one pixel wide, or their strength as shades of grey."
    )
    blur: float = Field(
        1.4,
        ge=0.3,
        le=8.0,
        description="Details smaller than this are left out.",
        json_schema_extra={"unit": "pixels"},
    )
    low: float = Field(
        0.03, gt=0, le=1, description="Weakest step of the signal a line goes on through."
    )
    high: float = Field(
        0.08, gt=0, le=1, description="Weakest step of the signal a line starts at."
    )

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {self.low:g} must not be above high {self.high:g}")
        return self


class FlowParams(StageParams):
    """How motion is measured and shown."""

    form: Literal["data", "wheel"] = Field(
        "data", description="Motion as numbers for other stages, or as colours to look at."
    )
    full_colour: float = Field(
        0.0,
        ge=0,
        le=500,
        description="Motion a frame shown at full colour; 0: a fortieth of the longer side.",
        json_schema_extra={"unit": "pixels"},
    )


class NormalParams(StageParams):
    """The lens that the depth was seen through, when it is not told with the depth."""

    focal: float = Field(
        0.0,
        ge=0,
        le=20,
        description="Focal length in widths of the picture; 0: as told with the depth, or 0.9.",
        json_schema_extra={"unit": "picture widths"},
    )
    smooth: float = Field(
        1.0,
        ge=0,
        le=8,
        description="Radius over which depth is averaged before it is measured; 0 for none.",
        json_schema_extra={"unit": "pixels"},
    )


class CollectParams(StageParams):
    """Nothing to choose."""


def film_frames(params: StageParams, facts: Facts) -> int:
    """Frames of the film at ``video`` or ``depth``. Raises InputError when it has none."""
    port = "video" if "video" in facts else "depth"
    frames = facts[port][0].facts.frames
    if not frames:
        raise InputError(
            "has no frames",
            where=port,
            mend="Send a video with at least one picture.",
            code="media.no-frames",
        )
    return frames
