"""The stage ``timeline.render``: the pictures of a bake that cannot be copied, window by window.

Invariant: each run of frames in a window begins with an instantaneous refresh and stands alone, so
that copied packets may come before and after it; a window has exactly its frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from farm import Result, Task, Window
from farm_finish.deliver.packets import encoded
from farm_finish.delivery import delivered, ticks
from farm_finish.params import EncodeParams
from farm_finish.timeline.compose import Composer
from farm_finish.timeline.encoder import KEY_FRAME, add_encoder, flat_frame
from farm_finish.timeline.model import Bake
from farm_finish.timeline.params import RenderParams
from farm_finish.timeline.planning import read_plan


def run(task: Task[RenderParams]) -> Result:
    """Encode the pictures of one window to ``segment``."""
    target: Path = task.output("segment", ".mp4")
    bake = read_plan(task.input("plan").path)
    timeline = bake.timeline
    window = task.window or Window(0, 1, 0, max(1, bake.rendered))
    files = [file.path for file in task.inputs.get("media", ())]
    settings = EncodeParams(codec=bake.codec, profile=bake.profile)
    blank = flat_frame(timeline.width, timeline.height)
    with ExitStack() as stack, delivered(target, {}, ticks(timeline.fps)[0]) as output:
        composer = Composer(timeline, files, stack)
        video = add_encoder(output, settings, blank, timeline.fps, bake.setup_id)
        for index, (number, begins) in enumerate(frames_to_make(bake, window)):
            task.progress(index, window.frames, f"frame {number}")
            frame = composer.frame(number)
            frame.pts, frame.time_base = index, 1 / timeline.fps
            if begins:
                frame.pict_type = KEY_FRAME
            for packet in encoded(video, frame):
                output.mux(packet)
        for packet in encoded(video, None):
            output.mux(packet)
    task.progress(1, 1)
    return {"segment": target}


def frames_to_make(bake: Bake, window: Window) -> Iterator[tuple[int, bool]]:
    """Numbers of the film's frames that a window makes, and whether a run begins with one."""
    if not bake.rendered:
        # All is copied; the picture is made for the encoder's settings alone and left aside.
        yield 0, True
        return
    for piece in bake.pieces:
        if piece.source is not None:
            continue
        start = max(window.start, piece.rendered)
        stop = min(window.stop, piece.rendered + piece.frames)
        for place in range(start, stop):
            yield piece.at + place - piece.rendered, place == start
