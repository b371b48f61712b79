"""What the pictures of the result are stored as, and whether they are deinterlaced.

Invariant: pixels that are right already are copied bit by bit; chroma is never thinned, and more
than eight bits stay more than eight.
"""

from __future__ import annotations

from typing import Literal

from av import VideoFormat

from farm_finish.normalise.look import Look
from farm_finish.normalise.params import NormaliseParams

Fields = Literal["none", "flags", "all", "tff", "bff"]
_TALLEST_FIELDS = 4


def target_format(look: Look, params: NormaliseParams) -> str:
    """Pixel format of the result, one that FFV1 can hold."""
    deep = params.depth == "10" or (
        params.depth == "auto" and (look.bits > 8 or look.gamut != "bt709")
    )
    alpha = look.alpha and params.alpha == "keep"
    if look.rgb:
        if deep:
            return "gbrap10le" if alpha else "gbrp10le"
        return "bgra" if alpha else "bgr0"
    return f"yuv{'a' if alpha else ''}{_chroma(look.format)}p{'10le' if deep else ''}"


def fields_of(look: Look, params: NormaliseParams) -> Fields:
    """How to deinterlace: not at all; frames that are flagged; all, by flags or a found order."""
    if params.deinterlace == "off" or look.rgb or min(look.width, look.height) < _TALLEST_FIELDS:
        return "none"
    if look.found == "tff" or look.found == "bff":
        return look.found
    if params.deinterlace == "on":
        return "all"
    return "flags" if look.flagged and look.found is None else "none"


def _chroma(name: str) -> str:
    form = VideoFormat(name)
    if name.startswith(("gray", "ya", "mono")):
        return "420"
    across, down = form.chroma_width(16), form.chroma_height(16)
    if down == 16:
        return "444" if across == 16 else "422"
    return "444" if across == 16 else "420"
