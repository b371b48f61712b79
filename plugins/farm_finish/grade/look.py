"""A grade made ready for pictures of one form: matrices, curves, tables, tags.

Invariant: the numbers of a picture are read as its tags say, and the result is tagged as what it
is. An untagged film is read as players do: BT.709 from 720 lines on, else BT.601, limited range;
and what was assumed is written down in the tags of the result.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from farm import InputError
from farm.media.planes import Layout
from farm_finish.grade.cube import Cube
from farm_finish.grade.curve import curves
from farm_finish.grade.params import GradeParams
from farm_finish.grade.white import white_matrix

Floats = NDArray[np.float32]

_UNTOLD = (0, 2, 3)
_BT709, _SMPTE170M, _RGB = 1, 6, 0
_BT709_LUMA = (0.2126, 0.0722)
_LINES_OF_HD = 720
_WIDE = {9: "BT.2020", 10: "XYZ", 11: "DCI-P3", 12: "P3"}
_NONE = np.zeros((1, 3), np.float32)


@dataclass(frozen=True, slots=True)
class Look:
    """For one layout of source. target : the layout of the result.

    white : float32 (3, 3) or empty. curve : float32 (3, steps) or empty. cube : float32
    (entries, 3), with low and scale that turn a signal into a place of it.
    """

    source: Layout
    target: Layout
    white: Floats
    curve: Floats
    saturation: float
    dimensions: int
    size: int
    cube: Floats
    low: Floats
    scale: Floats
    strength: float
    table_first: bool
    grain: float
    dither: bool

    @property
    def neutral(self) -> bool:
        """Whether every number stays as it is."""
        read = (self.source.depth, self.source.luma, self.source.full)
        return (
            read == (self.target.depth, self.target.luma, self.target.full)
            and not (self.white.size or self.curve.size or self.dimensions or self.grain)
            and self.saturation == 1
        )


def look_for(params: GradeParams, cube: Cube | None, source: Layout) -> Look:
    """The grade for pictures of ``source``.

    Raises
    ------
    InputError : a wide gamut is to be BT.709 without a table that leads there.
    """
    target = _target(params, source, cube is not None)
    slopes = [*params.gamma, *params.gain, params.contrast]
    bent = any(params.lift) or any(part != 1 for part in slopes)
    shifted = bool(params.temperature or params.tint)
    used = cube if params.lut_strength else None
    low = used.low if used else _NONE[0]
    steps = (used.size - 1) / (used.high - used.low) if used else _NONE[0]
    return Look(
        source=source,
        target=target,
        white=white_matrix(params.temperature, params.tint, source.primaries).astype(np.float32)
        if shifted
        else np.zeros((0, 3), np.float32),
        curve=curves(params) if bent else np.zeros((0, 1), np.float32),
        saturation=params.saturation,
        dimensions=used.dimensions if used else 0,
        size=used.size if used else 0,
        cube=used.table if used else _NONE,
        low=low,
        scale=np.asarray(steps, np.float32),
        strength=params.lut_strength,
        table_first=params.lut_first,
        grain=params.grain / 100,
        dither=params.dither and target.depth == 8,
    )


def _target(params: GradeParams, source: Layout, table: bool) -> Layout:
    depth = source.depth if params.depth == "source" else int(params.depth)
    if params.output == "source":
        return replace(_tagged(source), depth=depth)
    if source.primaries in _WIDE and not table:
        raise InputError(
            "its colours are of another gamut",
            where="video",
            expected="BT.709, or a table that leads there",
            got=_WIDE[source.primaries],
            mend='Normalise it first (media.normalise), or leave output at "source".',
            code="grade.gamut",
        )
    if source.rgb:
        return replace(source, depth=depth, matrix=_RGB, primaries=_BT709, transfer=_BT709)
    return replace(
        source,
        depth=depth,
        luma=_BT709_LUMA,
        matrix=_BT709,
        primaries=_BT709,
        transfer=_BT709,
    )


def _tagged(layout: Layout) -> Layout:
    """The same with what was assumed about it in its tags; SD tells no primaries, so none are."""
    high = layout.height >= _LINES_OF_HD or layout.rgb
    told = {}
    if layout.matrix in _UNTOLD and not layout.rgb:
        told["matrix"] = _BT709 if high else _SMPTE170M
    if layout.transfer in _UNTOLD:
        told["transfer"] = _BT709 if high else _SMPTE170M
    if layout.primaries in _UNTOLD and high:
        told["primaries"] = _BT709
    return replace(layout, **told)
