"""When the pictures of a film are shown, found by reading its packets.

Invariant: the first picture is moment 0 of a film, wherever its time stamps begin.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from farm import InputError
from farm.media.source import frame_rate, opened, video_stream


@dataclass(frozen=True, slots=True)
class Pictures:
    """The time line of a video stream, in seconds of the file.

    ticks : when each is shown, in the order of the packets, counted in ``base`` s from the first
    picture on. hidden : pictures that an edit list does not show. guessed : the file tells no
    moments, and pictures are not decoded in the order they are shown. fps : the rate, if every
    picture lies on its grid to within 2 ms; else ``None``.
    """

    ticks: NDArray[np.int64]
    base: Fraction
    hidden: int
    guessed: bool
    start_s: Fraction
    length_s: Fraction
    fps: Fraction | None
    codec: str

    @property
    def frames(self) -> int:
        """Number of pictures."""
        return len(self.ticks)


def picture_span(path: Path, label: str) -> tuple[Fraction, Fraction]:
    """Moment of the first picture in the file, and how long the pictures last, in seconds."""
    pictures = inspect_pictures(path, label)
    return pictures.start_s, pictures.length_s


def inspect_pictures(path: Path, label: str) -> Pictures:
    """Read the packets of the first video stream.

    Raises
    ------
    InputError : there is none, it holds no picture, or a picture has no time.
    """
    with opened(path, label) as container:
        stream = video_stream(container, label)
        fps = frame_rate(stream)
        base = Fraction(stream.time_base or Fraction(1, 1000))
        times: list[int] = []
        last, last_ticks, hidden = -(1 << 62), 0, 0
        for packet in container.demux(stream):
            if packet.size == 0:
                continue
            if packet.pts is None:
                raise InputError(
                    "has a picture without a time",
                    where=label,
                    expected="a time stamp on every packet",
                    got=f"none on picture {len(times) + 1}",
                    mend="Write it to MP4 or Matroska first (video.encode).",
                    code="media.no-time-stamps",
                )
            if packet.is_discard:  # An edit list keeps it for decoding only.
                hidden += 1
                continue
            times.append(packet.pts)
            if packet.pts > last:
                last, last_ticks = packet.pts, packet.duration or 0
        codec = stream.codec.canonical_name
        guessed = container.format.name == "avi" and bool(stream.codec_context.has_b_frames)
    if not times:
        raise InputError(
            "has no frames",
            where=label,
            mend="Send a video with at least one picture.",
            code="media.no-frames",
        )
    ticks = np.array(times, np.int64) - min(times)
    start_s = min(times) * base
    shown = np.sort(ticks)
    # In floats, because exact fractions of 100,000 pictures take a second; 2 ms is far above error.
    off = np.abs(shown * float(base) - np.arange(len(shown)) / float(fps))
    if off.max() <= 0.002:
        return Pictures(ticks, base, hidden, guessed, start_s, len(ticks) / fps, fps, codec)
    length_s = (int(shown[-1]) + last_ticks) * base
    return Pictures(ticks, base, hidden, guessed, start_s, length_s, None, codec)
