"""Parameters of ``video.grade``.

Invariant: light; the defaults change nothing.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from farm import StageParams

GRADE_WINDOW = 96
"""Frames of one task of ``video.grade``."""


def _three(value: Any) -> Any:
    """One number is short for the same three."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return [value, value, value]
    return value


def _channels(least: float, most: float) -> Any:
    part = Annotated[float, Field(ge=least, le=most)]
    return Annotated[list[part], Field(min_length=3, max_length=3), BeforeValidator(_three)]


class GradeParams(StageParams):
    """What is done to the colours, in this order: temperature and tint (in linear light), lift,
    gamma, gain, contrast, saturation, the table, grain."""

    temperature: float = Field(
        0.0,
        ge=-100,
        le=100,
        description="Colour of white, as a shift from daylight: higher is warmer, lower cooler.",
        json_schema_extra={"unit": "mired"},
    )
    tint: float = Field(
        0.0, ge=-100, le=100, description="Colour of white: higher is more magenta, lower greener."
    )
    lift: _channels(-0.5, 0.5) = Field(  # type: ignore[valid-type]
        default_factory=lambda: [0.0] * 3,
        description="Moves black and leaves white; one number, or red, green and blue.",
    )
    gamma: _channels(0.2, 5.0) = Field(  # type: ignore[valid-type]
        default_factory=lambda: [1.0] * 3,
        description="Brightens (over 1) or darkens what is between; one number, or three.",
    )
    gain: _channels(0.0, 4.0) = Field(  # type: ignore[valid-type]
        default_factory=lambda: [1.0] * 3,
        description="Moves white and leaves black; one number, or red, green and blue.",
    )
    contrast: float = Field(
        1.0,
        ge=0.0,
        le=4.0,
        description="Slope at the pivot; over 1 an S-curve that keeps black and white.",
    )
    pivot: float = Field(
        0.435, ge=0.05, le=0.95, description="Level of the signal that contrast leaves alone."
    )
    saturation: float = Field(1.0, ge=0.0, le=4.0, description="0 is grey, 1 as it is.")
    lut_strength: float = Field(
        1.0, ge=0.0, le=1.0, description="Share of the table in the result; the rest is without it."
    )
    lut_first: bool = Field(
        False, description="Apply the table before the corrections, as for a camera's log."
    )
    grain: float = Field(
        0.0,
        ge=0.0,
        le=20.0,
        description="Film grain: its standard deviation where it is strongest, a third of the way "
        "from black to white; black and white have none.",
        json_schema_extra={"unit": "%"},
    )
    grain_size: float = Field(
        1.5, ge=1.0, le=4.0, description="Size of a grain.", json_schema_extra={"unit": "px"}
    )
    output: Literal["source", "bt709"] = Field(
        "source",
        description="What the graded colours are: still those of the source, or BT.709, as for a "
        "table that leads there.",
    )
    depth: Literal["source", "8", "10"] = Field(
        "source", description="Bits of a sample of the result."
    )
    dither: bool = Field(
        True, description="Spread what 8 bits cannot hold, by a pattern that stands still."
    )
