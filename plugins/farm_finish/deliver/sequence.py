"""The stage ``video.sequence``: a film as numbered pictures in a folder.

Invariant: picture ``n`` is the film's frame ``n``, of its size to the pixel; what tools need to put
them together again stands in ``sequence.json``.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from av.codec.context import CodecContext, Flags
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from farm import Result, Task
from farm.media.film import no_frames
from farm_finish.deliver.folder import folder
from farm_finish.deliver.params import SequenceParams
from farm_finish.deliver.reading import Wanted, upright
from farm_finish.normalise.look import Look

SCHEMA = "farm.sequence/1"
_DIGITS, _EIGHT = 6, 8
_DEEP = {3: "rgb48", 4: "rgba64"}
_SCALERS_WHITE, _SCALERS_OPAQUE = 65_283, 65_532
_OPTIONS = {
    "png": {"pred": "mixed", "compression_level": "6"},
    "tiff": {"compression_algo": "deflate"},
    "exr": {"compression": "zip16", "format": "half"},
}


def run(task: Task[SequenceParams]) -> Result:
    """Write the pictures of ``video`` to ``folder``."""
    target: Path = task.output("folder", ".zip")
    source, params = task.input("video"), task.params

    def form(look: Look) -> str:
        alpha = look.alpha and params.alpha == "keep"
        if _depth(params, look) == _EIGHT or (look.rgb and look.bits == _EIGHT):
            return "rgba" if alpha else "rgb24"
        return "rgba64le" if alpha else "rgb48le"

    wanted = Wanted(form, alpha=params.alpha == "keep", background=params.background, odd=True)
    encoder: CodecContext | None = None
    with (
        upright(source.path, wanted, frames=source.facts.frames or 0) as film,
        folder(target) as made,
    ):
        count, depth = 0, _depth(params, film.look)
        for count, frame in enumerate(film.frames, 1):
            task.progress(count - 1, max(film.total, count), f"frame {count - 1}")
            picture = _picture(frame, params, depth)
            encoder = encoder or _encoder(params.form, picture)
            number = params.first_number + count - 1
            name = f"frame_{number:0{_DIGITS}d}.{params.form}"
            made.put(name, _encoded(encoder, picture, count))
        if encoder is None:
            raise no_frames("video")
        facts = {
            "schema": SCHEMA,
            "pattern": f"frame_%0{_DIGITS}d.{params.form}",
            "first_number": params.first_number,
            "frames": count,
            "fps": str(film.fps),
            "width": film.width,
            "height": film.height,
            "pixel_format": encoder.pix_fmt,
            "light": "linear BT.709" if params.form == "exr" else "BT.709, as shown",
        }
        made.put("sequence.json", (json.dumps(facts, indent=2) + "\n").encode())
    task.progress(1, 1)
    return {"folder": target}


def _depth(params: SequenceParams, look: Look) -> int:
    if params.form == "exr" or params.bits == "16":
        return 16
    wide = look.bits > _EIGHT or look.gamut != "bt709"
    return 16 if wide and params.bits == "auto" else _EIGHT


def _picture(frame: VideoFrame, params: SequenceParams, depth: int) -> VideoFrame:
    """What the line made as it is stored."""
    if depth == _EIGHT:
        return frame
    levels = _full(frame.to_ndarray())
    if params.form == "exr":
        return _linear(levels)
    ends = "be" if params.form == "png" else "le"
    return VideoFrame.from_ndarray(levels, format=f"{_DEEP[levels.shape[2]]}{ends}")


def _full(levels: NDArray[Any]) -> NDArray[np.uint16]:
    """Levels from 0 to 65535: of 8 bits exactly; of the scaler's 16, which end before that."""
    if levels.dtype == np.uint8:
        return levels.astype(np.uint16) * np.uint16(257)
    ends = np.array([_SCALERS_WHITE] * 3 + [_SCALERS_OPAQUE] * (levels.shape[2] - 3))
    whole = np.round(levels * (65_535 / ends))
    return np.minimum(whole, 65_535).astype(np.uint16)


def _encoder(form: str, first: VideoFrame) -> VideoCodecContext:
    context = CodecContext.create(form, "w")
    assert isinstance(context, VideoCodecContext)
    context.width, context.height, context.pix_fmt = first.width, first.height, first.format.name
    context.time_base, context.thread_count = Fraction(1, 25), 1
    context.options = _OPTIONS[form]
    context.flags |= Flags.bitexact
    return context


def _encoded(encoder: CodecContext, picture: VideoFrame, number: int) -> bytes:
    picture.pts, picture.time_base = number, Fraction(1, 25)
    (packet,) = encoder.encode(picture)  # type: ignore[attr-defined]
    return bytes(packet)


def _linear(levels: NDArray[np.uint16]) -> VideoFrame:
    """Pictures as light: the inverse of the curve of ITU-R BT.709, alpha multiplied in, as EXR
    has it."""
    signal = levels.astype(np.float32) / np.float32(65_535)
    colour = signal[..., :3]
    light = np.where(colour < 0.081, colour / 4.5, ((colour + 0.099) / 1.099) ** (1 / 0.45))
    if signal.shape[2] == 4:
        light = np.concatenate([light * signal[..., 3:], signal[..., 3:]], axis=2)
    name = "gbrapf32le" if light.shape[2] == 4 else "gbrpf32le"
    return VideoFrame.from_ndarray(np.ascontiguousarray(light, np.float32), format=name)
