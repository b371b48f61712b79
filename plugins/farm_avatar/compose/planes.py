"""Pictures as planes of 4:2:0, limited range, BT.709: made of colours, mixed and laid over.

Invariant: integers only, each result rounded once, so that a picture is the same on every machine;
what hangs over an edge is not drawn, and nothing outside of it is touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image

from farm.media.compiled import kernel

Plane = NDArray[np.uint8]


class Planes(NamedTuple):
    """uint8 (H, W), (H/2, W/2), (H/2, W/2)."""

    y: Plane
    u: Plane
    v: Plane

    def cut(self, x: int, y: int, width: int, height: int) -> Planes:
        """A view of a part; even numbers."""
        return Planes(
            self.y[y : y + height, x : x + width],
            self.u[y // 2 : (y + height) // 2, x // 2 : (x + width) // 2],
            self.v[y // 2 : (y + height) // 2, x // 2 : (x + width) // 2],
        )

    def put(self, source: Planes) -> None:
        """Overwrite all of it with a picture of the same size."""
        for mine, theirs in zip(self, source, strict=True):
            np.copyto(mine, theirs)

    def copy(self) -> Planes:
        """The same in memory of its own."""
        return Planes(*(plane.copy() for plane in self))


@dataclass(frozen=True, slots=True)
class Sprite:
    """A picture that is laid over others. alpha : of luma and of chroma, 0-255."""

    x: int
    y: int
    planes: Planes
    alpha: tuple[Plane, Plane]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.planes.y.shape[1], self.planes.y.shape[0]


def empty(size: tuple[int, int]) -> Planes:
    """Planes of a size, not yet written."""
    width, height = size
    half = (height // 2, width // 2)
    return Planes(
        np.empty((height, width), np.uint8), np.empty(half, np.uint8), np.empty(half, np.uint8)
    )


def planes_of(picture: Image.Image) -> Planes:
    """An opaque picture of even size."""
    y, u, v = _signals(np.asarray(picture.convert("RGB"), np.float32))
    return Planes(_rounded(y), _rounded(_quartered(u)), _rounded(_quartered(v)))


def sprite_of(picture: Image.Image, x: int, y: int) -> Sprite:
    """A picture with transparency, its corner at ``x``, ``y`` (even); odd sizes are padded."""
    width, height = picture.size
    if width % 2 or height % 2:
        padded = Image.new("RGBA", (width + width % 2, height + height % 2))
        padded.paste(picture)
        picture = padded
    values = np.asarray(picture.convert("RGBA"), np.float32)
    alpha = values[..., 3]
    luma, blue, red = _signals(values[..., :3])
    # The colour of a block is that of what is seen of it.
    thin = _quartered(alpha)
    weight = np.maximum(thin, 1e-3)
    chroma = [_rounded(_quartered(c * alpha) / weight) for c in (blue, red)]
    return Sprite(x, y, Planes(_rounded(luma), *chroma), (_rounded(alpha), _rounded(thin)))


def lay(target: Planes, sprite: Sprite, opacity: float = 1.0, dx: int = 0, dy: int = 0) -> None:
    """Lay a sprite over a picture, moved by ``dx``, ``dy`` (even)."""
    strength = round(256 * min(1.0, max(0.0, opacity)))
    if strength <= 0:
        return
    for number, (under, over) in enumerate(zip(target, sprite.planes, strict=True)):
        shrink = 2 if number else 1
        alpha = sprite.alpha[1 if number else 0]
        x, y = (sprite.x + dx) // shrink, (sprite.y + dy) // shrink
        top, left = max(0, -y), max(0, -x)
        bottom = min(over.shape[0], under.shape[0] - y)
        right = min(over.shape[1], under.shape[1] - x)
        if top < bottom and left < right:
            part = under[y + top : y + bottom, x + left : x + right]
            _lay(part, over[top:bottom, left:right], alpha[top:bottom, left:right], strength)


def mix(target: Planes, one: Planes, two: Planes, share: float) -> None:
    """Write ``one`` with ``share`` (0 to 1) of ``two`` to ``target``."""
    weight = round(256 * min(1.0, max(0.0, share)))
    for plane, first, second in zip(target, one, two, strict=True):
        _mix(plane, first, second, weight)


def views_of(frame: VideoFrame, planes: int = 3) -> Sequence[Plane]:
    """The frame's own memory, to be read or written."""
    views = []
    for plane in frame.planes[:planes]:
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        views.append(rows[: plane.height, : plane.width])
    return views


def _signals(rgb: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    red, green, blue = (rgb[..., at] for at in range(3))
    luma = np.float32(0.2126) * red + np.float32(0.7152) * green + np.float32(0.0722) * blue
    return [
        luma * np.float32(219 / 255) + np.float32(16),
        (blue - luma) * np.float32(224 / 255 / 1.8556) + np.float32(128),
        (red - luma) * np.float32(224 / 255 / 1.5748) + np.float32(128),
    ]


def _quartered(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    total = plane[0::2, 0::2] + plane[0::2, 1::2] + plane[1::2, 0::2] + plane[1::2, 1::2]
    quarter: NDArray[np.float32] = total * np.float32(0.25)
    return quarter


def _rounded(plane: NDArray[np.float32]) -> Plane:
    return np.clip(plane + np.float32(0.5), 0, 255).astype(np.uint8)


@kernel
def _lay(under, over, alpha, strength):
    for row in range(under.shape[0]):
        for column in range(under.shape[1]):
            cover = np.int32(alpha[row, column]) * strength
            if cover:
                low = np.int32(under[row, column])
                change = (np.int32(over[row, column]) - low) * cover
                under[row, column] = low + (change + 32640) // 65280


@kernel
def _mix(target, one, two, weight):
    for row in range(target.shape[0]):
        for column in range(target.shape[1]):
            low = np.int32(one[row, column])
            target[row, column] = low + (((np.int32(two[row, column]) - low) * weight + 128) >> 8)
