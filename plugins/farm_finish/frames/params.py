"""Parameters of the stages that work on the pictures of a film, and what follows from them.

Invariant: light; it is imported by every process that loads the plugin.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from farm import InputError, StageParams
from farm.stages import Facts
from farm_finish.params import Tags

ENLARGE_WINDOW = 48
"""Frames of one task of ``video.enlarge``."""
INTERPOLATE_WINDOW = 120
"""Frames of one task of ``video.interpolate``, counted at the new rate."""
LONGEST_SIDE = 8192
FASTEST = 240

NAMED_RATES = {
    Fraction(name): Fraction(whole * 1000, 1001)
    for name, whole in (("23.976", 24), ("23.98", 24), ("29.97", 30), ("59.94", 60))
}
"""Rates that are called by a rounded number."""

_SIZE = re.compile(r"x(?P<times>[234])|(?P<width>[1-9]\d{1,3})x(?P<height>[1-9]\d{1,3})")
_NAMED = {"720p": (1280, 720), "1080p": (1920, 1080), "1440p": (2560, 1440), "4k": (3840, 2160)}
_UNITS = {"json_schema_extra": {"unit": "frames"}}


class SplitParams(StageParams):
    """How a film is cut into windows."""

    size: int = Field(48, ge=1, le=100_000, description="Length of a window.", **_UNITS)
    overlap: int = Field(
        16, ge=0, le=100_000, description="Frames a window shares with the one before.", **_UNITS
    )

    @model_validator(mode="after")
    def _advance(self) -> Self:
        if self.overlap >= self.size:
            raise ValueError(f"overlap {self.overlap} must be smaller than size {self.size}")
        return self


class BlendParams(StageParams):
    """How windows become one film."""

    overlap: int = Field(
        16, ge=0, le=10_000, description="Frames a window shares with the one before.", **_UNITS
    )
    drift: bool = Field(
        True,
        description="Correct the colour and exposure of each window to match the one before.",
    )
    align: bool = Field(
        False,
        description="Let what moved between two windows glide across the overlap instead of fading.",
    )
    form: Literal["lossless", "delivered"] = Field(
        "lossless", description="FFV1 in Matroska for another stage, or an encoded MP4."
    )
    codec: Literal["h264", "h265", "av1"] = Field("h264", description="Codec when delivered.")
    profile: Literal["draft", "standard", "high"] = Field(
        "standard", description="Trade of speed against quality and size when delivered."
    )
    audio_kbps: int = Field(
        192,
        ge=32,
        le=512,
        description="Bit rate of the AAC sound when delivered.",
        json_schema_extra={"unit": "kbit/s"},
    )
    metadata: Tags


class SizeParams(StageParams):
    """How large."""

    target: str = Field(
        "x2",
        max_length=12,
        description="x2, x3, x4, 720p, 1080p, 1440p, 4k, or WIDTHxHEIGHT as a frame to fit into.",
    )

    @field_validator("target")
    @classmethod
    def _known(cls, value: str) -> str:
        text = value.strip().lower()
        if text not in _NAMED and not _SIZE.fullmatch(text):
            raise ValueError(f'"{value}" is none of x2, x3, x4, {", ".join(_NAMED)}, WIDTHxHEIGHT')
        return text

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """The even size that a film of that size is enlarged to.

        Raises
        ------
        InputError : it is as large already, or would become too large.
        """
        match = _SIZE.fullmatch(self.target)
        if match and match["times"]:
            scale = Fraction(int(match["times"]))
        else:
            across, down = (
                _NAMED[self.target]
                if match is None
                else (int(match["width"]), int(match["height"]))
            )
            if match is None and height > width:
                across, down = down, across
            scale = min(Fraction(across, width), Fraction(down, height))
        size = round(width * scale / 2) * 2, round(height * scale / 2) * 2
        if size[0] < width or size[1] < height or size == (width, height):
            raise InputError(
                "is that large already",
                where="video",
                expected=f"a film smaller than {self.target}",
                got=f"{width}x{height}",
                mend="Ask for a larger target.",
                code="enlarge.not-larger",
            )
        if max(size) > LONGEST_SIDE:
            raise InputError(
                "would become too large",
                where="video",
                expected=f"at most {LONGEST_SIDE} pixels a side",
                got=f"{size[0]}x{size[1]}",
                mend="Ask for a smaller target.",
                code="enlarge.too-large",
            )
        return size


class EnlargeParams(SizeParams):
    """How large, and how crisp."""

    sharpness: float = Field(
        0.4, ge=0.0, le=2.0, description="Strength of the sharpening; 0 for none."
    )


class InterpolateParams(StageParams):
    """The rate that is wanted."""

    fps: str = Field(
        "60",
        max_length=12,
        description="Frames per second, such as 25, 60 or 30000/1001.",
        json_schema_extra={"unit": "1/s"},
    )
    cuts: bool = Field(True, description="Look for cuts, and never mix pictures across one.")
    duplicates: bool = Field(
        True, description="Look for repeated frames, and let motion go on through them."
    )

    @field_validator("fps", mode="before")
    @classmethod
    def _rate(cls, value: object) -> str:
        text = str(value).strip()
        try:
            rate = Fraction(text)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f'"{text}" is no rate such as 25 or 30000/1001') from None
        if not 1 <= rate <= FASTEST or rate.denominator > 10_000:
            raise ValueError(f"{text} is not within 1 and {FASTEST} frames per second")
        return str(NAMED_RATES.get(rate, rate))

    @property
    def rate(self) -> Fraction:
        """Frames per second."""
        return Fraction(self.fps)


def film_frames(params: StageParams, facts: Facts) -> int:
    """Frames of the film at ``video``, from what is known of it.

    Raises
    ------
    InputError : it is not known to have any.
    """
    return _known(facts)[0]


def smooth_frames(params: InterpolateParams, facts: Facts) -> int:
    """Frames of the film at ``video`` once it has the new rate. Raises InputError."""
    frames, fps = _known(facts)
    return new_count(frames, fps, params.rate)


def new_count(frames: int, fps: Fraction, rate: Fraction) -> int:
    """Frames at ``rate`` that last as long as ``frames`` at ``fps``, to half a frame."""
    return max(1, round(frames * rate / fps))


def _known(facts: Facts) -> tuple[int, Fraction]:
    film = facts["video"][0].facts
    if not film.frames:
        raise InputError(
            "has no frames",
            where="video",
            mend="Send a video with at least one picture.",
            code="media.no-frames",
        )
    return film.frames, film.fps or Fraction(25)
