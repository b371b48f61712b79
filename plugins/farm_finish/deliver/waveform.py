"""The stage ``audio.waveform``: a sound as a picture.

Invariant: each column shows all samples of its stretch: the outermost, and the root of their mean
square; a column with a sample at full scale is marked. Memory does not grow with the sound.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from farm import InputError, Result, Task
from farm.media.sound import RATE, Sound, sound_blocks
from farm_finish.deliver.params import WaveformParams

_MOST = 16_384
"""Stretches that are kept; twice as long ones from there on."""
_FINEST = 16
_CLIPPED = "#e5484d"
_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)


class Stretches:
    """Lowest, highest and summed squares of two channels, over stretches of equal length."""

    def __init__(self) -> None:
        self._size = _FINEST
        self._low = np.zeros((2, 0), np.float32)
        self._high = np.zeros((2, 0), np.float32)
        self._squares = np.zeros((2, 0), np.float64)
        self._rest = np.zeros((2, 0), np.float32)
        self.samples = 0

    def add(self, sound: Sound) -> None:
        """The next (2, n) samples."""
        self.samples += sound.shape[1]
        held = np.concatenate([self._rest, sound], axis=1)
        whole = held.shape[1] // self._size * self._size
        self._rest = held[:, whole:]
        self._append(held[:, :whole].reshape(2, -1, self._size))
        while self._low.shape[1] > _MOST:
            self._halve()

    def columns(self, width: int) -> tuple[NDArray[np.float32], ...]:
        """Lowest, highest and root mean square, each (2, width)."""
        if self._rest.shape[1]:
            self._append(self._rest[:, None, :])
            self._rest = self._rest[:, :0]
        count = self._low.shape[1]
        edges = np.arange(width + 1) * count // width
        starts = np.minimum(edges[:-1], count - 1)
        counts = np.maximum(1, np.diff(edges)) * self._size
        low = np.minimum.reduceat(self._low, starts, axis=1)
        high = np.maximum.reduceat(self._high, starts, axis=1)
        mean = np.add.reduceat(self._squares, starts, axis=1) / counts
        return low, high, np.sqrt(mean).astype(np.float32)

    def _append(self, parts: Sound) -> None:
        squares = np.square(parts, dtype=np.float64).sum(axis=2)
        self._low = np.concatenate([self._low, parts.min(axis=2)], axis=1)
        self._high = np.concatenate([self._high, parts.max(axis=2)], axis=1)
        self._squares = np.concatenate([self._squares, squares], axis=1)

    def _halve(self) -> None:
        even = self._low.shape[1] // 2 * 2
        pairs = [part[:, :even].reshape(2, -1, 2) for part in (self._low, self._high)]
        # An odd one out would shift all that follow: there is none, as the limit is even.
        self._low, self._high = pairs[0].min(axis=2), pairs[1].max(axis=2)
        self._squares = self._squares[:, :even].reshape(2, -1, 2).sum(axis=2)
        self._size *= 2


def run(task: Task[WaveformParams]) -> Result:
    """Draw the sound of ``media`` to ``image``."""
    target: Path = task.output("image", ".png")
    source = task.input("media")
    total = round((source.facts.duration_s or 0) * RATE)
    stretches = Stretches()
    for block in sound_blocks(source.path, "media"):
        stretches.add(block)
        task.progress(stretches.samples, max(total, stretches.samples + 1), "listening")
    if not stretches.samples:
        raise InputError(
            "holds no sound that can be decoded",
            where="media",
            mend="Send a file with at least one sample.",
            code="media.empty",
        )
    _drawn(stretches, task.params).save(target, "PNG")
    task.progress(1, 1)
    return {"image": target}


def _drawn(stretches: Stretches, params: WaveformParams) -> Image.Image:
    low, high, mean = stretches.columns(params.width)
    image = Image.new("RGB", (params.width, params.height), params.background)
    draw = ImageDraw.Draw(image)
    base = params.height - 22
    faint, bright = _mixed(params, 0.55), params.colour
    _ruler(draw, params, base, stretches.samples / RATE)
    for channel in range(2):
        middle = (2 * channel + 1) * base / 4
        reach = base / 4 - 4
        draw.line([(0, middle), (params.width, middle)], fill=_mixed(params, 0.3))
        for x in range(params.width):
            top, bottom = high[channel, x], low[channel, x]
            clipped = max(top, -bottom) >= 0.999
            _column(draw, x, middle, reach, top, bottom, _CLIPPED if clipped else faint)
            _column(draw, x, middle, reach, mean[channel, x], -mean[channel, x], bright)
    return image


def _column(
    draw: ImageDraw.ImageDraw,
    x: int,
    middle: float,
    reach: float,
    top: float,
    bottom: float,
    colour: str,
) -> None:
    highest = middle - reach * min(1.0, float(top))
    lowest = middle - reach * max(-1.0, float(bottom))
    draw.line([(x, highest), (x, lowest)], fill=colour)


def _ruler(draw: ImageDraw.ImageDraw, params: WaveformParams, base: int, length_s: float) -> None:
    font = ImageFont.load_default(12)
    step = next((s for s in _STEPS_S if length_s / s * 80 <= params.width), _STEPS_S[-1])
    mark = 0
    while mark * step < length_s:
        x = mark * step / length_s * params.width
        draw.line([(x, 0), (x, params.height)], fill=_mixed(params, 0.18))
        draw.text((x + 4, base + 4), _clock(mark * step, step), fill="#9a9a9a", font=font)
        mark += 1


def _clock(at_s: float, step: float) -> str:
    minutes, seconds = divmod(at_s, 60)
    hours, minutes = divmod(int(minutes), 60)
    shown = f"{seconds:04.1f}" if step < 1 else f"{round(seconds):02d}"
    return f"{hours}:{minutes:02d}:{shown}" if hours else f"{minutes}:{shown}"


def _mixed(params: WaveformParams, share: float) -> str:
    """The colour of the wave over the background, by that share."""
    parts = []
    for at in (1, 3, 5):
        front, back = (int(text[at : at + 2], 16) for text in (params.colour, params.background))
        parts.append(round(front * share + back * (1 - share)))
    return "#" + "".join(f"{part:02x}" for part in parts)
