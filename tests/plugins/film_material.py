"""Small films, pictures and sounds that diffusion stages are given in tests."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from farm.media.film import write_lossless
from farm.media.planes import Layout, Picture

FPS = Fraction(24)


def picture(path: Path, seed: int = 0, width: int = 64, height: int = 64) -> Path:
    """A picture of soft coloured patches."""
    small = np.random.default_rng(seed).integers(20, 235, (4, 4, 3), dtype=np.uint8)
    Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC).save(path)
    return path


def clip(path: Path, frames: int, seed: int = 0, side: int = 32, *, mask: bool = False) -> Path:
    """A film of a bright square that wanders; black and white if it is a mask."""
    layout = Layout(side, side, "gbrp", full=True, matrix=0, primaries=1, transfer=13)
    colour = np.random.default_rng(seed).integers(60, 250, 3)

    def pictures() -> list[Picture]:
        made = []
        for number in range(frames):
            planes = [np.zeros((side, side), np.uint8) for _ in range(3)]
            at = (number + seed) % (side // 2)
            for plane, level in zip(planes, colour, strict=True):
                plane[at : at + side // 2, at : at + side // 2] = 255 if mask else level
            made.append(Picture(layout, (planes[0], planes[1], planes[2])))
        return made

    write_lossless(path, pictures(), FPS)
    return path


def sound(path: Path, seconds: float, rate: int = 48_000) -> Path:
    """A tone that swells and fades."""
    time = np.arange(round(seconds * rate)) / rate
    wave = np.sin(2 * np.pi * 220 * time) * np.abs(np.sin(2 * np.pi * 2 * time)) * 12_000
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(wave.astype(np.int16)[None], format="s16", layout="mono")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def poses(path: Path, frames: int, step: float, side: int = 64) -> Path:
    """A file of poses in which the only joint moves ``step`` pixels a frame."""
    lines: list[object] = [
        {"schema": "farm.pose/1", "width": side, "height": side, "fps": str(FPS)}
    ]
    for number in range(frames):
        person = {"id": 1, "score": 1.0, "points": [[number * step, side / 2, 0.0, 0.9]]}
        lines.append({"frame": number, "cut": False, "persons": [person]})
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def faces(path: Path, boxes: list[list[float] | None], side: int = 64) -> Path:
    """A file of faces, one box or none a frame."""
    lines: list[object] = [
        {"schema": "farm.face/1", "width": side, "height": side, "fps": str(FPS)}
    ]
    for number, box in enumerate(boxes):
        found = [] if box is None else [{"id": 1, "score": 0.9, "box": box}]
        lines.append({"frame": number, "cut": False, "faces": found})
    path.write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    return path


def said(path: Path, text: str) -> Path:
    """A prompt."""
    path.write_text(text, encoding="utf-8")
    return path
