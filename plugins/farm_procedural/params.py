"""Parameters of the stages that turn a prompt into a film, and how a film is cut into windows.

Invariant: what a frame shows and how many there are is in the script; where the windows are cut
changes neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import Field, field_validator

from farm import Artifact, InputError, StageParams

SHORTEST_S, LONGEST_S = 0.5, 3600.0
SIDES = (16, 7680)


class ScriptParams(StageParams):
    """What the film should be besides its prompt. What is not given, the words of the prompt
    decide; where they say nothing, it is six seconds at 24 frames per second."""

    duration_s: float | None = Field(
        None,
        ge=SHORTEST_S,
        le=LONGEST_S,
        description="Length of the film; overrules the prompt's words.",
        json_schema_extra={"unit": "s"},
    )
    fps: int | None = Field(
        None,
        ge=1,
        le=120,
        description="Frames per second; overrules the prompt's words.",
        json_schema_extra={"unit": "1/s"},
    )
    size: str | None = Field(
        None,
        pattern=r"^[1-9][0-9]{1,3}x[1-9][0-9]{1,3}$",
        description="Width x height, both even, 16 to 7680; overrules the prompt's words.",
        json_schema_extra={"unit": "px"},
    )
    detail: Literal["draft", "standard", "high"] = Field(
        "standard", description="Size where nothing else says one: 360, 720 or 1080 lines."
    )
    style: str = Field("", max_length=200, description="A hint at the look: noir, dreamy, retro.")
    tone: str = Field("", max_length=200, description="A hint at the mood: calm, tense, hopeful.")
    knowledge: str = Field(
        "none",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,79}$",
        description="What was learned: none, latest, or the id of a snapshot.",
    )

    @field_validator("size")
    @classmethod
    def _even_and_in_range(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if any(side % 2 or not SIDES[0] <= side <= SIDES[1] for side in sides(value)):
            raise ValueError(
                f'size is "{value}"; width and height must be even and between {SIDES[0]} and '
                f"{SIDES[1]}, such as 1280x720"
            )
        return value


class GenerateParams(StageParams):
    """How a script is rendered and encoded."""

    window_frames: int = Field(
        36,
        ge=1,
        le=3000,
        description="Length of one independently rendered segment.",
        json_schema_extra={"unit": "frames"},
    )
    crf: int = Field(17, ge=0, le=40, description="H.264 quality; lower is better and larger.")
    preset: str = Field(
        "veryfast",
        pattern="^(ultrafast|superfast|veryfast|faster|fast|medium|slow)$",
        description="H.264 preset; slower makes smaller files.",
    )


class ComposeParams(StageParams):
    """The sound follows the script alone."""


def film_frames(params: GenerateParams, facts: Mapping[str, Sequence[Artifact]]) -> int:
    """Frames of the film that a script describes.

    Raises
    ------
    InputError : the file at ``script`` says nothing about frames.
    """
    frames = facts["script"][0].facts.frames if facts.get("script") else None
    if frames is None:
        raise InputError(
            "not a script of a film",
            where="script",
            expected="JSON with the number of frames under media.frames",
            mend="Make it with the stage video.script.",
            code="script.no-frames",
        )
    return frames


def window_frames(params: GenerateParams) -> int:
    """Frames of one window."""
    return params.window_frames


def sides(size: str) -> tuple[int, int]:
    """``"1280x720"`` as (1280, 720)."""
    width, height = size.split("x")
    return int(width), int(height)
