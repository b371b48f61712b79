"""The stage ``motion.export``: a person's points in space as BVH and glTF.

Invariant: one person within one shot; frames in which the person was not seen are made up between
those around them and listed. What both files show is the same to a tenth of a millimetre.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from farm import InputError, Result, Task
from farm_vision.motion.bvh import write_bvh
from farm_vision.motion.feet import locked
from farm_vision.motion.gltf import write_glb
from farm_vision.motion.loop import best_loop, seamless
from farm_vision.motion.params import ExportParams
from farm_vision.motion.rig import Values, ears_of, joints_of, placed, solved
from farm_vision.people import records

SCHEMA = "farm.motion-export/1"
_BLEND_S = 0.25
_SMALLEST_M = 0.1


@dataclass(frozen=True, slots=True)
class Track:
    """world (T, 33, 3) from frame ``start`` on; made_up : frames that were not seen."""

    person: int
    start: int
    world: Values
    made_up: list[int]
    fps: Fraction


def run(task: Task[ExportParams]) -> Result:
    """Write the motion of a person of ``pose`` to ``bvh`` and ``glb``, and what was done."""
    params = task.params
    track = followed(task, params.person)
    task.progress(0.5, 1, "joints")
    joints, ears = joints_of(track.world), ears_of(track.world)
    joints = joints - joints[:, :1]
    start, seam = 0, None
    if params.loop:
        loop = best_loop(joints, round(params.least_s * track.fps))
        if loop is None:
            raise InputError(
                "is too short to be a loop",
                where="pose",
                expected=f"more than {params.least_s:g} s of person {track.person}",
                got=f"{float(len(joints) / track.fps):.2f} s",
                mend="Send a longer motion, or lower least_s.",
                code="motion.short-loop",
            )
        blend = max(1, round(_BLEND_S * track.fps))
        joints, ears = seamless(joints, loop, blend), seamless(ears, loop, blend)
        start, seam = loop.start, loop.apart_m
    motion = solved(joints, ears)
    if np.linalg.norm(motion.offsets, axis=1).sum() < _SMALLEST_M:
        raise InputError(
            "is no body",
            where="pose",
            expected=f"bones of {_SMALLEST_M:g} m and more in all",
            got="points that fall together",
            mend="Estimate the pose again, or choose another person.",
            code="motion.no-body",
        )
    roots = locked(motion.places) if params.feet == "lock" else np.zeros_like(motion.roots)
    if params.feet == "free":
        roots[:, 1] = -motion.places[..., 1].min()
    places = placed(motion.offsets, motion.turns, roots)
    motion = type(motion)(motion.offsets, motion.turns, roots, places)
    outputs = {"bvh": task.output("bvh", ".bvh"), "glb": task.output("glb", ".glb")}
    write_bvh(outputs["bvh"], motion, track.fps)
    task.progress(0.8, 1, "glTF")
    write_glb(outputs["glb"], motion, track.fps)
    first = track.start + start
    kept = range(first, first + len(joints))
    report: Path = task.output("report", ".json")
    note = {
        "schema": SCHEMA,
        "person": track.person,
        "fps": str(track.fps),
        "first_frame": first,
        "frames": len(joints),
        "made_up": [frame for frame in track.made_up if frame in kept],
        "walked_m": round(float(np.hypot(*(roots[-1] - roots[0])[[0, 2]])), 3),
        "loop_gap_m": None if seam is None else round(seam, 4),
    }
    report.write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    task.progress(1, 1)
    return {**outputs, "report": report}


def followed(task: Task[ExportParams], person: int) -> Track:
    """The person's points in space, without a gap.

    Raises
    ------
    InputError : nobody, not that person, or points that are not known in space.
    """
    header, frames = records.read(task.input("pose").path, "persons", "pose")
    seen: dict[int, dict[int, Values]] = defaultdict(dict)
    flat, filled = False, defaultdict(set)
    for frame in frames:
        if frame.number % 200 == 0:
            task.progress(0.1, 1, f"frame {frame.number}")
        for find in frame.finds:
            flat = flat or find.world is None
            if find.world is not None and find.world.shape == (33, 3):
                seen[find.number][frame.number] = find.world
                if find.filled:
                    filled[find.number].add(frame.number)
    if not seen:
        raise InputError(
            "has no motion in space",
            where="pose",
            expected="a person with points in metres (world), layout body33",
            got="points of the picture only" if flat else "nobody",
            mend="Estimate the pose with a provider that knows metres, such as mediapipe.",
            code="motion.no-world",
        )
    if person and person not in seen:
        raise InputError(
            "does not show that person",
            where="pose",
            expected=", ".join(str(number) for number in sorted(seen)),
            got=str(person),
            mend="Choose one of them, or 0 for the one seen the longest.",
            code="motion.no-person",
        )
    chosen = person or max(seen, key=lambda number: (len(seen[number]), -number))
    found = seen[chosen]
    numbers = np.array(sorted(found))
    every = np.arange(numbers[0], numbers[-1] + 1)
    known = np.stack([found[number] for number in numbers]).reshape(len(numbers), -1)
    world = np.stack([np.interp(every, numbers, column) for column in known.T], axis=-1)
    unseen = {int(number) for number in every} - set(found)
    made_up = sorted(unseen | filled[chosen])
    return Track(chosen, int(every[0]), world.reshape(-1, 33, 3), made_up, header.fps)
