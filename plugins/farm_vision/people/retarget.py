"""The stage ``pose.retarget``: a motion, with the proportions of a character.

Invariant: as many frames and persons as were asked for; directions of bones are those of the film, the
lengths the character's; a body stands where it stood.

Lengths are compared in metres where both files have them, since a limb that points at the camera is
short in the picture; otherwise the nearly longest that is seen of each limb counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from farm import InputError, Result, Task
from farm_vision.people.bones import (
    SIDES,
    Lengths,
    joints,
    lengths,
    lowest_foot,
    ratios,
    transferred,
)
from farm_vision.people.follow import told
from farm_vision.people.params import RetargetParams
from farm_vision.people.records import Header, Written, read
from farm_vision.people.regions import Points
from farm_vision.people.steady import Frame
from farm_vision.people.tracks import Find

_SEEN = 0.3
_HALF, _LONGEST = 0.5, 0.9
"""Shares below which typical lengths lie: in metres the median, in the picture nearly the longest."""


@dataclass(frozen=True, slots=True)
class _Body:
    """Lengths of a track's parts. hips, feet : what is held, at first sight, pixels. standing :
    whether its feet are mostly seen."""

    metres: Mapping[str, float]
    pixels: Mapping[str, float]
    hips: Points
    feet: Points
    standing: bool


def run(task: Task[RetargetParams]) -> Result:
    """Write ``pose`` with the bones of ``character``."""
    target, report = task.output("pose", ".jsonl"), task.output("report", ".json")
    params, path = task.params, task.input("pose").path
    header, sources = _bodies(path, "pose", task)
    out, characters = _bodies(task.input("character").path, "character", task)
    if not characters:
        raise InputError(
            "shows no person",
            where="character",
            expected="a person, as whole as can be",
            got="none in any frame",
            mend="Send a picture that shows the whole character.",
            code="pose.no-character",
        )
    if params.person and params.person not in sources:
        raise InputError(
            "has no such person",
            where="person",
            expected=f"one of {', '.join(map(str, sorted(sources)))}" if sources else "a person",
            got=str(params.person),
            mend="Choose a number of the report of the pose.",
            code="pose.no-person",
        )
    character = max(characters.values(), key=lambda body: body.pixels["torso"])
    if params.person:
        sources = {params.person: sources[params.person]}
    given = {number: _ratios(source, character) for number, source in sources.items()}
    moves = {
        number: _Move(source, character, given[number], header.layout, params)
        for number, source in sources.items()
    }
    if params.size == "character":
        header = replace(header, width=out.width, height=out.height)
    written = Written(header)
    _, frames = read(path, "persons", "pose")

    def retargeted() -> Iterator[Frame]:
        for frame in frames:
            task.progress(frame.number, frame.number + 1, f"frame {frame.number}")
            finds = [moves[find.number](find) for find in frame.finds if find.number in moves]
            yield Frame(frame.number, frame.cut, finds)

    written.write(target, retargeted())
    changes = {
        str(number): {part: round(times, 4) for part, times in by.items()}
        for number, by in given.items()
    }
    told(report, written.report() | {"ratios": changes})
    task.progress(1, 1)
    return {"pose": target, "report": report}


class _Move:
    """Gives one track the character's bones, and puts it where it belongs."""

    def __init__(
        self,
        source: _Body,
        character: _Body,
        by: Mapping[str, float],
        layout: str,
        params: RetargetParams,
    ) -> None:
        self._by, self._layout = by, layout
        self._feet = params.hold == "feet" and source.standing
        self._scale = 1.0
        self._from = self._to = source.feet if self._feet else source.hips
        if params.size == "character":
            self._scale = character.pixels["torso"] / max(source.pixels["torso"], 1e-6)
            self._to = character.feet if self._feet and character.standing else character.hips

    def __call__(self, find: Find) -> Find:
        points = find.points.copy()
        held = _held(points, self._layout, self._feet)
        places = transferred(points[:, :3] * self._scale, self._layout, self._by)
        goal = self._to + (held - self._from) * self._scale
        places[:, :2] += goal - _held(places, self._layout, self._feet)
        points[:, :3] = places
        world = None if find.world is None else transferred(find.world, self._layout, self._by)
        return replace(find, points=points, world=world)


def _held(points: Points, layout: str, feet: bool) -> Points:
    """x of the hips, and y of the lowest foot or of the hips."""
    hips = joints(points, layout)["hips"]
    return np.array([hips[0], lowest_foot(points, layout) if feet else hips[1]])


def _bodies(path: Path, label: str, task: Task[RetargetParams]) -> tuple[Header, dict[int, _Body]]:
    """The header of a file of points, and what it tells of each person's body."""
    header, frames = read(path, "persons", label)
    layout = header.layout
    first: dict[int, Find] = {}
    flat: dict[int, Lengths] = {}
    deep: dict[int, Lengths] = {}
    feet: dict[int, list[int]] = {}
    for frame in frames:
        task.checkpoint()
        for find in frame.finds:
            number = find.number
            first.setdefault(number, find)
            flat.setdefault(number, Lengths()).add(lengths(joints(find.points[:, :2], layout)))
            if find.world is not None:
                deep.setdefault(number, Lengths()).add(lengths(joints(find.world, layout)))
            ankles = [joints(find.points, layout)[f"{side}_ankle"][3] for side in SIDES]
            count = feet.setdefault(number, [0, 0])
            count[0] += max(ankles) >= _SEEN
            count[1] += 1
    bodies = {}
    for number, find in first.items():
        bodies[number] = _Body(
            deep[number].typical(_HALF) if number in deep else {},
            flat[number].typical(_LONGEST),
            _held(find.points, layout, False),
            _held(find.points, layout, True),
            2 * feet[number][0] >= feet[number][1],
        )
    return header, bodies


def _ratios(source: _Body, character: _Body) -> dict[str, float]:
    if source.metres and character.metres:
        return ratios(source.metres, character.metres)
    return ratios(source.pixels, character.pixels)
