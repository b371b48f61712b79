"""The stage ``video.split``: one window of a film, as a film of its own, without loss.

Invariant: the window holds the frames of its range, each the same to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from farm import Result, Task
from farm.media.film import film, write_lossless
from farm.media.planes import Picture
from farm_finish.frames.params import SplitParams


def run(task: Task[SplitParams]) -> Result:
    """Write the window of ``video`` to ``segment``."""
    target: Path = task.output("segment", ".mkv")
    window = task.window
    with film(task.input("video").path, "video") as source:
        start, stop = (window.start, window.stop) if window else (0, None)

        def told() -> Iterator[Picture]:
            for index, picture in enumerate(source.pictures(start, stop)):
                task.progress(index, window.frames if window else index + 1, f"frame {index}")
                yield picture

        write_lossless(target, told(), source.fps)
    task.progress(1, 1)
    return {"segment": target}
