"""The stretch of a motion that repeats best, made to go on from its end to its start.

Invariant: the frame after the last of a loop is its first, in pose and nearly in speed; no frame but
those of the blend is changed.

The choice of the seam by the difference of poses and of their speeds is that of L. Kovar et al.,
"Motion Graphs", 2002.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from farm_vision.motion.rig import Values


@dataclass(frozen=True, slots=True)
class Loop:
    """Frames ``start`` to ``stop`` (not included). apart_m : mean distance of the joints of frame
    ``stop`` from those of ``start``, before the blend."""

    start: int
    stop: int
    apart_m: float


def best_loop(places: Values, least: int) -> Loop | None:
    """The best of at least ``least`` frames; ``None`` when the motion is too short.

    places (T, J, 3) : told from the hips. Of seams that are about as good the longest wins.
    """
    count = len(places)
    if count < least + 2:
        return None
    speed = np.gradient(places, axis=0)
    # What is fast looks different a frame later: speeds count as what they do in three frames.
    features = np.concatenate([places, 3 * speed], axis=1).reshape(count, -1)
    squares = (features**2).sum(axis=1)
    apart = squares[:, None] + squares[None] - 2 * features @ features.T
    apart = np.sqrt(np.maximum(apart, 0.0) / places.shape[1])
    start, stop = np.triu_indices(count, least)
    costs = apart[start, stop]
    good = costs <= costs.min() * 1.15 + 1e-3
    longest = np.flatnonzero(good)[np.argmax((stop - start)[good])]
    first, last = int(start[longest]), int(stop[longest])
    gap = np.linalg.norm(places[last] - places[first], axis=-1).mean()
    return Loop(first, last, float(gap))


def seamless(values: Values, loop: Loop, blend: int) -> Values:
    """The frames of the loop, the last ``blend`` of which lead to its first.

    values (T, ...) : places or directions; those of frame ``loop.stop`` must be there.
    """
    kept = values[loop.start : loop.stop].copy()
    gap = values[loop.start] - values[loop.stop]
    blend = min(blend, len(kept) - 1)
    for step in range(1, blend + 1):
        share = step / (blend + 1)
        kept[len(kept) - 1 - blend + step] += gap * (share * share * (3 - 2 * share))
    return kept
