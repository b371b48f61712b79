"""The presenter in the picture: scaled, cropped to what is seen, with a soft shadow.

Invariant: the film's transparency is kept to the last: where it is clear, what is behind is the same
to the bit but for the shadow; where the film itself cuts the presenter off, no hard edge is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Colorspace
from PIL import Image, ImageFilter

from farm.media.compiled import kernel
from farm.media.picture import source_matrix, source_range
from farm.media.source import frame_rate, opened, video_stream
from farm_avatar.compose.figure import Figure
from farm_avatar.compose.framing import backing, fitted_film, shape_mask
from farm_avatar.compose.layout import Places, even
from farm_avatar.compose.planes import Plane, Planes, lay, views_of
from farm_avatar.compose.resample import scaled
from farm_avatar.compose.theme import Palette

_SHRINK = 8
_PRECISE = 0x4 | 0x40000 | 0x2000 | 0x80000


class Presenter:
    """Draws a presenter over frames, in rising order.

    Parameters
    ----------
    fps : of the scene; the film's own may differ, what is shown at a moment is the same.
    """

    def __init__(self, path: Path, seen: Figure, places: Places, colours: Palette,
                 fps: int) -> None:  # fmt: skip
        self._path, self._seen, self._fps = path, seen, fps
        self._stack = ExitStack()
        self._frames: Iterator[VideoFrame] | None = None
        self._rate = Fraction(fps)
        self._at = -1
        self._now: list[Plane] | None = None
        self.short_by = 0
        """Frames of the scene for which the film had none."""
        self._unit = places.unit
        area = places.presenter
        self._scaled, self._place, window = fitted_film(seen, places)
        # What is drawn: the scaled film within the area it is shown in.
        self._shown = window
        self._mask = shape_mask(seen, self._place, window, area, places)
        self._half = scaled(self._mask, (window.width // 2, window.height // 2))
        self._below = backing(places, colours) if places.frame == "round" else None
        self._shadow = colours.shadow if places.frame == "cutout" else 0.0

    def draw(self, target: Planes, number: int) -> None:
        """Draw frame ``number`` of the scene."""
        if self._below is not None:
            lay(target, self._below)
        planes = self._planes(number)
        cut = self._shown
        x, y = cut.x - self._place.x, cut.y - self._place.y
        parts = [
            plane[y // s : (y + cut.height) // s, x // s : (x + cut.width) // s]
            for plane, s in zip(planes, (1, 2, 2, 1), strict=True)
        ]
        alpha, mask = parts[3], self._mask
        if self._shadow:
            self._cast(target, alpha)
        under = target.cut(cut.x, cut.y, cut.width, cut.height)
        _figure(under.y, parts[0], alpha, mask)
        _figure_half(under.u, parts[1], alpha, self._half)
        _figure_half(under.v, parts[2], alpha, self._half)

    def close(self) -> None:
        """Let go of the film."""
        self._stack.close()

    def _planes(self, number: int) -> list[Plane]:
        wanted = int(Fraction(number) * self._rate / self._fps) if self._frames else 0
        while self._frames is None or self._at < wanted:
            if self._frames is None:
                container = self._stack.enter_context(opened(self._path, "presenter"))
                stream = video_stream(container, "presenter")
                self._rate = frame_rate(stream)
                self._frames = iter(container.decode(stream))
                wanted = int(Fraction(number) * self._rate / self._fps)
            try:
                found = next(self._frames, None)
            except av.error.FFmpegError:
                found, self._frames = None, iter(())
            if found is None:
                # Rather than to vanish, the presenter stays as he was last seen.
                self.short_by += 1
                break
            self._at += 1
            if self._at == wanted or self._now is None:
                self._now = self._ready(found)
        assert self._now is not None
        return self._now

    def _ready(self, frame: VideoFrame) -> list[Plane]:
        ready = frame.reformat(
            width=self._scaled[0],
            height=self._scaled[1],
            format="yuva420p",
            src_colorspace=source_matrix(frame) if not frame.format.is_rgb else None,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=source_range(frame),
            dst_color_range=ColorRange.MPEG,
            interpolation=_PRECISE,
            threads=1,
        )
        return [np.array(view) for view in views_of(ready, 4)]

    def _cast(self, target: Planes, alpha: Plane) -> None:
        """A soft shadow, from a small picture of the figure's shape."""
        cut = self._shown
        pad = 6
        small = (max(2, cut.width // _SHRINK), max(2, cut.height // _SHRINK))
        shape = scaled(np.ascontiguousarray(alpha), small)
        # At the lower edge of the frame the shadow goes on as the figure does.
        held = np.pad(shape, ((pad, 0), (pad, pad)))
        held = np.pad(held, ((0, pad), (0, 0)), mode="edge")
        radius = max(1.0, self._unit * 0.028 / _SHRINK)
        soft = Image.fromarray(held).filter(ImageFilter.GaussianBlur(radius))
        dark = np.asarray(soft.point([round(v * self._shadow * 0.8) for v in range(256)]))
        reach = pad * _SHRINK
        wide, high = dark.shape[1] * _SHRINK, dark.shape[0] * _SHRINK
        whole = scaled(dark, (wide, high))
        x, y = cut.x - reach, cut.y - reach + even(self._unit * 0.012)
        _darken(target, whole, x, y)


def _darken(target: Planes, shadow: Plane, x: int, y: int) -> None:
    high, wide = target.y.shape
    top, left = max(0, -y), max(0, -x)
    bottom, right = min(shadow.shape[0], high - y), min(shadow.shape[1], wide - x)
    top, left, bottom, right = top + top % 2, left + left % 2, bottom // 2 * 2, right // 2 * 2
    if top >= bottom or left >= right:
        return
    part = np.ascontiguousarray(shadow[top:bottom, left:right])
    under = target.cut(x + left, y + top, right - left, bottom - top)
    _shade(under.y, under.u, under.v, part)


@kernel
def _shade(y, u, v, shadow):
    for row in range(y.shape[0]):
        for column in range(y.shape[1]):
            dark = np.int32(shadow[row, column])
            if dark:
                low = np.int32(y[row, column])
                y[row, column] = low + ((16 - low) * dark + 127) // 255
    for row in range(u.shape[0]):
        for column in range(u.shape[1]):
            dark = np.int32(shadow[2 * row, 2 * column])
            if dark:
                low = np.int32(u[row, column])
                u[row, column] = low + ((128 - low) * dark + 127) // 255
                low = np.int32(v[row, column])
                v[row, column] = low + ((128 - low) * dark + 127) // 255


@kernel
def _figure(under, over, alpha, mask):
    for row in range(under.shape[0]):
        for column in range(under.shape[1]):
            cover = np.int32(alpha[row, column]) * np.int32(mask[row, column])
            if cover:
                low = np.int32(under[row, column])
                change = (np.int32(over[row, column]) - low) * cover
                under[row, column] = low + (change + 32512) // 65025


@kernel
def _figure_half(under, over, alpha, mask):
    for row in range(under.shape[0]):
        for column in range(under.shape[1]):
            above, below = alpha[2 * row], alpha[2 * row + 1]
            total = np.int32(above[2 * column]) + np.int32(above[2 * column + 1])
            total += np.int32(below[2 * column]) + np.int32(below[2 * column + 1])
            cover = total * np.int32(mask[row, column])
            if cover:
                low = np.int32(under[row, column])
                change = (np.int32(over[row, column]) - low) * cover
                under[row, column] = low + (change + 130050) // 260100
