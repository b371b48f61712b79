"""Choosing a few out of many: good ones, and no two that show the same.

Invariant: the same candidates are chosen in the same order every time; ties go to the earlier one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_ALL_ALIKE = 0.9
"""Where all are at least as alike as this, the differences do not count for more."""


def diverse(
    worth: Sequence[float],
    looks: NDArray[np.float64],
    keep: int,
    *,
    variety: float = 0.5,
    taken: Sequence[int] = (),
) -> list[int]:
    """Numbers of at most ``keep`` candidates, in the order they were chosen: each time the one whose
    worth, less its likeness to those chosen before, is greatest (maximal marginal relevance: J.
    Carbonell and J. Goldstein, 1998).

    worth : 0 to 1. looks : (candidates, numbers), of length 1 each. variety : weight of the likeness,
    0 to 1. taken : chosen already; they come first.
    """
    values = np.asarray(worth, np.float64)
    chosen = list(taken)[:keep]
    cosines = looks @ looks.T
    # Cosines of a descriptor lie close together: what counts is where they lie among these.
    least = min(float(cosines.min(initial=1.0)), _ALL_ALIKE)
    alike = (cosines - least) / (1 - least)
    while len(chosen) < min(keep, len(values)):
        nearest = alike[:, chosen].max(axis=1) if chosen else np.zeros(len(values))
        marginal = (1 - variety) * values - variety * nearest
        marginal[chosen] = -np.inf
        chosen.append(int(np.argmax(marginal)))
    return chosen
