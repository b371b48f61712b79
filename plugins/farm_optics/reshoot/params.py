"""Parameters of ``camera.reshoot``: where the new camera goes, and what it is to show.

Invariant: light; imported by every process that loads the plugin.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from farm import InputError
from farm.stages import Facts
from farm_optics.measures import Distance
from farm_optics.params import DepthParams

RESHOOT_WINDOW = 24
"""Frames of one task of ``camera.reshoot``."""
Move = Literal["still", "dolly", "truck", "pedestal", "orbit", "spiral", "dolly_zoom", "handheld"]
_DEG, _FRAMES = {"unit": "degrees"}, {"unit": "frames"}


class ReshootParams(DepthParams):
    """A camera move. A document at ``trajectory`` takes the place of ``move``."""

    move: Move = Field("orbit", description="How the camera goes.")
    amount: float = Field(
        0.15,
        ge=-3,
        le=3,
        description="How far, as a part of the distance of the subject; negative the other way.",
    )
    turns: float = Field(
        1.0, ge=0, le=100, description="Rounds of a spiral; for handheld, how restless it is."
    )
    ease: Literal["linear", "smooth"] = Field(
        "smooth", description="Whether the move starts and ends softly."
    )
    subject: Distance | None = Field(
        None,
        description="Distance of what the move is about; none: what is in front at first.",
    )
    fov_deg: float = Field(
        55.0,
        ge=5,
        le=150,
        description="Angle of view across the source picture.",
        json_schema_extra=_DEG,
    )
    frames: int = Field(
        48,
        ge=1,
        le=100_000,
        description="Frames made of a source that is a single picture.",
        json_schema_extra=_FRAMES,
    )
    fill: bool = Field(
        True, description="Complete what the source never showed; else it stays black."
    )
    look: Literal["picture", "wire", "points"] = Field(
        "picture", description="The views, or a small and quick preview of the move."
    )


def reshot_frames(params: ReshootParams, facts: Facts) -> int:
    """Frames of the new clip. Raises InputError if ``video`` is not known to have any."""
    frames = facts["video"][0].facts.frames
    if not frames:
        raise InputError(
            "has no frames",
            where="video",
            mend="Send a video with at least one picture.",
            code="media.no-frames",
        )
    return frames if frames > 1 else params.frames
