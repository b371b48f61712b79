"""The pictures of a timeline, one frame at a time.

Invariant: frame ``n`` is the same whichever window makes it, and a shot that nothing is done to
passes to the bit. Mixing is done on the coded values, as editing programs and ffmpeg's xfade do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm_finish.timeline.lettering import lettering
from farm_finish.timeline.model import Change, Layer, Shot, Timeline, Title
from farm_finish.timeline.reels import FilmReel, Reel, StillReel, fitted_size

Planes = list[NDArray[np.uint8]]
Cover = NDArray[np.float32] | float
"""How much of what is above shows, from 0 to 1: for all of it, or for each pixel (rows, columns)."""
_BAND = 128
"""Rows that are mixed at a time, so that what is in between stays in the processor's cache."""


class Composer:
    """Makes the frames of ``timeline`` from the files of its media. Frames are asked for in rising
    order, or it reads its media again."""

    def __init__(self, timeline: Timeline, files: Sequence[Path], stack: ExitStack) -> None:
        self._timeline, self._files, self._stack = timeline, files, stack
        self._reels: dict[Shot, Reel] = {}
        red, green, blue = (int(timeline.background[n : n + 2], 16) for n in (1, 3, 5))
        self._ground = _coded((red, green, blue))

    def frame(self, number: int) -> VideoFrame:
        """Frame ``number`` of the film, in delivery form."""
        self._forget(number)
        height, width = self._timeline.height, self._timeline.width
        planes: Planes = [
            np.full((height, width), self._ground[0], np.uint8),
            np.full((height // 2, width // 2), self._ground[1], np.uint8),
            np.full((height // 2, width // 2), self._ground[2], np.uint8),
        ]
        layers = self._timeline.layers
        lowest = 0
        for index, layer in enumerate(layers):
            if self._covers(layer, number):
                lowest = index
        for layer in layers[lowest:]:
            planes = self._with_layer(planes, layer, number)
        return _frame_of(planes)

    def _with_layer(self, planes: Planes, layer: Layer, number: int) -> Planes:
        active = [item for item in layer.items if item.at <= number < item.end]
        change = next((c for c in layer.changes if c.at <= number < c.end), None)
        if change is None:
            for item in active:
                planes = self._with_item(planes, item, number)
            return planes
        old, new = planes, planes
        for item in active:
            # What a change leads to begins with it; what it comes from ends with it.
            if item.at == change.at:
                new = self._with_item(_copied(planes), item, number)
            else:
                old = self._with_item(_copied(planes), item, number)
        share = (number - change.at + 0.5) / change.length
        cover = _edge(change, share, planes[0].shape) if change.kind == "wipe" else share
        old = _copied(old)
        lay(old, new, (0, 0), cover)
        return old

    def _with_item(self, planes: Planes, item: Shot | Title, number: int) -> Planes:
        opacity = item.opacity * _fade(item, number)
        if opacity <= 0:
            return planes
        if isinstance(item, Title):
            self._letter(planes, item, opacity)
            return planes
        picture, cover, corner = self._reel(item).picture(item.picture(number))
        whole = corner == (0, 0) and picture[0].shape == planes[0].shape
        if whole and cover is None and opacity == 1:
            # A copy, because the decoder still needs its own to make the next.
            return _copied(picture)
        seen: Cover = opacity if cover is None else cover * np.float32(opacity)
        lay(planes, picture, corner, seen)
        return planes

    def _letter(self, planes: Planes, title: Title, opacity: float) -> None:
        set_in_type = lettering(title, self._timeline.width, self._timeline.height)
        corner = (set_in_type.x, set_in_type.y)
        colour = tuple(int(title.colour[n : n + 2], 16) for n in (1, 3, 5))
        for mask, rgb in ((set_in_type.ground, (0, 0, 0)), (set_in_type.letters, colour)):
            rows, columns = mask.shape
            values = _coded(rgb)
            flat = [
                np.full((rows, columns), values[0], np.uint8),
                np.full((rows // 2, columns // 2), values[1], np.uint8),
                np.full((rows // 2, columns // 2), values[2], np.uint8),
            ]
            lay(planes, flat, corner, mask * np.float32(opacity))

    def _covers(self, layer: Layer, number: int) -> bool:
        """Whether nothing below a layer shows; a still may be transparent."""
        if any(c.at <= number < c.end for c in layer.changes):
            return False
        for item in layer.items:
            if item.at <= number < item.end and isinstance(item, Shot) and item.whole:
                source = self._timeline.sources[item.source]
                size = fitted_size(item, source, self._timeline)
                full = size == (self._timeline.width, self._timeline.height)
                return full and source.kind == "film" and _fade(item, number) == 1
        return False

    def _reel(self, shot: Shot) -> Reel:
        if shot not in self._reels:
            source = self._timeline.sources[shot.source]
            path = self._files[source.file]
            kind: Callable[..., Reel] = StillReel if source.kind == "still" else FilmReel
            self._reels[shot] = kind(path, shot, source, self._timeline)
            self._stack.callback(self._reels[shot].close)
        return self._reels[shot]

    def _forget(self, number: int) -> None:
        """Close what is not shown any more."""
        for shot in [shot for shot in self._reels if shot.end <= number]:
            self._reels.pop(shot).close()


def lay(planes: Planes, above: Planes, corner: tuple[int, int], cover: Cover) -> None:
    """Mix ``above`` into ``planes`` where it lies; what hangs over the frame's edge is not seen."""
    masks: list[Cover] = [cover, cover, cover]
    if isinstance(cover, np.ndarray):
        halved = cover.reshape(cover.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3), dtype=np.float32)
        masks = [cover, halved, halved]
    for index, (plane, values, mask) in enumerate(zip(planes, above, masks, strict=True)):
        shrink = 1 if index == 0 else 2
        x, y = corner[0] // shrink, corner[1] // shrink
        rows, columns = values.shape
        top, left = max(0, y), max(0, x)
        bottom, right = min(plane.shape[0], y + rows), min(plane.shape[1], x + columns)
        if top >= bottom or left >= right:
            continue
        for start in range(top, bottom, _BAND):
            stop = min(bottom, start + _BAND)
            part = plane[start:stop, left:right]
            inner = (slice(start - y, stop - y), slice(left - x, right - x))
            share: Any = mask[inner] if isinstance(mask, np.ndarray) else np.float32(mask)
            low = part.astype(np.float32)
            mixed = low + (values[inner].astype(np.float32) - low) * share
            part[...] = np.rint(mixed).astype(np.uint8)


def _edge(change: Change, share: float, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """The cover of a wipe: an edge across the frame, hard to a pixel or as soft as it says."""
    rows, columns = shape
    across = change.direction in ("right", "left")
    count = columns if across else rows
    soft = max(1.0, change.softness * count)
    place = np.arange(count, dtype=np.float32) + np.float32(0.5)
    if change.direction in ("left", "up"):
        place = count - place
    # The whole of a soft edge comes in and goes out.
    middle = share * (count + soft) - soft / 2
    line = np.clip((middle - place) / soft + 0.5, 0, 1).astype(np.float32)
    whole = np.broadcast_to(line[None, :] if across else line[:, None], (rows, columns))
    return np.ascontiguousarray(whole)


def _fade(item: Shot | Title, number: int) -> float:
    into, left = number - item.at, item.end - number
    share = 1.0
    if item.fade_in and into < item.fade_in:
        share = (into + 0.5) / item.fade_in
    if item.fade_out and left <= item.fade_out:
        share *= (left - 0.5) / item.fade_out
    return share


def _coded(rgb: tuple[int, ...]) -> tuple[int, int, int]:
    """A colour as limited-range BT.709."""
    red, green, blue = (value / 255 for value in rgb)
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return (
        round(16 + 219 * luma),
        round(128 + 224 * (blue - luma) / 1.8556),
        round(128 + 224 * (red - luma) / 1.5748),
    )


def _copied(planes: Planes) -> Planes:
    return [plane.copy() for plane in planes]


def _frame_of(planes: Planes) -> VideoFrame:
    height, width = planes[0].shape
    flat = np.concatenate([np.ascontiguousarray(plane).reshape(-1) for plane in planes])
    frame = VideoFrame.from_ndarray(flat.reshape(height * 3 // 2, width), format="yuv420p")
    frame.colorspace, frame.color_range = 1, 1
    return frame
