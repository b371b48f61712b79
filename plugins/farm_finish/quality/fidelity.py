"""Pictures against a reference: PSNR and SSIM, picture by picture.

Invariant: the same numbers as FFmpeg's filters ``psnr`` and ``ssim``: planes weigh by their size,
and SSIM is of windows of 8 by 8 every 4 samples, without a bell.

Source: Z. Wang et al., "Image quality assessment: from error visibility to structural similarity",
2004.
"""

from __future__ import annotations

import math
from array import array
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm import InputError
from farm.media.compiled import kernel
from farm.media.picture import source_matrix, source_range

BEST_DB = 100.0
"""PSNR of equal pictures, which has no number of its own."""
_COMPARED = {8: "yuv420p", 10: "yuv420p10le"}
Planes = list[NDArray[Any]]


class Fidelity:
    """Takes pairs of pictures and keeps a few numbers of each."""

    def __init__(self) -> None:
        self._errors, self._ssim = array("d"), array("d")

    def __len__(self) -> int:
        return len(self._errors)

    def add(self, test: Planes, reference: Planes, depth: int) -> None:
        """Two pictures, as planes of the same shapes."""
        sizes = [plane.size for plane in test]
        top = 2**depth - 1
        error = sum(_squares(a, b) for a, b in zip(test, reference, strict=True))
        self._errors.append(error / sum(sizes) / (top * top))
        likeness = [_ssim(a, b, top) for a, b in zip(test, reference, strict=True)]
        self._ssim.append(sum(s * n for s, n in zip(likeness, sizes, strict=True)) / sum(sizes))

    def psnr(self) -> NDArray[np.float64]:
        """dB of each picture, at most :data:`BEST_DB`."""
        return np.array([decibels(error) for error in self._errors])

    def ssim(self) -> NDArray[np.float64]:
        """SSIM of each picture."""
        return np.array(self._ssim)

    def whole_psnr(self) -> float:
        """dB of the mean error of all pictures."""
        return decibels(sum(self._errors) / max(1, len(self._errors)))


def decibels(error: float) -> float:
    """PSNR of a mean square error against a peak of 1."""
    return min(BEST_DB, -10 * math.log10(error)) if error > 0 else BEST_DB


def alike(frame: VideoFrame, reference: VideoFrame) -> tuple[VideoFrame, VideoFrame, int]:
    """Both as 4:2:0 in the matrix and range of the first, and the bits of a sample.

    Raises
    ------
    InputError : they differ in size.
    """
    if (frame.width, frame.height) != (reference.width, reference.height):
        raise InputError(
            "is of another size than the film",
            where="reference",
            expected=f"{frame.width}x{frame.height}",
            got=f"{reference.width}x{reference.height}",
            mend="Bring both to one size first (video.enlarge, media.normalise).",
            code="quality.reference-size",
        )
    depth = 10 if min(f.format.components[0].bits for f in (frame, reference)) > 8 else 8
    matrix, reach = source_matrix(frame), source_range(frame)
    made = [
        one
        if one.format.name == _COMPARED[depth]
        and (source_matrix(one), source_range(one)) == (matrix, reach)
        else one.reformat(
            format=_COMPARED[depth],
            src_colorspace=source_matrix(one),
            dst_colorspace=matrix,
            src_color_range=source_range(one),
            dst_color_range=reach,
            threads=1,
        )
        for one in (frame, reference)
    ]
    return made[0], made[1], depth


def planes_of(frame: VideoFrame, depth: int) -> Planes:
    """The three planes of a 4:2:0 frame."""
    kind = np.uint8 if depth == 8 else np.uint16
    made = []
    for number, plane in enumerate(frame.planes):
        half = 1 if number else 0
        rows = np.frombuffer(plane, kind).reshape(plane.height, -1)
        made.append(rows[: (frame.height + half) >> half, : (frame.width + half) >> half])
    return made


@kernel
def _squares(one, two):
    total = np.int64(0)
    for row in range(one.shape[0]):
        a, b = one[row], two[row]
        for at in range(len(a)):
            apart = np.int64(a[at]) - np.int64(b[at])
            total += apart * apart
    return float(total)


@kernel
def _ssim(one, two, top):
    """Mean over windows of 8 by 8, put together from sums of 4 by 4."""
    rows, columns = one.shape[0] >> 2, one.shape[1] >> 2
    if rows < 2 or columns < 2:
        return 1.0
    c1 = float(int(0.01 * 0.01 * top * top * 64 + 0.5))
    c2 = float(int(0.03 * 0.03 * top * top * 64 * 63 + 0.5))
    sums = np.zeros((2, columns, 4), np.int64)
    total = 0.0
    for high in range(rows):
        here = high & 1
        band = sums[here]
        band[:] = 0
        for row in range(4 * high, 4 * high + 4):
            first, second = one[row], two[row]
            for left in range(columns):
                s1 = s2 = squares = product = np.int64(0)
                for at in range(4 * left, 4 * left + 4):
                    a, b = np.int64(first[at]), np.int64(second[at])
                    s1 += a
                    s2 += b
                    squares += a * a + b * b
                    product += a * b
                band[left, 0] += s1
                band[left, 1] += s2
                band[left, 2] += squares
                band[left, 3] += product
        if high == 0:
            continue
        above = sums[1 - here]
        for left in range(columns - 1):
            s1 = float(band[left, 0] + band[left + 1, 0] + above[left, 0] + above[left + 1, 0])
            s2 = float(band[left, 1] + band[left + 1, 1] + above[left, 1] + above[left + 1, 1])
            ss = float(band[left, 2] + band[left + 1, 2] + above[left, 2] + above[left + 1, 2])
            s12 = float(band[left, 3] + band[left + 1, 3] + above[left, 3] + above[left + 1, 3])
            spread = ss * 64 - s1 * s1 - s2 * s2
            shared = s12 * 64 - s1 * s2
            value = (2 * s1 * s2 + c1) * (2 * shared + c2)
            total += value / ((s1 * s1 + s2 * s2 + c1) * (spread + c2))
    return total / ((rows - 1) * (columns - 1))
