"""The stages ``video.defocus``, ``image.defocus`` and ``video.focal_stack``.

Invariant: as many frames as were given, each in the layout of the picture it was made from; several
threads make several frames at once, and the bytes are those of one thread.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from farm import InputError, Result, Task
from farm.media.film import film, write_lossless
from farm.media.planes import Picture
from farm_optics import measures
from farm_optics.focus import track as tracks
from farm_optics.focus.depth import Power, depth_maps, scaled_by
from farm_optics.focus.look import Look, aperture_of
from farm_optics.focus.stills import write_png
from farm_optics.focus.track import FocusTrack
from farm_optics.params import DefocusParams, StackParams

Shown = tuple[Picture, Power, float]
"""A picture, its depth as 1/distance, and the focus in metres."""
_WAIT_S = 0.25


def run(task: Task[DefocusParams], device: str = "") -> Result:
    """Blur the window of ``video`` by ``depth``. device : see Look."""
    target: Path = task.output("segment", ".mkv")
    window = task.window
    start, count = (window.start, window.frames) if window else (0, None)
    track = _track(task)
    depth = scaled_by(_optional(task, "scale"), task.params)
    with (
        film(task.input("video").path, "video") as source,
        depth_maps(task.input("depth").path, depth) as maps,
    ):

        def shown() -> Iterator[Shown]:
            pictures = source.pictures(start, None if count is None else start + count)
            powers = maps(start, count)
            for number, picture in enumerate(pictures):
                power = next(powers, None)
                if power is None:
                    raise _short(start + number)
                task.progress(number, count or number + 1, f"frame {start + number}")
                yield picture, power, track.at(start + number)

        looks = _looks(task, track, device)
        # Threads of one card would wait for one another and share its memory.
        made = rendered(shown(), looks, 1 if device else task.threads, task.checkpoint)
        write_lossless(target, made, source.fps)
    task.progress(1, 1)
    return {"segment": target}


def run_still(task: Task[DefocusParams], device: str = "") -> Result:
    """Blur ``image`` by ``depth``. device : see Look."""
    target: Path = task.output("image", ".png")
    picture, power = _still(task)
    focus = _track(task).at(0)
    task.progress(0, 1, "blurring")
    shown = [(picture, power, focus)]
    looks = _looks(task, tracks.still(focus), device)
    for made in rendered(shown, looks, 1, task.checkpoint):
        write_png(target, made)
    task.progress(1, 1)
    return {"image": target}


def run_stack(task: Task[StackParams]) -> Result:
    """Sweep the focus through ``image``, evenly in 1/distance."""
    params = task.params
    target: Path = task.output("video", ".mkv")
    told: Path = task.output("track", ".json")
    picture, power = _still(task)
    if min(picture.layout.width, picture.layout.height) < 2:
        raise InputError(
            "is too small for a film",
            where="image",
            expected="at least 2x2 pixels",
            got=f"{picture.layout.width}x{picture.layout.height}",
            code="stack.too-small",
        )
    nearest, farthest = float(power.max()), float(power.min())
    if params.sweep_from is not None:
        nearest = tracks.power_of(measures.distance_m(params.sweep_from))
    if params.sweep_to is not None:
        farthest = tracks.power_of(measures.distance_m(params.sweep_to))
    if nearest <= 0 and farthest <= 0:
        raise InputError(
            "is infinitely far away everywhere",
            where="depth",
            expected="distances to sweep the focus over",
            mend="Say sweep_from, or how the map is meant (depth, near, far).",
            code="stack.no-depth",
        )
    steps = params.frames - 1
    keys = ((n, nearest + (farthest - nearest) * n / steps) for n in range(params.frames))
    track = FocusTrack(tuple(keys))
    track.check(params.lens())

    def shown() -> Iterator[Shown]:
        for number in range(params.frames):
            task.progress(number, params.frames, f"frame {number}")
            yield picture, power, track.at(number)

    made = rendered(shown(), _looks(task, track), task.threads, task.checkpoint)
    write_lossless(target, made, Fraction(params.fps))
    told.write_text(
        tracks.document(track, fps=str(params.fps), frames=params.frames), encoding="utf-8"
    )
    task.progress(1, 1)
    return {"video": target, "track": told}


def rendered(
    shown: Iterable[Shown],
    look: Callable[[], Look],
    threads: int,
    checkpoint: Callable[[], None],
) -> Iterator[Picture]:
    """The pictures in order, ``threads`` of them in work at once, each thread with its own look."""
    own = threading.local()
    stopped = threading.Event()

    def make(item: Shown) -> Picture:
        if not hasattr(own, "look"):
            own.look = look()
            own.look.renderer.checkpoint = lambda: _raise_if(stopped)
        picture: Picture = own.look.seen(*item)
        return picture

    waiting: deque[Future[Picture]] = deque()
    with ThreadPoolExecutor(max(threads, 1), "defocus") as pool:
        try:
            for item in shown:
                waiting.append(pool.submit(make, item))
                while len(waiting) > threads:
                    yield _done(waiting.popleft(), checkpoint)
            while waiting:
                yield _done(waiting.popleft(), checkpoint)
        finally:
            stopped.set()
            pool.shutdown(cancel_futures=True)


class _Stopped(Exception):
    """Ends the work of a thread that nobody waits for."""


def _raise_if(stopped: threading.Event) -> None:
    if stopped.is_set():
        raise _Stopped


def _done(future: Future[Picture], checkpoint: Callable[[], None]) -> Picture:
    while True:
        try:
            return future.result(_WAIT_S)
        except TimeoutError:
            if future.done():
                raise
            checkpoint()


def _looks(task: Task[Any], track: FocusTrack, device: str = "") -> Callable[[], Look]:
    params = task.params
    aperture = aperture_of(params, _optional(task, "mask"))
    lens = params.lens()
    track.check(lens)
    taken, deblur = None, False
    if isinstance(params, DefocusParams) and params.taken_with is not None:
        as_taken = {"aperture": params.taken_with, "focus": params.taken_focus}
        taken = params.model_copy(update=as_taken).lens()
        deblur = params.deblur
    return lambda: Look(params, lens, aperture, track.farthest, taken, deblur, device)


def _track(task: Task[DefocusParams]) -> FocusTrack:
    params = task.params
    path = _optional(task, "track")
    if path is not None:
        return tracks.read_track(path)
    if params.pull:
        keys = ((k.frame, tracks.power_of(measures.distance_m(k.focus))) for k in params.pull)
        return FocusTrack(tuple(keys), params.ease == "smooth")
    return tracks.still(measures.distance_m(params.focus))


def _still(task: Task[Any]) -> tuple[Picture, Power]:
    depth = scaled_by(_optional(task, "scale"), task.params)
    with film(task.input("image").path, "image") as source:
        picture = next(source.pictures())
    with depth_maps(task.input("depth").path, depth) as maps:
        power = next(maps(0, 1))
    return picture, np.ascontiguousarray(power)


def _optional(task: Task[Any], port: str) -> Path | None:
    files = task.inputs.get(port, ())
    return files[0].path if files else None


def _short(frame: int) -> InputError:
    return InputError(
        "ends before the film does",
        where="depth",
        expected="one map for each frame, or a single one",
        got=f"none for frame {frame}",
        mend="Make the depth from this very film.",
        code="depth.short",
    )
