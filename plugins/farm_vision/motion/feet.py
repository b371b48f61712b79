"""Standing feet stay where they are, and the body walks over them.

Invariant: in each frame the foot that stands does not slide and the lowest foot is on the ground
(y = 0); the pose itself is not changed, only where it is.

Points in space are told from the middle of the hips, so how far somebody walks is not in them; but
while a foot stands, what it does in them is what the body does over the ground, the other way.
After L. Kovar et al., "Footskate Cleanup for Motion Capture Editing", 2002, without its changes to
the legs: there is no place to keep to but that of the feet.
"""

from __future__ import annotations

import numpy as np

from farm_vision.motion.rig import INDEX, Values

TOES = (INDEX["left_toe"], INDEX["right_toe"])
_HIGHER_M = 0.02
"""How much lower than the standing foot the other must be to take over."""


def standing(places: Values) -> list[int]:
    """For each frame which foot stands, 0 for the left and 1 for the right: the lower one."""
    heights = places[:, TOES, 1]
    foot = int(np.argmin(heights[0]))
    found = []
    for left_right in heights:
        other = 1 - foot
        if left_right[other] < left_right[foot] - _HIGHER_M:
            foot = other
        found.append(foot)
    return found


def locked(places: Values) -> Values:
    """Places (T, 3) of the hips, for joints (T, J, 3) told from the hips."""
    roots = np.zeros((len(places), 3))
    feet = standing(places)
    for frame in range(1, len(places)):
        toe = TOES[feet[frame]]
        moved = places[frame, toe] - places[frame - 1, toe]
        roots[frame] = roots[frame - 1] - moved
    roots[:, 1] = -places[:, TOES, 1].min(axis=1)
    return roots
