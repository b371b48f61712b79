"""Parameters of the stages that deliver.

Invariant: settings that exclude each other are refused here, before any file is opened.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from farm import StageParams
from farm_finish.params import Colour, Profile, Tags

TALLEST = 4320
Height = Annotated[int, Field(ge=2, le=TALLEST)]


class ProresParams(StageParams):
    """Which ProRes a film is mastered in."""

    profile: Literal["lt", "standard", "hq", "4444"] = Field(
        "hq", description="ProRes 422 LT, 422, 422 HQ, or 4444, which keeps transparency."
    )
    background: Colour = Field(
        "#000000", description="What shows through transparent pictures in 422."
    )
    hdr: Literal["map", "keep"] = Field(
        "map", description="HDR and BT.2020 are mapped to SDR BT.709, or kept with their tags."
    )
    metadata: Tags


class SequenceParams(StageParams):
    """What the pictures of a sequence are like."""

    form: Literal["png", "tiff", "exr"] = Field(
        "png", description="PNG and TIFF as they are shown; EXR holds linear light."
    )
    bits: Literal["auto", "8", "16"] = Field(
        "auto",
        description="Bits per sample; auto is 8 for sources of 8 bits, else 16. EXR has halves.",
        json_schema_extra={"unit": "bit"},
    )
    alpha: Literal["keep", "flatten"] = Field(
        "keep", description="Keep transparency, or put the pictures over the background."
    )
    background: Colour = Field("#000000", description="What shows through transparent pictures.")
    first_number: int = Field(1, ge=0, le=9_000_000, description="Number of the first picture.")

    @model_validator(mode="after")
    def _depth_fits_the_form(self) -> SequenceParams:
        if self.form == "exr" and self.bits == "8":
            raise ValueError("EXR holds halves of 16 bits: leave bits at auto")
        return self


class PreviewParams(StageParams):
    """How much of a film a preview shows."""

    width: int = Field(
        480,
        ge=16,
        le=1920,
        description="Width of the preview; a smaller film keeps its own.",
        json_schema_extra={"unit": "px"},
    )
    fps: float = Field(
        12.5,
        ge=1,
        le=50,
        description="At most so many pictures a second; GIF counts in hundredths.",
        json_schema_extra={"unit": "1/s"},
    )
    longest_s: float = Field(
        8.0,
        gt=0,
        le=120,
        description="How much of the film is shown, from its beginning.",
        json_schema_extra={"unit": "s"},
    )
    colours: int = Field(256, ge=4, le=256, description="Colours of the GIF's palette.")
    dither: Literal["diffuse", "ordered", "none"] = Field(
        "diffuse", description="How the GIF mixes colours it does not have."
    )
    webp_quality: int = Field(75, ge=1, le=100, description="Quality of the WebP.")
    loop: bool = Field(True, description="Whether it begins again when it ends.")


class LadderParams(StageParams):
    """The rungs of an HLS ladder."""

    codec: Literal["h264", "h265"] = Field("h264", description="Video codec.")
    profile: Profile = Field("standard", description="Trade of speed against quality and size.")
    heights: list[Height] = Field(
        default_factory=list,
        max_length=12,
        description="Shorter sides of the rungs' pictures, none larger than the film's; empty: "
        "2160, 1440, 1080, 720, 480, 360 and 240, as the film allows.",
        json_schema_extra={"unit": "px"},
    )
    segments: Literal["fmp4", "ts"] = Field(
        "fmp4", description="Fragmented MP4 (CMAF) with sound of its own, or MPEG-TS."
    )
    segment_s: float = Field(
        6.0, ge=1, le=30, description="Length of a segment.", json_schema_extra={"unit": "s"}
    )
    keyframe_s: float = Field(
        2.0,
        ge=0.25,
        le=30,
        description="Time between key frames, the same on all rungs.",
        json_schema_extra={"unit": "s"},
    )
    audio_kbps: int = Field(
        160,
        ge=32,
        le=512,
        description="Bit rate of the AAC sound.",
        json_schema_extra={"unit": "kbit/s"},
    )
    background: Colour = Field("#000000", description="What shows through transparent pictures.")

    @model_validator(mode="after")
    def _settings_go_together(self) -> LadderParams:
        if self.segments == "ts" and self.codec != "h264":
            raise ValueError("MPEG-TS segments are for h264: take segments: fmp4")
        if self.keyframe_s > self.segment_s:
            raise ValueError("every segment begins with a key frame: lower keyframe_s")
        if len(set(self.heights)) != len(self.heights):
            raise ValueError("two rungs of one height")
        return self


class SheetParams(StageParams):
    """The grid of a contact sheet."""

    columns: int = Field(4, ge=1, le=12, description="Pictures side by side.")
    rows: int = Field(4, ge=1, le=24, description="Rows of pictures at most.")
    cell_width: int = Field(
        320, ge=64, le=1024, description="Width of a picture.", json_schema_extra={"unit": "px"}
    )
    background: Colour = Field("#101010", description="Colour of the sheet.")
    title: str = Field("", max_length=120, description="What stands above the pictures.")


class WaveformParams(StageParams):
    """The picture of a sound."""

    width: int = Field(
        1600, ge=128, le=8192, description="Width.", json_schema_extra={"unit": "px"}
    )
    height: int = Field(
        320, ge=64, le=2048, description="Height.", json_schema_extra={"unit": "px"}
    )
    colour: Colour = Field("#3fb6c6", description="Colour of the wave.")
    background: Colour = Field("#101010", description="Colour behind it.")
