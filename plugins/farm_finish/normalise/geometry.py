"""Where the picture goes: turning, square pixels, an even size, fitting, filling and bars.

Invariant: the shape of what is seen does not change; a picture that needs no scaling is not scaled.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from farm_finish.normalise.params import NormaliseParams

Box = tuple[int, int, int, int]
"""Width, height, left, top in pixels."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """Steps in this order; ``None`` for one that is not needed.

    turns : quarter turns counter-clockwise. mirrored : left and right change places before that.
    scale : new width and height. crop, pad : boxes. width, height : of the result.
    """

    turns: int
    mirrored: bool
    scale: tuple[int, int] | None
    crop: Box | None
    pad: Box | None
    width: int
    height: int


def planned(
    width: int, height: int, aspect: Fraction, turns: int, mirrored: bool, params: NormaliseParams
) -> Geometry:
    """Steps from stored pixels (``aspect``: width of one by its height) to the asked size."""
    across, down = Fraction(width), Fraction(height)
    # The shorter side of the pixel grows, so that nothing that was stored is thrown away.
    if aspect > 1:
        across *= aspect
    else:
        down /= aspect
    if turns % 2:
        width, height, across, down = height, width, down, across
    scale: tuple[int, int] | None
    crop: Box | None = None
    pad: Box | None = None
    if params.fit == "keep":
        if aspect == 1 and min(width, height) > 1:
            scale = (width, height)
            size = (width // 2 * 2, height // 2 * 2)
            crop = (*size, 0, 0)
        else:
            scale = size = (_even(across), _even(down))
    elif params.fit == "fill":
        size = (params.width, params.height)
        factor = max(size[0] / across, size[1] / down)
        scale = (max(size[0], _even(across * factor)), max(size[1], _even(down * factor)))
        crop = (*size, (scale[0] - size[0]) // 4 * 2, (scale[1] - size[1]) // 4 * 2)
    else:
        factor = min(
            Fraction(params.width or 10**9) / across, Fraction(params.height or 10**9) / down
        )
        scale = size = (_even(across * factor), _even(down * factor))
        if params.fit == "pad":
            size = (params.width, params.height)
            scale = (min(scale[0], size[0]), min(scale[1], size[1]))
            pad = (*size, (size[0] - scale[0]) // 4 * 2, (size[1] - scale[1]) // 4 * 2)
    if crop is not None and crop[:2] == scale:
        crop = None
    if pad is not None and pad[:2] == scale:
        pad = None
    if scale == (width, height):
        scale = None
    return Geometry(turns % 4, mirrored, scale, crop, pad, *size)


def _even(length: Fraction) -> int:
    return max(2, round(length / 2) * 2)
