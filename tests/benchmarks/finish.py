"""Finishing against ffmpeg's command line and against the encoder alone; memory at 4K.

    python -m tests.benchmarks finish

Invariant: both sides of every ratio are measured in this one run, in processor seconds, with the
same encoder, settings and one thread each; so other work on the machine does not decide.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import farm_finish
from farm.media.ahead import ahead
from farm.media.film import write_lossless
from farm.media.planes import Picture
from farm_finish.frames.blend import READERS, blended, placed
from farm_finish.frames.deliver import write_delivered
from farm_finish.params import EncodeParams
from tests.plugins.direct_task import run_stage, stage_of
from tests.plugins.ffmpeg_reference import call

FPS, FRAMES, OVERLAP = 24, 48, 16
CORES = 2
"""Free cores that the ratios of a blend, which has two threads, are told for."""
AT_ONCE = 4
_X264 = ("-c:v", "libx264", "-preset", "medium", "-crf", "20", "-x264-params", "asm=avx2")
_AAC = ("-c:a", "aac", "-b:a", "192k")
_709 = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=limited"
_PQ = "setparams=colorspace=bt2020nc:color_primaries=bt2020:color_trc=smpte2084:range=limited"

TARGETS: list[tuple[str, str, str, float]] = [
    ("normalise + encode, against ffmpeg", "finish.pass.single", ">=", 0.9),
    ("the same, four at once", "finish.pass.four", ">=", 0.9),
    ("one pass, against file after file", "finish.pass.against_files", ">=", 1.3),
    ("blend, against x264 (standard)", "finish.blend.standard", ">=", 0.8),
    ("blend, against FFV1", "finish.blend.lossless", ">=", 0.8),
    ("memory at 4K, worst stage, MB", "finish.memory_mb.worst", "<", 600.0),
    ("memory, three times as long", "finish.memory_mb.longer", "<", 1.1),
]


def measure() -> dict[str, Any]:
    """1080p for speed, 4K for memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = _clip(folder / "hd.mp4", "1920x1080", FRAMES)
        return {
            "pass": _passes(folder, source),
            "blend": _blends(folder, source),
            "memory_mb": _memory(folder),
        }


def _clip(path: Path, size: str, frames: int, tags: str = _709, pixels: str = "yuv420p") -> Path:
    """A moving picture with a little noise, and a tone."""
    seconds = frames / FPS
    call(
        "-f", "lavfi", "-i", f"testsrc2=s={size}:r={FPS}:d={seconds},noise=alls=3:allf=t",
        "-f", "lavfi", "-i", f"sine=d={seconds}", "-vf", f"format={pixels},{tags}",
        "-c:v", "libx264", "-preset", "veryfast", "-crf", "18", *_AAC, path,
    )  # fmt: skip
    return path


# --- normalise and encode -------------------------------------------------------------------------


def _passes(folder: Path, source: Path) -> dict[str, float]:
    tiny = _clip(folder / "tiny.mp4", "96x64", 4)
    for act in (_finished, _file_after_file):
        act(folder / "warm", tiny)
    ours = min(_finished(folder / f"f{turn}", source) for turn in range(2))
    theirs = min(_by_ffmpeg(folder / f"t{turn}.mp4", source) for turn in range(2))
    apart = _file_after_file(folder / "apart", source)
    with ProcessPoolExecutor(AT_ONCE, mp_context=get_context("spawn")) as pool:
        list(pool.map(_warmed, [(folder / f"w{n}", tiny) for n in range(AT_ONCE)]))
        four = sum(pool.map(_warmed, [(folder / f"p{n}", source) for n in range(AT_ONCE)]))
    with ThreadPoolExecutor(AT_ONCE) as pool:
        before = _spent(resource.RUSAGE_CHILDREN)
        list(pool.map(lambda n: _by_ffmpeg(folder / f"q{n}.mp4", source), range(AT_ONCE)))
        four_theirs = _spent(resource.RUSAGE_CHILDREN) - before
    return {
        "ours_s": round(ours, 2),
        "ffmpeg_s": round(theirs, 2),
        "files_s": round(apart, 2),
        "single": round(theirs / ours, 3),
        "four": round(four_theirs / four, 3),
        "against_files": round(apart / ours, 3),
    }


def _finished(folder: Path, source: Path) -> float:
    """Processor seconds of one pass."""
    before = _spent()
    run_stage(stage_of(farm_finish, "video.finish"), folder, {"video": source})
    return _spent() - before


def _warmed(given: tuple[Path, Path]) -> float:
    return _finished(*given)


def _file_after_file(folder: Path, source: Path) -> float:
    before = _spent()
    made = run_stage(stage_of(farm_finish, "media.normalise"), folder, {"media": source})
    inputs = {"video": made["video"], "audio": made["audio"]}
    run_stage(stage_of(farm_finish, "video.encode"), folder / "encoded", inputs)
    return _spent() - before


def _by_ffmpeg(path: Path, source: Path) -> float:
    before = _spent(resource.RUSAGE_CHILDREN)
    call("-i", source, "-threads", "1", *_X264, *_AAC, "-movflags", "+faststart", path)
    return _spent(resource.RUSAGE_CHILDREN) - before


def _spent(who: int = resource.RUSAGE_SELF) -> float:
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


# --- windows --------------------------------------------------------------------------------------


def _blends(folder: Path, source: Path) -> dict[str, float]:
    """The encoder alone, by what a blend needs on two free cores: its longest thread, or half of
    all its work."""
    split = stage_of(farm_finish, "video.split")
    from farm import Window

    cut = FRAMES * 2 // 3
    windows = (Window(0, 2, 0, cut), Window(1, 2, cut - OVERLAP, FRAMES))
    segments = [
        run_stage(split, folder / f"s{window.index}", {"video": source}, window=window)["segment"]
        for window in windows
    ]
    parts = placed(segments, OVERLAP)
    pictures = list(blended(parts, OVERLAP))

    def written(form: str, given: Any) -> None:
        if form == "lossless":
            write_lossless(folder / "out.mkv", given, Fraction(FPS))
        else:
            how = EncodeParams(profile=form)
            write_delivered(folder / "out.mp4", given, Fraction(FPS), FRAMES, how, None)

    ratios = {}
    for form in ("standard", "draft", "lossless"):
        began = time.thread_time()
        written(form, pictures)
        alone = time.thread_time() - began
        threads: list[float] = []
        all_before, began = _spent(), time.thread_time()
        with ahead(_timed(blended(parts, OVERLAP, False, READERS), threads)) as mixing:
            written(form, mixing)
        threads.append(time.thread_time() - began)
        ratios[form] = round(alone / max(*threads, (_spent() - all_before) / CORES), 3)
    return ratios


def _timed(pictures: Iterator[Picture], threads: list[float]) -> Iterator[Picture]:
    began = time.thread_time()
    yield from pictures
    threads.append(time.thread_time() - began)


# --- memory ---------------------------------------------------------------------------------------


def _memory(folder: Path) -> dict[str, float]:
    """Peak of a fresh process for each stage; the longer film is three times as long."""
    short = _clip(folder / "4k.mp4", "3840x2160", 6, _PQ, "yuv420p10le")
    long = _clip(folder / "4k-long.mp4", "3840x2160", 18, _PQ, "yuv420p10le")
    plain = _clip(folder / "4k-plain.mp4", "3840x2160", 6)
    small = _clip(folder / "hd-few.mp4", "1920x1080", 3)
    normalised = folder / "normalise-hdr" / "video-0.mkv"
    whole = {"window": [0, 1, 0, 4]}
    peaks = {
        "normalise-hdr": _peak(folder / "normalise-hdr", "media.normalise", {"media": [short]}),
        "normalise-hdr-long": _peak(folder / "long", "media.normalise", {"media": [long]}),
        "normalise": _peak(folder / "normalise", "media.normalise", {"media": [plain]}),
        "split": _peak(folder / "split", "video.split", {"video": [normalised]}, **whole),
        "enlarge": _peak(
            folder / "enlarge", "video.enlarge", {"video": [small]}, window=[0, 1, 0, 3]
        ),
        "grade": _peak(
            folder / "grade", "video.grade", {"video": [normalised]}, {"saturation": 1.2}, **whole
        ),
        "interpolate": _peak(
            folder / "smooth", "video.interpolate", {"video": [normalised]}, {"fps": "48"}, **whole
        ),
        "poster": _peak(folder / "poster", "image.poster", {"video": [plain]}),
    }
    part = folder / "split" / "segment-0.mkv"
    peaks["blend"] = _peak(
        folder / "blend", "video.blend", {"segments": [part, part]}, {"overlap": 2}
    )
    longer = peaks.pop("normalise-hdr-long") / peaks["normalise-hdr"]
    return {**peaks, "worst": max(peaks.values()), "longer": round(longer, 3)}


def _peak(
    folder: Path,
    capability: str,
    inputs: dict[str, list[Path]],
    params: dict[str, Any] | None = None,
    window: list[int] | None = None,
) -> float:
    """MB at the peak of a process that runs the stage and nothing else."""
    files = {port: [str(path) for path in paths] for port, paths in inputs.items()}
    given = json.dumps([str(folder), capability, files, params or {}, window])
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.finish", given],
        check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    return float(done.stdout)


def _alone(given: str) -> None:
    from farm import Window

    folder, capability, files, params, window = json.loads(given)
    stage = stage_of(farm_finish, capability)
    inputs = {
        port: [Path(path) for path in paths] if stage.inputs[port].many else Path(paths[0])
        for port, paths in files.items()
    }
    run_stage(stage, Path(folder), inputs, params, window=Window(*window) if window else None)
    # Not ru_maxrss, which a process inherits from the one that started it.
    status = Path("/proc/self/status").read_text().splitlines()
    print(next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM")))


if __name__ == "__main__":
    _alone(sys.argv[1])
