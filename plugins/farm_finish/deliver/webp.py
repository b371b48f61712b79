"""An animated WebP.

Invariant: it lasts as long as its pictures: the encoder guesses how long the last one is shown, so
that is written in afterwards.
"""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from farm_finish.deliver.params import PreviewParams

_TICK = Fraction(1, 1000)


class WebpWriter:
    """Writes BGRA pictures to a WebP; a context manager."""

    def __init__(self, path: Path, fps: Fraction, params: PreviewParams) -> None:
        options = {"loop": "0" if params.loop else "1", "fflags": "+bitexact"}
        self._output = av.open(str(path), "w", format="webp", options=options)
        self._path, self._fps, self._params = path, fps, params
        self._stream: VideoStream | None = None
        self._count = 0

    def __enter__(self) -> WebpWriter:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        try:
            if kind is None and self._stream is not None:
                self._output.mux(self._stream.encode(None))
        finally:
            self._output.close()
        if kind is None:
            set_length(self._path, self._moment(self._count))

    def write(self, frame: VideoFrame) -> None:
        """The next picture."""
        if self._stream is None:
            self._stream = self._begin(frame)
        frame.pts, frame.time_base = self._moment(self._count), _TICK
        self._count += 1
        self._output.mux(self._stream.encode(frame))

    def _begin(self, first: VideoFrame) -> VideoStream:
        options = {"quality": str(self._params.webp_quality), "compression_level": "4"}
        stream = self._output.add_stream("libwebp_anim", rate=1000, options=options)
        stream.width, stream.height, stream.pix_fmt = first.width, first.height, "bgra"
        stream.codec_context.time_base = _TICK
        stream.codec_context.thread_count = 1
        return stream

    def _moment(self, index: int) -> int:
        return round(index / self._fps / _TICK)


def set_length(path: Path, length_ms: int) -> None:
    """Show the last picture of the WebP at ``path`` so long that all last ``length_ms``; a still
    one is left as it is."""
    data = bytearray(path.read_bytes())
    at, lengths = 12, []
    while at + 8 <= len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        if name == b"ANMF":
            place = at + 8 + 12
            lengths.append((place, int.from_bytes(data[place : place + 3], "little")))
        at += 8 + size + size % 2
    if not lengths:
        return
    last = length_ms - sum(length for _, length in lengths[:-1])
    place = lengths[-1][0]
    data[place : place + 3] = max(1, last).to_bytes(3, "little")
    path.write_bytes(data)
