"""The memory of one finished frame.

Invariant: uint8 4:2:0 in BT.709 limited range; both sides of the picture are even.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Planes:
    """One frame: luma uint8 (H, W), cb and cr uint8 (H / 2, W / 2)."""

    luma: NDArray[np.uint8]
    cb: NDArray[np.uint8]
    cr: NDArray[np.uint8]

    @classmethod
    def blank(cls, width: int, height: int) -> Planes:
        """Black."""
        half = (height // 2, width // 2)
        return cls(
            np.full((height, width), 16, np.uint8),
            np.full(half, 128, np.uint8),
            np.full(half, 128, np.uint8),
        )
