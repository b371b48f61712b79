"""The stage ``lesson.compose``: one scene as a segment of film without sound.

Invariant: the segment has exactly the frames of the scene's clock, and all scenes of a lesson are
encoded alike; what is shown is checked before a frame is drawn, so a scene fails early and by name.
"""

from __future__ import annotations

import json
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from PIL import Image

from farm import InputError, Result, Task
from farm_avatar.compose.captions import Captions, cues_of, read_cues
from farm_avatar.compose.encoding import BT709, LIMITED, encode
from farm_avatar.compose.figure import Figure, figure
from farm_avatar.compose.layout import Places, places
from farm_avatar.compose.overlays import Banner, Bar, ChapterCard
from farm_avatar.compose.painter import FADE_S, Painter, Plan
from farm_avatar.compose.params import ComposeParams
from farm_avatar.compose.planes import Planes
from farm_avatar.compose.presenter import Presenter
from farm_avatar.compose.scene import Scene, read_scene
from farm_avatar.compose.staging import Stager
from farm_avatar.compose.theme import palette
from farm_avatar.compose.timing import Timing, moment, read_timing, schedule

REPORT = "farm.compose-report/1"
LARGEST_FILE = 16 << 30
_FRAMES_A_NOTE = 12


def run(task: Task[ComposeParams]) -> Result:
    """Draw ``scene`` to ``segment``, a picture of it to ``sheet``, and say what was done."""
    segment, sheet = task.output("segment", ".mp4"), task.output("sheet", ".png")
    scene = read_scene(task.input("scene").path)
    timing = read_timing(task.input("timing").path)
    frames = timing.frames(scene.fps)
    archive = task.inputs.get("visuals", ())
    files = unpacked(archive[0].path, scene.files, task.scratch) if archive else {}
    film = task.inputs.get("presenter", ())
    seen = figure(film[0].path) if film and scene.presenter.layout != "none" else None
    place = places(scene, seen is not None, seen.clear if seen else True)
    colours = palette(scene.theme)
    task.progress(0, frames, "preparing")
    stager = Stager(scene, place, colours, files, lambda note: task.progress(0, frames, note))
    cues = task.inputs.get("cues", ())
    with painter(
        scene,
        timing,
        stager,
        (film[0].path, seen) if seen else None,
        cues[0].path if cues else None,
    ) as paint:
        chosen = moment_of_sheet(scene, timing)

        def draw(number: int, target: Planes) -> None:
            if number % _FRAMES_A_NOTE == 0:
                task.progress(number, frames, f"frame {number}")
            paint.draw(number, target)
            if number == min(frames - 1, round(chosen * scene.fps)):
                save_picture(sheet, target)

        encode(segment, scene.size, scene.fps, frames, task.params, draw)
    short_by = paint.presenter.short_by if paint.presenter else 0
    if short_by > 1:
        stager.warnings.append(
            f"presenter-short: the presenter's film ends {short_by} frames before the scene"
        )
    report = task.output("report", ".json")
    report.write_text(json.dumps(_report(frames, place, stager), indent=1) + "\n")
    for warning in stager.warnings:
        task.log.warning("%s", warning)
    task.progress(1, 1)
    return {"segment": segment, "sheet": sheet, "report": report}


def painter(
    scene: Scene,
    timing: Timing,
    stager: Stager,
    presenter: tuple[Path, Figure] | None,
    cues: Path | None,
) -> Painter:
    """Everything that draws a scene. Raises InputError for what cannot be shown."""
    place, colours = stager.places, stager.colours
    shown = schedule(scene, timing)
    for number in sorted({*range(len(scene.visuals))} - {entry[0] for entry in shown}):
        stager.warnings.append(
            f"never-shown: visual {number + 1} is to come when the scene is over, or another is there"
        )
    plans: list[Plan] = [
        (start_s, partial(stager.shot, number, start_s, stop_s))
        for number, start_s, stop_s in shown
    ]
    # What is not on screen yet is looked at now, so that a scene does not fail at its end.
    stager.check_all()
    captions = _captions(scene, timing, stager, cues) if scene.captions != "none" else None
    return Painter(
        plans or [(0.0, stager.bare)],
        timing.duration_s,
        scene.fps,
        Presenter(*presenter, place, colours, scene.fps) if presenter else None,
        _banner(scene, timing, stager),
        captions,
        Bar(scene.progress, place, colours) if scene.progress else None,
        _chapter(scene, stager),
    )


def _banner(scene: Scene, timing: Timing, stager: Stager) -> Banner | None:
    what = scene.lower_third
    if what is None:
        return None
    for text in (what.name, what.role):
        stager.letters(text, "the lower third")
    start_s = moment(what, timing, "lower third")
    if scene.chapter is not None and what.at_sentence is None:
        # Behind a chapter's card nobody would see it.
        start_s = max(start_s, scene.chapter.seconds)
    return Banner(what, start_s, stager.places, stager.colours)


def _chapter(scene: Scene, stager: Stager) -> ChapterCard | None:
    if scene.chapter is None:
        return None
    stager.letters(scene.chapter.title + scene.chapter.label, "the chapter's card")
    return ChapterCard(scene.chapter, scene, stager.places, stager.colours)


def _captions(scene: Scene, timing: Timing, stager: Stager, cues: Path | None) -> Captions:
    found = read_cues(cues) if cues else cues_of([s.words for s in timing.sentences])
    stager.letters(" ".join(text for cue in found for text, _ in cue.words), "the captions")
    return Captions(found, stager.places, stager.colours, scene.captions == "words")


def unpacked(archive: Path, names: tuple[str, ...], folder: Path) -> dict[str, Path]:
    """The files of a scene's archive that it names, in a folder, by their names.

    Raises
    ------
    InputError : it is no archive, or a file is too large.
    """
    found: dict[str, Path] = {}
    try:
        with zipfile.ZipFile(archive) as packed:
            held = {entry.filename: entry for entry in packed.infolist()}
            for number, name in enumerate(names):
                if name not in held:
                    continue
                if held[name].file_size > LARGEST_FILE:
                    raise InputError(
                        "is too large",
                        where=name,
                        expected=f"at most {LARGEST_FILE >> 30} GiB",
                        got=f"{held[name].file_size} bytes",
                        mend="Send a shorter or smaller film.",
                        code="compose.file-too-large",
                    )
                # Named by number: what the archive calls it never becomes a path.
                found[name] = folder / f"visual-{number}{Path(name).suffix[:8]}"
                with packed.open(name) as source, found[name].open("wb") as target:
                    while block := source.read(1 << 20):
                        target.write(block)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise InputError(
            "is no archive that can be read",
            where="visuals",
            expected="a ZIP file",
            got=str(error)[:80],
            mend="Send the file that lesson.read wrote.",
            code="compose.archive",
        ) from error
    return found


def moment_of_sheet(scene: Scene, timing: Timing) -> float:
    """When the scene shows most: behind its card, with the first thing on screen fully there."""
    start_s = scene.chapter.seconds if scene.chapter else 0.0
    wanted = max(start_s + FADE_S + 0.4, 0.4 * timing.duration_s)
    return min(wanted, 0.95 * timing.duration_s)


def save_picture(path: Path, planes: Planes) -> None:
    """Write planes as a PNG."""
    high, wide = planes.y.shape
    flat = np.concatenate([np.ascontiguousarray(plane).reshape(-1) for plane in planes])
    frame = VideoFrame.from_ndarray(flat.reshape(high * 3 // 2, wide), format="yuv420p")
    frame.colorspace, frame.color_range = BT709, LIMITED
    rgb = frame.reformat(format="rgb24", src_colorspace=BT709, interpolation=0xC2000, threads=1)
    Image.fromarray(rgb.to_ndarray()).save(path, "PNG", compress_level=3)


def _report(frames: int, place: Places, stager: Stager) -> dict[str, object]:
    return {
        "schema": REPORT,
        "frames": frames,
        "shape": place.shape,
        "presenter": place.frame,
        "screens": stager.facts,
        "warnings": stager.warnings,
    }
