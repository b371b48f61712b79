"""The stage ``video.preview``: the beginning of a film as an animated GIF and an animated WebP.

Invariant: every picture is shown at its moment, to the hundredth of a second (GIF) or millisecond
(WebP), and the preview lasts as long as what it shows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice
from math import ceil

from av.video.frame import VideoFrame

from farm import Result, Task
from farm.media.film import no_frames
from farm_finish.deliver.gif import GifWriter, Palette
from farm_finish.deliver.params import PreviewParams
from farm_finish.deliver.reading import Wanted, upright
from farm_finish.deliver.webp import WebpWriter

_PASSES = 2


def run(task: Task[PreviewParams]) -> Result:
    """Write ``gif`` and ``webp`` of ``video``, which is read twice: for its colours, and to show."""
    params = task.params
    palette: Palette | None = None
    with _shown(task, 0) as (frames, fps):
        for frame in frames:
            palette = palette or Palette(frame, params.colours)
            palette.add(frame)
    if palette is None:
        raise no_frames("video")
    gif, webp = task.output("gif", ".gif"), task.output("webp", ".webp")
    with (
        _shown(task, 1) as (frames, fps),
        GifWriter(gif, fps, palette.found(), params) as moving,
        WebpWriter(webp, fps, params) as also,
    ):
        for frame in frames:
            moving.write(frame)
            also.write(frame)
    task.progress(1, 1)
    return {"gif": gif, "webp": webp}


@contextmanager
def _shown(
    task: Task[PreviewParams], number: int
) -> Iterator[tuple[Iterator[VideoFrame], Fraction]]:
    """The pictures of the preview in BGRA and their rate, for one of the passes."""
    source, params = task.input("video"), task.params
    most_fps = Fraction(params.fps).limit_denominator(1001)
    wanted = Wanted(lambda _: "bgra", alpha=True, width=params.width, fps=most_fps)
    with upright(source.path, wanted, frames=source.facts.frames or 0) as film:
        most = ceil(Fraction(params.longest_s).limit_denominator(1000) * film.fps)
        # The last picture may be nearer to the moment at which the film is over.
        total = min(most, film.total or most)

        def told() -> Iterator[VideoFrame]:
            for index, frame in enumerate(islice(film.frames, total)):
                share = (number + index / max(total, index + 1)) / _PASSES
                task.progress(share, 1, f"frame {index}")
                frame.colorspace, frame.color_range = 0, 2
                yield frame

        yield told(), film.fps
