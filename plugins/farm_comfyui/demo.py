"""Material for trying the modes: a drawn figure, the same in motion, and a sound with syllables.

Invariant: everything is computed here, so that it belongs to nobody else and is the same everywhere.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm_comfyui.pictures import Rgb, write_mp4, write_png
from farm_comfyui.sounds import write_flac

Point = tuple[float, float]
Field = NDArray[np.float32]
Writer = Callable[[Path], object]

SIZE = 512
SECONDS, FPS = 3, 24
_SKIN, _COAT, _TROUSERS, _HAIR = (236, 188, 158), (196, 52, 46), (38, 52, 92), (58, 36, 28)


def main(root: Path) -> None:
    """Write the material of every mode into folders below ``root``."""
    for mode, files in MATERIAL.items():
        folder = root / mode / "_samples" / "first-try"
        folder.mkdir(parents=True, exist_ok=True)
        for name, write in files.items():
            write(folder / name)


def film(draw: Callable[[float], Rgb]) -> Iterator[Rgb]:
    """Three seconds of it, two turns of the dance."""
    for number in range(SECONDS * FPS):
        yield draw(number / (SECONDS * FPS) * 2)


def joints(turn: float) -> dict[str, Point]:
    """Joints of the figure at ``turn`` of its dance, in units of the picture."""
    swing = math.sin(2 * math.pi * turn)
    hip = (0.5 + 0.03 * swing, 0.60)
    neck = (0.5 + 0.015 * swing, 0.31)
    found = {"hip": hip, "neck": neck, "head": (neck[0] + 0.01 * swing, 0.22)}
    for side, sign in (("left", -1.0), ("right", 1.0)):
        shoulder = (neck[0] + sign * 0.075, 0.335)
        lift = 0.35 + 0.75 * (0.5 - 0.5 * math.cos(2 * math.pi * turn + (sign < 0) * math.pi))
        elbow = _from(shoulder, math.pi / 2 - sign * lift, 0.13)
        wrist = _from(elbow, math.pi / 2 - sign * lift * 1.9, 0.12)
        root = (hip[0] + sign * 0.04, hip[1])
        knee = (root[0] + sign * 0.02 + 0.02 * swing, 0.765 - 0.02 * max(0.0, sign * swing))
        foot = (root[0] + sign * 0.03, 0.92 - 0.05 * max(0.0, sign * swing))
        found |= {
            f"{side} shoulder": shoulder, f"{side} elbow": elbow, f"{side} wrist": wrist,
            f"{side} hip": root, f"{side} knee": knee, f"{side} foot": foot,
        }  # fmt: skip
    return found


def person(turn: float, zoom: float = 1.0, centre: float = 0.5) -> Rgb:
    """The figure in a room, uint8 (512, 512, 3)."""
    x, y = _grid(zoom, centre)
    at = joints(turn)
    picture = np.empty((SIZE, SIZE, 3), np.float32)
    wall = np.array((206, 214, 210), np.float32)
    floor = np.array((164, 138, 112), np.float32)
    shade = np.clip((y - 0.86) * SIZE / 2, 0, 1)[..., None]
    picture[:] = wall * (1 - shade) + floor * shade - 22 * np.clip(y, 0, 1)[..., None]
    for side in ("left", "right"):
        _limb(picture, x, y, at[f"{side} hip"], at[f"{side} knee"], 0.036, _TROUSERS)
        _limb(picture, x, y, at[f"{side} knee"], at[f"{side} foot"], 0.030, _TROUSERS)
        _limb(picture, x, y, at[f"{side} shoulder"], at[f"{side} elbow"], 0.030, _COAT)
        _limb(picture, x, y, at[f"{side} elbow"], at[f"{side} wrist"], 0.025, _COAT)
        _limb(picture, x, y, at[f"{side} wrist"], at[f"{side} wrist"], 0.027, _SKIN)
    _limb(picture, x, y, at["neck"], at["hip"], 0.078, _COAT)
    head = at["head"]
    _limb(picture, x, y, (head[0], head[1] + 0.05), at["neck"], 0.026, _SKIN)
    _limb(picture, x, y, (head[0], head[1] - 0.018), head, 0.068, _HAIR)
    _limb(picture, x, y, (head[0], head[1] + 0.012), (head[0], head[1] + 0.028), 0.052, _SKIN)
    for sign in (-1, 1):
        eye = (head[0] + sign * 0.021, head[1] + 0.010)
        _limb(picture, x, y, eye, eye, 0.0075, (30, 24, 24))
    mouth = head[1] + 0.046
    _limb(picture, x, y, (head[0] - 0.014, mouth), (head[0] + 0.014, mouth), 0.005, (150, 60, 58))
    return np.clip(picture, 0, 255).astype(np.uint8)


def skeleton(turn: float) -> Rgb:
    """The same as bones on black: a control video's picture."""
    x, y = _grid(1.0, 0.5)
    at = joints(turn)
    picture = np.zeros((SIZE, SIZE, 3), np.float32)
    chains = [("head", "neck"), ("neck", "hip")]
    for side in ("left", "right"):
        chains += [
            ("neck", f"{side} shoulder"), (f"{side} shoulder", f"{side} elbow"),
            (f"{side} elbow", f"{side} wrist"), ("hip", f"{side} hip"),
            (f"{side} hip", f"{side} knee"), (f"{side} knee", f"{side} foot"),
        ]  # fmt: skip
    for number, (one, two) in enumerate(chains):
        angle = 2 * math.pi * number / len(chains)
        colour = tuple(round(150 + 100 * math.cos(angle + shift)) for shift in (0.0, 2.1, 4.2))
        _limb(picture, x, y, at[one], at[two], 0.010, colour)
    return np.clip(picture, 0, 255).astype(np.uint8)


def syllables() -> NDArray[np.float32]:
    """Three seconds with the rhythm and the formants of speech, (2, n) at 48 kHz."""
    rate = 48_000
    time = np.arange(SECONDS * rate) / rate
    pitch = 130 + 18 * np.sin(2 * np.pi * 0.8 * time)
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    beat = np.clip(np.sin(2 * np.pi * 3.2 * time), 0, 1) ** 0.6
    sound = np.zeros_like(time)
    for harmonic in range(1, 28):
        tone = harmonic * 130
        gain = sum(math.exp(-(((tone - formant) / 170) ** 2)) for formant in (640, 1190, 2390))
        sound += (0.15 + gain) / harmonic**0.6 * np.sin(harmonic * phase)
    sound *= beat * 0.25 / np.abs(sound).max()
    return np.repeat(sound[None].astype(np.float32), 2, axis=0)


def _grid(zoom: float, centre: float) -> tuple[Field, Field]:
    steps = (np.arange(SIZE, dtype=np.float32) + 0.5) / SIZE - 0.5
    y, x = np.meshgrid(steps / zoom + centre, steps / zoom + 0.5, indexing="ij")
    return x.astype(np.float32), y.astype(np.float32)


def _from(start: Point, angle: float, length: float) -> Point:
    return start[0] + length * math.cos(angle), start[1] + length * math.sin(angle)


def _limb(
    picture: Field, x: Field, y: Field, one: Point, two: Point, radius: float, colour: object
) -> None:
    """Paint a capsule from ``one`` to ``two``, its rim a pixel soft, lit from the upper left."""
    ax, ay = two[0] - one[0], two[1] - one[1]
    along = ((x - one[0]) * ax + (y - one[1]) * ay) / max(ax * ax + ay * ay, 1e-9)
    along = np.clip(along, 0, 1)
    dx, dy = x - one[0] - along * ax, y - one[1] - along * ay
    apart = np.hypot(dx, dy)
    step = float(x[0, 1] - x[0, 0])
    cover = np.clip((radius - apart) / step + 0.5, 0, 1)[..., None]
    light = 1.0 - 0.22 * np.clip((dx + dy) / radius, -1, 1)[..., None]
    picture += cover * (np.asarray(colour, np.float32) * light - picture)


def _still(turn: float, zoom: float = 1.0, centre: float = 0.5) -> Writer:
    return lambda path: write_png(path, person(turn, zoom, centre))


def _clip(draw: Callable[[float], Rgb]) -> Writer:
    return lambda path: write_mp4(path, film(draw), Fraction(FPS), "23")


MATERIAL: Mapping[str, Mapping[str, Writer]] = {
    "animate": {"character.png": _still(0.0), "motion.mp4": _clip(person)},
    "audio-performance": {
        "character.png": _still(0.0, 2.1, 0.27),
        "audio.flac": lambda path: write_flac(path, [syllables()]),
    },
    "start-end-frame": {"first.png": _still(0.0), "last.png": _still(0.25)},
    "pose-control": {"character.png": _still(0.0), "control.mp4": _clip(skeleton)},
}

if __name__ == "__main__":
    main(Path(sys.argv[1]))
