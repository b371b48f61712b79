"""What was read of a film: its facts, one row of numbers for each picture, what could not be read.

Invariant: pictures are counted and timed as they are decoded; the header is only what they are
compared with.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from farm.media.picture import source_range
from farm.media.source import frame_rate
from farm_finish.normalise.decoded import Damage
from farm_finish.quality.pixels import Series

# Formats whose header counts the pictures.
_COUNTING = ("mov", "mp4", "avi")


@dataclass(frozen=True, slots=True)
class Colours:
    """Tags as FFmpeg's numbers, 2 (0 for a matrix of RGB) is not told; full, limited or untold."""

    matrix: int
    primaries: int
    transfer: int
    range: str
    rgb: bool
    limited: bool


@dataclass(slots=True)
class Film:
    """promised : frames the header tells, 0 if none. starts_s : of the first picture in the file.
    colours, width, height : of the first picture."""

    fps: Fraction
    promised: int
    series: Series
    damage: Damage
    starts_s: float = 0.0
    width: int = 0
    height: int = 0
    format: str = ""
    colours: Colours | None = None

    @property
    def frames(self) -> int:
        """Pictures that were decoded."""
        return len(self.series)

    @property
    def length_s(self) -> float:
        """How long they last at the film's rate."""
        return float(self.frames / self.fps)

    def add(self, moment: Fraction, frame: VideoFrame) -> None:
        """The next picture."""
        if self.colours is None:
            self.starts_s = float(moment)
            self.width, self.height = frame.width, frame.height
            self.format = frame.format.name
            self.colours = _colours(frame)
        self.series.add(float(moment) - self.starts_s, frame)


def film_of(container: InputContainer, stream: VideoStream) -> Film:
    """A film nothing has been read of yet."""
    counting = any(name in _COUNTING for name in container.format.name.split(","))
    promised = stream.frames if counting else 0
    return Film(frame_rate(stream), promised, Series(), Damage(keep=True))


def _colours(frame: VideoFrame) -> Colours:
    reach = {1: "limited", 2: "full"}.get(int(frame.color_range), "untold")
    return Colours(
        matrix=int(frame.colorspace),
        primaries=int(frame.color_primaries),
        transfer=int(frame.color_trc),
        range=reach,
        rgb=frame.format.is_rgb,
        limited=source_range(frame).value == 1,
    )
