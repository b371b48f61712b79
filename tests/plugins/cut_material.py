"""Small media for cuts, in which every picture tells its number and every sound its moment."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import yaml
from direct_task import run_stage, stage_of

import farm_finish
from farm import Window
from farm_finish.timeline.model import Bake
from farm_finish.timeline.params import RENDER_WINDOW
from farm_finish.timeline.planning import read_plan

PLAN, RENDER, SOUND, JOIN = (
    stage_of(farm_finish, f"timeline.{name}") for name in ("plan", "render", "sound", "join")
)
WIDTH, HEIGHT, RATE = 128, 96, 48_000
LOSSLESS = {"qp": "0"}


def picture(index: int, hue: int = 0, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """Planes (rows * 3 / 2, columns) of 4:2:0: the number stands in bars, ``hue`` in the colour."""
    planes = np.full((height * 3 // 2, width), 128, np.uint8)
    ramp = np.linspace(40, 160, width).astype(np.uint8)
    planes[:height] = ramp[None, :]
    for bit in range(8):
        left = 8 + bit * (width - 16) // 8
        planes[8:24, left : left + 8] = 220 if index >> bit & 1 else 24
    planes[height // 2 :: 3, (5 * index) % width] = 235
    planes[height : height * 5 // 4] = 128 + hue
    return planes


def number_of(luma: np.ndarray) -> int:
    """The number that a picture tells."""
    width = luma.shape[1]
    bits = [luma[10:22, 8 + b * (width - 16) // 8 + 2 :][:, :4].mean() > 120 for b in range(8)]
    return sum(1 << bit for bit, on in enumerate(bits) if on)


def film(
    path: Path,
    frames: int = 60,
    *,
    hue: int = 0,
    fps: Fraction | int = 25,
    size: tuple[int, int] = (WIDTH, HEIGHT),
    tone_hz: float = 0,
    codec: str = "libx264",
    tagged: bool = True,
    first: int = 0,
    **options: str,
) -> Path:
    """A film tagged BT.709, with a tone that is a click at each whole second, or without sound."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as out:
        chosen = {"preset": "veryfast", "g": "12"} | options if codec == "libx264" else options
        stream = out.add_stream(codec, rate=fps, options=chosen)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        context = stream.codec_context
        context.thread_count = 1
        if tagged:
            context.colorspace = context.color_primaries = context.color_trc = 1
            context.color_range = 1
        track = out.add_stream("pcm_s16le" if path.suffix == ".mov" else "aac", rate=RATE)
        for index in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(first + index, hue, *size), format="yuv420p")
            frame.pts = index
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        if tone_hz:
            samples = tone(float(frames / Fraction(fps)), tone_hz)
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
            frame.sample_rate = RATE
            out.mux([*track.encode(frame), *track.encode(None)])
    return path


def tone(length_s: float, hz: float, level: float = 0.25) -> np.ndarray:
    times = np.arange(round(length_s * RATE)) / RATE
    return np.tile((np.sin(2 * np.pi * hz * times) * level).astype(np.float32), (2, 1))


def sound(path: Path, length_s: float, hz: float, level: float = 0.25) -> Path:
    """A steady tone."""
    with av.open(str(path), "w") as out:
        track = out.add_stream("pcm_f32le", rate=RATE, layout="stereo")
        samples = np.ascontiguousarray(tone(length_s, hz, level).T).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout="stereo")
        frame.sample_rate = RATE
        out.mux([*track.encode(frame), *track.encode(None)])
    return path


def cut(**fields) -> dict:
    return {"farm_timeline": 1, **fields}


class Baked:
    """A film that was baked, and the plan it was baked by."""

    def __init__(self, folder: Path, plan: Path, video: Path, audio: Path | None) -> None:
        self.folder, self.plan_file, self.video, self.audio = folder, plan, video, audio
        self.bake: Bake = read_plan(plan)

    @property
    def copied(self) -> list[range]:
        """Frames of the film that were copied."""
        return [range(p.at, p.at + p.frames) for p in self.bake.pieces if p.source is not None]


def planned(
    folder: Path, timeline: dict | Path, media: Sequence[Path], params: dict | None = None
) -> Path:
    """The plan of a cut."""
    folder.mkdir(parents=True, exist_ok=True)
    path = timeline
    if isinstance(timeline, dict):
        path = folder / "timeline.yaml"
        path.write_text(yaml.safe_dump(timeline, sort_keys=False), encoding="utf-8")
    given = {"names": [file.name for file in media]} | (params or {})
    return run_stage(PLAN, folder / "plan", {"timeline": path, "media": list(media)}, given)["plan"]


def bake(
    folder: Path,
    timeline: dict | Path,
    media: Sequence[Path],
    window: int = RENDER_WINDOW,
    **params,
) -> Baked:
    """Bake a cut as the pipeline does."""
    plan = planned(folder, timeline, media, params)
    total = max(1, read_plan(plan).rendered)
    count = -(-total // window)
    inputs = {"plan": plan, "media": list(media)}
    segments = [
        run_stage(
            RENDER,
            folder / f"render{index}",
            inputs,
            window=Window(index, count, index * window, min(total, (index + 1) * window)),
        )["segment"]
        for index in range(count)
    ]
    heard = run_stage(SOUND, folder / "sound", inputs).get("audio")
    more = {"audio": heard} if heard else {}
    video = run_stage(JOIN, folder / "join", {**inputs, "segments": segments, **more})["video"]
    return Baked(folder, plan, video, heard)


def frames(path: Path) -> list[np.ndarray]:
    """Planes of every picture, as they are decoded."""
    with av.open(str(path)) as container:
        return [frame.to_ndarray() for frame in container.decode(video=0)]


def times(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def numbers(path: Path) -> list[int]:
    """The numbers that the pictures of a film tell."""
    return [number_of(frame[:HEIGHT]) for frame in frames(path)]


def hashes(pictures: Sequence[np.ndarray]) -> list[str]:
    return [hashlib.sha256(one.tobytes()).hexdigest() for one in pictures]


def samples(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=-1)


def loudest_hz(path: Path, begin_s: float, end_s: float) -> float:
    """The frequency that is heard most in a stretch; 0 for silence."""
    heard = stereo(path)[0, round(begin_s * RATE) : round(end_s * RATE)]
    if np.abs(heard).max() < 1e-3:
        return 0.0
    power = np.abs(np.fft.rfft(heard * np.hanning(len(heard))))
    return float(np.argmax(power) * RATE / len(heard))


def stereo(path: Path) -> np.ndarray:
    """Samples (2, n)."""
    found = samples(path)
    return found.reshape(-1, 2).T if found.shape[0] == 1 else found
