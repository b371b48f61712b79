"""Parameters of the stages of lessons.

Invariant: light; it is imported by every process that loads the plugin.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from farm import StageParams

SIDES = {"16:9": (16, 9), "9:16": (9, 16), "1:1": (1, 1)}
Fps = Literal["24", "25", "30"]


class ReadParams(StageParams):
    """What a lesson becomes."""

    asset_names: tuple[str, ...] = Field(
        (), description="Names of the assets as the lesson writes them, in their order."
    )
    name: str = Field("", max_length=120, description="What the lesson's file is called.")
    aspect: Literal["16:9", "9:16", "1:1"] = Field("16:9", description="Shape of the picture.")
    short_side: int = Field(
        720,
        ge=144,
        le=2160,
        multiple_of=2,
        description="Shorter side of the picture.",
        json_schema_extra={"unit": "px"},
    )
    fps: Fps = Field("25", description="Frames per second.", json_schema_extra={"unit": "1/s"})
    voice: str = Field(
        "", max_length=80, description="Voice in place of the lesson's own; empty: the lesson's."
    )
    presenter: bool = Field(True, description="Whether somebody is seen, if there is a portrait.")
    burn: bool = Field(False, description="Draw captions into the picture.")
    lit: bool = Field(True, description="Light the word that is said in them.")
    only: str = Field(
        "", max_length=80, description="Id of the one scene that is rendered; empty: all."
    )
    phones: bool = Field(True, description="Whether lips are moved by phones, which needs English.")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, even, px."""
        across, down = SIDES[self.aspect]
        least = min(across, down)
        return (
            round(self.short_side * across / least / 2) * 2,
            round(self.short_side * down / least / 2) * 2,
        )


class NarrateParams(StageParams):
    """Nothing: all of it is in the lesson."""


class ListenParams(StageParams):
    """Nothing: all of it is in the lesson."""


class LevelParams(StageParams):
    """How loud clips are beside the narration."""

    under_db: float = Field(
        -8.0,
        ge=-60,
        le=12,
        description="Loudness of clips that are heard under the narration, against it; the mix takes "
        "more away while somebody speaks.",
        json_schema_extra={"unit": "dB"},
    )


class RecordParams(StageParams):
    """What is kept."""

    asset_names: tuple[str, ...] = Field((), description="Names of the assets, in their order.")
    only: str = Field(
        "",
        max_length=80,
        description="Id of the one scene that was rendered: the project stays as it is known.",
    )


class SoundParams(StageParams):
    """How the sound is coded."""

    audio_kbps: int = Field(
        160, ge=32, le=512, description="Bit rate of AAC.", json_schema_extra={"unit": "kbit/s"}
    )


class AssembleParams(StageParams):
    """Nothing: all of it is in the lesson."""


class DraftParams(StageParams):
    """How notes become a lesson."""

    model: str = Field(
        "gpt-4o-mini",
        min_length=1,
        max_length=200,
        description="Name of the model at the endpoint.",
    )
    minutes: float = Field(
        3.0, ge=0.5, le=30, description="Length of the lesson.", json_schema_extra={"unit": "min"}
    )
    language: str = Field(
        "en", pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", description="Language of the lesson."
    )
    audience: str = Field(
        "", max_length=500, description="Who watches it, and what they know already."
    )
    prompt: Literal["lesson-1"] = Field("lesson-1", description="Version of the prompt.")
    timeout_s: float = Field(
        180.0, gt=0, le=1800, description="Longest wait for an answer.",
        json_schema_extra={"unit": "s"},
    )  # fmt: skip
    tries: int = Field(3, ge=1, le=10, description="Requests at most.")
