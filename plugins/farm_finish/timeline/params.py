"""Parameters of the stages that bake a timeline, and what follows from them.

Invariant: light; it is imported by every process that loads the plugin.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from farm import InputError, StageParams
from farm.stages import Facts
from farm_finish.params import Profile, Tags

RENDER_WINDOW = 192
"""Pictures that one task makes."""


class PlanParams(StageParams):
    """What the film is to be, where the timeline does not say it."""

    names: list[str] = Field(
        default_factory=list,
        max_length=10_000,
        description="Names of the media files, in the order of the files, as the timeline has them.",
    )
    fps: str | None = Field(
        None,
        max_length=16,
        description="Frames per second; else those of the timeline, else of its first clip.",
        json_schema_extra={"unit": "1/s"},
    )
    size: str | None = Field(
        None,
        max_length=12,
        description="WIDTHxHEIGHT; else that of the timeline, else of its first clip.",
        json_schema_extra={"unit": "px"},
    )
    codec: Literal["h264", "h265", "av1"] = Field("h264", description="Video codec.")
    profile: Profile = Field(
        "standard", description="Trade of speed against quality and size of what is encoded."
    )
    copy_stretches: bool = Field(
        True, description="Copy stretches that nothing changes instead of encoding them again."
    )
    rates: Literal["refuse", "convert"] = Field(
        "refuse",
        description="Refuse clips of another frame rate, or show their nearest earlier frames.",
    )


class RenderParams(StageParams):
    """Rendering follows the plan and has no parameters of its own."""


class SoundParams(StageParams):
    """Sound follows the plan and has no parameters of its own."""


class AssembleParams(StageParams):
    """What is written beside the pictures."""

    audio_kbps: int = Field(
        192,
        ge=32,
        le=512,
        description="Bit rate of the AAC sound.",
        json_schema_extra={"unit": "kbit/s"},
    )
    metadata: Tags


def pictures_to_render(params: StageParams, facts: Facts) -> int:
    """Pictures that must be made, from what the plan says of itself. Raises InputError."""
    frames = facts["plan"][0].facts.frames
    if not frames:
        raise InputError(
            "is no plan of a bake",
            where="plan",
            expected="a document of timeline.plan",
            mend="Wire `plan` to the output of timeline.plan.",
            code="timeline.no-plan",
        )
    return frames
