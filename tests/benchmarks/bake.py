"""Baking a cut of which most can be copied, against ffmpeg encoding all of it anew.

Processor time of both, with the same encoder settings. ``WHOLE`` is ten minutes in 60 clips; ``SMALL``
is scaled down so that it fits into a run: a fifth of the clips, 3 s each in place of 10, and key
frames that much closer.
"""

from __future__ import annotations

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

FPS, SIZE = 25, "1280x720"
DISSOLVES, DISSOLVE = 6, 13
TARGETS = [
    ("baking, ffmpeg's time against ours", "bake.ratio", ">=", 4.0),
    ("baking ten minutes, ffmpeg's time against ours", "bake-whole.ratio", ">=", 4.0),
]


@dataclass(frozen=True, slots=True)
class Scale:
    """A cut: its clips, the frames of each, and of its films the frames from key to key and seconds."""

    clips: int
    length: int
    key: int
    source_s: int


SMALL = Scale(clips=12, length=75, key=12, source_s=8)
WHOLE = Scale(clips=60, length=250, key=100, source_s=30)


def measure_whole() -> dict[str, Any]:
    """Ten minutes in 60 clips; takes about a quarter of an hour."""
    return measure(WHOLE)


def measure(scale: Scale = SMALL, rounds: int = 1) -> dict[str, Any]:
    """Both in turn, ``rounds`` times; processor seconds, and how much was copied."""
    import imageio_ffmpeg

    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    with tempfile.TemporaryDirectory(prefix="bake-") as place:
        folder = Path(place)
        films = [_film(ffmpeg, folder / f"film{number}.mp4", number, scale) for number in range(3)]
        plain, listed = _cut(films, scale)
        (folder / "cut.json").write_text(json.dumps(plain), encoding="utf-8")
        (folder / "cut.txt").write_text(listed, encoding="utf-8")
        pairs = []
        for turn in range(rounds):
            ours = _ours(folder, films, turn)
            theirs = _theirs(ffmpeg, folder)
            pairs.append((ours, theirs))
        plan = json.loads((folder / "plan.json").read_text())
    return {
        "farm_cpu_s": round(statistics.median(ours for ours, _ in pairs), 2),
        "ffmpeg_cpu_s": round(statistics.median(theirs for _, theirs in pairs), 2),
        "ratio": round(statistics.median(theirs / ours for ours, theirs in pairs), 2),
        "copied": round(plan["copied"] / plan["frames"], 3),
        "frames": plan["frames"],
    }


def _film(ffmpeg: str, path: Path, seed: int, scale: Scale) -> Path:
    source = f"testsrc2=s={SIZE}:r={FPS},noise=alls=5:allf=t:all_seed={seed}"
    tags = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv"
    tone = f"sine=frequency={300 + 100 * seed}:sample_rate=48000"
    subprocess.run(
        [ffmpeg, "-v", "error", "-f", "lavfi", "-i", f"{source},{tags}", "-f", "lavfi", "-i", tone,
         "-t", str(scale.source_s), "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "veryfast",
         "-g", str(scale.key), "-c:a", "aac", "-y", str(path)],
        check=True,
    )  # fmt: skip
    return path


def _cut(films: list[Path], scale: Scale) -> tuple[dict[str, Any], str]:
    """The same cut in the plain form and as a list of ffmpeg's; a dissolve is a cut there, which
    costs it less."""
    chosen = random.Random(7)
    clips: list[dict[str, Any]] = []
    lines = []
    for number in range(scale.clips):
        film = films[number % len(films)]
        begin = chosen.randrange(20, scale.source_s * FPS - scale.length - 20)
        if number % (scale.clips // DISSOLVES) == 1:
            clips.append({"dissolve": DISSOLVE})
        end = begin + scale.length
        clips.append({"media": film.name, "in": begin, "out": end})
        lines += [f"file '{film}'", f"inpoint {begin / FPS}", f"outpoint {end / FPS}"]
    plain = {
        "farm_timeline": 1,
        "media": [film.name for film in films],
        "video": [{"clips": clips}],
    }
    return plain, "\n".join(lines) + "\n"


def _ours(folder: Path, films: list[Path], turn: int) -> float:
    """Processor seconds of all stages, in an interpreter that has imported them, as an engine has."""
    told = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.bake", str(folder), str(turn), *map(str, films)],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(told.stdout)


def _theirs(ffmpeg: str, folder: Path) -> float:
    before = os.times()
    subprocess.run(
        [ffmpeg, "-v", "error", "-f", "concat", "-safe", "0", "-i", str(folder / "cut.txt"),
         "-c:v", "libx264", "-preset", "medium", "-crf", "20", "-threads", "1", "-c:a", "aac",
         "-movflags", "+faststart", "-y", str(folder / "theirs.mp4")],
        check=True,
    )  # fmt: skip
    after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


def _bake(folder: Path, turn: str, films: list[Path]) -> float:
    """Processor seconds of all stages of one bake in this process."""
    import farm_finish
    from tests.plugins.direct_task import run_stage, stage_of

    plan_stage, render, sound, join = (
        stage_of(farm_finish, f"timeline.{name}") for name in ("plan", "render", "sound", "join")
    )
    for stage in (plan_stage, render, sound, join):
        import_module(stage.run.partition(":")[0])
    begun = time.process_time()
    place = folder / turn
    given = {"timeline": folder / "cut.json", "media": films}
    plan = run_stage(plan_stage, place / "plan", given)["plan"]
    (folder / "plan.json").write_bytes(plan.read_bytes())
    inputs: dict[str, Any] = {"plan": plan, "media": films}
    segment = run_stage(render, place / "render", inputs)["segment"]
    audio = run_stage(sound, place / "sound", inputs)["audio"]
    run_stage(join, place / "join", {**inputs, "segments": [segment], "audio": audio})
    return time.process_time() - begun


if __name__ == "__main__":
    print(_bake(Path(sys.argv[1]), sys.argv[2], [Path(name) for name in sys.argv[3:]]))
