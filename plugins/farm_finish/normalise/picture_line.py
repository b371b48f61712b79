"""The way of one picture: deinterlaced, turned, scaled, mapped to SDR, composited, padded.

Invariant: one picture in, one out, in order; a step that is not needed is not in the way, so a
picture that is right already comes out untouched.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm_finish.normalise.compose import flattened
from farm_finish.normalise.geometry import Geometry, planned
from farm_finish.normalise.look import Look, has_alpha, matrix_code
from farm_finish.normalise.params import NormaliseParams
from farm_finish.normalise.target import Fields
from farm_finish.normalise.tonemap import ToneMap

Step = tuple[str, str]
Shown = tuple[Fraction, VideoFrame]
BT709, LIMITED, FULL = 1, 1, 2
_SCALER = "flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"
_TURNS: dict[int, list[Step]] = {
    0: [],
    1: [("transpose", "cclock")],
    2: [("hflip", ""), ("vflip", "")],
    3: [("transpose", "clock")],
}


class PictureLine:
    """Brings pictures that look like ``look`` to ``form`` (a pixel format) and ``geometry``."""

    def __init__(
        self,
        look: Look,
        geometry: Geometry,
        form: str,
        fields: Fields,
        tone: ToneMap | None,
        params: NormaliseParams,
    ) -> None:
        self._look, self._geometry, self._form = look, geometry, form
        self._fields, self._tone, self._params = fields, tone, params
        self._shape: tuple[int, int, str] | None = None
        self._first: Graph | None = None
        self._second: Graph | None = None
        self._waiting: deque[Fraction] = deque()
        self._pushed = 0
        self.changed_shape = 0

    def push(self, moment: Fraction, frame: VideoFrame) -> Iterator[Shown]:
        """Take a picture; gives those that are ready."""
        shape = (frame.width, frame.height, frame.format.name)
        if shape != self._shape:
            if self._shape is not None:
                self.changed_shape += 1
                yield from self.flush()
            self._shape = shape
            self._build(*shape)
        self._waiting.append(moment)
        if self._first is None:
            yield self._waiting.popleft(), frame
            return
        frame.pts, frame.time_base = self._pushed, Fraction(1)
        frame.colorspace = 0 if self._look.rgb else matrix_code(self._look.matrix)
        frame.color_range = FULL if self._look.full_range else LIMITED
        self._pushed += 1
        self._first.vpush(frame)
        yield from self._ready()

    def flush(self) -> Iterator[Shown]:
        """The pictures that were held back."""
        if self._first is not None:
            self._first.vpush(None)
            yield from self._ready()
        self._first = self._second = None
        self._shape = None

    def _ready(self) -> Iterator[Shown]:
        assert self._first is not None
        while self._waiting:
            try:
                frame = self._first.vpull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            yield self._waiting.popleft(), self._second_half(frame)

    def _second_half(self, frame: VideoFrame) -> VideoFrame:
        if self._second is None:
            return frame
        picture = pixels(frame)
        if self._tone is not None:
            self._tone.apply(picture)
        mapped = frame
        if picture.shape[2] == 4 and self._params.alpha == "flatten":
            form = "rgb24" if picture.dtype == np.uint8 else "rgb48le"
            picture = flattened(picture, self._background())
            mapped = VideoFrame.from_ndarray(picture, format=form)
        mapped.pts, mapped.time_base = 0, Fraction(1)
        mapped.colorspace, mapped.color_range = 0, FULL
        self._second.vpush(mapped)
        return self._second.vpull()

    def _background(self) -> tuple[int, int, int]:
        digits = self._params.background.lstrip("#")
        red, green, blue = (int(digits[at : at + 2], 16) for at in (0, 2, 4))
        return red, green, blue

    def _build(self, width: int, height: int, name: str) -> None:
        look, geometry = self._look, self._geometry
        if (width, height) != (look.width, look.height):
            # The film has the size of its first picture; others are fitted into that.
            fitted = self._params.model_copy(
                update={"width": geometry.width, "height": geometry.height}
                | ({} if self._params.fit == "fill" else {"fit": "pad"})
            )
            geometry = planned(width, height, look.aspect, look.turns, look.mirrored, fitted)
        alpha = has_alpha(name)
        flatten = alpha and self._params.alpha == "flatten"
        work = ""
        if self._tone is not None:
            work = "rgba64le" if alpha else "rgb48le"
        elif flatten:
            deep = max(part.bits for part in av.VideoFormat(name).components) > 8
            work = "rgba64le" if deep else "rgba"
        before = self._shaping(geometry, name, work or self._form)
        pad: list[Step] = []
        if geometry.pad is not None:
            across, down, left, top = geometry.pad
            pad = [("pad", f"{across}:{down}:{left}:{top}:color={self._params.background}")]
        self._waiting.clear()
        self._pushed = 0
        if work:
            mapped = {"rgba": "rgb24", "rgba64le": "rgb48le"}.get(work, work) if flatten else work
            size = self._size_before_pad(geometry, width, height)
            self._first = _graph(width, height, name, self._in_tags(), before)
            convert = [("scale", self._colour(True, self._form)), ("format", self._form)]
            self._second = _graph(*size, mapped, (0, FULL), [*convert, *pad])
        else:
            steps = [*before, *pad]
            self._second = None
            self._first = _graph(width, height, name, self._in_tags(), steps) if steps else None

    def _size_before_pad(self, geometry: Geometry, width: int, height: int) -> tuple[int, int]:
        if geometry.crop is not None:
            return geometry.crop[0], geometry.crop[1]
        if geometry.scale is not None:
            return geometry.scale
        return (height, width) if geometry.turns % 2 else (width, height)

    def _in_tags(self) -> tuple[int, int]:
        look = self._look
        return (0 if look.rgb else matrix_code(look.matrix)), FULL if look.full_range else LIMITED

    def _shaping(self, geometry: Geometry, name: str, form: str) -> list[Step]:
        steps: list[Step] = []
        if self._fields in ("tff", "bff"):
            steps += [("setfield", self._fields), ("bwdif", f"send_frame:{self._fields}:all")]
        elif self._fields != "none":
            which = "interlaced" if self._fields == "flags" else "all"
            steps.append(("bwdif", f"send_frame:auto:{which}"))
        elif self._look.flagged and self._params.deinterlace != "off":
            steps.append(("setfield", "prog"))
        if geometry.mirrored:
            steps.append(("hflip", ""))
        steps += _TURNS[geometry.turns]
        if self._look.format.startswith("gray") and av.VideoFormat(form).is_rgb:
            steps += self._levelled()
        if geometry.scale is not None or not self._right(name, form):
            size = "" if geometry.scale is None else "{}:{}:".format(*geometry.scale)
            steps += [("scale", size + self._colour(self._look.rgb, form)), ("format", form)]
        if geometry.crop is not None:
            steps.append(("crop", "{}:{}:{}:{}:exact=1".format(*geometry.crop)))
        return steps

    def _levelled(self) -> list[Step]:
        """A limited grey as YCbCr, which the scaler reads with its levels."""
        if self._look.full_range:
            return []
        form = "yuv444p" if self._look.bits == 8 else "yuv444p16le"
        same = f"{_SCALER}:in_range=full:out_range=full"
        return [("scale", same), ("format", form), ("setrange", "limited")]

    def _right(self, name: str, form: str) -> bool:
        """Whether a picture in pixel format ``name`` needs no conversion to be in ``form``."""
        if name != form:
            return False
        return self._look.rgb or (self._look.matrix == "bt709" and not self._look.full_range)

    def _colour(self, rgb: bool, form: str) -> str:
        """Arguments of the scaler for colours from RGB, or from the source's YUV, to ``form``."""
        arguments = _SCALER
        grey = self._look.format.startswith("gray") and not av.VideoFormat(form).is_rgb
        if grey and not self._look.full_range and not rgb:
            # The scaler takes every grey for full range: told twice, it leaves the levels alone.
            return f"{arguments}:in_range=full:out_range=full"
        if not rgb:
            arguments += f":in_color_matrix={self._look.matrix}"
            arguments += f":in_range={'full' if self._look.full_range else 'limited'}"
        if av.VideoFormat(form).is_rgb:
            return f"{arguments}:out_range=full"
        return f"{arguments}:out_color_matrix=bt709:out_range=limited"


def pixels(frame: VideoFrame) -> NDArray[Any]:
    """The memory of a packed RGB frame itself, uint8 or uint16 (H, W, 3 or 4): at 8K, a copy more
    or less is 200 MB."""
    plane, part = frame.planes[0], frame.format.components[0]
    kind = np.dtype(np.uint16 if part.bits > 8 else np.uint8)
    channels = len(frame.format.components)
    return np.ndarray(
        (frame.height, frame.width, channels),
        kind,
        buffer=plane,  # type: ignore[arg-type]
        strides=(plane.line_size, channels * kind.itemsize, kind.itemsize),
    )


def _graph(width: int, height: int, name: str, tags: tuple[int, int], steps: list[Step]) -> Graph:
    graph = Graph()
    graph.threads = 1
    source = graph.add(
        "buffer",
        f"video_size={width}x{height}:pix_fmt={name}:time_base=1/1:pixel_aspect=1/1"
        f":colorspace={tags[0]}:range={tags[1]}",
    )
    nodes = [graph.add(kind, arguments or None) for kind, arguments in steps]
    graph.link_nodes(source, *nodes, graph.add("buffersink")).configure()
    return graph
