"""The stage ``video.grade``: a film in other colours.

Invariant: as many frames as before, each graded by itself; windows of a film are those frames that
the whole would have given, grain and all, to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from farm import Result, Task
from farm.media.film import film, write_lossless
from farm.media.planes import Picture
from farm_finish.grade.cube import Cube, read_cube
from farm_finish.grade.look import look_for
from farm_finish.grade.params import GradeParams
from farm_finish.grade.pixels import Grader


def run(task: Task[GradeParams]) -> Result:
    """Grade the window of ``video`` with the table at ``lut``, if any, to ``segment``.

    Raises
    ------
    InputError : the film is HDR, interlaced or uneven, or the table is broken.
    """
    target: Path = task.output("segment", ".mkv")
    window = task.window
    start, stop = (window.start, window.stop) if window else (0, None)
    cube = _table(task) if task.inputs.get("lut") else None
    with film(task.input("video").path, "video") as source:

        def graded() -> Iterator[Picture]:
            grader: Grader | None = None
            for index, picture in enumerate(source.pictures(start, stop)):
                task.progress(index, window.frames if window else index + 1, f"frame {index}")
                if grader is None:
                    look = look_for(task.params, cube, picture.layout)
                    grader = Grader(look, task.params.grain_size, task.seed)
                yield grader.graded(picture, start + index)

        write_lossless(target, graded(), source.fps)
    task.progress(1, 1)
    return {"segment": target}


def _table(task: Task[GradeParams]) -> Cube:
    """The table at ``lut``; kept for the other windows of the film, because a fine one takes a
    second to read."""
    file = task.input("lut")
    made: Cube = task.models.get(
        f"farm_finish.cube:{file.hash}",
        lambda: read_cube(file.path, "lut", task.checkpoint),
        size_mb=1 + file.path.stat().st_size // 2_000_000,
    )
    return made
