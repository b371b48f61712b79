"""Parameters of ``depth.estimate``.

Invariant: light; imported by every process that loads the plugin. What every provider understands
stands in :class:`DepthEstimateParams`, so that a pipeline need not care which one runs.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from farm import StageParams


class DepthEstimateParams(StageParams):
    """What is known of the camera, and how calm the maps shall be."""

    fov_deg: float = Field(
        55.0,
        ge=5,
        le=150,
        description="Angle of view across the picture, as far as it is known.",
        json_schema_extra={"unit": "degrees"},
    )
    baseline_m: float = Field(
        0.0,
        ge=0,
        le=100,
        description="Distance between the two eyes of a stereo pair; 0 if it is not known.",
        json_schema_extra={"unit": "m"},
    )
    smoothing: float = Field(
        0.6, ge=0, le=0.95, description="Share of the past in a map where the motion is certain."
    )


class ClassicalDepthParams(DepthEstimateParams):
    """Which cues are used."""

    cues: Literal["auto", "motion", "still", "stereo"] = Field(
        "auto",
        description="Motion of the camera, cues of a single picture, or the pair of a stereo film; "
        "auto takes the surest there is for each frame.",
    )


class LearnedDepthParams(DepthEstimateParams):
    """Which network."""

    model: str = Field(
        "",
        max_length=80,
        pattern=r"^([a-z0-9][a-z0-9._-]*)?$",
        description="Name of a model in the store, a folder in the form of transformers or diffusers.",
    )
    steps: int = Field(4, ge=1, le=50, description="Steps of a network that works in steps.")


def models_of(params: LearnedDepthParams) -> tuple[str, ...]:
    """The model that the parameters name."""
    return (params.model,) if params.model else ()
