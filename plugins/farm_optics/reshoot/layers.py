"""A picture with depth as two sheets: what is seen, and what is taken to lie behind its edges.

Invariant: the front sheet is the picture, to the bit; the back sheet holds nothing but what the far
side of an edge shows, carried on behind the near side, and depends on this one picture only.

Source: J. Shade et al., "Layered Depth Images", 1998; sheets in place of samples, and behind an edge
the far side mirrored at it, which keeps its texture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from farm.media.compiled import kernel
from farm.media.light import Light

Power = NDArray[np.float32]
STEP = np.float32(1.12)
"""Neighbours whose distances differ by more are not of one surface."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """light (3, H, W) and power, 1/distance (H, W). solid : uint8 (H, W), 1 where there is any."""

    light: Light
    power: Power
    solid: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Layers:
    """The sheets, front one first. margin : pixels added on each side, mirrored."""

    sheets: tuple[Sheet, ...]
    margin: int


def layered(light: Light, power: Power, margin: int, behind: int) -> Layers:
    """The sheets of a picture. behind : pixels that the far side is carried on behind an edge."""
    power = settled(power, max(1, round(max(power.shape) / 400)))
    pad = ((margin, margin), (margin, margin))
    wide = np.ascontiguousarray(np.pad(light, ((0, 0), *pad), mode="symmetric"))
    power = np.ascontiguousarray(np.pad(power, pad, mode="symmetric"))
    front = Sheet(wide, power, np.ones(power.shape, np.uint8))
    if behind < 1:
        return Layers((front,), margin)
    origin = np.full((*power.shape, 2), -1, np.int32)
    _carry_on(power, STEP, behind, origin)
    solid = (origin[..., 0] >= 0).astype(np.uint8)
    if not solid.any():
        return Layers((front,), margin)
    back_light, back_power = wide.copy(), power.copy()
    _mirror(wide, power, origin, STEP, back_light, back_power)
    return Layers((front, Sheet(back_light, back_power, solid)), margin)


def settled(power: Power, reach: int) -> Power:
    """Ramps between two surfaces become steps: a ramp would be drawn as a sheet of rubber."""
    out = power
    for _ in range(2):
        made = np.empty_like(out)
        _settle(out, reach, STEP, made)
        out = made
    return out


@kernel
def _settle(power, reach, step, out):
    height, width = power.shape
    for row in range(height):
        for column in range(width):
            value = power[row, column]
            low, high = value, value
            for dy in range(-reach, reach + 1):
                y = min(max(row + dy, 0), height - 1)
                for dx in range(-reach, reach + 1):
                    x = min(max(column + dx, 0), width - 1)
                    low, high = min(low, power[y, x]), max(high, power[y, x])
            if high > step * low and low < value < high:
                # Nearer in proportion: that is how far apart two distances look.
                value = high if value * value > low * high else low
            out[row, column] = value


@kernel
def _carry_on(power, step, behind, origin):
    """origin: for a pixel of a near side close to an edge, the nearest one of the far side.

    P. Danielsson, "Euclidean Distance Mapping", 1980: each pixel tries what its neighbours found,
    swept from all four corners.
    """
    height, width = power.shape
    for row in range(height):
        for column in range(width):
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    y, x = row + dy, column + dx
                    inside = 0 <= y < height and 0 <= x < width
                    if inside and power[y, x] > step * power[row, column]:
                        origin[row, column, 0], origin[row, column, 1] = row, column
    for sweep in range(8):
        turn = sweep % 4
        for down in range(height):
            row = down if turn < 2 else height - 1 - down
            for along in range(width):
                column = along if turn % 2 == 0 else width - 1 - along
                best = behind * behind + 1
                from_row, from_column = origin[row, column, 0], origin[row, column, 1]
                if from_row >= 0:
                    best = (row - from_row) ** 2 + (column - from_column) ** 2
                    if best == 0:
                        continue
                for dy in range(-1, 2):
                    for dx in range(-1, 2):
                        y, x = row + dy, column + dx
                        if not (0 <= y < height and 0 <= x < width) or origin[y, x, 0] < 0:
                            continue
                        far_row, far_column = origin[y, x, 0], origin[y, x, 1]
                        away = (row - far_row) ** 2 + (column - far_column) ** 2
                        if away < best and power[row, column] > step * power[far_row, far_column]:
                            best = away
                            origin[row, column, 0], origin[row, column, 1] = far_row, far_column


@kernel
def _mirror(light, power, origin, step, back_light, back_power):
    height, width = power.shape
    for row in range(height):
        for column in range(width):
            y, x = origin[row, column, 0], origin[row, column, 1]
            if y < 0 or (y == row and x == column):
                continue
            far = power[y, x]
            back_power[row, column] = far
            # One pixel farther on: the far side's own edge is mixed with the near side.
            down, across = 2 * y - row, 2 * x - column
            down += (y > row) - (y < row)
            across += (x > column) - (x < column)
            if 0 <= down < height and 0 <= across < width and power[down, across] <= step * far:
                y, x = down, across
            for channel in range(3):
                back_light[channel, row, column] = light[channel, y, x]
