"""A look at the first pictures: shape, colour, transparency, and whether they are interlaced.

Invariant: what the pictures show counts more than what the file claims about them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import av
import numpy as np
from av.filter import Graph
from av.sidedata.sidedata import Type as SideData
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from farm.media.picture import orientation, side_data
from farm_finish.normalise.tonemap import Transfer

LOOKED_AT = 32
_CLEAR = 10
"""So many pictures of one kind, and none of the other, need no more to be looked at."""
_PQ, _HLG = 16, 18
_GAMUTS = {9: "bt2020", 12: "p3"}
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc"}
_CODES = {name: code for code, name in _MATRICES.items()}
_BT2020_CL = 10
Fields = Literal["progressive", "tff", "bff"]


@dataclass(frozen=True, slots=True)
class Look:
    """The first picture: stored size, pixel aspect, turns (counter-clockwise quarters; mirrored
    before that), pixel format, matrix (FFmpeg's name), full range, transfer, gamut, peak in cd/m2
    (0: not told); and for all that were looked at, flagged and found fields."""

    first_s: Fraction
    width: int
    height: int
    aspect: Fraction
    turns: int
    mirrored: bool
    askew: int
    format: str
    matrix: str
    full_range: bool
    transfer: Transfer
    gamut: str
    peak_nits: float
    flagged: bool
    found: Fields | None

    @property
    def rgb(self) -> bool:
        """Whether it is stored as red, green and blue."""
        return av.VideoFormat(self.format).is_rgb or self.format == "pal8"

    @property
    def bits(self) -> int:
        """Bits per component."""
        return max(part.bits for part in av.VideoFormat(self.format).components)

    @property
    def alpha(self) -> bool:
        """Whether there is a channel of transparency."""
        return has_alpha(self.format)


def has_alpha(name: str) -> bool:
    """Whether a pixel format has a channel of transparency (a palette may)."""
    return name == "pal8" or any(part.is_alpha for part in av.VideoFormat(name).components)


def first_look(
    frames: Iterator[tuple[Fraction, VideoFrame]], stream: VideoStream, search_fields: bool
) -> Look | None:
    """What the first frames are like; ``None`` without frames."""
    look: Look | None = None
    flagged = 0
    search: _FieldSearch | None = None
    for number, (moment, frame) in enumerate(frames):
        if look is None:
            look = _described(moment, frame, stream)
            if search_fields:
                search = _FieldSearch(frame)
        flagged += frame.interlaced_frame
        if search is not None:
            search.add(frame, number)
        if search is None or search.clear or number + 1 >= LOOKED_AT:
            break
    if look is None:
        return None
    values = {name: getattr(look, name) for name in Look.__slots__}
    values |= {"flagged": flagged > 0, "found": search.verdict() if search else None}
    return Look(**values)


def matrix_code(name: str) -> int:
    """FFmpeg's number of a matrix."""
    return _CODES[name]


def _described(moment: Fraction, frame: VideoFrame, stream: VideoStream) -> Look:
    name = frame.format.name
    rgb = av.VideoFormat(name).is_rgb or name == "pal8"
    wide = frame.color_trc in (_PQ, _HLG) or frame.color_primaries == 9
    if frame.colorspace in _MATRICES:
        matrix = _MATRICES[frame.colorspace]
    elif frame.colorspace == _BT2020_CL or (wide and not rgb):
        matrix = "bt2020nc"
    else:
        # Untagged: what players assume.
        matrix = "bt709" if frame.height >= 720 else "smpte170m"
    transfer: Transfer = {_PQ: "pq", _HLG: "hlg"}.get(frame.color_trc, "sdr")  # type: ignore[assignment]
    gamut = _GAMUTS.get(frame.color_primaries, "bt2020" if transfer != "sdr" else "bt709")
    if transfer == "sdr" and rgb and gamut == "p3":
        gamut = "bt709" if frame.color_trc == 0 else gamut
    full = frame.color_range == 2 or rgb or name.startswith("yuvj")
    if name.startswith(("gray", "ya")) and frame.color_range != 1:
        full = True
    turns, mirrored, askew = orientation(frame)
    return Look(
        first_s=moment,
        width=frame.width,
        height=frame.height,
        aspect=_aspect(stream),
        turns=turns,
        mirrored=mirrored,
        askew=askew,
        format=name,
        matrix=matrix,
        full_range=full,
        transfer=transfer,
        gamut=gamut,
        peak_nits=_peak(frame),
        flagged=False,
        found=None,
    )


def _aspect(stream: VideoStream) -> Fraction:
    told = stream.sample_aspect_ratio or stream.codec_context.sample_aspect_ratio
    aspect = Fraction(told) if told else Fraction(1)
    # Beyond that it is a damaged header; no camera or format has such pixels.
    return aspect if Fraction(1, 8) <= aspect <= 8 else Fraction(1)


def _peak(frame: VideoFrame) -> float:
    """Brightest luminance of the content, else of the display it was mastered on; 0 if not told."""
    found = side_data(frame)
    light = found.get(SideData.CONTENT_LIGHT_LEVEL, b"")
    if len(light) >= 8:
        (brightest,) = struct.unpack("=I", light[:4])
        if 100 <= brightest <= 10_000:
            return float(brightest)
    master = found.get(SideData.MASTERING_DISPLAY_METADATA, b"")
    if len(master) >= 88:
        top, bottom = struct.unpack("=2i", master[72:80])
        has_luminance = struct.unpack("=i", master[84:88])[0]
        if has_luminance and bottom and 100 <= top / bottom <= 10_000:
            return float(top / bottom)
    return 0.0


class _FieldSearch:
    """Asks FFmpeg's ``idet`` whether the lines of a picture come from two moments."""

    def __init__(self, frame: VideoFrame) -> None:
        self._size = (frame.width, frame.height)
        self._graph = Graph()
        self._graph.threads = 1
        source = self._graph.add(
            "buffer",
            f"video_size={frame.width}x{frame.height}:pix_fmt=gray:time_base=1/1:pixel_aspect=1/1"
            ":colorspace=2:range=2",
        )
        sink = self._graph.add("buffersink")
        self._graph.link_nodes(source, self._graph.add("idet"), sink).configure()
        self._counts: dict[str, float] = {}

    def add(self, frame: VideoFrame, number: int) -> None:
        if (frame.width, frame.height) != self._size:
            return
        grey = _grey(frame)
        grey.pts, grey.time_base = number, Fraction(1)
        grey.colorspace, grey.color_range = 2, 2
        self._graph.vpush(grey)
        self._read()

    @property
    def clear(self) -> bool:
        """Whether more pictures would hardly change the verdict."""
        fields = self._counts.get("tff", 0) + self._counts.get("bff", 0)
        whole = self._counts.get("progressive", 0)
        return min(fields, whole) == 0 and max(fields, whole) >= _CLEAR

    def verdict(self) -> Fields | None:
        self._graph.vpush(None)
        self._read()
        count = self._counts
        fields, whole = count.get("tff", 0) + count.get("bff", 0), count.get("progressive", 0)
        if fields >= 4 and fields > 3 * whole:
            return "tff" if count["tff"] >= count["bff"] else "bff"
        if whole >= 4 and whole > 3 * fields:
            return "progressive"
        return None

    def _read(self) -> None:
        while True:
            try:
                found = self._graph.vpull().metadata
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            for name in ("tff", "bff", "progressive"):
                self._counts[name] = float(found.get(f"lavfi.idet.multiple.{name}", 0))


def _grey(frame: VideoFrame) -> VideoFrame:
    """The luma of a frame as a picture of its own, in eight bits."""
    form = frame.format
    if form.is_planar and not form.is_rgb and form.components[0].bits == 8:
        rows = np.frombuffer(frame.planes[0], np.uint8).reshape(-1, frame.planes[0].line_size)
        return VideoFrame.from_ndarray(rows[: frame.height, : frame.width], format="gray")
    return frame.reformat(format="gray", threads=1)
