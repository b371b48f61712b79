"""HDR10's static metadata: the display a film was mastered on, and its brightest light.

Invariant: numbers pass as they are; a film that does not tell them gets none.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import Any

from av.sidedata.sidedata import Type as SideData
from av.video.frame import VideoFrame

_MASTERING_BYTES = 88


def mastering(frame: VideoFrame, codec: str) -> tuple[str, ...]:
    """The encoder's own settings that write what ``frame`` carries."""
    found: dict[Any, bytes] = {data.type: bytes(data) for data in frame.side_data}  # type: ignore
    told = []
    display = found.get(SideData.MASTERING_DISPLAY_METADATA, b"")
    if len(display) >= _MASTERING_BYTES:
        *numbers, has_primaries, has_luminance = struct.unpack("=22i", display[:_MASTERING_BYTES])
        if has_primaries and has_luminance and all(numbers[1::2]):
            values = [Fraction(a, b) for a, b in zip(numbers[::2], numbers[1::2], strict=True)]
            name = "master-display" if codec == "h265" else "mastering-display"
            told.append(f"{name}={_display(values, codec)}")
    light = found.get(SideData.CONTENT_LIGHT_LEVEL, b"")
    if len(light) >= 8:
        most, average = struct.unpack("=2I", light[:8])
        name = {"h264": "cll", "h265": "max-cll", "av1": "content-light"}[codec]
        told.append(f"{name}={most},{average}")
    return tuple(told)


def _display(values: list[Fraction], codec: str) -> str:
    """``values``: x and y of red, green, blue and white, then the least and most cd/m2."""
    red, green, blue, white = (values[at : at + 2] for at in (0, 2, 4, 6))
    least, most = values[8:10]

    def pair(one: Fraction, two: Fraction, unit: int) -> str:
        if codec == "av1":
            return f"({float(one):.6g},{float(two):.6g})"
        return f"({round(one * unit)},{round(two * unit)})"

    chromas = zip("GBR", (green, blue, red), strict=True)
    text = "".join(f"{name}{pair(*chroma, 50_000)}" for name, chroma in chromas)
    return f"{text}WP{pair(*white, 50_000)}L{pair(most, least, 10_000)}"
