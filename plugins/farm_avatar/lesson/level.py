"""The stage ``lesson.level``: what is heard of all scenes' clips, as loud as the narration.

Invariant: both sounds are as long as the film's narration, so the mix only adds them up; what is never
heard is no file at all.
"""

from __future__ import annotations

import math
from pathlib import Path

from farm import InputError, Result, Task
from farm.media.loudness import LoudnessMeter
from farm.media.sound import RATE, sound_blocks
from farm.media.sound_files import wavpack_file
from farm_avatar.lesson.listen import HEARD, LEVEL_LUFS
from farm_avatar.lesson.params import LevelParams
from farm_avatar.lesson.script_files import as_json
from farm_avatar.lesson.speaking import read_json
from farm_avatar.lesson.stems import SUFFIX

LEVELS = "farm.clip-levels/1"


def run(task: Task[LevelParams]) -> Result:
    """Join ``under`` and ``full`` of every scene, at the loudness of ``voice``, and say in ``report``
    how loud that is.

    Raises
    ------
    InputError : a scene's file is missing.
    """
    told = [read_json(file.path, HEARD, "heard") for file in task.inputs["heard"]]
    ways = {name: any(each["sound"] == name for record in told for each in record["heard"])
            for name in ("under", "full")}  # fmt: skip
    for name in ways:
        if len(task.inputs[name]) != len(told):
            raise InputError(
                "has another number of scenes than the lesson",
                where=name,
                expected=str(len(told)),
                got=str(len(task.inputs[name])),
                mend="Send what lesson.listen wrote of every scene, in order.",
                code="lesson.other-scenes",
            )
    narration = _loudness(task) if any(ways.values()) else -math.inf
    gain_db = narration - LEVEL_LUFS if math.isfinite(narration) else 0.0
    gains_db = {"full": gain_db, "under": gain_db + task.params.under_db}
    written: dict[str, Path] = {name: _joined(task, name, gains_db[name])
                                for name, heard in ways.items() if heard}  # fmt: skip
    report = task.output("report", ".json")
    facts = {name: round(gains_db[name], 2) for name in written}
    voice = {"narration_lufs": round(narration, 2)} if math.isfinite(narration) else {}
    report.write_bytes(as_json({"schema": LEVELS, "gain_db": facts, **voice}))
    task.progress(1, 1)
    return {**written, "report": report}


def _loudness(task: Task[LevelParams]) -> float:
    meter = LoudnessMeter()
    for second, block in enumerate(sound_blocks(task.input("voice").path, "voice")):
        task.progress(0, 1, f"listening to the narration, {second} s")
        meter.feed(block)
    return meter.loudness().integrated


def _joined(task: Task[LevelParams], name: str, gain_db: float) -> Path:
    target: Path = task.output(name, SUFFIX)
    files = task.inputs[name]
    gain = 10 ** (gain_db / 20)
    with wavpack_file(target) as out:
        for number, file in enumerate(files):
            for block in sound_blocks(file.path, f"{name} {number + 1}"):
                task.progress(number, len(files), f"{name}, {out.samples // RATE} s")
                out.write((block * gain).astype(block.dtype))
    return target
