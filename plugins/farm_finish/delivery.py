"""The MP4 that leaves the farm: index in front, colour and provenance written down.

Invariant: the bytes depend on the streams and the tags alone. No date, no library version, no
number of cores goes into the container.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.packet import Packet

_OPTIONS = {"movflags": "+faststart+use_metadata_tags", "fflags": "+bitexact"}


@contextmanager
def delivered(
    path: Path, tags: Mapping[str, str], timescale: int | None = None
) -> Iterator[OutputContainer]:
    """A new MP4 (MOV by its ending) at ``path`` with ``tags`` in it; ``timescale`` is the video's
    ticks per second."""
    options = dict(_OPTIONS)
    if timescale is not None:
        options["video_track_timescale"] = str(timescale)
    form = "mov" if path.suffix == ".mov" else "mp4"
    with av.open(str(path), "w", format=form, options=options) as container:
        for name, text in sorted(tags.items()):
            container.metadata[name] = text
        yield container


def ticks(fps: Fraction) -> tuple[int, int]:
    """A time scale (ticks per second, at least 10,000) and the whole ticks of one frame."""
    factor = -(-10_000 // fps.numerator)
    return fps.numerator * factor, fps.denominator * factor


class Interleaver:
    """Writes sound packets just before the pictures they go with."""

    def __init__(self, container: OutputContainer, sound: Iterator[Packet]) -> None:
        self._container = container
        self._sound = sound
        self._next = next(sound, None)

    def mux(self, packet: Packet) -> None:
        """Write one video packet after all sound that comes before it."""
        self._flush(Fraction(packet.dts or 0) * (packet.time_base or Fraction(1)))
        self._container.mux(packet)

    def close(self) -> None:
        """Write the rest of the sound."""
        self._flush(None)

    def _flush(self, until_s: Fraction | None) -> None:
        while self._next is not None:
            packet = self._next
            at = Fraction(packet.dts or 0) * (packet.time_base or Fraction(1))
            if until_s is not None and at > until_s:
                return
            self._container.mux(packet)
            self._next = next(self._sound, None)
