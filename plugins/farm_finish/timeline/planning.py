"""The stage ``timeline.plan``: a timeline read, checked against its media, and cut into pieces.

Invariant: what cannot be baked as it is asked for is refused here, before a picture is made, and
everything after it follows this one plan.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from farm import InputFile, Result, Task
from farm.media.source import frame_rate, opened
from farm_finish.params import EncodeParams
from farm_finish.timeline.arrange import Wanted, arranged
from farm_finish.timeline.encoder import own_setup
from farm_finish.timeline.interchange import read_document
from farm_finish.timeline.lettering import check_titles
from farm_finish.timeline.model import BAKE, SCHEMA, Bake, Timeline
from farm_finish.timeline.moments import rate_of
from farm_finish.timeline.parameter_sets import Setup, free_id, joint_setup
from farm_finish.timeline.params import PlanParams
from farm_finish.timeline.shelf import Shelf
from farm_finish.timeline.stretches import lead_setup, pieces_of
from farm_finish.timeline.survey import Copyable, Surveyed, is_still

_CODECS = {"h264": "h264", "h265": "hevc"}
_FORMAT = ("yuv420p", (1, 1, 1, 1))
"""Pixel format, and matrix, primaries, transfer and range, of what is delivered."""


def run(task: Task[PlanParams]) -> Result:
    """Write the plan of a bake to ``plan``."""
    target: Path = task.output("plan", ".json")
    params = task.params
    task.progress(0, 3, "reading the timeline")
    files = task.inputs.get("media", ())
    document = read_document(task.input("timeline").path, _rate(params, files))
    shelf = Shelf(files, params.names, document, task.checkpoint)
    wanted = Wanted(params.fps, params.size, params.rates == "convert")
    timeline = arranged(document, shelf, wanted)
    check_titles(timeline)
    task.progress(1, 3, "deciding what is copied")
    bake = _decided(timeline, shelf.found, params)
    task.progress(2, 3, "writing the plan")
    target.write_text(json.dumps(_written(bake), indent=1) + "\n", encoding="utf-8")
    task.progress(1, 1)
    return {"plan": target}


def read_plan(path: Path) -> Bake:
    """The plan of a bake, as this stage wrote it."""
    return BAKE.validate_python(json.loads(path.read_text(encoding="utf-8"))["bake"])


def _rate(params: PlanParams, files: Sequence[InputFile]) -> Fraction | None:
    """The rate for a document that does not say it: the job's, else that of the first film."""
    if params.fps:
        return rate_of(params.fps, "fps")
    for file in files:
        if not is_still(file):
            with opened(file.path) as container:
                if container.streams.video:
                    return frame_rate(container.streams.video[0])
    return None


def _written(bake: Bake) -> dict[str, object]:
    timeline = bake.timeline
    copied = timeline.length - bake.rendered
    return {
        "schema": SCHEMA,
        # Of this many pictures windows are made; one where all is copied, which is left aside.
        "media": {
            "frames": max(1, bake.rendered),
            "fps": str(timeline.fps),
            "width": timeline.width,
            "height": timeline.height,
        },
        "frames": timeline.length,
        "copied": copied,
        "rendered": bake.rendered,
        "bake": BAKE.dump_python(bake, mode="json"),
    }


def _decided(timeline: Timeline, found: list[Surveyed], params: PlanParams) -> Bake:
    bake = Bake(timeline, params.codec, params.profile, pieces_of(timeline, [None] * len(found)))
    if not params.copy_stretches or params.codec not in _CODECS:
        return bake
    size = (timeline.width, timeline.height)
    copies: list[Copyable | None] = [_fitting(one.copyable, params.codec, size) for one in found]
    settings = EncodeParams(codec=params.codec, profile=params.profile)
    if params.codec == "h265":
        # Its encoder cannot number its parameter sets, so only what has the same is copied.
        own = own_setup(settings, timeline, 0)
        copies = [one if one and one.setup == own else None for one in copies]
    lead = lead_setup(timeline, copies)
    if lead is None:
        return bake
    number, setup = _numbered(lead, settings, timeline)
    if setup is None:
        return bake
    copies = [one if one and one.setup == lead else None for one in copies]
    pieces = pieces_of(timeline, copies)
    delays = [
        one.delay(piece.first, piece.frames)
        for piece in pieces
        if piece.source is not None and (one := copies[piece.source])
    ]
    return replace(
        bake, pieces=pieces, setup_id=number, setup=setup.hex(), delay=max(delays, default=0)
    )


def _fitting(copyable: Copyable | None, codec: str, size: tuple[int, int]) -> Copyable | None:
    fits = copyable and copyable.setup.codec == _CODECS[codec] and copyable.form == (size, *_FORMAT)
    return copyable if fits else None


def _numbered(lead: Setup, settings: EncodeParams, timeline: Timeline) -> tuple[int, bytes | None]:
    """The number of the encoder's parameter sets beside those of what is copied, and the decoder
    setup that holds both; nothing where they cannot stand side by side."""
    if settings.codec == "h265":
        return 0, b""
    number = free_id(lead)
    if number is None or any(sps[1] not in (66, 77, 100) for sps in lead.of(7)):
        return 0, None
    own = own_setup(settings, timeline, number)
    return number, joint_setup([lead, own])
