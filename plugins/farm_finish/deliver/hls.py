"""The stage ``video.hls``: a film as a ladder of sizes that players climb as their line allows.

Invariant: no rung is larger than the film; key frames and segments lie at the same moments on all
rungs; the film is decoded once, and its sound encoded once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import tee
from pathlib import Path

import av
from av.packet import Packet

from farm import InputError, Result, Task
from farm.media.film import no_frames
from farm_finish.deliver.folder import folder
from farm_finish.deliver.params import LadderParams
from farm_finish.deliver.playlist import master_playlist, media_playlist
from farm_finish.deliver.reading import Wanted, upright
from farm_finish.deliver.rung import Climbing, Pace
from farm_finish.deliver.writing import SoundForm, film_sound

HEIGHTS = (2160, 1440, 1080, 720, 480, 360, 240)


def run(task: Task[LadderParams]) -> Result:
    """Write the playlists and segments of ``video`` (and ``audio``) to ``folder``."""
    target: Path = task.output("folder", ".zip")
    source, params = task.input("video"), task.params
    wanted = Wanted(lambda _: "yuv420p", background=params.background)
    sound = SoundForm("aac", params.audio_kbps)
    with (
        upright(source.path, wanted, frames=source.facts.frames or 0) as film,
        av.open(os.devnull, "w", format="null") as nowhere,
    ):
        sizes = rung_sizes(film.width, film.height, params.heights)
        gop = max(1, round(Fraction(params.keyframe_s) * film.fps))
        pace = Pace(film.fps, gop, max(1, round(params.segment_s / params.keyframe_s)))
        heard = film_sound(task, film, nowhere, sound)
        there = bool(nowhere.streams.audio)
        copies: Sequence[Iterator[Packet] | None] = tee(heard, len(sizes))
        rungs = [
            Climbing(task.scratch / "rungs", size, pace, params, packets if there else None)
            for size, packets in zip(sizes, copies, strict=True)
        ]
        count = 0
        for frame in film.frames:
            for rung in rungs:
                task.progress(count, max(film.total, count + 1), f"frame {count}")
                rung.encode(frame, count)
            count += 1
        if not count:
            raise no_frames("video")
        for rung in rungs:
            rung.close()
    made = [rung.made(count) for rung in rungs]
    with folder(target) as written:
        written.put("master.m3u8", master_playlist(made).encode())
        for rung, facts in zip(rungs, made, strict=True):
            task.checkpoint()
            written.put(f"{facts.name}/index.m3u8", media_playlist(facts).encode())
            for path in rung.files():
                written.move(f"{facts.name}/{path.name}", path)
    task.progress(1, 1)
    return {"folder": target}


def rung_sizes(width: int, height: int, heights: Sequence[int]) -> list[tuple[int, int]]:
    """Even sizes of the rungs, largest first, by their shorter sides; those asked for, or the usual
    ones with the film's own on top where the next is much smaller.

    Raises
    ------
    InputError : a rung is larger than the film.
    """
    shorter = min(width, height)
    for side in heights:
        if side > shorter:
            raise InputError(
                "a rung is larger than the film",
                where="heights",
                expected=f"at most {shorter}",
                got=str(side),
                mend="Take it away, or enlarge the film first (video.enlarge).",
                code="deliver.rung-too-large",
            )
    sides = sorted(heights, reverse=True) or [side for side in HEIGHTS if side <= shorter]
    if not heights and (not sides or 10 * sides[0] < 9 * shorter):
        sides.insert(0, shorter)
    sizes = []
    for side in sides:
        across, down = (_even(Fraction(length * side, shorter)) for length in (width, height))
        sizes.append((across, down))
    return list(dict.fromkeys(sizes))


def _even(length: Fraction) -> int:
    return max(2, round(length / 2) * 2)
