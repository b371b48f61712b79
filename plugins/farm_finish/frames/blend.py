"""The stage ``video.blend``: overlapping windows become one film without a seam.

Invariant: the film has exactly ``sum(frames) - overlap * (windows - 1)`` frames. Frames that only
one window has pass to the bit (unless its colours drifted); shared ones are sums of light with
raised-cosine weights that add up to one. Memory does not depend on the length.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import pi, sin
from pathlib import Path

import numpy as np

from farm import FarmError, InputError, Result, Task
from farm.media.ahead import ahead
from farm.media.film import film, write_lossless
from farm.media.light import add_light, picture_of_light
from farm.media.planes import Layout, Picture
from farm_finish.frames.deliver import write_delivered
from farm_finish.frames.drift import NONE, Correction, fitted
from farm_finish.frames.params import BlendParams
from farm_finish.params import EncodeParams

SCHEMA = "farm.blend/1"
DRIFT_SAMPLES = 3
"""Shared frames that are compared to measure drift."""


READERS = 2
"""Threads that read a window: the stage claims two cores, and reading is most of its work."""


@dataclass(frozen=True, slots=True)
class Part:
    """A window and its place: frames ``start`` to ``stop`` of the film."""

    path: Path
    label: str
    start: int
    stop: int
    fps: Fraction
    correction: Correction = NONE


def run(task: Task[BlendParams]) -> Result:
    """Blend ``segments`` to ``video``; ``report`` tells what was corrected."""
    params = task.params
    paths = [file.path for file in task.inputs["segments"]]
    parts = corrected(task, placed(paths, params.overlap), params)
    total, fps = parts[-1].stop, parts[0].fps
    with ahead(blended(parts, params.overlap, params.align, READERS)) as mixing:
        pictures = _told(task, mixing, total)
        if params.form == "lossless":
            target: Path = task.output("video", ".mkv")
            written = write_lossless(target, pictures, fps)
        else:
            target = task.output("video", ".mp4")
            encode = EncodeParams(
                codec=params.codec,
                profile=params.profile,
                audio_kbps=params.audio_kbps,
                metadata=params.metadata,
            )
            sound = [file.path for file in task.inputs.get("audio", ())]
            written = write_delivered(
                target, pictures, fps, total, encode, sound[0] if sound else None
            )
    if written != total:
        raise FarmError(
            "the film has the wrong length",
            where=target.name,
            expected=f"{total} frames",
            got=f"{written}",
            code="blend.length",
        )
    report: Path = task.output("report", ".json")
    report.write_text(json.dumps(_report(parts, params), indent=2) + "\n", encoding="utf-8")
    task.progress(1, 1)
    return {"video": target, "report": report}


def placed(paths: Sequence[Path], overlap: int) -> list[Part]:
    """Each window at its place in the film.

    Raises
    ------
    InputError : nothing to join, a rate that differs, or a window no longer than the overlap.
    """
    if not paths:
        raise InputError("nothing to blend", where="segments", mend="Send at least one segment.")
    parts: list[Part] = []
    for number, path in enumerate(paths, 1):
        label = f"segment {number}"
        with film(path, label) as source:
            count, fps = source.count(), source.fps
        if len(paths) > 1 and count <= overlap:
            raise InputError(
                "is no longer than the overlap",
                where=label,
                expected=f"more than {overlap} frames",
                got=f"{count} frames",
                mend="Set the overlap that the windows were made with.",
                code="blend.short-window",
            )
        if parts and fps != parts[0].fps:
            raise InputError(
                "its frame rate differs from that of segment 1",
                where=label,
                expected=str(parts[0].fps),
                got=str(fps),
                mend="Render all windows at the same rate.",
                code="blend.mismatch",
            )
        start = parts[-1].stop - overlap if parts else 0
        parts.append(Part(path, label, start, start + count, fps))
    return parts


def corrected(task: Task[BlendParams], parts: list[Part], params: BlendParams) -> list[Part]:
    """The windows with their drift against the first measured, joint by joint."""
    if not (params.drift and params.overlap):
        return parts
    done = [parts[0]]
    for part in parts[1:]:
        task.checkpoint()
        before = done[-1]
        count = min(DRIFT_SAMPLES, params.overlap)
        # The middle of each of equal shares of the overlap.
        moments = [
            part.start + (2 * share + 1) * params.overlap // (2 * count) for share in range(count)
        ]
        pairs = list(zip(_picked(before, moments), _picked(part, moments), strict=True))
        for one, other in pairs:
            if one.layout != other.layout:
                raise _unlike(part, other, before.label, one.layout)
        own = fitted(pairs).after(before.correction)
        done.append(Part(part.path, part.label, part.start, part.stop, part.fps, own))
    return done


def blended(
    parts: Sequence[Part], overlap: int, align: bool = False, threads: int = 1
) -> Iterator[Picture]:
    """Every picture of the film, in order. threads : that read one window at once.

    Raises
    ------
    InputError : pictures do not match.
    """
    waiting = list(parts)
    running: list[tuple[Part, Iterator[Picture]]] = []
    layout = None
    for number in range(parts[-1].stop):
        while waiting and waiting[0].start <= number:
            part = waiting.pop(0)
            running.append((part, _pictures(part, threads)))
        running = [(part, source) for part, source in running if number < part.stop]
        shown = [(part, next(source)) for part, source in running]
        layout = layout or shown[0][1].layout
        for part, picture in shown:
            if picture.layout != layout:
                raise _unlike(part, picture, parts[0].label, layout)
        weights = [_weight(part, number, parts, overlap) for part, _ in shown]
        yield _mixed(shown, weights, align)


def raised_cosine(step: int, overlap: int) -> float:
    """Weight of the later window at frame ``step`` of the overlap; symmetric, never 0 or 1."""
    return sin(pi / 2 * (step + 1) / (overlap + 1)) ** 2


def _mixed(shown: Sequence[tuple[Part, Picture]], weights: Sequence[float], align: bool) -> Picture:
    (part, picture), *others = shown
    if not others and part.correction.none:
        return picture
    total = np.zeros((3, picture.layout.height, picture.layout.width), np.float32)
    whole = sum(weights)
    if align and len(shown) == 2:
        from farm.media.between import Motion

        share = weights[1] / whole
        motion = Motion.of(picture, others[0][1])
        shown = [(shown[0][0], motion.carried(0, share)), (shown[1][0], motion.carried(1, share))]
    for (part, picture), weight in zip(shown, weights, strict=True):
        add_light(total, picture, weight / whole, *part.correction.arrays())
    return picture_of_light(total, picture.layout)


def _weight(part: Part, number: int, parts: Sequence[Part], overlap: int) -> float:
    weight = 1.0
    if part.start > 0 and number < part.start + overlap:
        weight *= raised_cosine(number - part.start, overlap)
    if part.stop < parts[-1].stop and number >= part.stop - overlap:
        weight *= 1.0 - raised_cosine(number - (part.stop - overlap), overlap)
    return weight


def _pictures(part: Part, threads: int) -> Iterator[Picture]:
    with film(part.path, part.label, threads) as source:
        yield from source.pictures(0, part.stop - part.start)


def _picked(part: Part, moments: Sequence[int]) -> Iterator[Picture]:
    with film(part.path, part.label) as source:
        yield from source.picked([moment - part.start for moment in moments])


def _told(task: Task[BlendParams], pictures: Iterator[Picture], total: int) -> Iterator[Picture]:
    for index, picture in enumerate(pictures):
        task.progress(index, total, f"frame {index}")
        yield picture


def _report(parts: Sequence[Part], params: BlendParams) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "frames": parts[-1].stop,
        "fps": str(parts[0].fps),
        "overlap": params.overlap,
        "windows": [
            {
                "start": part.start,
                "stop": part.stop,
                "gain": [round(value, 5) for value in part.correction.gain],
                "offset": [round(value, 5) for value in part.correction.offset],
            }
            for part in parts
        ],
    }


def _unlike(part: Part, picture: Picture, other: str, expected: Layout) -> InputError:
    return InputError(
        f"its pictures differ from those of {other}",
        where=part.label,
        expected=_form(expected),
        got=_form(picture.layout),
        mend="Render all windows with the same size and encoder settings.",
        code="blend.mismatch",
    )


def _form(layout: Layout) -> str:
    reach = "full" if layout.full else "limited"
    tags = f"{layout.matrix}/{layout.primaries}/{layout.transfer}"
    return f"{layout.width}x{layout.height} {layout.pixel_format}, colours {tags}, {reach} range"
