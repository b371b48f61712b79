"""Parameters of ``media.normalise``.

Invariant: a combination that makes no sense (a size without a way to fit it) is refused here,
before any file is opened.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from farm import StageParams

FASTEST_FPS = 240
_NTSC = {
    "23.976": Fraction(24000, 1001),
    "23.98": Fraction(24000, 1001),
    "29.97": Fraction(30000, 1001),
    "47.952": Fraction(48000, 1001),
    "59.94": Fraction(60000, 1001),
    "119.88": Fraction(120000, 1001),
}


def parsed_rate(text: str) -> Fraction | None:
    """Frames per second of ``25``, ``30000/1001`` or ``29.97``; ``None`` for ``keep``.

    Raises
    ------
    ValueError : it is no rate, or not within 1 to 240.
    """
    if text == "keep":
        return None
    if not re.fullmatch(r"\d{1,6}(\.\d{1,6}|/\d{1,6})?", text):
        raise ValueError('expected "keep", or frames per second such as 25, 29.97 or 30000/1001')
    try:
        fps = _NTSC.get(text) or Fraction(text)
    except ZeroDivisionError:
        raise ValueError("a rate divided by 0") from None
    if not 1 <= fps <= FASTEST_FPS:
        raise ValueError(f"expected 1 to {FASTEST_FPS} frames per second, got {text}")
    return fps


def _as_rate(value: Any) -> Any:
    if value is None:
        return "keep"
    text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    if isinstance(text, str):
        text = text.removesuffix(".0")
        parsed_rate(text)
    return text


Rate = Annotated[str, BeforeValidator(_as_rate)]
Colour = Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]


class NormaliseParams(StageParams):
    """What the normalised media is to be like."""

    fps: Rate = Field(
        "keep",
        description="Frames per second of the result (25, 29.97, 30000/1001), or keep.",
        json_schema_extra={"unit": "1/s"},
    )
    width: int = Field(
        0,
        ge=0,
        le=8192,
        multiple_of=2,
        description="Width of the result; 0 follows from the height.",
        json_schema_extra={"unit": "px"},
    )
    height: int = Field(
        0,
        ge=0,
        le=8192,
        multiple_of=2,
        description="Height of the result; 0 follows from the width.",
        json_schema_extra={"unit": "px"},
    )
    fit: Literal["keep", "fit", "fill", "pad"] = Field(
        "keep",
        description=(
            "keep the size; fit into width x height; fill it, cropping the rest; or pad to it with "
            "the background colour."
        ),
    )
    background: Colour = Field(
        "#000000", description="Colour of bars and of what shows through transparent pictures."
    )
    alpha: Literal["flatten", "keep"] = Field(
        "flatten", description="Put transparent pictures over the background, or keep their alpha."
    )
    deinterlace: Literal["auto", "on", "off"] = Field(
        "auto", description="auto looks at the flags of the file and at the pictures themselves."
    )
    depth: Literal["auto", "8", "10"] = Field(
        "auto",
        description="Bits per sample; auto is 8 for sources of 8 bits, else 10.",
        json_schema_extra={"unit": "bit"},
    )
    sdr_peak_nits: int = Field(
        203,
        ge=80,
        le=400,
        description="Luminance that HDR is mapped into as SDR white (ITU-R BT.2408: 203).",
        json_schema_extra={"unit": "cd/m2"},
    )
    hdr_peak_nits: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Brightest luminance of an HDR source; 0 takes what the file says, else 1000.",
        json_schema_extra={"unit": "cd/m2"},
    )
    span: Literal["video", "all"] = Field(
        "video",
        description=(
            "video: the pictures decide where the film begins and ends; all: the first and last "
            "picture are held as long as there is sound."
        ),
    )
    silence: bool = Field(False, description="Give a film without sound a silent sound track.")
    still_s: float = Field(
        0.0,
        ge=0,
        le=3600,
        description="How long a still picture is shown; 0 for a single frame.",
        json_schema_extra={"unit": "s"},
    )
    longest_gap_s: float = Field(
        60.0,
        gt=0,
        le=3600,
        description="A longer hole between two pictures is refused as damage instead of filled.",
        json_schema_extra={"unit": "s"},
    )
    damaged: Literal["refuse", "keep"] = Field(
        "refuse", description="Refuse a truncated or damaged file, or keep what can be read of it."
    )

    @model_validator(mode="after")
    def _size_and_fit_agree(self) -> NormaliseParams:
        if self.fit == "keep" and (self.width or self.height):
            raise ValueError("width and height need fit: fit, fill or pad")
        if self.fit == "fit" and not (self.width or self.height):
            raise ValueError("fit: fit needs a width or a height")
        if self.fit in ("fill", "pad") and not (self.width and self.height):
            raise ValueError(f"fit: {self.fit} needs width and height")
        return self
