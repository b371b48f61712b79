"""How FFV1 is set up: a picture stands alone, is protected by checksums, and takes little memory.

Invariant: what is written is read back to the bit; the settings follow from size and pixel format
alone.

FFV1's version 3 (RFC 9043) is what every reader knows. Its encoder asks for a buffer of twenty to a
hundred bytes a pixel and touches all of it, which at 4K is 260 to 800 MB; version 4, which FFmpeg
calls experimental, asks for little more than the picture. It is taken where version 3 would need
too much: beyond 1440p.
"""

from __future__ import annotations

from av import VideoFormat

LARGEST_BUFFER = 200 << 20
"""Bytes that version 3 may ask for; no picture of 1080p needs more."""
_LARGEST_SLICE = 8 << 24


def options(width: int, height: int, pixel_format: str) -> dict[str, str]:
    """Settings of the encoder for pictures of that form."""
    form = VideoFormat(pixel_format)
    bits = max(part.bits for part in form.components)
    samples = width * height
    for part in form.components[1:]:
        thin = not part.is_luma and not part.is_alpha and not form.is_rgb
        samples += form.chroma_width(width) * form.chroma_height(height) if thin else width * height
    # Codes of Golomb and Rice: as small as the range coder's for a film, and read in half the time.
    settings = {"g": "1", "slicecrc": "1", "coder": "0", "context": "0"}
    settings["slices"] = _slices(width, height, form)
    if samples * (2 * bits + 5 + 2 * form.is_rgb) <= LARGEST_BUFFER:
        return settings | {"level": "3"}
    return settings | {"level": "4", "strict": "experimental"}


def _slices(width: int, height: int, form: VideoFormat) -> str:
    """How many slices are needed: those that are too large are refused."""
    bits = width * height * sum(part.bits + 1 for part in form.components)
    return next((str(count) for count in (4, 16) if bits < count * _LARGEST_SLICE), "30")
