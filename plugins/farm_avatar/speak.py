"""The stage ``avatar.speak``: a loop of idle motion becomes a person who says a narration.

Invariant: exactly as many frames as the narration lasts, in the form of the loop, alpha kept; memory
holds one loop however long the narration is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import repeat
from pathlib import Path

import numpy as np

from farm import FarmError, InputError, Result, Task
from farm.media.ahead import ahead
from farm.media.sound import RATE, sound_parts
from farm_avatar.alpha_film import Planes, alpha_film, between, write_planes
from farm_avatar.lips import Mouths, mouths_of, shapes
from farm_avatar.lips_draw import Look, look_of, spoken
from farm_avatar.mesh import track
from farm_avatar.presenter_params import SpeakParams
from farm_avatar.stretch import Moment, Numbers, moments, restlessness

_MOST_BYTES = 700 << 20
_LONGEST_S = 2 * 3600
_NOBODY = 16
"""Side in pixels of a film that shows nobody."""


@dataclass(frozen=True, slots=True)
class Presenter:
    """All of a loop that speaking needs. restless : how much moves from each frame to the next."""

    loop: list[Planes]
    fps: Fraction
    mouths: Mouths
    look: Look
    restless: Numbers


def run(task: Task[SpeakParams]) -> Result:
    """Write ``video``: the ``loop`` as long as ``narration``, saying its ``visemes``.

    Raises
    ------
    InputError : the files do not belong together, or cannot be read.
    """
    target: Path = task.output("video", ".mkv")
    params = task.params
    if not _shown(task):
        return {"video": _nobody(task, target)}
    person = _presenter(task)
    fps = person.fps
    count = max(1, round(_seconds(task) * fps))
    told = shapes(task.input("visemes").path, count, float(fps), params.strength)
    chance = int(task.input("narration").hash[:15], 16)
    course = moments(person.restless, count, chance, whole=params.retime == "calm")

    def frames() -> Iterator[Planes]:
        for number, moment in enumerate(course):
            planes = _shown_at(person.loop, moment)
            mouth = person.mouths.at(moment.first, moment.share)
            yield spoken(planes, mouth, told[number], person.look)

    def watched(made: Iterator[Planes]) -> Iterator[Planes]:
        for number, planes in enumerate(made):
            task.progress(number, count, f"frame {number}")
            yield planes

    # One core makes frames while another one writes them.
    with ahead(frames()) as made:
        written = write_planes(target, watched(made), fps)
    if written != count:
        raise FarmError(
            "the film has the wrong length",
            where=target.name,
            expected=f"{count} frames",
            got=str(written),
            code="avatar.length",
        )
    task.progress(1, 1)
    return {"video": target}


def _shown(task: Task[SpeakParams]) -> bool:
    """Whether the presenter is seen at all in this scene."""
    if not task.inputs.get("presence"):
        return True
    try:
        fields = json.loads(task.input("presence").path.read_bytes())
        if fields["schema"] != "farm.presence/1":
            raise ValueError(f"schema {fields['schema']}")
        return bool(fields["shown"])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            "cannot be read",
            where="presence",
            expected='JSON, schema farm.presence/1, with "shown"',
            got=str(error)[:200],
            mend="Take the file as the stage before wrote it.",
            code="avatar.presence",
        ) from error


def _nobody(task: Task[SpeakParams], target: Path) -> Path:
    """A film as long, of a few transparent pixels."""
    with alpha_film(task.input("loop").path, "loop") as source:
        fps = source.fps
    dark = np.full((_NOBODY, _NOBODY), 16, np.uint8)
    grey = np.full((_NOBODY // 2, _NOBODY // 2), 128, np.uint8)
    planes = (dark, grey, grey, np.zeros_like(dark))
    write_planes(target, repeat(planes, max(1, round(_seconds(task) * fps))), fps)
    task.progress(1, 1)
    return target


def _presenter(task: Task[SpeakParams]) -> Presenter:
    """The loop with its mouths, still warm if this engine has just spoken another scene with it."""
    source, mesh = task.input("loop"), task.input("mesh")
    facts = source.facts
    pixels = (facts.width or 720) * (facts.height or 720) * (facts.frames or 200)
    loop_path, mesh_path = source.path, mesh.path
    return task.models.get(  # type: ignore[no-any-return]
        f"avatar.presenter:{source.hash}:{mesh.hash}",
        lambda: presenter(loop_path, mesh_path),
        size_mb=max(1, pixels * 5 // 2 >> 20),
    )


def presenter(loop_path: Path, mesh_path: Path) -> Presenter:
    """A loop and the points of its face, ready to speak. Raises InputError."""
    with alpha_film(loop_path, "loop") as source:
        fps = source.fps
        loop = _held(source.frames())
    height, width = loop[0][0].shape
    points = track(mesh_path, "mesh", width, height, len(loop))
    mouths = mouths_of(points)
    return Presenter(loop, fps, mouths, look_of(loop[0], mouths), restlessness(points))


def _held(frames: Iterator[Planes]) -> list[Planes]:
    loop: list[Planes] = []
    size = 0
    for planes in frames:
        loop.append(planes)
        size += sum(plane.nbytes for plane in planes)
        if size > _MOST_BYTES:
            raise InputError(
                "is too large for a loop",
                where="loop",
                expected=f"at most {_MOST_BYTES >> 20} MB of pictures",
                got=f"more, at {planes[0].shape[1]}x{planes[0].shape[0]}",
                mend="Send a shorter loop, or a smaller one.",
                code="avatar.loop",
            )
    if len(loop) < 2:
        raise InputError(
            "is no loop",
            where="loop",
            expected="two frames or more",
            got=str(len(loop)),
            mend="Send the loop of avatar.idle, or a film that ends as it begins.",
            code="avatar.loop",
        )
    return loop


def _seconds(task: Task[SpeakParams]) -> Fraction:
    """Length of the narration, by its samples."""
    samples = 0
    for part in sound_parts(task.input("narration").path, "narration", layout="mono"):
        samples += part.shape[1]
        task.checkpoint()
        if samples > _LONGEST_S * RATE:
            raise InputError(
                "is too long",
                where="narration",
                expected=f"at most {_LONGEST_S} s",
                mend="Cut it into scenes.",
                code="avatar.too-long",
            )
    return Fraction(samples, RATE)


def _shown_at(loop: list[Planes], moment: Moment) -> Planes:
    """The loop at a moment; what lies between two frames is made by their optical flow."""
    if moment.share == 0.0:
        return loop[moment.first]
    return between(loop[moment.first], loop[(moment.first + 1) % len(loop)], moment.share)
