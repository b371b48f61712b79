"""What a face expresses, as numbers from 0 to 1 made of lengths between its points.

Invariant: a coefficient does not change when a face is moved, turned in the picture or scaled; each
is a ratio of two lengths of the same face, between the two values documented in ``_RATIOS``.

The openings of eyes and mouth are aspect ratios as in T. Soukupova and J. Cech, "Real-Time Eye Blink
Detection using Facial Landmarks", 2016. All lengths are three-dimensional, so that a head may turn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farm_vision.people.regions import Points


@dataclass(frozen=True, slots=True)
class _Ratio:
    """Mean of the lengths ``of`` over the mean of the lengths ``by``; 0 at ``none``, 1 at ``full``.

    none, full : typical of a face at rest and at the utmost of an expression; the same for every
    face, so a value is coarse and its change over time is what counts.
    """

    of: tuple[tuple[int, int], ...]
    by: tuple[tuple[int, int], ...]
    none: float
    full: float


_EYES = ((33, 263),)
"""Between the outer corners of the eyes: the steadiest length of a face."""

_RATIOS = {
    "jaw_open": _Ratio(((13, 14),), _EYES, 0.02, 0.55),
    "smile": _Ratio(((61, 291),), _EYES, 0.56, 0.82),
    "pucker": _Ratio(((61, 291),), _EYES, 0.50, 0.30),
    "blink_right": _Ratio(((160, 144), (158, 153)), ((33, 133),), 0.26, 0.10),
    "blink_left": _Ratio(((385, 380), (387, 373)), ((263, 362),), 0.26, 0.10),
    "wide_right": _Ratio(((160, 144), (158, 153)), ((33, 133),), 0.36, 0.50),
    "wide_left": _Ratio(((385, 380), (387, 373)), ((263, 362),), 0.36, 0.50),
    "brow_up_right": _Ratio(((105, 33), (52, 159)), _EYES, 0.27, 0.36),
    "brow_up_left": _Ratio(((334, 263), (282, 386)), _EYES, 0.27, 0.36),
    "brow_down_right": _Ratio(((55, 133),), _EYES, 0.22, 0.16),
    "brow_down_left": _Ratio(((285, 362),), _EYES, 0.22, 0.16),
}
NAMES = (*_RATIOS, "turn", "nod", "tilt")
"""The coefficients, then the pose of the head in degrees."""


def expression(points: Points) -> dict[str, float]:
    """Coefficients by name, 0 to 1, and the head's turn, nod and tilt in degrees, from (468, 3).

    turn: positive to the right of the picture. nod: positive downwards. tilt: positive clockwise.
    Sides are the person's own.
    """
    values = {name: _value(ratio, points) for name, ratio in _RATIOS.items()}
    return values | _head(points)


def _value(ratio: _Ratio, points: Points) -> float:
    share = _length(ratio.of, points) / max(_length(ratio.by, points), 1e-9)
    return float(np.clip((share - ratio.none) / (ratio.full - ratio.none), 0.0, 1.0))


def _length(pairs: tuple[tuple[int, int], ...], points: Points) -> float:
    ends = np.array(pairs)
    apart = points[ends[:, 0], :3] - points[ends[:, 1], :3]
    return float(np.sqrt((apart**2).sum(axis=1)).mean())


def _head(points: Points) -> dict[str, float]:
    across = points[454, :3] - points[234, :3]
    down = points[152, :3] - points[10, :3]
    ahead = np.cross(across, down)
    ahead /= max(float(np.linalg.norm(ahead)), 1e-9)
    # The depth axis leads away from the camera, so a face that looks at it looks along -z.
    ahead = ahead if ahead[2] < 0 else -ahead
    turn = np.degrees(np.arctan2(ahead[0], -ahead[2]))
    nod = np.degrees(np.arcsin(np.clip(ahead[1], -1.0, 1.0)))
    tilt = np.degrees(np.arctan2(across[1], across[0]))
    return {"turn": float(turn), "nod": float(nod), "tilt": float(tilt)}
