"""Names of the learned models, and parameters of the stages that use them.

Invariant: light; it is imported by every process that loads the plugin.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from farm_finish.frames.params import SizeParams

COMPACT = "realesr-animevideov3"
PLUS = "realesrgan-x4plus"
RIFE = "rife-4"


class LearnedSizeParams(SizeParams):
    """How large, and how far a network may go beyond its source."""

    source: Literal["clean", "compressed"] = Field(
        "clean",
        description="Hold the result to a clean source, or repair a badly compressed one.",
    )
    detail: float = Field(
        0.6,
        ge=0.0,
        le=1.0,
        description="Share of the network in the result; the rest is Lanczos's filter.",
    )
