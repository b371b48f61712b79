"""The stage ``comfy.finish``: what a server made becomes the film that was asked for.

Invariant: the film has exactly the frames, the rate and the sound of the request; a server's file that
has fewer frames than its workflow promises is refused instead of shortened in silence.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from farm import BrokenOutput, Result, Task
from farm.media.film import Film, film, write_lossless
from farm.media.planes import Picture
from farm.media.sound import RATE, sound_parts
from farm_comfyui.asked import Asked
from farm_comfyui.bound import Finishing
from farm_comfyui.params import FinishParams
from farm_comfyui.pictures import rgb_of, write_mp4, write_png
from farm_comfyui.retiming import retimed
from farm_comfyui.sounds import exact, write_flac

_PREVIEW = "23"


def run(task: Task[FinishParams]) -> Result:
    """Write ``video`` (FFV1), ``first_frame``, ``record``; ``audio`` where the request has a sound and
    ``pose_preview`` where the workflow followed poses."""
    return finished(task, Asked.read(task.input("request").path).bound().after)


def finished(task: Task[FinishParams], how: Finishing) -> Result:
    """The same for a finishing that is known."""
    source = task.input("video").path
    target = task.output("video", ".mkv")
    result: dict[str, Path] = {"video": target}
    with film(source, "the server's video") as made:
        write_lossless(target, _reported(task, retimed(_kept(made, how), how), how), how.fps_out)
    with film(target, "video") as done:
        first = next(done.frames(0, 1))
        result["first_frame"] = task.output("first_frame", ".png")
        write_png(result["first_frame"], rgb_of(first))
    sound = task.inputs.get("sound", ())
    if how.sound is not None and sound:
        result["audio"] = task.output("audio", ".flac")
        samples = round(RATE * how.frames_out / how.fps_out)
        write_flac(result["audio"], exact(sound_parts(sound[0].path, "sound"), samples))
    if shown := [*task.inputs.get("pose", ()), *task.inputs.get("control", ())]:
        result["pose_preview"] = task.output("pose_preview", ".mp4")
        with film(shown[0].path, "the pose preview") as seen:
            write_mp4(result["pose_preview"], map(rgb_of, seen.frames()), seen.fps, crf=_PREVIEW)
    result["record"] = task.output("record", ".json")
    _write_record(result["record"], task.input("run").path, how)
    task.progress(1, 1)
    return result


def _write_record(path: Path, run: Path, how: Finishing) -> None:
    """The record of the run, and what was done to its film afterwards."""
    document = json.loads(run.read_text(encoding="utf-8"))
    # Told once, by the stage that ran it.
    document.pop("external", None)
    document.pop("warnings", None)
    document["finishing"] = asdict(how)
    path.write_text(json.dumps(document, indent=1, sort_keys=True, default=str), encoding="utf-8")


def _kept(made: Film, how: Finishing) -> Iterator[Picture]:
    """The frames that are kept, none missing."""
    count = 0
    for picture in islice(made.pictures(), how.drop_first, how.drop_first + how.keep_frames):
        count += 1
        yield picture
    if count < how.keep_frames:
        raise BrokenOutput(
            "the server's video is shorter than it should be",
            where="the result",
            expected=f"{how.drop_first + how.keep_frames} frames",
            got=f"{how.drop_first + count}",
            mend="Tell the operator: the workflow and its node map do not agree.",
            code="comfy.collect",
        )


def _reported(
    task: Task[FinishParams], pictures: Iterator[Picture], how: Finishing
) -> Iterator[Picture]:
    for number, picture in enumerate(pictures):
        task.progress(number, how.frames_out, f"frame {number + 1} of {how.frames_out}")
        yield picture
