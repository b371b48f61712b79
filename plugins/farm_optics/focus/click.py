"""The stage ``focus.track``: a click becomes a focus that follows.

Invariant: one key for each frame; where the point is not seen the focus waits between what it was
before and is after, and the document says so.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm import InputError, Result, Task
from farm.media.film import film
from farm_optics.focus import track as tracks
from farm_optics.focus.depth import Power, depth_maps, scaled_by
from farm_optics.focus.follow import Place, followed
from farm_optics.focus.track import FocusTrack
from farm_optics.params import ClickParams

NEAR_PART = 0.012
"""Pixels around the point, as a part of the width, whose depth is taken."""


def run(task: Task[ClickParams]) -> Result:
    """Follow the point and write where the focus goes."""
    target: Path = task.output("track", ".json")
    params = task.params
    scale = task.inputs.get("scale", ())
    depth = scaled_by(scale[0].path if scale else None, params)
    with film(task.input("video").path, "video") as source:
        frames, fps = source.count(), source.fps
        _check_frame(params.frame, frames)
        layout = next(source.pictures()).layout
        size = layout.width, layout.height

        def told(done: int) -> None:
            task.progress(done, 2 * frames, "following")

        places = followed(source, params.frame, params.x, params.y, frames, told)
    powers = np.zeros(frames)
    with depth_maps(task.input("depth").path, depth) as maps:
        seen = 0
        for number, power in enumerate(maps(0, frames)):
            powers[number] = power_at(power, places[number], size)
            seen = number + 1
            task.progress(frames + number, 2 * frames, "measuring")
    if seen < frames:
        raise InputError(
            "ends before the film does",
            where="depth",
            expected=f"{frames} maps, or a single one",
            got=str(seen),
            mend="Make the depth from this very film.",
            code="depth.short",
        )
    calm = calmed(powers, places, params.calm_s * float(fps))
    track = FocusTrack(tuple(enumerate(float(power) for power in calm)))
    unseen = [place.frame for place in places if place.state != "seen"]
    more = {
        "fps": str(fps),
        "frames": frames,
        "clicked": {"frame": params.frame, "x": params.x, "y": params.y},
        "not_seen": unseen,
        "points": [
            {
                "frame": place.frame,
                "x": round((place.x + 0.5) / size[0], 5),
                "y": round((place.y + 0.5) / size[1], 5),
                "sure": round(place.sure, 3),
                "state": place.state,
            }
            for place in places
        ],
    }
    target.write_text(tracks.document(track, **more), encoding="utf-8")
    task.progress(1, 1)
    return {"track": target}


def power_at(power: Power, place: Place, size: tuple[int, int]) -> float:
    """1/distance of what is at a place of a picture of that size: the nearer half's median, for a
    thing is clicked and not what shows behind it."""
    rows, columns = power.shape
    x = min(int((place.x + 0.5) * columns / size[0]), columns - 1)
    y = min(int((place.y + 0.5) * rows / size[1]), rows - 1)
    reach = max(1, round(columns * NEAR_PART / 2))
    near = power[max(y - reach, 0) : y + reach + 1, max(x - reach, 0) : x + reach + 1]
    middle = np.float32(np.median(near))
    own = power[y, x]
    # The point itself decides which of two things it is on.
    like = near[np.abs(near - own) <= np.abs(own) * np.float32(0.1) + np.float32(1e-4)]
    return float(np.median(like)) if like.size * 4 >= near.size else float(middle)


def calmed(powers: NDArray[np.float64], places: list[Place], frames: float) -> NDArray[np.float64]:
    """1/distance over time: what is not seen bridged, single errors dropped, then smoothed evenly
    on both sides so that the focus is never late. frames : standard deviation of the smoothing."""
    seen = np.array([place.state == "seen" for place in places])
    index = np.arange(len(powers))
    if not seen.any():
        return powers
    bridged = np.interp(index, index[seen], powers[seen])
    if len(powers) >= 5:
        wide = np.pad(bridged, 2, mode="edge")
        bridged = np.median(np.stack([wide[n : n + len(powers)] for n in range(5)]), axis=0)
    if frames < 0.3:
        return bridged
    reach = max(1, int(np.ceil(3 * frames)))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / frames) ** 2)
    # Mirrored through its ends, so that a steady pull stays steady up to the last frame.
    left = 2 * bridged[0] - bridged[1 : reach + 1][::-1]
    right = 2 * bridged[-1] - bridged[-reach - 1 : -1][::-1]
    left = (
        np.pad(left, (reach - len(left), 0), mode="edge")
        if len(left)
        else np.full(reach, bridged[0])
    )
    right = (
        np.pad(right, (0, reach - len(right)), mode="edge")
        if len(right)
        else np.full(reach, bridged[-1])
    )
    smooth = np.convolve(np.concatenate([left, bridged, right]), weights / weights.sum(), "valid")
    return np.clip(smooth, bridged.min(), bridged.max())


def _check_frame(frame: int, frames: int) -> None:
    if frame >= frames:
        raise InputError(
            "lies behind the end of the film",
            where="frame",
            expected=f"0 to {frames - 1}",
            got=str(frame),
            mend="Click on a frame that is there.",
            code="focus.frame",
        )
