"""Parameters of the finishing stages.

Invariant: what is written into a container is bounded plain text.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

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
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]
Profile = Literal["draft", "standard", "high", "master"]
WORST_CRF = 51
PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow", "placebo"),
)
AV1_PRESETS = tuple(str(number) for number in range(14))


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
    """How a film is encoded for delivery: a profile, and what is to stand in for parts of it."""

    codec: Literal["h264", "h265", "av1"] = Field("h264", description="Video codec.")
    profile: Profile = Field(
        "standard", description="Trade of speed against quality and size; master looks lossless."
    )
    crf: int | None = Field(
        None,
        ge=0,
        le=63,
        description="Constant quality in place of the profile's, lower is better; H.264 and H.265 "
        "up to 51.",
    )
    bitrate_kbps: int = Field(
        0,
        ge=0,
        le=800_000,
        description="Average bit rate of the pictures in place of constant quality; 0 for none.",
        json_schema_extra={"unit": "kbit/s"},
    )
    passes: Literal[1, 2] = Field(
        1, description="2 looks through the film first, to spend bitrate_kbps where it counts."
    )
    cap_kbps: int = Field(
        0,
        ge=0,
        le=800_000,
        description="Cap on the bit rate of the pictures, over a buffer of two seconds; 0 for none.",
        json_schema_extra={"unit": "kbit/s"},
    )
    preset: str = Field(
        "",
        pattern=r"^[a-z0-9]{0,16}$",
        description="Speed of the encoder in place of the profile's: ultrafast to placebo, or 0 to "
        "13 for AV1.",
    )
    keyframe_s: float = Field(
        0.0,
        ge=0,
        le=60,
        description="Longest time between key frames; 0 leaves it to the encoder.",
        json_schema_extra={"unit": "s"},
    )
    bits: Literal["auto", "8", "10"] = Field(
        "auto",
        description="Bits per sample; auto is 10 where HDR is kept, else 8.",
        json_schema_extra={"unit": "bit"},
    )
    chroma: Literal["420", "422", "444"] = Field(
        "420", description="Chroma samples; few players show anything but 420."
    )
    hdr: Literal["map", "keep"] = Field(
        "map", description="HDR and BT.2020 are mapped to SDR BT.709, or kept with their tags."
    )
    background: Colour = Field("#000000", description="What shows through transparent pictures.")
    audio_kbps: int = Field(
        192,
        ge=32,
        le=512,
        description="Bit rate of the AAC sound.",
        json_schema_extra={"unit": "kbit/s"},
    )
    metadata: Tags

    @model_validator(mode="after")
    def _settings_go_together(self) -> EncodeParams:
        av1 = self.codec == "av1"
        if self.crf is not None and self.bitrate_kbps:
            raise ValueError("crf and bitrate_kbps exclude each other: give one of them")
        if not av1 and (self.crf or 0) > WORST_CRF:
            raise ValueError(f"crf goes up to {WORST_CRF} for {self.codec}, got {self.crf}")
        if self.passes == 2 and (av1 or not self.bitrate_kbps):
            raise ValueError("two passes are for a bitrate_kbps, and for H.264 and H.265 only")
        if self.cap_kbps and self.cap_kbps < self.bitrate_kbps:
            raise ValueError("cap_kbps is below bitrate_kbps")
        if self.cap_kbps and av1 and self.bitrate_kbps:
            raise ValueError("AV1 takes a cap_kbps with constant quality only")
        if self.preset and self.preset not in (AV1_PRESETS if av1 else PRESETS):
            known = AV1_PRESETS if av1 else PRESETS
            raise ValueError(f"{self.codec} has no preset {self.preset!r}: {', '.join(known)}")
        if av1 and self.chroma != "420":
            raise ValueError(f"AV1 is encoded in 420 only, got {self.chroma}")
        if self.hdr == "keep" and self.bits == "8":
            raise ValueError("HDR needs 10 bits: leave bits at auto, or map it to SDR")
        return self


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
