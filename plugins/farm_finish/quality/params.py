"""Parameters of ``media.quality``: what is measured, and how much is allowed.

Invariant: light; every limit that a report names is one of these.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from farm import StageParams

Metric = Literal["psnr", "ssim", "vmaf", "flip"]
CheckName = Literal[
    "video.damage", "video.frames", "video.rate", "video.size", "video.tags", "video.range",
    "video.black", "video.frozen", "video.flicker", "video.blown", "video.crushed", "video.banding",
    "sound.present", "sound.length", "sound.silence", "sound.clipping", "sound.loudness",
    "sound.peak",
    "reference.frames", "reference.psnr", "reference.ssim", "reference.vmaf", "reference.flip",
]  # fmt: skip

_S = {"json_schema_extra": {"unit": "s"}}


class QualityParams(StageParams):
    """What is expected of a film. Of stretches, only those of at least the given length count."""

    policy: Literal["fail", "flag", "report"] = Field(
        "flag",
        description="What a failed check does: the job fails, it is done with a warning, nothing.",
    )
    skip: list[CheckName] = Field(
        default_factory=list, max_length=32, description="Checks that are left out."
    )
    metrics: list[Metric] = Field(
        default_factory=lambda: list[Metric](["psnr", "ssim", "vmaf", "flip"]),
        description="What is measured against the reference, if there is one; vmaf and flip need "
        "farm[quality].",
    )
    psnr_db: float = Field(
        28.0,
        ge=0,
        le=120,
        description="Lowest PSNR of the whole film.",
        json_schema_extra={"unit": "dB"},
    )
    ssim: float = Field(0.9, ge=0, le=1, description="Lowest mean SSIM.")
    vmaf: float = Field(80.0, ge=0, le=100, description="Lowest mean VMAF.")
    flip: float = Field(0.15, ge=0, le=1, description="Highest mean FLIP of the sampled frames.")
    flip_frames: int = Field(
        8,
        ge=1,
        le=1000,
        description="Frames that FLIP looks at.",
        json_schema_extra={"unit": "frames"},
    )
    frames: int = Field(
        0,
        ge=0,
        description="Frames the film must have; 0: any number.",
        json_schema_extra={"unit": "frames"},
    )
    duration_s: float = Field(
        0.0, ge=0, description="How long it must last, to half a frame; 0: any.", **_S
    )
    width: int = Field(
        0, ge=0, description="Width it must have; 0: any.", json_schema_extra={"unit": "px"}
    )
    height: int = Field(
        0, ge=0, description="Height it must have; 0: any.", json_schema_extra={"unit": "px"}
    )
    colour: Literal["bt709", "tagged", "any"] = Field(
        "bt709", description="Tags it must have: those of BT.709, any that are complete, or none."
    )
    black_s: float = Field(0.5, gt=0, le=600, description="Black pictures for so long.", **_S)
    frozen_s: float = Field(2.0, gt=0, le=600, description="The same picture for so long.", **_S)
    flicker: float = Field(
        0.01,
        gt=0,
        le=1,
        description="Brightness that goes up and down by so much of white, five times in half a "
        "second.",
    )
    blown: float = Field(
        0.25, gt=0, le=1, description="Share of a picture that is at white, for clipped_s."
    )
    crushed: float = Field(
        0.6, gt=0, le=1, description="Share of a picture that is at black, for clipped_s."
    )
    clipped_s: float = Field(
        0.5, gt=0, le=600, description="How long it is blown or crushed.", **_S
    )
    banding: float = Field(
        0.1,
        gt=0,
        le=1,
        description="Share of a picture in steps of two levels or more where there should be a "
        "slope, for half a second.",
    )
    sound: Literal["auto", "required", "none"] = Field(
        "auto", description="Sound that is there is checked; or there must be some; or none."
    )
    av_mismatch_s: float = Field(
        0.1,
        gt=0,
        le=600,
        description="Most that sound and pictures may differ, at the start and in length.",
        **_S,
    )
    silence_db: float = Field(
        -60.0,
        ge=-120,
        le=-20,
        description="Level below which it is silence.",
        json_schema_extra={"unit": "dB"},
    )
    silence_s: float = Field(2.0, gt=0, le=600, description="Silence for so long.", **_S)
    clipped_samples: int = Field(
        12, ge=0, description="Most samples in runs at full scale.", json_schema_extra={"unit": ""}
    )
    loudness_min: float = Field(
        -36.0, ge=-70, le=0, description="Lowest loudness.", json_schema_extra={"unit": "LUFS"}
    )
    loudness_max: float = Field(
        -9.0, ge=-70, le=0, description="Highest loudness.", json_schema_extra={"unit": "LUFS"}
    )
    true_peak_db: float = Field(
        0.0, ge=-20, le=6, description="Highest true peak.", json_schema_extra={"unit": "dBTP"}
    )
