"""The colour of white moved: temperature and tint as one matrix on linear light.

Invariant: no shift is the unit matrix to rounding, and the luminance of white stays 1.

Sources: the daylight locus of CIE 15; adaptation after Bradford (Lam, 1985).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]

_DAYLIGHT_K = 6504.0
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
# x and y of red, green and blue, by the number of the tag.
_BT709 = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
_SMPTE170 = ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070))
_PRIMARIES = {
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: _SMPTE170,
    7: _SMPTE170,
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
_DUV_OF_TINT = 0.0003


def white_matrix(temperature: float, tint: float, primaries: int) -> Matrix:
    """(3, 3) for red, green and blue light. temperature : mired, warmer is higher. tint : -100 to
    100, magenta is higher. primaries : the number of the tag; unknown ones are read as BT.709."""
    from_rgb = _to_xyz(_PRIMARIES.get(primaries, _BT709))
    before = _BRADFORD @ _white(0.0, 0.0)
    after = _BRADFORD @ _white(temperature, tint)
    adapted = np.linalg.inv(_BRADFORD) @ np.diag(after / before) @ _BRADFORD
    return np.asarray(np.linalg.inv(from_rgb) @ adapted @ from_rgb)


def _to_xyz(primaries: tuple[tuple[float, float], ...]) -> Matrix:
    columns = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
    return np.asarray(columns * np.linalg.solve(columns, _white(0.0, 0.0)))


def _white(temperature: float, tint: float) -> Matrix:
    """X, Y and Z of a white, Y is 1."""
    u, v = _locus(temperature)
    if tint:
        du, dv = np.subtract(_locus(temperature + 1), _locus(temperature - 1))
        reach = tint * _DUV_OF_TINT / np.hypot(du, dv)
        # Across the locus, towards lower v: magenta.
        u, v = u + reach * dv, v - reach * du
    x, y = 3 * u / (2 * u - 8 * v + 4), 2 * v / (2 * u - 8 * v + 4)
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _locus(shift: float) -> tuple[float, float]:
    """u and v (CIE 1960) of daylight, ``shift`` mired from D65."""
    kelvin = 1e6 / (1e6 / _DAYLIGHT_K + shift)
    t = 1e3 / kelvin
    if kelvin <= 7000:
        x = 0.244063 + 0.09911 * t + 2.9678 * t**2 - 4.6070 * t**3
    else:
        x = 0.237040 + 0.24748 * t + 1.9018 * t**2 - 2.0064 * t**3
    y = -3.000 * x * x + 2.870 * x - 0.275
    scale = -2 * x + 12 * y + 3
    return 4 * x / scale, 6 * y / scale
