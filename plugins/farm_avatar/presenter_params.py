"""Parameters of the presenter's stages.

Invariant: light; it is imported by every process that loads the plugin.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from farm import StageParams


class PortraitParams(StageParams):
    """How a portrait is cropped, and who is in it."""

    size: int = Field(
        720,
        ge=128,
        le=1440,
        multiple_of=2,
        description="Height that is aimed at; small pictures are at most doubled.",
        json_schema_extra={"unit": "px"},
    )
    frame: Literal["square", "tall", "whole"] = Field(
        "square", description="Head and shoulders in a square or three to four, or all of it."
    )
    face: Literal["only", "largest", "left", "right"] = Field(
        "only", description="Whose face it is where there are several; only refuses them."
    )


class IdleParams(StageParams):
    """How a person moves who says nothing."""

    seconds: float = Field(
        8.0,
        ge=4,
        le=12,
        description="Length of the loop.",
        json_schema_extra={"unit": "s"},
    )
    motion: float = Field(
        1.0, ge=0, le=2, description="How far head and shoulders move; 0 leaves blinks only."
    )
    variation: int = Field(
        0, ge=0, le=1_000_000, description="Another number moves the same picture otherwise."
    )
    background: Literal["cut", "keep"] = Field(
        "cut",
        description="With a matte: cut the background out (the loop has alpha), or keep it still.",
    )


class LoopParams(StageParams):
    """How long a loop is, and how it turns back."""

    seconds: float = Field(
        8.0, ge=2, le=20, description="Most that it lasts.", json_schema_extra={"unit": "s"}
    )
    turn_s: float = Field(
        0.4,
        ge=0.1,
        le=2,
        description="How long it takes from the end back to the beginning.",
        json_schema_extra={"unit": "s"},
    )


class SpeakParams(StageParams):
    """How a mouth speaks."""

    strength: float = Field(
        1.0, ge=0.2, le=1.6, description="How far the mouth opens; below 1 mumbles."
    )
    retime: Literal["calm", "flow"] = Field(
        "calm",
        description=(
            "How the loop becomes as long as the narration: by holding or leaving out frames where "
            "nothing moves, or by optical flow between them, for loops with large motion."
        ),
    )
