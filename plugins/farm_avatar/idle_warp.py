"""One frame of idle motion from the still picture: sampled once, through head and eyes together.

Invariant: what does not move is the still picture to the bit; samples are taken with Catmull and
Rom's cubic, never from beyond the border.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.flow import bilinear
from farm.media.warping import cubic
from farm_avatar.idle_eyes import REACH, SAMPLES, Curves
from farm_avatar.idle_field import STEP, Field

Layers = NDArray[np.float32]
_F = np.float32
_STEP, _REACH = np.float32(STEP), np.float32(REACH)
_LOOK = np.float32(0.13)
"""How far an iris moves at most, in half widths of an eye."""
_MARGIN = np.float32(0.07)
"""Of half an eye: the lashes that a lid carries down."""


def frame(
    layers: Layers, field: Field, eyes: tuple[Curves, Curves], lid: float, gaze: tuple[float, float]
) -> NDArray[np.uint8]:
    """uint8 (H, W, 4): colours and coverage. layers : float32 (4, H, W), 0 to 255."""
    out = np.empty((*layers.shape[1:], 4), np.uint8)
    look = np.array([lid, *gaze], np.float32)
    _frame(layers, field, eyes[0], eyes[1], look, out)
    return out


@kernel
def _table(curve, s):
    at = (s + _REACH) / (_F(2.0) * _REACH) * _F(SAMPLES - 1)
    at = min(max(at, _F(0.0)), _F(SAMPLES - 1.001))
    left = int(at)
    share = at - _F(left)
    return curve[left] + (curve[left + 1] - curve[left]) * share


@kernel
def _frame(layers, field, frames, curves, look, out):
    zero, one, half = _F(0.0), _F(1.0), _F(0.5)
    top = _F(255.0)
    height, width = layers.shape[1:]
    right, down = field[0], field[1]
    lid, look_x, look_y = look[0], look[1], look[2]
    for row in range(height):
        for column in range(width):
            fx, fy = _F(column), _F(row)
            # Two rounds find what moves here: the field is smooth and small.
            x = fx - bilinear(right, fx / _STEP, fy / _STEP)
            y = fy - bilinear(down, fx / _STEP, fy / _STEP)
            u, v = bilinear(right, x / _STEP, y / _STEP), bilinear(down, x / _STEP, y / _STEP)
            x, y = fx - u, fy - v
            other_x, other_y, cover = x, y, zero
            for at in range(2):
                e = frames[at]
                s = ((x - e[0]) * e[2] + (y - e[1]) * e[3]) / e[4]
                if abs(s) >= one:
                    continue
                t = ((y - e[1]) * e[2] - (x - e[0]) * e[3]) / e[4]
                above, upper = _table(curves[at, 0], s), _table(curves[at, 1], s)
                lower = _table(curves[at, 2], s)
                under = lower + _F(0.5)
                if t <= above or t >= under:
                    continue
                gap = lower - upper
                edge, rise = upper + lid * gap, lower - lid * _F(0.12) * gap
                inner_s, inner_t = s, t
                if t > rise:
                    inner_t = under - (under - t) * (under - lower) / (under - rise)
                elif t > upper:
                    # An iris glides as a whole, the white around it stretches.
                    ds, dt = s - e[5] - _LOOK * look_x, t - e[6] - _LOOK * look_y
                    away = np.sqrt(ds * ds + dt * dt) / e[7]
                    hold = min(max(_F(2.0) - away, zero), one)
                    hold *= hold * (_F(3.0) - _F(2.0) * hold)
                    rim = min(max(min(t - upper, lower - t) / _F(0.10), zero), one)
                    inner_s = s - _LOOK * look_x * hold * min(one, rim + half)
                    inner_t = t - _LOOK * look_y * hold * rim
                outer_t = t
                if lid > zero:
                    hem = upper - above - _MARGIN * min(one, _F(4.0) * lid)
                    outer_t = above + (t - above) * hem / max(edge - above, _F(1e-3))
                    cover = min(max((edge - t) * e[4] + half, zero), one)
                    other_x = e[0] + e[4] * (s * e[2] - outer_t * e[3])
                    other_y = e[1] + e[4] * (s * e[3] + outer_t * e[2])
                x = e[0] + e[4] * (inner_s * e[2] - inner_t * e[3])
                y = e[1] + e[4] * (inner_s * e[3] + inner_t * e[2])
                break
            still = x == fx and y == fy and cover == zero
            for channel in range(4):
                plane = layers[channel]
                if still:
                    value = plane[row, column]
                elif cover == one:
                    value = cubic(plane, other_x, other_y)
                else:
                    value = cubic(plane, x, y)
                    if cover > zero:
                        value += cover * (cubic(plane, other_x, other_y) - value)
                out[row, column, channel] = np.uint8(min(max(value + half, zero), top))
