"""Lengths and apertures as people write them: ``85 mm``, ``f/1.4``, ``2 m``, ``infinity``.

Invariant: one canonical text for one value, so that equal wishes have equal cache keys.
"""

from __future__ import annotations

import math
import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_NUMBER = r"(\d+(?:\.\d*)?|\.\d+)"
_LENGTH = re.compile(_NUMBER + r"\s*(mm|cm|m|km|in|inch|inches|ft|feet|\")?")
_STOP = re.compile(r"(?:[ft]\s*/?\s*)?" + _NUMBER)
_MM = {
    "mm": 1.0, "cm": 10.0, "m": 1000.0, "km": 1e6, "in": 25.4, "inch": 25.4, "inches": 25.4,
    '"': 25.4, "ft": 304.8, "feet": 304.8,
}  # fmt: skip
_FOREVER = {"inf", "infinity", "infinite", "∞", "∞ m"}
LONGEST_FOCAL_MM, FARTHEST_M = 2000.0, 1e6


def millimetres(text: str | float, unit: str) -> float:
    """A length in millimetres; ``unit`` is meant where none is written. Raises ValueError."""
    found = _LENGTH.fullmatch(_plain(text))
    if not found:
        raise ValueError(f'"{text}" is no length such as 85 mm, 2 m or 6 ft')
    return float(found[1]) * _MM[found[2] or unit]


def focal_mm(text: str | float) -> float:
    """Focal length in millimetres, 1 to 2000. Raises ValueError."""
    value = millimetres(text, "mm")
    if not 1 <= value <= LONGEST_FOCAL_MM:
        raise ValueError(f'"{text}" is not within 1 and {LONGEST_FOCAL_MM:g} mm')
    return value


def f_number(text: str | float) -> float:
    """The number of an aperture, 0.5 to 128. Raises ValueError."""
    found = _STOP.fullmatch(_plain(text))
    if not found or not 0.5 <= float(found[1]) <= 128:
        raise ValueError(f'"{text}" is no aperture from f/0.5 to f/128')
    return float(found[1])


def distance_m(text: str | float) -> float:
    """A distance in metres, ``math.inf`` for infinity. Raises ValueError."""
    if _plain(text) in _FOREVER:
        return math.inf
    value = millimetres(text, "m") / 1000
    if not 0.001 <= value <= FARTHEST_M:
        raise ValueError(f'"{text}" is not within 1 mm and infinity')
    return value


def distance_text(metres: float) -> str:
    """The canonical text of a distance."""
    return "infinity" if math.isinf(metres) else f"{metres:.10g} m"


def _plain(text: str | float) -> str:
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise ValueError(f"{text!r} is neither a number nor a text")
    return str(text).strip().lower()


FocalLength = Annotated[
    str, BeforeValidator(lambda text: f"{focal_mm(text):.10g} mm"), Field(max_length=24)
]
"""``85 mm``; a number is millimetres."""
Aperture = Annotated[
    str, BeforeValidator(lambda text: f"f/{f_number(text):.10g}"), Field(max_length=24)
]
"""``f/1.4``; a number is the f-number."""
Distance = Annotated[
    str, BeforeValidator(lambda text: distance_text(distance_m(text))), Field(max_length=24)
]
"""``2 m`` or ``infinity``; a number is metres."""
