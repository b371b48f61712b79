"""The stage ``video.encode``: any film as an MP4 for delivery.

Invariant: constant frame rate, and a source of constant rate keeps every frame exactly once. One
encoder thread and fixed options, so that the same film gives the same bytes on any machine.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import av

from farm import Result, Task
from farm_finish.deliver.mastering import mastering
from farm_finish.deliver.quality import Coding, add_video, pixel_format
from farm_finish.deliver.reading import Upright, Wanted, upright
from farm_finish.deliver.writing import SoundForm, write_film
from farm_finish.params import EncodeParams


def run(task: Task[EncodeParams]) -> Result:
    """Encode ``video`` (and ``audio``, or the video's own sound) to ``video``."""
    target: Path = task.output("video", ".mp4")
    source, params = task.input("video"), task.params
    wanted = Wanted(
        lambda _: pixel_format(params), background=params.background, hdr=params.hdr == "keep"
    )
    known = source.facts.frames or 0
    statistics = task.scratch / "statistics" if params.passes == 2 else None
    if statistics is not None:
        with upright(source.path, wanted, frames=known) as film:
            _look_through(task, film, statistics)
    with upright(source.path, wanted, frames=known) as film:
        coding = _coding(film, params, statistics, 0 if statistics is None else 2)
        add = partial(add_video, params=params, fps=film.fps, coding=coding)
        write_film(
            task,
            film,
            target,
            add,
            SoundForm("aac", params.audio_kbps),
            params.metadata,
            done_before=0.0 if statistics is None else 0.4,
        )
    task.progress(1, 1)
    return {"video": target}


def _coding(film: Upright, params: EncodeParams, statistics: Path | None, number: int) -> Coding:
    told = mastering(film.first, params.codec) if film.tags != (1, 1, 1) else ()
    return Coding(film.tags, told, statistics, number)


def _look_through(task: Task[EncodeParams], film: Upright, statistics: Path) -> None:
    """The first of two passes: nothing is kept but the encoder's statistics."""
    with av.open(os.devnull, "w", format="null") as nowhere:
        video = None
        for index, frame in enumerate(film.frames):
            task.progress(0.4 * index, max(film.total, index + 1), f"first pass, frame {index}")
            if video is None:
                coding = _coding(film, task.params, statistics, 1)
                video = add_video(nowhere, task.params, frame, film.fps, coding)
            frame.pts, frame.time_base = index, 1 / film.fps
            video.encode(frame)
        if video is not None:
            video.encode(None)
