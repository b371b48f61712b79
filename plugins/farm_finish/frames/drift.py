"""Colour and exposure drift between windows, measured on the frames they share.

Invariant: a correction comes only from frames that show the same moment, pixels that disagree
about more than exposure have no vote, and no window is ever changed by more than the limits. Too
small to be seen is none at all, so that windows without drift pass untouched.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from farm.media.light import light_of, signal_of
from farm.media.planes import Picture

Numbers = NDArray[np.float64]

GAIN_STEP, OFFSET_STEP = 1.3, 0.04
"""Limits of the change from one window to the next."""
GAIN_ALL, OFFSET_ALL = 1.6, 0.06
"""Limits of the change against the file of a window, however long the chain."""
_UNSEEN = 0.4 / 255
_WIDTH = 480


@dataclass(frozen=True, slots=True)
class Correction:
    """``gain * light + offset`` for red, green and blue."""

    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    offset: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @property
    def none(self) -> bool:
        """Whether it changes nothing."""
        return self == NONE

    def arrays(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Gain and offset as float32 (3,)."""
        return np.array(self.gain, np.float32), np.array(self.offset, np.float32)

    def after(self, first: Correction) -> Correction:
        """The one that does this and then ``first``, within the limits of a chain."""
        gain, offset = (np.array(part) for part in (self.gain, self.offset))
        outer, lift = (np.array(part) for part in (first.gain, first.offset))
        return _limited(outer * gain, outer * offset + lift, GAIN_ALL, OFFSET_ALL)


NONE = Correction()


def fitted(pairs: Iterable[tuple[Picture, Picture]]) -> Correction:
    """The correction of later windows that makes their frames match.

    pairs : the same moments, from the window before and from the window to correct.

    Robust least squares for each channel (Huber's weights, scale from the median deviation), drawn
    to a gain of 1 where the pictures are too flat to tell gain from offset.
    """
    samples = [(_blocks(before), _blocks(later)) for before, later in pairs]
    before, later = (np.concatenate(side, axis=1) for side in zip(*samples, strict=True))
    gains, offsets = np.ones(3), np.zeros(3)
    for channel in range(3):
        gains[channel], offsets[channel] = _line(later[channel], before[channel])
    found = _limited(gains, offsets, GAIN_STEP, OFFSET_STEP)
    return found if _seen(found, later) else NONE


def _line(x: Numbers, y: Numbers) -> tuple[float, float]:
    gain, offset = 1.0, 0.0
    draw = len(x) * 1e-5
    for _ in range(8):
        rest = np.abs(y - gain * x - offset)
        scale = max(float(np.median(rest)) * 1.5 * 1.4826, 5e-4)
        votes = np.minimum(1.0, scale / np.maximum(rest, 1e-9)) * (rest < 6 * scale)
        # A minority that agrees must not decide for the rest.
        total = max(float(votes.sum()), 1e-9)
        mid_x, mid_y = float(votes @ x) / total, float(votes @ y) / total
        spread = float(votes @ (x - mid_x) ** 2)
        slope = float(votes @ ((x - mid_x) * (y - mid_y)))
        gain = (slope + draw) / (spread + draw)
        offset = mid_y - gain * mid_x
    return gain, offset


def _blocks(picture: Picture) -> Numbers:
    """Light (3, n), averaged over small blocks, of a thinned picture."""
    layout = picture.layout
    across, down = layout.halving
    step = max(1, layout.width // (_WIDTH << across))
    y, u, v = picture.planes
    u, v = u[::step, ::step], v[::step, ::step]
    y = y[:: step << down, :: step << across][: u.shape[0], : u.shape[1]]
    u, v = u[: y.shape[0], : y.shape[1]], v[: y.shape[0], : y.shape[1]]
    family = "gbrp" if layout.rgb else "yuv444p"
    small = replace(layout.resized(y.shape[1], y.shape[0]), family=family)
    light = light_of(Picture(small, tuple(np.ascontiguousarray(p) for p in (y, u, v))))
    side = 4 if min(y.shape) >= 16 else 1
    rows, columns = y.shape[0] // side, y.shape[1] // side
    cut = light[:, : rows * side, : columns * side].astype(np.float64)
    return cut.reshape(3, rows, side, columns, side).mean(axis=(2, 4)).reshape(3, -1)


def _seen(correction: Correction, light: Numbers) -> bool:
    gain, offset = correction.arrays()
    levels = np.quantile(light, (0.1, 0.5, 0.9), axis=1).T.astype(np.float32)
    change = signal_of(gain[:, None] * levels + offset[:, None]) - signal_of(levels)
    return bool(np.abs(change).max() >= _UNSEEN)


def _limited(gain: Numbers, offset: Numbers, most: float, lift: float) -> Correction:
    gains = np.clip(gain, 1 / most, most)
    offsets = np.clip(offset, -lift, lift)
    r, g, b = (float(value) for value in gains)
    x, y, z = (float(value) for value in offsets)
    return Correction((r, g, b), (x, y, z))
