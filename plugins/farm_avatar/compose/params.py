"""Parameters of ``lesson.compose``."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from farm import StageParams


class ComposeParams(StageParams):
    """What can be set; all scenes of a lesson must be encoded with the same."""

    crf: int = Field(
        20, ge=10, le=35, description="Quality of the encoding, lower is better (H.264's CRF)."
    )
    preset: Literal["ultrafast", "superfast", "veryfast", "faster", "fast", "medium"] = Field(
        "veryfast", description="How much time the encoder takes for a smaller file."
    )
