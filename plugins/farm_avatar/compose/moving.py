"""Pictures that move inside of a card: a slow move over a still, a clip, a screen recording.

Invariant: a picture is drawn again only when it differs from the one before; what it draws depends
on the moment alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from av.video.frame import VideoFrame
from av.video.reformatter import Colorspace

from farm_avatar.compose.camera import Camera, eased
from farm_avatar.compose.planes import Planes, views_of
from farm_avatar.compose.reel import Reel
from farm_avatar.compose.resample import Window, resample
from farm_avatar.compose.tempo import Tempo

Bounds = tuple[float, float | None]
"""From where to where a film is shown, seconds; ``None`` for its end."""
NEAR = 1.14
"""How much closer a slow move over a still comes."""
_PRECISE = 0x4 | 0x40000 | 0x2000 | 0x80000
"""Bicubic; accurate rounding, full chroma, the same bits on any processor."""


class Moving(Protocol):
    """Something that draws itself, ``at_s`` seconds after it came on screen."""

    def draw(self, target: Planes, at_s: float) -> bool:
        """Draw it to all of ``target``; whether anything changed since the last time."""

    def close(self) -> None:
        """Let go of files."""


class Drift:
    """A still that the camera slowly moves over (Ken Burns), for ``length_s`` seconds."""

    def __init__(self, still: Planes, motion: str, length_s: float) -> None:
        self._still, self._motion, self._length_s = still, motion, max(0.1, length_s)

    def draw(self, target: Planes, at_s: float) -> bool:
        resample(self._still, self.window(at_s), target)
        return True

    def window(self, at_s: float) -> Window:
        """The part that is seen, px."""
        high, wide = self._still.y.shape
        linear = min(1.0, max(0.0, at_s / self._length_s))
        # Mostly steady, eased at both ends.
        share = 0.7 * linear + 0.3 * eased(linear)
        if self._motion in ("in", "out"):
            near = share if self._motion == "in" else 1 - share
            scale = 1 / (1 + (NEAR - 1) * near)
            return _centred(wide, high, scale, 0.5)
        along = share if self._motion == "right" else 1 - share
        return _centred(wide, high, 1 / NEAR, along)

    def close(self) -> None:
        pass


def _centred(wide: int, high: int, scale: float, along: float) -> Window:
    across, down = wide * scale, high * scale
    return (wide - across) * along, (high - down) / 2, across, down


class Clip:
    """A clip, played at a speed, cut to the shape of its card; then its last picture, or again."""

    def __init__(
        self,
        path: Path,
        label: str,
        bounds: Bounds,
        speed: float = 1.0,
        loop: bool = False,
        warn: Callable[[str], None] = lambda warning: None,
    ) -> None:
        start_s = bounds[0]
        self.reel = Reel(path, label, *bounds, warn)
        self._start_s, self._speed, self._loop = start_s, speed, loop
        self._offset_s = 0.0
        self._drawn = -1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of its pictures."""
        return self.reel.size

    def draw(self, target: Planes, at_s: float) -> bool:
        moment_s = self._start_s + (at_s - self._offset_s) * self._speed
        shown = self.reel.at(moment_s)
        if self._loop and self.reel.ended and moment_s > shown.at_s + 0.1:
            self.reel.rewind()
            self._offset_s = at_s
            shown = self.reel.at(self._start_s)
        if shown.number == self._drawn:
            return False
        self._drawn = shown.number
        fill(target, shown.frame)
        return True

    def close(self) -> None:
        self.reel.close()


class Screen:
    """A screen recording with its tempo and its camera."""

    def __init__(
        self,
        path: Path,
        label: str,
        bounds: Bounds,
        tempo: Tempo,
        camera: Camera | None,
        warn: Callable[[str], None] = lambda warning: None,
    ) -> None:
        self.reel = Reel(path, label, *bounds, warn)
        self._tempo, self._camera = tempo, camera
        self._drawn: tuple[int, Window | None] = (-1, None)

    def draw(self, target: Planes, at_s: float) -> bool:
        shown = self.reel.at(self._tempo.source(at_s))
        view = self._camera.view(at_s) if self._camera else None
        if (shown.number, view) == self._drawn:
            return False
        self._drawn = (shown.number, view)
        if view is None or view == (0.0, 0.0, *map(float, self.reel.size)):
            fill(target, shown.frame)
        else:
            resample(Planes(*views_of(shown.frame)), view, target)
        return True

    def close(self) -> None:
        self.reel.close()


def fill(target: Planes, frame: VideoFrame) -> None:
    """Draw a frame to all of ``target``, its middle cut to the same shape."""
    high, wide = target.y.shape
    if abs(frame.width * high - frame.height * wide) > 0.02 * frame.width * high:
        scale = min(frame.width / wide, frame.height / high)
        across, down = wide * scale, high * scale
        window = ((frame.width - across) / 2, (frame.height - down) / 2, across, down)
        resample(Planes(*views_of(frame)), window, target)
        return
    if (frame.width, frame.height) != (wide, high):
        frame = frame.reformat(
            width=wide,
            height=high,
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            interpolation=_PRECISE,
            threads=1,
        )
    target.put(Planes(*views_of(frame)))
