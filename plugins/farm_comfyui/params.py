"""Parameters of the stages: what a submitter may ask of a mode.

Invariant: nothing here is about nodes, steps or models; those follow from the mode and the profile.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from farm import StageParams

Mode = Literal["animate", "audio-performance", "start-end-frame", "pose-control", "plumbing"]


class PrepareParams(StageParams):
    """What is asked of a mode."""

    mode: Mode = Field("animate", description="What is made.")
    mix: bool = Field(
        False, description="Animate: put the character into the video, in place of its subject."
    )
    profile: Literal["draft", "standard", "high"] = Field(
        "standard", description="Trade of speed against size and quality."
    )
    precision: Literal["auto", "fp8", "bf16"] = Field(
        "auto", description="Form of the weights; auto takes the profile's first that a server has."
    )
    workflow_version: str = Field(
        "",
        pattern=r"^([0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4})?$",
        description="Version of the workflow, such as 1.0.0; empty for the newest.",
    )
    aspect: Literal["auto", "16:9", "9:16", "1:1"] = Field(
        "auto", description="Shape of the film; auto takes the one nearest to the picture's."
    )
    duration_s: float = Field(
        0.0,
        ge=0,
        le=120,
        description="Length of the film; 0 follows the video or the sound.",
        json_schema_extra={"unit": "s"},
    )
    fps: Literal["auto", "16", "24", "25", "30"] = Field(
        "auto",
        description="Frames per second of the film; auto is the driving video's, else 16.",
        json_schema_extra={"unit": "1/s"},
    )
    relight: Literal["auto", "on", "off"] = Field(
        "auto", description="Animate: give the character the light of the scene."
    )
    background: Literal["auto", "keep", "replace"] = Field(
        "auto",
        description="Animate: keep the video's background, or let the picture's replace it.",
    )
    segments: int = Field(
        0, ge=0, le=24, description="Animate: at most so many stretches of a film; 0 for all."
    )
    control_form: Literal["ready", "canny", "dwpose"] = Field(
        "ready",
        description="Pose-control: the control video is drawn already, or the server takes edges "
        "(canny) or poses (dwpose) from it.",
    )
    pose_names: list[str] = Field(
        default_factory=list,
        max_length=8,
        description="File names of the pose sheets; a name such as waving.png says what is shown.",
    )
    framing: Literal["auto", "portrait", "half_body", "full_body"] = Field(
        "auto", description="Audio-performance: how much of the person is to be seen."
    )
    adherence: Literal["auto", "loose", "balanced", "strict"] = Field(
        "auto", description="How closely the film keeps to the sound or the control video."
    )
    poses: Literal["soft", "exact"] = Field(
        "soft", description="What a pose sheet is: soft guidance, or to be met exactly."
    )


class WorkflowParams(StageParams):
    """What is asked of a workflow by its name."""

    workflow: str = Field(
        min_length=1, max_length=60, description="Name of the workflow, as farm comfy ls lists it."
    )
    workflow_version: str = Field(
        "",
        pattern=r"^([0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4})?$",
        description="Version of the workflow, such as 1.0.0; empty for the newest.",
    )
    makes: Literal["film", "pictures", "sound"] = Field(
        "film", description="What is wanted of what the workflow saves."
    )
    names: list[str] = Field(
        default_factory=list,
        max_length=64,
        description="Names of the files: pictures, then videos, then sounds. A file belongs to the "
        "asset of the workflow that it is named after.",
    )
    profile: Literal["draft", "standard", "high"] = Field(
        "standard", description="Which of the workflow's profiles."
    )
    precision: Literal["auto", "fp8", "bf16"] = Field(
        "auto", description="Form of the weights; auto takes the profile's first that a server has."
    )
    aspect: Literal["auto", "16:9", "9:16", "1:1"] = Field(
        "auto",
        description="Shape of the film; auto takes that of the workflow's which is nearest to the "
        "video that gives the length, else to the first picture.",
    )
    duration_s: float = Field(
        0.0,
        ge=0,
        le=120,
        description="Length of the film; 0 for what the workflow gives.",
        json_schema_extra={"unit": "s"},
    )
    fps: Literal["auto", "16", "24", "25", "30"] = Field(
        "auto",
        description="Frames per second of the film; auto is what the workflow gives.",
        json_schema_extra={"unit": "1/s"},
    )
    subject: list[tuple[float, float]] = Field(
        default_factory=list,
        max_length=16,
        description="Points [x, y] on the subject in the first frame of the video, from 0 to 1, for "
        "a workflow that finds it there; none for the middle.",
    )


class RunParams(StageParams):
    """A run follows the request that was prepared."""


class FinishParams(StageParams):
    """The film follows the request that was prepared."""
