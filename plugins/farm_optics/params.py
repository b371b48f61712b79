"""Parameters that say what a lens is, how deep a picture is, and where the focus goes.

Invariant: light; imported by every process that loads the plugin. Other stages that need a lens take
:class:`LensParams` as it is, so that ``85 mm``, ``f/1.4``, ``2 m`` mean the same everywhere.
"""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from farm import InputError, StageParams
from farm.stages import Facts
from farm_optics import measures
from farm_optics.acoustics import PLACES
from farm_optics.cameras import sensor
from farm_optics.lens import Lens
from farm_optics.measures import Aperture, Distance, FocalLength
from farm_optics.shots import shot

DEFOCUS_WINDOW = 48
"""Frames of one task of ``video.defocus``."""
Shape = Literal["disc", "blades", "oval", "heart", "star", "ring", "swirl", "image"]
_FRAMES, _DEG, _M = {"unit": "frames"}, {"unit": "degrees"}, {"unit": "m"}


class LensParams(StageParams):
    """A camera, a lens and where it is focused."""

    camera: str = Field(
        "full-frame",
        max_length=40,
        description="Camera or format, such as alexa35, fx3, super35, or WIDTHxHEIGHT in mm.",
    )
    focal_length: FocalLength = Field("50 mm", description="Focal length; a number is mm.")
    aperture: Aperture = Field("f/2", description="Aperture; a number is the f-number.")
    focus: Distance = Field(
        "2 m", description="Distance of what is sharp, or infinity; a number is metres."
    )

    @field_validator("camera")
    @classmethod
    def _camera(cls, value: str) -> str:
        try:
            return sensor(value).name
        except InputError as error:
            raise ValueError(error.sentence()) from None

    @model_validator(mode="after")
    def _focusable(self) -> Self:
        try:
            self.lens()
        except InputError as error:
            raise ValueError(error.sentence()) from None
        return self

    def lens(self) -> Lens:
        """The lens these parameters mean."""
        return Lens(
            measures.focal_mm(self.focal_length),
            measures.f_number(self.aperture),
            measures.distance_m(self.focus),
            sensor(self.camera),
        )


class FocusKey(BaseModel):
    """Where the focus is at one frame."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    frame: int = Field(ge=0, le=10_000_000, description="Frame, from 0.")
    focus: Distance = Field(description="Distance of what is sharp there.")


class DepthParams(StageParams):
    """How the numbers of a depth map are meant; a document at ``scale`` says it instead."""

    depth: Literal["metres", "distance", "disparity"] = Field(
        "disparity",
        description="What a sample is: metres in steps of depth_unit_m; distance from near (black) "
        "to far (white); or disparity, which is even in 1/distance, from far (black) to near.",
    )
    near: Distance = Field("1 m", description="Nearest distance of a map that is not in metres.")
    far: Distance = Field("20 m", description="Farthest distance of it; disparity may be infinity.")
    depth_unit_m: float = Field(
        0.001,
        gt=0,
        le=100,
        description="Metres of one step of a 16-bit sample; sample 0 is infinitely far.",
        json_schema_extra=_M,
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        near, far = measures.distance_m(self.near), measures.distance_m(self.far)
        if not near < far:
            raise ValueError(f"near {self.near} must be nearer than far {self.far}")
        if self.depth == "distance" and math.isinf(far):
            raise ValueError("a map of distances needs a far that is not infinity")
        return self


class BokehParams(StageParams):
    """The look of the blur."""

    shape: Shape = Field("disc", description="Shape of the opening; image: the picture at mask.")
    blades: int = Field(7, ge=3, le=32, description="Blades of the iris, or points of the star.")
    roundness: float = Field(0.3, ge=0, le=1, description="Of the blades: 0 straight, 1 a circle.")
    rotation_deg: float = Field(
        0.0, ge=-360, le=360, description="Turn of the opening.", json_schema_extra=_DEG
    )
    squeeze: float = Field(2.0, ge=1, le=4, description="How much higher than wide an oval is.")
    cats_eye: float = Field(
        0.0, ge=0, le=1, description="How much the barrel cuts off discs in the corners."
    )
    fringing: float = Field(
        0.0,
        ge=0,
        le=0.2,
        description="How much farther red and nearer blue are focused, as a part of the distance.",
    )
    breathing: float = Field(
        0.0,
        ge=0,
        le=1,
        description="How much the picture grows as the focus comes nearer; 1 as a simple lens.",
    )
    highlights: float = Field(
        1.5,
        ge=0,
        le=6,
        description="Stops by which white is taken to have been brighter than a picture can tell.",
        json_schema_extra={"unit": "stops"},
    )
    strength: float = Field(
        1.0, ge=0, le=20, description="Every blur is so many times as large as the lens makes it."
    )
    quality: Literal["draft", "standard", "exact"] = Field(
        "standard", description="exact makes even large blurs at the full size, which is slow."
    )


class DefocusParams(LensParams, DepthParams, BokehParams):
    """A lens, a depth map and a look."""

    pull: list[FocusKey] = Field(
        default_factory=list,
        max_length=10_000,
        description="Focus at single frames, in place of focus; a track at the port comes first.",
    )
    ease: Literal["smooth", "linear"] = Field(
        "smooth", description="How the focus goes from key to key, even in 1/distance."
    )
    taken_with: Aperture | None = Field(
        None, description="Aperture the picture was taken with, if it is blurred already."
    )
    taken_focus: Distance = Field("2 m", description="Where it was focused then.")
    deblur: bool = Field(
        False, description="Sharpen what taken_with blurred more than is wanted, as far as it goes."
    )

    @model_validator(mode="after")
    def _keys(self) -> Self:
        frames = [key.frame for key in self.pull]
        if frames != sorted(set(frames)):
            raise ValueError("the frames of pull must rise")
        focal = measures.focal_mm(self.focal_length) / 1000
        for key in self.pull:
            if measures.distance_m(key.focus) <= focal * 1.0001:
                raise ValueError(f"frame {key.frame}: {key.focus} is nearer than the focal length")
        if self.deblur and self.taken_with is None:
            raise ValueError("deblur needs to know taken_with")
        return self


class StackParams(LensParams, DepthParams, BokehParams):
    """A sweep of the focus; ``focus`` itself is not used."""

    frames: int = Field(24, ge=2, le=1000, description="Pictures.", json_schema_extra=_FRAMES)
    fps: int = Field(24, ge=1, le=120, description="Rate.", json_schema_extra={"unit": "1/s"})
    sweep_from: Distance | None = Field(None, description="Nearest focus; none: nearest depth.")
    sweep_to: Distance | None = Field(None, description="Farthest focus; none: farthest depth.")


class FuseParams(StageParams):
    """How pictures of one scene become one."""

    window: int = Field(
        2, ge=1, le=8, description="Pixels around one that judge which picture is sharp there."
    )


class ClickParams(DepthParams):
    """What to focus on, and how calmly."""

    x: float = Field(0.5, ge=0, le=1, description="Place across, from 0 left to 1 right.")
    y: float = Field(0.5, ge=0, le=1, description="Place down, from 0 at the top to 1.")
    frame: int = Field(
        0, ge=0, le=10_000_000, description="Frame of the click.", json_schema_extra=_FRAMES
    )
    calm_s: float = Field(
        0.25,
        ge=0,
        le=10,
        description="Time over which the focus is smoothed, without delay.",
        json_schema_extra={"unit": "s"},
    )


class AcousticsParams(LensParams):
    """A shot, and where it is."""

    shot: str = Field(
        "", max_length=40, description="Shot size, such as close-up; empty: from focus."
    )
    place: str = Field("room", description="booth, room, hall, church or outdoors.")
    aspect: float = Field(16 / 9, ge=0.2, le=5, description="Width of the picture over height.")
    across: float = Field(0.5, ge=0, le=1, description="Where who speaks is, 0 left to 1 right.")
    follow: float = Field(
        0.5, ge=0, le=1, description="0 a microphone close by, 1 one at the camera."
    )

    @field_validator("shot")
    @classmethod
    def _shot(cls, value: str) -> str:
        if not value:
            return value
        try:
            return shot(value).name
        except InputError as error:
            raise ValueError(error.sentence()) from None

    @field_validator("place")
    @classmethod
    def _place(cls, value: str) -> str:
        if value not in PLACES:
            raise ValueError(f'"{value}" is none of {", ".join(PLACES)}')
        return value


def clip_frames(params: StageParams, facts: Facts) -> int:
    """Frames of the film at ``video``. Raises InputError if it is not known to have any."""
    frames = facts["video"][0].facts.frames
    if not frames:
        raise InputError(
            "has no frames",
            where="video",
            mend="Send a video with at least one picture.",
            code="media.no-frames",
        )
    return frames
