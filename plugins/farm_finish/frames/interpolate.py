"""The stage ``video.interpolate``: a film at another rate, whoever makes the pictures between.

Invariant: the film has exactly ``round(frames * rate / fps)`` frames and lasts as long as before to
half a frame; moments of the source that fall on a frame show that frame to the bit, unless it only
repeats another; no picture is ever mixed across a cut.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from farm import FarmError, Result, Task
from farm.media.between import Maker, Motion
from farm.media.film import Film, film, no_frames, write_lossless
from farm.media.planes import Picture
from farm.media.spans import LONGEST_HOLD, Span, spans
from farm_finish.frames.params import InterpolateParams, new_count


def run(task: Task[InterpolateParams]) -> Result:
    """The provider that is always there: pictures are made by optical flow."""
    return write_smooth(task, Motion.picture)


def write_smooth(task: Task[InterpolateParams], make: Maker) -> Result:
    """Write the window of ``video`` at the new rate to ``segment``; windows count new frames."""
    target: Path = task.output("segment", ".mkv")
    params = task.params
    with film(task.input("video").path, "video") as source:
        frames = source.count()
        if not frames:
            raise no_frames("video")
        total = new_count(frames, source.fps, params.rate)
        start, stop = (task.window.start, task.window.stop) if task.window else (0, total)
        stop = min(stop, total)

        def told() -> Iterator[Picture]:
            for index, picture in enumerate(smoothed(source, start, stop, params, make)):
                task.progress(index, stop - start, f"frame {start + index}")
                yield picture

        written = write_lossless(target, told(), params.rate)
    if written != stop - start:
        raise FarmError(
            "the film has the wrong length",
            where=target.name,
            expected=f"{stop - start} frames",
            got=f"{written}",
            code="interpolate.length",
        )
    task.progress(1, 1)
    return {"segment": target}


def smoothed(
    source: Film, start: int, stop: int, params: InterpolateParams, make: Maker = Motion.picture
) -> Iterator[Picture]:
    """Frames ``start`` to ``stop`` (not included) of the film at the new rate."""
    ratio = source.fps / params.rate
    begin = max(0, int(start * ratio) - LONGEST_HOLD - 1)
    coming = spans(source.pictures(begin), begin, params.duplicates)
    span: Span | None = None
    for number in range(start, stop):
        moment = number * ratio
        while span is None or moment >= span.end:
            following = next(coming, None)
            if following is None:
                break
            span = following
        if span is None:
            raise no_frames("video")
        yield span.picture(_within(span, moment), params.cuts, make)


def _within(span: Span, moment: Fraction) -> float:
    return float((moment - span.begin) / (span.end - span.begin))
