"""A matte for a picture that came without one: what looks like its middle and not like its border.

Invariant: what the bones run through is the character; the border of the picture is not, unless bones
reach it.

Source: C. Rother, V. Kolmogorov and A. Blake, "GrabCut", 2004, by OpenCV.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm import MissingExtra
from farm.media.lanczos import resized
from farm.media.light import Light, signal_of
from farm_motion_weave.joints import Points

_SIDE = 480
_ROUNDS = 4


def cut_out(light: Light, strokes: Points | None, reach: float) -> NDArray[np.float32]:
    """A matte (H, W), 0 to 1. strokes (N, 4): lines in the character, x and y of both ends as shares
    of the picture; reach: half their thickness, as a share of the longer side.

    Raises
    ------
    MissingExtra : OpenCV is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise MissingExtra(
            "a picture without a matte needs the package opencv-python-headless",
            where="character.animate/farm_motion_weave",
            mend="pip install 'farm[vision]', or send a matte or a transparent picture.",
            code="weave.extra",
        ) from error
    height, width = light.shape[1:]
    scale = min(1.0, _SIDE / max(height, width))
    size = max(8, round(width * scale)), max(8, round(height * scale))
    small = np.stack([resized(np.ascontiguousarray(plane), *size) for plane in light])
    pixels = np.clip(signal_of(small) * 255 + 0.5, 0, 255).astype(np.uint8)
    pixels = np.ascontiguousarray(pixels.transpose(1, 2, 0))
    mask = np.full(size[::-1], cv2.GC_BGD, np.uint8)
    if strokes is None:
        x, y = round(size[0] * 0.06), round(size[1] * 0.06)
        mask[y:, x : size[0] - x] = cv2.GC_PR_FGD
    else:
        for kind, times in ((cv2.GC_PR_BGD, 4.0), (cv2.GC_PR_FGD, 1.8), (cv2.GC_FGD, 0.45)):
            thick = max(1, round(2 * reach * times * max(size)))
            for x0, y0, x1, y1 in strokes:
                one = round(x0 * size[0]), round(y0 * size[1])
                two = round(x1 * size[0]), round(y1 * size[1])
                cv2.line(mask, one, two, int(kind), thick)
    cv2.setRNGSeed(7)
    cv2.setNumThreads(1)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(pixels, mask, None, background, foreground, _ROUNDS, cv2.GC_INIT_WITH_MASK)
    found = ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.uint8)
    count, labels, facts, _ = cv2.connectedComponentsWithStats(found, connectivity=4)
    if count > 2:  # Crumbs are noise.
        largest = 1 + int(np.argmax(facts[1:, cv2.CC_STAT_AREA]))
        found = (labels == largest).astype(np.uint8)
    soft = cv2.GaussianBlur(found.astype(np.float32), (0, 0), 1.0)
    matte = resized(soft, width, height)
    return np.clip((matte - 0.25) * 2, 0, 1).astype(np.float32)
