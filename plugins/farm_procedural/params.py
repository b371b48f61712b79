"""Parameters of ``video.generate`` and how a film is cut into windows.

Invariant: a film's length depends on ``duration_s`` and ``fps`` alone, and what a frame shows does
not depend on where the windows are cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator

from farm import StageParams


class GenerateParams(StageParams):
    """What a procedural film is like besides its prompt and seed."""

    duration_s: float = Field(
        6.0,
        ge=0.5,
        le=600,
        description="Length of the film.",
        json_schema_extra={"unit": "s"},
    )
    fps: int = Field(
        24, ge=1, le=120, description="Frames per second.", json_schema_extra={"unit": "1/s"}
    )
    size: str = Field(
        "1280x720",
        pattern=r"^[1-9][0-9]{1,3}x[1-9][0-9]{1,3}$",
        description="Width x height, both even, 16 to 7680.",
        json_schema_extra={"unit": "px"},
    )
    window_s: float = Field(
        1.5,
        ge=0.25,
        le=30,
        description="Length of one independently rendered segment.",
        json_schema_extra={"unit": "s"},
    )
    crf: int = Field(17, ge=0, le=40, description="H.264 quality; lower is better and larger.")
    preset: str = Field(
        "veryfast",
        pattern="^(ultrafast|superfast|veryfast|faster|fast|medium|slow)$",
        description="H.264 preset; slower makes smaller files.",
    )

    @field_validator("size")
    @classmethod
    def _even_and_in_range(cls, value: str) -> str:
        width, height = _sides(value)
        if width % 2 or height % 2 or not (16 <= width <= 7680 and 16 <= height <= 7680):
            raise ValueError(
                f'size is "{value}"; width and height must be even and between 16 and 7680, '
                "such as 1280x720"
            )
        return value

    @property
    def width(self) -> int:
        """Pixels."""
        return _sides(self.size)[0]

    @property
    def height(self) -> int:
        """Pixels."""
        return _sides(self.size)[1]


def film_frames(params: GenerateParams, facts: Mapping[str, Any]) -> int:
    """Frames of the whole film; never less than one."""
    return max(1, round(params.duration_s * params.fps))


def window_frames(params: GenerateParams) -> int:
    """Frames of one window; never less than one."""
    return max(1, round(params.window_s * params.fps))


def _sides(size: str) -> tuple[int, int]:
    width, height = size.split("x")
    return int(width), int(height)
