"""Parameters of the stages that take a film apart.

Invariant: light; it is imported by every process that loads the plugin.
"""

from __future__ import annotations

from pydantic import Field

from farm import StageParams

_PIXELS = {"json_schema_extra": {"unit": "pixels"}}
_MODEL = r"^[a-z0-9][a-z0-9._-]{0,63}$"


class SplitParams(StageParams):
    """How what the subject hides is made up."""

    guard: int = Field(
        3,
        ge=0,
        le=64,
        description="Pixels around the subject that are not taken for background: what the matte "
        "missed would be smeared over it.",
        **_PIXELS,
    )
    motion: bool = Field(
        True, description="Follow the camera; without, it is taken to stand still in each shot."
    )
    texture: bool = Field(
        True,
        description="Continue textures where nothing was ever seen; without, colours only flow in.",
    )


class RefineParams(StageParams):
    """Where the matte is doubted, and how calm it shall be."""

    band: int = Field(
        0,
        ge=0,
        le=200,
        description="Pixels to both sides of the outline that are decided anew; 0: a hundredth of "
        "the longer side.",
        **_PIXELS,
    )
    steady: float = Field(
        0.5,
        ge=0.0,
        le=0.95,
        description="Share of the frame before, carried along its motion, in doubted pixels.",
    )

    def band_for(self, width: int, height: int) -> int:
        """The band in pixels for pictures of that size."""
        return self.band or max(3, round(max(width, height) / 100))


class ViTMatteParams(RefineParams):
    """Which model, and how large it sees."""

    model: str = Field(
        "vitmatte-small",
        pattern=_MODEL,
        description="Model of the store: ViTMatte in the form of transformers.",
    )
    side: int = Field(
        1024,
        ge=64,
        le=4096,
        description="Longest side of what the model sees; its memory grows with it.",
        **_PIXELS,
    )


class TrackParams(StageParams):
    """Where the object is."""

    x: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Where the object is clicked: share of the width from the left.",
    )
    y: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Where the object is clicked: share of the height from the top.",
    )
    frame: int = Field(
        0,
        ge=0,
        description="Number of the frame that is clicked; the object is followed to both sides.",
        json_schema_extra={"unit": "frames"},
    )


class Sam2Params(TrackParams):
    """Which model."""

    model: str = Field(
        "sam2-hiera-small",
        pattern=_MODEL,
        description="Model of the store: SAM 2 for video in the form of transformers.",
    )


def place_in(params: TrackParams, width: int, height: int) -> tuple[float, float]:
    """The click in a picture of that size, in pixels; that of whole numbers is a pixel's middle."""
    return (
        min(max(params.x * width - 0.5, 0.0), width - 1.0),
        min(max(params.y * height - 0.5, 0.0), height - 1.0),
    )


def named_model(params: ViTMatteParams | Sam2Params) -> tuple[str, ...]:
    """The model that the parameters name."""
    return (params.model,)
