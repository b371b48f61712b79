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
from farm_procedural.params import GenerateParams, film_frames, window_frames


def render(folder: str, prompt: str, params: dict[str, Any], seed: int, window: Window) -> str:
    """One window of the film, as an engine renders it."""
    place = Path(folder) / f"window-{window.index}"
    place.mkdir(parents=True, exist_ok=True)
    text = place / "prompt.txt"
    text.write_text(prompt, encoding="utf-8")
    stage = stage_of(farm_procedural, "video.generate")
    files = run_stage(stage, place, {"prompt": text}, params, seed=seed, window=window)
    return str(files["segment"])


def film_windows(params: GenerateParams) -> list[Window]:
    """The windows a farm would cut."""
    frames, size = film_frames(params, {}), window_frames(params)
    starts = range(0, frames, size)
    return [
        Window(index, len(starts), start, min(start + size, frames))
        for index, start in enumerate(starts)
    ]


def make(folder: Path, prompt: str, params: dict[str, Any], seed: int, processes: int) -> dict:
    """Render, join and choose a poster; returns seconds and the film's hash."""
    windows = film_windows(GenerateParams(**params))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        warm = {**params, "duration_s": 0.5}
        list(
            pool.map(
                render,
                [str(folder / f"warm-{n}") for n in range(processes)],
                [prompt] * processes,
                [warm] * processes,
                [seed] * processes,
                [Window(0, 1, 0, 1)] * processes,
            )
        )
        began = time.perf_counter()
        count = len(windows)
        parts = pool.map(
            render, [str(folder)] * count, [prompt] * count, [params] * count, [seed] * count,
            windows,
        )  # fmt: skip
        segments = [Path(part) for part in parts]
        rendered = time.perf_counter()
        join, poster = (stage_of(farm_finish, name) for name in ("video.join", "image.poster"))
        film = run_stage(join, folder / "join", {"segments": segments})["video"]
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
    parser.add_argument("--seed", type=int, default=7)
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
