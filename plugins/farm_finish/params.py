"""Parameters of the finishing stages.

Invariant: what is written into a container is bounded plain text.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from farm import StageParams

TagName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
TagText = Annotated[str, StringConstraints(max_length=65_536)]
Tags = Annotated[
    dict[TagName, TagText],
    Field(
        default_factory=dict,
        max_length=64,
        description="Tags written into the container (title, comment, …).",
    ),
]


class ProbeParams(StageParams):
    """Probing has no parameters."""


class PosterParams(StageParams):
    """How large the poster is."""

    width: int = Field(
        0,
        ge=0,
        le=7680,
        description="Width of the poster; 0 keeps the width of the film.",
        json_schema_extra={"unit": "px"},
    )


class EncodeParams(StageParams):
    """How a film is encoded for delivery."""

    codec: Literal["h264", "h265", "av1"] = Field("h264", description="Video codec.")
    profile: Literal["draft", "standard", "high"] = Field(
        "standard", description="Trade of speed against quality and size."
    )
    audio_kbps: int = Field(
        192,
        ge=32,
        le=512,
        description="Bit rate of the AAC sound.",
        json_schema_extra={"unit": "kbit/s"},
    )
    metadata: Tags


class JoinParams(StageParams):
    """What is written beside the joined packets."""

    audio_kbps: int = Field(
        192,
        ge=32,
        le=512,
        description="Bit rate of the AAC sound.",
        json_schema_extra={"unit": "kbit/s"},
    )
    metadata: Tags
