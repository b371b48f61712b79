"""Lift, gamma, gain and contrast as one table for each channel.

Invariant: lift leaves white alone, gain black, gamma and contrast over 1 both; a curve never falls.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from farm_finish.grade.params import GradeParams

STEPS = 4096
BELOW = 1024
"""Steps of the table below black; as many lie above white."""


def curves(params: GradeParams) -> NDArray[np.float32]:
    """float32 (3, STEPS + 2 * BELOW + 1): the signal, from -1/4 to 5/4, after the four."""
    signal = np.arange(-BELOW, STEPS + BELOW + 1) / STEPS
    made = []
    for lift, gamma, gain in zip(params.lift, params.gamma, params.gain, strict=True):
        value = gain * (signal + lift * (1 - signal))
        if gamma != 1:
            value = np.where(value > 0, np.power(np.maximum(value, 1e-12), 1 / gamma), value)
        made.append(_contrasted(value, params.contrast, params.pivot))
    return np.array(made, np.float32)


def _contrasted(value: NDArray[np.float64], amount: float, pivot: float) -> NDArray[np.float64]:
    if amount == 1:
        return value
    if amount < 1:
        return pivot + amount * (value - pivot)
    inside = np.clip(value, 0, 1)
    dark = pivot * np.power(np.minimum(inside, pivot) / pivot, amount)
    bright = 1 - (1 - pivot) * np.power((1 - np.maximum(inside, pivot)) / (1 - pivot), amount)
    # What lies outside of black and white stays outside by as much.
    return np.where(inside < pivot, dark, bright) + (value - inside)
