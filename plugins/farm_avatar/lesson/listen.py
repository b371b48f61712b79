"""The stage ``lesson.listen``: the sound of the clips that one scene shows, in its place in the scene.

Invariant: both sounds are as long as the narration of the scene, to the sample; each clip is as loud
as any other before its author's gain, so that the film alone decides how loud that is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import InputError, Result, Task
from farm.media.loudness import LoudnessMeter
from farm.media.sound import BLOCK, RATE, sound_parts
from farm.media.sound_files import wavpack_file
from farm_avatar.compose.scene import Scene, Visual, read_scene
from farm_avatar.compose.stage import unpacked
from farm_avatar.compose.tempo import Piece
from farm_avatar.compose.timing import read_timing, schedule
from farm_avatar.lesson.clips import Heard, read_clips
from farm_avatar.lesson.hearing import Span, begin_of, heard_pieces, span_of
from farm_avatar.lesson.overlap import played
from farm_avatar.lesson.params import ListenParams
from farm_avatar.lesson.script_files import as_json
from farm_avatar.lesson.stems import SUFFIX, on_disk

HEARD = "farm.heard/1"
LEVEL_LUFS = -23.0
"""Every clip's loudness here; the film brings it to that of its narration."""
MOST_RAISED_DB = 6.0
"""What would need more is left softer: noise is not made a voice."""
SLOWEST, FASTEST = 0.5, 2.0
FADE_S = 0.02

_Samples = NDArray[np.float32]


@dataclass
class _Ear:
    """What is known of a scene while it is listened to. stems : samples (n, 2) by name."""

    task: Task[ListenParams]
    scene: Scene
    stems: dict[str, _Samples]
    heard: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def note(self, note: str) -> None:
        """Tell what is being done; may raise to stop."""
        self.task.progress(len(self.heard), len(self.heard) + 1, note)


def run(task: Task[ListenParams]) -> Result:
    """Write ``under`` and ``full`` (48 kHz, stereo, floats) and say in ``heard`` what is in them.

    Raises
    ------
    InputError : a clip cannot be read.
    """
    scene = read_scene(task.input("scene").path)
    timing = read_timing(task.input("timing").path)
    wanted = [each for each in read_clips(task.input("clips").path)
              if each.visual < len(scene.visuals)]  # fmt: skip
    length = timing.frames(scene.fps) * RATE // scene.fps
    names = tuple(dict.fromkeys(scene.visuals[each.visual].file for each in wanted))
    archive = task.inputs.get("visuals", ())
    files = unpacked(archive[0].path, names, task.scratch) if archive and names else {}
    spans = {number: span_of(scene, *span) for number, *span in schedule(scene, timing)}
    stems = {name: on_disk(task.scratch / f"{name}.f32", length if wanted else 0)
             for name in ("under", "full")}  # fmt: skip
    ear = _Ear(task, scene, stems)
    for each in wanted:
        if each.visual in spans:
            _listen(ear, each, files, spans[each.visual])
    written: dict[str, Path] = {}
    loud = {record["sound"] for record in ear.heard}
    for name, sound in ear.stems.items():
        written[name] = task.output(name, SUFFIX)
        with wavpack_file(written[name]) as out:
            for first in range(0, length, BLOCK):
                task.checkpoint()
                count = min(BLOCK, length - first)
                there = sound[first : first + count].T if name in loud else np.zeros((2, count))
                out.write(np.asarray(there, np.float32))
    report = task.output("heard", ".json")
    record = {"schema": HEARD, "heard": ear.heard, "warnings": ear.warnings}
    report.write_bytes(as_json(record))
    for warning in ear.warnings:
        task.log.warning("%s", warning)
    task.progress(1, 1)
    return {**written, "heard": report}


def _listen(ear: _Ear, each: Heard, files: dict[str, Path], span: Span) -> None:
    """Add the sound of one clip to its stem."""
    visual = ear.scene.visuals[each.visual]
    label = f'"{each.name or visual.file}" in "{ear.scene.title}"'
    path = files.get(visual.file)
    if path is None:
        raise InputError(
            "is not among the scene's files", where=label, expected=visual.file,
            got=", ".join(sorted(files)[:4]) or "no files", mend="Send the file along.",
            code="compose.missing-file",
        )  # fmt: skip
    pieces, cut_s = heard_pieces(visual, path, label, span, ear.note)
    pieces = [piece for piece in pieces if SLOWEST <= piece.speed <= FASTEST]
    if each.asked and not pieces and not SLOWEST <= visual.speed <= FASTEST:
        ear.warnings.append(
            f"too-fast: {label} is played at {visual.speed:g} times its speed and not heard;"
            f" its sound bears {SLOWEST:g} to {FASTEST:g}"
        )
    if each.asked and cut_s > 0.05:
        ear.warnings.append(
            f"sound-cut: {cut_s:.1f} s of the sound of {label} went with its dead air;"
            " `dead_air: false` keeps all of it"
        )
    if not pieces:
        return
    source, from_s = _sound(ear, path, label, visual, pieces)
    take = on_disk(ear.task.scratch / "take.f32", round(span.room_s * RATE) + 1)
    edges = [edge for piece in pieces if (edge := _laid(take, source, piece, from_s))]
    loudness = _loudness(take)
    if not edges or not np.isfinite(loudness):
        if each.asked:
            ear.warnings.append(f"no-sound: {label} is silent while it is shown")
        return
    gain_db = min(LEVEL_LUFS - loudness, MOST_RAISED_DB)
    if each.asked and each.sound == "full" and LEVEL_LUFS - loudness > gain_db + 1:
        ear.warnings.append(
            f"soft-sound: {label} is so soft ({loudness:.0f} LUFS) that it stays softer than the"
            " narration; `sound_db` raises it"
        )
    gain_db += each.gain_db
    _add(ear.stems[each.sound], take, round(span.start_s * RATE), 10 ** (gain_db / 20))
    ear.heard.append(
        {
            "visual": each.visual + 1,
            "file": each.name or visual.file,
            "sound": each.sound,
            "at_s": round(span.start_s + edges[0][0] / RATE, 4),
            "until_s": round(span.start_s + edges[-1][1] / RATE, 4),
            "pieces": len(edges),
            "loudness_lufs": round(loudness, 2),
            "gain_db": round(gain_db, 2),
        }
    )


def _sound(
    ear: _Ear, path: Path, label: str, visual: Visual, pieces: list[Piece]
) -> tuple[_Samples, float]:
    """Samples (n, 2) of what the pieces need, and the moment of the film that they begin at, s."""
    from_s = min(piece.source_s for piece in pieces)
    most = round((max(piece.until_s for piece in pieces) - from_s) * RATE) + 1
    begin = begin_of(path, label) + Fraction(from_s)
    source = on_disk(ear.task.scratch / "source.f32", most)
    done = 0
    try:
        with closing(_parts(path, label, begin)) as parts:
            for part in parts:
                count = min(part.shape[1], most - done)
                source[done : done + count] = part[:, :count].T
                done += count
                ear.note(f"{label}: listening, {done // RATE} s")
                if done >= most:
                    break
    except InputError as error:
        if error.code != "media.unreadable" or not done:
            raise
        ear.warnings.append(
            f"clip-damaged: the sound of {label} breaks off at {visual.start_s + done / RATE:.2f} s"
        )
    return source[:done], from_s


def _parts(path: Path, label: str, begin: Fraction) -> Iterator[_Samples]:
    yield from sound_parts(path, label, begin)


def _laid(take: _Samples, source: _Samples, piece: Piece, from_s: float) -> tuple[int, int] | None:
    """Put a piece into a take, with short fades; its first sample and the one after its last."""
    first = round((piece.source_s - from_s) * RATE)
    at = round(piece.at_s * RATE)
    there = int((len(source) - first) / piece.speed)
    count = min(round(piece.length_s * RATE), there, len(take) - at)
    if count <= 0:
        return None
    fade = max(1, min(round(FADE_S * RATE), count // 2))
    rise = np.sin((np.arange(fade) + 0.5) / fade * (np.pi / 2)).astype(np.float32)[:, None]
    done = at
    for part in played(source, first, piece.speed, count):
        take[done : done + len(part)] = part
        done += len(part)
    take[at : at + fade] *= rise
    take[at + count - fade : at + count] *= rise[::-1]
    return at, at + count


def _loudness(take: _Samples) -> float:
    meter = LoudnessMeter()
    for first in range(0, len(take), BLOCK):
        meter.feed(np.ascontiguousarray(take[first : first + BLOCK].T))
    return meter.loudness().integrated


def _add(sound: _Samples, take: _Samples, at: int, gain: float) -> None:
    count = min(len(take), len(sound) - at)
    for first in range(0, count, BLOCK):
        last = min(first + BLOCK, count)
        sound[at + first : at + last] += take[first:last] * np.float32(gain)
