"""Scenes of which the depth is known: a floor, a wall and boxes, seen by a camera that may move."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.media.film import write_lossless
from farm.media.planes import Layout, Picture

Array = NDArray[Any]
Box = tuple[float, float, float, float, float, float]
ROOM: tuple[Box, ...] = (
    (-2.0, -0.7, -0.2, 1.5, 4.0, 5.0),
    (0.6, 1.6, 0.2, 1.5, 3.0, 3.6),
    (-0.3, 0.5, -1.4, -0.4, 6.0, 6.5),
)
"""Left, right, top, bottom, near and far of each, in metres."""


def rays(width: int, height: int, fov_deg: float) -> Array:
    """Directions (H, W, 3) through the pixels' centres: x right, y down, z forward, z = 1."""
    focal = 0.5 * width / np.tan(np.radians(fov_deg) / 2)
    y, x = np.mgrid[:height, :width].astype(float)
    return np.stack(
        [(x - (width - 1) / 2) / focal, (y - (height - 1) / 2) / focal, np.ones_like(x)], axis=-1
    )


def seen(
    pose: Array,
    width: int,
    height: int,
    fov_deg: float,
    boxes: Iterable[Box] = ROOM,
    floor: float = 1.5,
    wall: float = 12.0,
    seed: int = 1,
) -> tuple[Array, Array]:
    """RGB 0 to 1 (H, W, 3) and distance along the axis (H, W) from camera-to-world ``pose``."""
    way = rays(width, height, fov_deg) @ pose[:3, :3].T
    eye = pose[:3, 3]
    with np.errstate(divide="ignore", invalid="ignore"):
        reach = np.where(way[..., 2] > 0, (wall - eye[2]) / way[..., 2], np.inf)
        thing = np.zeros(reach.shape, int)
        ground = np.where(way[..., 1] > 0, (floor - eye[1]) / way[..., 1], np.inf)
        thing = np.where(ground < reach, 1, thing)
        reach = np.minimum(reach, ground)
        for number, (x0, x1, y0, y1, z0, z1) in enumerate(boxes, 2):
            low = (np.array([x0, y0, z0]) - eye) / way
            high = (np.array([x1, y1, z1]) - eye) / way
            enter = np.minimum(low, high).max(axis=-1)
            leave = np.maximum(low, high).min(axis=-1)
            hit = (enter < leave) & (enter > 0) & (enter < reach)
            thing, reach = np.where(hit, number, thing), np.where(hit, enter, reach)
    place = eye + way * reach[..., None]
    return painted(place, thing, reach, seed), reach


def painted(place: Array, thing: Array, reach: Array, seed: int) -> Array:
    """A texture in space, as fine as the distance allows, of another shade for each thing."""
    rng = np.random.default_rng(seed)
    shade = np.zeros((*reach.shape, 3))
    for octave in range(4):
        for _ in range(5):
            wave = rng.normal(size=3) * 2.2 * 1.7**octave
            phase, tint = rng.uniform(0, 6.28), rng.uniform(0.4, 1.0, 3)
            shade += tint * np.sin(place @ wave + phase)[..., None] / 1.25**octave
    base = np.array([[0.45, 0.5, 0.6], [0.5, 0.45, 0.4], [0.7, 0.4, 0.35], [0.35, 0.6, 0.4],
                     [0.6, 0.6, 0.3], [0.4, 0.4, 0.65]])  # fmt: skip
    return np.asarray(np.clip(base[thing % len(base)] + 0.075 * shade, 0, 1))


def moved(x: float = 0, y: float = 0, z: float = 0, yaw_deg: float = 0) -> Array:
    """A camera-to-world matrix (4, 4)."""
    angle = np.radians(yaw_deg)
    pose = np.eye(4)
    pose[:3, :3] = [
        [np.cos(angle), 0, np.sin(angle)],
        [0, 1, 0],
        [-np.sin(angle), 0, np.cos(angle)],
    ]
    pose[:3, 3] = x, y, z
    return pose


def picture(rgb: Array) -> Picture:
    """8 bits, 4:4:4, BT.709."""
    height, width = rgb.shape[:2]
    red, green, blue = np.moveaxis(rgb, -1, 0)
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    u, v = (blue - y) / 1.8556, (red - y) / 1.5748
    layout = Layout(width, height, "yuv444p", matrix=1, primaries=1, transfer=1)
    planes = (16 + 219 * y, 128 + 224 * u, 128 + 224 * v)
    a, b, c = (np.rint(plane).clip(0, 255).astype(np.uint8) for plane in planes)
    return Picture(layout, (a, b, c))


def film_of(path: Path, frames: Iterable[Array], fps: int = 24) -> Path:
    """A film of RGB pictures."""
    write_lossless(path, (picture(rgb) for rgb in frames), Fraction(fps))
    return path


def scale_invariant_error(power: Array, reach: Array) -> float:
    """Root of the mean squared error of log distance, the best common factor aside (Eigen 2014)."""
    apart = np.log(np.maximum(power, 1e-4)) + np.log(reach)
    return float((apart - np.median(apart)).std())
