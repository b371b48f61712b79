"""HDR (PQ, HLG) and wide gamut to SDR BT.709.

Invariant: neutral stays neutral, brighter never becomes darker, and what is below the knee of the
curve keeps its luminance.

The curve is the EETF of Report ITU-R BT.2390 (Annex 5, Hermite spline in PQ space), applied to the
largest of R, G and B so that hue is kept; PQ is SMPTE ST 2084, HLG and its system gamma are
Recommendation ITU-R BT.2100 for a display of 1000 cd/m2; the gamut goes from BT.2020 to BT.709 by
the matrix of BT.2087, and colours outside move towards grey of the same luminance.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from farm_finish.normalise.compiled import kernel

Transfer = Literal["pq", "hlg", "sdr"]
Floats = NDArray[np.float32]

HLG_PEAK_NITS = 1000.0
_M1, _M2 = 2610 / 16384, 2523 / 32
_C1, _C2, _C3 = 3424 / 4096, 2413 / 128, 2392 / 128
_STEPS = 4096
TO_709 = {
    "bt2020": ((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)),
    "p3": ((1.2249, -0.2247, 0.0), (-0.0420, 1.0419, 0.0), (-0.0197, -0.0786, 1.0979)),
}
LUMA = {"bt2020": (0.2627, 0.6780, 0.0593), "p3": (0.2290, 0.6917, 0.0793)}


def pq_to_nits(signal: NDArray[np.float64]) -> NDArray[np.float64]:
    """ST 2084: a signal of 0 to 1 as cd/m2."""
    power = np.power(np.clip(signal, 0, 1), 1 / _M2)
    return 10_000 * np.power(np.maximum(power - _C1, 0) / (_C2 - _C3 * power), 1 / _M1)


def nits_to_pq(nits: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse of :func:`pq_to_nits`."""
    power = np.power(np.clip(nits / 10_000, 0, 1), _M1)
    return np.power((_C1 + _C2 * power) / (1 + _C3 * power), _M2)


def mapped_nits(
    nits: NDArray[np.float64], source_peak: float, target_peak: float
) -> NDArray[np.float64]:
    """BT.2390 EETF: luminance on a display of ``target_peak`` for a source of ``source_peak``."""
    if source_peak <= target_peak:
        return np.minimum(nits, target_peak)
    top = float(nits_to_pq(np.array(source_peak)))
    level = np.clip(nits_to_pq(nits) / top, 0, 1)
    limit = float(nits_to_pq(np.array(target_peak))) / top
    knee = 1.5 * limit - 0.5
    t = np.clip((level - knee) / (1 - knee), 0, 1)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (-2 * t**3 + 3 * t**2) * limit
    )
    return pq_to_nits(np.where(level < knee, level, spline) * top)


@dataclass(frozen=True, slots=True)
class ToneMap:
    """Tables for one kind of source; see :func:`tone_map`."""

    linear: Floats
    scale: Floats
    encode: NDArray[np.uint16]
    matrix: Floats
    luma: Floats
    peak: float
    system_gamma: float

    def apply(self, picture: NDArray[np.uint16]) -> None:
        """Map uint16 (H, W, 3 or 4) RGB in place; a fourth channel is left alone."""
        _apply(
            picture,
            self.linear,
            self.scale,
            self.encode,
            self.matrix,
            self.luma,
            np.float32(self.peak),
            np.float32(self.system_gamma),
        )


def tone_map(transfer: Transfer, gamut: str, source_peak: float, target_peak: float) -> ToneMap:
    """The map from ``transfer`` and ``gamut`` (``bt2020``, ``p3``) to SDR BT.709.

    source_peak, target_peak : cd/m2; for ``sdr`` only the gamut changes.
    """
    signal = np.arange(65536) / 65535
    gamma = 0.0
    if transfer == "pq":
        linear, peak = pq_to_nits(signal), 10_000.0
    elif transfer == "hlg":
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        linear = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
        peak, gamma, source_peak = HLG_PEAK_NITS, 1.2, HLG_PEAK_NITS
    else:
        linear, peak, source_peak = signal**2.4 * target_peak, target_peak, target_peak
    # Tables over the square root of light: fine where the eye is.
    root = np.arange(_STEPS + 1) / _STEPS
    nits = np.maximum(root**2 * peak, 1e-6)
    scale = mapped_nits(nits, source_peak, target_peak) / nits / target_peak
    scale[0] = scale[1]
    # BT.1886: the display's gamma of 2.4 undone.
    encode = np.rint(np.linspace(0, 1, 65536) ** (2 / 2.4) * 65535)
    return ToneMap(
        linear.astype(np.float32),
        scale.astype(np.float32),
        encode.astype(np.uint16),
        np.array(TO_709[gamut], np.float32),
        np.array(LUMA[gamut], np.float32),
        peak,
        gamma,
    )


@kernel
def _apply(
    picture: NDArray[np.uint16],
    linear: Floats,
    scale: Floats,
    encode: NDArray[np.uint16],
    matrix: Floats,
    luma: Floats,
    peak: Any,
    gamma: Any,
) -> None:
    steps = np.float32(len(scale) - 1)
    one, zero = np.float32(1), np.float32(0)
    for y in range(picture.shape[0]):
        for x in range(picture.shape[1]):
            r = linear[picture[y, x, 0]]
            g = linear[picture[y, x, 1]]
            b = linear[picture[y, x, 2]]
            if gamma > zero:
                scene = luma[0] * r + luma[1] * g + luma[2] * b
                gain = peak * max(scene, np.float32(1e-6)) ** (gamma - one)
                r, g, b = r * gain, g * gain, b * gain
            at = np.float32(np.sqrt(min(max(r, max(g, b)) / peak, one))) * steps
            low = min(int(at), len(scale) - 2)
            part = at - np.float32(low)
            factor = scale[low] * (one - part) + scale[low + 1] * part
            r, g, b = r * factor, g * factor, b * factor
            red = matrix[0, 0] * r + matrix[0, 1] * g + matrix[0, 2] * b
            green = matrix[1, 0] * r + matrix[1, 1] * g + matrix[1, 2] * b
            blue = matrix[2, 0] * r + matrix[2, 1] * g + matrix[2, 2] * b
            grey = np.float32(0.2126) * red + np.float32(0.7152) * green + np.float32(0.0722) * blue
            grey = min(max(grey, zero), one)
            keep = one
            least = min(red, min(green, blue))
            if least < zero:
                keep = min(keep, grey / (grey - least))
            most = max(red, max(green, blue))
            if most > one:
                keep = min(keep, (one - grey) / (most - grey))
            red = grey + keep * (red - grey)
            green = grey + keep * (green - grey)
            blue = grey + keep * (blue - grey)
            top = np.float32(65535)
            picture[y, x, 0] = encode[int(np.sqrt(min(max(red, zero), one)) * top + 0.5)]
            picture[y, x, 1] = encode[int(np.sqrt(min(max(green, zero), one)) * top + 0.5)]
            picture[y, x, 2] = encode[int(np.sqrt(min(max(blue, zero), one)) * top + 0.5)]
