"""An animated GIF: one palette that fits the whole film, and pictures drawn with it.

Invariant: memory does not grow with the film. A picture is shown from its moment, rounded to the
hundredths of a second that GIF counts in, until that of the next.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
from av.filter import Graph
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from farm_finish.deliver.params import PreviewParams

_TICK = Fraction(1, 100)
_DITHER = {"diffuse": "sierra2_4a", "ordered": "bayer:bayer_scale=3", "none": "none"}


class Palette:
    """Collects the colours of BGRA pictures of one size."""

    def __init__(self, first: VideoFrame, colours: int) -> None:
        self._graph = Graph()
        self._graph.threads = 1
        source = self._graph.add("buffer", _buffer(first.width, first.height))
        chosen = self._graph.add(
            "palettegen", f"max_colors={colours}:stats_mode=full:reserve_transparent=1"
        )
        self._graph.link_nodes(source, chosen, self._graph.add("buffersink")).configure()
        self._count = 0

    def add(self, frame: VideoFrame) -> None:
        """Look at a picture."""
        frame.pts, frame.time_base = self._count, _TICK
        self._count += 1
        self._graph.vpush(frame)

    def found(self) -> VideoFrame:
        """The palette: a picture of 16 x 16 colours."""
        self._graph.vpush(None)
        return self._graph.vpull()


class GifWriter:
    """Writes BGRA pictures to a GIF; a context manager."""

    def __init__(
        self, path: Path, fps: Fraction, palette: VideoFrame, params: PreviewParams
    ) -> None:
        options = {"loop": "0" if params.loop else "-1", "fflags": "+bitexact"}
        self._output = av.open(str(path), "w", format="gif", options=options)
        self._fps, self._palette, self._params = fps, palette, params
        self._stream: VideoStream | None = None
        self._pushed = self._written = 0

    def __enter__(self) -> GifWriter:
        return self

    def __exit__(self, kind: object, *error: object) -> None:
        try:
            if kind is None and self._stream is not None:
                self._pictures.push(None)
                self._drain()
                self._mux(self._stream.encode(None))
        finally:
            self._output.close()

    def write(self, frame: VideoFrame) -> None:
        """The next picture."""
        if self._stream is None:
            self._begin(frame)
        frame.pts, frame.time_base = self._pushed, _TICK
        self._pushed += 1
        self._pictures.push(frame)
        self._drain()

    def _begin(self, first: VideoFrame) -> None:
        self._graph = Graph()
        self._graph.threads = 1
        self._pictures = self._graph.add("buffer", _buffer(first.width, first.height))
        colours = self._graph.add("buffer", _buffer(self._palette.width, self._palette.height))
        dither = _DITHER[self._params.dither]
        drawn = self._graph.add("paletteuse", f"dither={dither}:diff_mode=rectangle")
        self._sink = self._graph.add("buffersink")
        self._pictures.link_to(drawn, 0, 0)
        colours.link_to(drawn, 0, 1)
        drawn.link_to(self._sink)
        self._graph.configure()
        self._palette.pts, self._palette.time_base = 0, _TICK
        colours.push(self._palette)
        colours.push(None)
        self._stream = self._output.add_stream("gif", rate=100)
        self._stream.width, self._stream.height = first.width, first.height
        self._stream.pix_fmt = "pal8"
        self._stream.codec_context.time_base = _TICK
        self._stream.codec_context.thread_count = 1

    def _drain(self) -> None:
        assert self._stream is not None
        while True:
            try:
                frame = self._sink.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            assert isinstance(frame, VideoFrame)
            frame.pts, frame.time_base = self._moment(self._written), _TICK
            self._mux(self._stream.encode(frame))

    def _mux(self, packets: list[Packet]) -> None:
        for packet in packets:
            # What the last one tells is how long it is shown.
            end = self._moment(self._written + 1)
            packet.duration = end - self._moment(self._written)
            self._written += 1
            self._output.mux(packet)

    def _moment(self, index: int) -> int:
        return round(index / self._fps / _TICK)


def _buffer(width: int, height: int) -> str:
    size = f"video_size={width}x{height}"
    return f"{size}:pix_fmt=bgra:time_base=1/100:pixel_aspect=1/1:colorspace=0:range=2"
