"""Shots to remember: a camera that moves over real pictures, with blurred and black frames between."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from skimage import data

from farm.media.film import write_lossless
from farm.media.planes import picture_of

SIZE = (192, 144)


@cache
def still(name: str) -> Image.Image:
    """``astronaut``, ``coffee``, ``chelsea`` (a cat) or ``rocket``, RGB."""
    return Image.fromarray(getattr(data, name)()).convert("RGB")


def view(name: str, at: float, *, light: float = 1.0) -> NDArray[np.uint8]:
    """The picture from a camera that has gone ``at`` (0 to 1) of its way to the right."""
    image = still(name)
    width = image.width * 3 // 4
    left = round((image.width - width) * at)
    crop = image.crop((left, 0, left + width, min(image.height, width * 3 // 4)))
    pixels = np.asarray(crop.resize(SIZE, Image.Resampling.LANCZOS), np.float32)
    return np.clip(pixels * light, 0, 255).astype(np.uint8)


def clip(
    path: Path,
    name: str,
    *,
    frames: int = 12,
    blurred: Collection[int] = (),
    black: Collection[int] = (),
    light: float = 1.0,
) -> Path:
    """A shot of ``frames`` at 12 a second."""

    def frame(at: int) -> VideoFrame:
        pixels = view(name, at / max(1, frames - 1), light=light)
        if at in blurred:
            image = Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(4))
            pixels = np.asarray(image)
        if at in black:
            pixels = np.zeros_like(pixels)
        return VideoFrame.from_ndarray(pixels, format="rgb24")

    pictures = (picture_of(frame(at), "clip") for at in range(frames))
    write_lossless(path, pictures, Fraction(12))
    return path
