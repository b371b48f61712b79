"""The stage ``avatar.loop``: a clip of a person becomes a loop that ends as it begins.

Invariant: frames of the loop are those of the clip, but for the few that lead from its end back to its
beginning; these are made along the optical flow between the two, so that nothing jumps or doubles.

The two places of the clip that look most alike are joined, as in A. Schoedl et al., "Video Textures",
2000.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from farm import InputError, Result, Task
from farm.media.lanczos import resized
from farm_avatar.alpha_film import Planes, alpha_film, between, write_planes
from farm_avatar.presenter_params import LoopParams

_SIDE = 48
"""Pixels of the pictures by which places of the clip are compared."""
_LEAST = 12
_SHORTEST = 0.5
"""Of what could be used of the clip."""


def run(task: Task[LoopParams]) -> Result:
    """Write ``loop`` from ``video``. Raises InputError if it is too short."""
    target, params = task.output("loop", ".mkv"), task.params
    with alpha_film(task.input("video").path, "video") as source:
        fps = source.fps
        most = max(_LEAST, round(params.seconds * fps))
        turn = max(2, round(params.turn_s * fps))
        clip = _taken(task, source.frames(), most + turn)
    if len(clip) < _LEAST + turn:
        raise InputError(
            "is too short for a loop",
            where="video",
            expected=f"{(_LEAST + turn) / float(fps):.1f} s or more",
            got=f"{len(clip) / float(fps):.1f} s",
            mend="Send a clip of a few seconds, better four to eight.",
            code="avatar.short-clip",
        )
    start, stop = joint(clip, turn)

    def frames() -> Iterator[Planes]:
        yield from clip[start + turn : stop]
        for step in range(turn):
            task.progress(step, turn, f"turn {step}")
            share = (step + 1) / (turn + 1)
            yield between(clip[stop + step], clip[start + step], share * share * (3 - 2 * share))

    write_planes(target, frames(), fps)
    task.progress(1, 1)
    return {"loop": target}


def joint(clip: list[Planes], turn: int) -> tuple[int, int]:
    """Two places of a clip, ``turn`` frames long each, that look most alike: the first frame of the
    one and of the other."""
    seen = np.stack([_small(planes) for planes in clip])
    room = len(clip) - turn
    least = max(turn + 2, round(_SHORTEST * room))
    best, found = np.inf, (0, room)
    for start in range(room - least + 1):
        for stop in range(start + least, room + 1):
            ends = slice(stop, min(stop + turn, len(clip)))
            other = seen[start : start + ends.stop - ends.start]
            # Longer loops recur less often: a little likeness is given for length.
            apart = float(np.abs(seen[ends] - other).mean()) * (1.25 - 0.25 * (stop - start) / room)
            if apart < best:
                best, found = apart, (start, stop)
    return found


def _taken(task: Task[LoopParams], frames: Iterator[Planes], most: int) -> list[Planes]:
    clip: list[Planes] = []
    for planes in frames:
        task.progress(len(clip), most + 1, f"frame {len(clip)}")
        clip.append(planes)
        if len(clip) >= most:
            break
    return clip


def _small(planes: Planes) -> NDArray[np.float32]:
    luma = planes[0][::2, ::2].astype(np.float32)
    return resized(luma, _SIDE, _SIDE)
