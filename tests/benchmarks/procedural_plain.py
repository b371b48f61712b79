"""The procedural film without a farm: the same functions in plain processes, for comparison.

    python tests/benchmarks/procedural_plain.py --processes 2 --prompt "a quiet lake at dawn"

Prints one JSON line: seconds of the film's making (kernels compiled before the clock starts), and
the SHA-256 of the film, which must equal what the farm delivers for the same prompt and seed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "plugins"))

from direct_task import run_stage, stage_of

import farm_finish
import farm_procedural
from farm import Window
from farm_procedural.params import GenerateParams, window_frames


def render(folder: str, script: str, window: Window) -> str:
    """One window of the film, as an engine renders it."""
    place = Path(folder) / f"window-{window.index}"
    place.mkdir(parents=True, exist_ok=True)
    stage = stage_of(farm_procedural, "video.generate")
    return str(run_stage(stage, place, {"script": Path(script)}, window=window)["segment"])


def compose(folder: str, script: str) -> str:
    """The sound of the film."""
    stage = stage_of(farm_procedural, "audio.compose")
    return str(run_stage(stage, Path(folder) / "sound", {"script": Path(script)})["audio"])


def write_script(folder: Path, prompt: str, params: dict[str, Any], seed: int) -> Path:
    """The script of the film; ``seed`` is the stage's."""
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / "prompt.txt"
    text.write_text(prompt, encoding="utf-8")
    stage = stage_of(farm_procedural, "video.script")
    return run_stage(stage, folder / "script", {"prompt": text}, params, seed=seed)["script"]


def film_windows(frames: int) -> list[Window]:
    """The windows a farm would cut."""
    size = window_frames(GenerateParams())
    starts = range(0, frames, size)
    return [
        Window(index, len(starts), start, min(start + size, frames))
        for index, start in enumerate(starts)
    ]


def make(folder: Path, prompt: str, params: dict[str, Any], seed: int, processes: int) -> dict:
    """Write the script, render and play it, join and choose a poster; seconds and the hash."""
    windows = film_windows(round(params["duration_s"] * params["fps"]))
    warm = str(write_script(folder / "warm", prompt, {**params, "duration_s": 0.5}, seed))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        places = [str(folder / f"warm-{n}") for n in range(processes)]
        list(pool.map(render, places, [warm] * processes, [Window(0, 1, 0, 1)] * processes))
        list(pool.map(compose, places, [warm] * processes))
        began = time.perf_counter()
        script = str(write_script(folder, prompt, params, seed))
        count = len(windows)
        sound = pool.submit(compose, str(folder), script)
        parts = pool.map(render, [str(folder)] * count, [script] * count, windows)
        files = {"segments": [Path(part) for part in parts], "audio": Path(sound.result())}
        rendered = time.perf_counter()
        join, poster = (stage_of(farm_finish, name) for name in ("video.join", "image.poster"))
        film = run_stage(join, folder / "join", files)["video"]
        run_stage(poster, folder / "poster", {"video": film})
        ended = time.perf_counter()
    return {
        "seconds": round(ended - began, 3),
        "render_seconds": round(rendered - began, 3),
        "frames": sum(window.frames for window in windows),
        "windows": count,
        "processes": processes,
        "sha256": hashlib.sha256(film.read_bytes()).hexdigest(),
    }


def main() -> None:
    """Parse the command line and print the measurement."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompt", default="a quiet lake at dawn")
    parser.add_argument("--seed", type=int, default=7, help="seed of the script's stage")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--duration", type=float, default=6.0)
    parser.add_argument("--fps", type=int, default=24)
    parser.add_argument("--size", default="1280x720")
    given = parser.parse_args()
    params = {"duration_s": given.duration, "fps": given.fps, "size": given.size}
    with tempfile.TemporaryDirectory() as folder:
        result = make(Path(folder), given.prompt, params, given.seed, given.processes)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
