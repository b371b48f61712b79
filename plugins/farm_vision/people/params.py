"""Parameters of the stages that look at people.

Invariant: light; it is imported by every process that loads the plugin.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from farm import StageParams

_FRAMES = {"json_schema_extra": {"unit": "frames"}}


class FollowParams(StageParams):
    """How many are followed, and how their tracks are made calm."""

    most: int = Field(4, ge=1, le=16, description="Most persons, faces or hands in one frame.")
    smooth: int = Field(
        3,
        ge=0,
        le=24,
        description="Frames before and after that calm a frame; 0 leaves the points as found.",
        **_FRAMES,
    )
    gap: int = Field(
        8,
        ge=0,
        le=120,
        description="Longest gap in a track that is bridged; what was made up is flagged.",
        **_FRAMES,
    )


class VitPoseParams(FollowParams):
    """Which models of the store, besides."""

    detector: str = Field(
        "rtdetr-r50",
        pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$",
        description="Model that finds persons: RT-DETR in the form of transformers.",
    )
    estimator: str = Field(
        "vitpose-base",
        pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$",
        description="Model that finds their points: VitPose in the form of transformers.",
    )
    least: float = Field(
        0.5, ge=0.0, le=1.0, description="Score from which something is taken for a person."
    )


class DwPoseParams(FollowParams):
    """Which model of the store, besides."""

    model: str = Field(
        "dwpose",
        pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$",
        description="Model with yolox_l.onnx and dw-ll_ucoco_384.onnx.",
    )
    least: float = Field(
        0.3, ge=0.0, le=1.0, description="Score from which something is taken for a person."
    )


class FaceParams(FollowParams):
    """Faces are quick: a blink lasts three frames."""

    smooth: int = Field(
        1,
        ge=0,
        le=24,
        description="Frames before and after that calm a frame; 0 leaves the points as found.",
        **_FRAMES,
    )


class RenderParams(StageParams):
    """How skeletons are drawn."""

    thickness: float = Field(1.0, ge=0.25, le=4.0, description="Times the usual width of limbs.")
    least: float = Field(0.5, ge=0.0, le=1.0, description="Confidence from which a point is drawn.")


class RetargetParams(StageParams):
    """How a motion is given to another body."""

    hold: Literal["feet", "hips"] = Field(
        "feet",
        description="What stays at its height in the picture when bones change their length.",
    )
    size: Literal["source", "character"] = Field(
        "source",
        description="Keep the height of the torso of the film, or take that of the character.",
    )
    person: int = Field(0, ge=0, description="Number of the one person to keep; 0 keeps all.")


class MatteParams(StageParams):
    """How the outline of persons is refined."""

    refine: float = Field(
        1.0, ge=0.0, le=1.0, description="How far edges follow the picture; 0 leaves them soft."
    )
    steady: float = Field(
        0.6,
        ge=0.0,
        le=0.95,
        description="Share of the frame before, carried along its motion, in each frame.",
    )


class CutoutParams(StageParams):
    """How an alpha video is made."""

    clean: bool = Field(True, description="Take the background's colour out of half-covered edges.")
