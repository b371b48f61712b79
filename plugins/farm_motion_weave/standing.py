"""Feet that stand, stand still: their points are held while they touch the ground.

Invariant: a foot in the air is left alone; one that is put down keeps its place until it is lifted,
and the leg above it gives way.

After L. Kovar et al., "Footskate Cleanup for Motion Capture Editing", 2002.
"""

from __future__ import annotations

import numpy as np

from farm_motion_weave.joints import AT, SIDES, Points, Track

_SLOW, _NEAR = 0.55, 0.12
"""Torsos a second, and torsos above the lower foot, up to which a foot stands."""
_LEAST_S, _EASE_S = 0.12, 0.1


def standing(track: Track) -> Track:
    """The track with its feet held."""
    count = len(track.points)
    least = max(2, round(_LEAST_S * track.fps))
    if count <= least:
        return track
    points = track.points.copy()
    chest = (points[:, AT["left_shoulder"], :2] + points[:, AT["right_shoulder"], :2]) / 2
    hips = (points[:, AT["left_hip"], :2] + points[:, AT["right_hip"], :2]) / 2
    torso = max(float(np.median(np.hypot(*(chest - hips).T))), 1.0)
    ground = np.maximum(points[:, AT["left_ankle"], 1], points[:, AT["right_ankle"], 1])
    for side in SIDES:
        ankle = points[:, AT[f"{side}_ankle"]]
        speed = np.hypot(*np.gradient(ankle[:, :2], axis=0).T) * track.fps / torso
        down = (speed < _SLOW) & (ground - ankle[:, 1] < _NEAR * torso) & (ankle[:, 3] > 0.3)
        held = _offsets(ankle[:, :2], down, least, max(1, round(_EASE_S * track.fps)))
        for name, share in (("ankle", 1.0), ("toe", 1.0), ("knee", 0.5)):
            points[:, AT[f"{side}_{name}"], :2] += held * share
    return Track(points, track.fps, track.width, track.height)


def _offsets(places: Points, down: np.ndarray, least: int, ease: int) -> Points:
    """What is added (T, 2) so that each stretch of standing has one place, the middle one."""
    total, mass = np.zeros_like(places), np.zeros(len(places))
    edges = np.flatnonzero(np.diff(np.concatenate([[0], down.astype(int), [0]])))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        if stop - start < least:
            continue
        place = np.median(places[start:stop], axis=0)
        for number in range(max(0, start - ease), min(len(places), stop + ease)):
            outside = max(start - number, number - stop + 1, 0)
            weight = 1 - outside / (ease + 1)
            total[number] += weight * (place - places[number]) * min(weight * 1.0, 1.0)
            mass[number] += weight
    return total / np.maximum(mass, 1.0)[:, None]
