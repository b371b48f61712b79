"""Clips of nasty kinds, each made with PyAV on the spot."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

Size = tuple[int, int]


def scene(index: int, width: int = 96, height: int = 64) -> np.ndarray:
    """RGB uint8 (H, W, 3): a ramp with a bright bar whose place tells the index."""
    x = np.linspace(30, 220, width)[None, :, None]
    frame = np.broadcast_to(x, (height, width, 3)).copy()
    frame[..., 2] = np.linspace(220, 30, height)[:, None]
    frame[:, (5 * index) % width : (5 * index) % width + 6] = 245
    frame[height // 2 :, : width // 3] = (200, 40, 40)
    return frame.astype(np.uint8)


def tone(length_s: float, rate: int = 48_000, channels: int = 2, level: float = 0.4) -> np.ndarray:
    """int16 (channels, n): a sine of 440 Hz in every channel."""
    times = np.arange(round(length_s * rate)) / rate
    return np.repeat(
        (np.sin(2 * np.pi * 440 * times) * 32767 * level).astype(np.int16)[None], channels, 0
    )


def film(
    path: Path,
    moments: Sequence[int] | int = 12,
    *,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    fps: Fraction | int = 24,
    tick: Fraction | None = None,
    size: Size = (96, 64),
    draw: Callable[..., np.ndarray] = scene,
    colour: tuple[int, int, int, int] | None = (1, 1, 1, 1),
    aspect: Fraction | None = None,
    interlaced: bool = False,
    sound: Sequence[tuple[int, np.ndarray]] = (),
    sound_rate: int = 48_000,
    layout: str = "stereo",
    sound_codec: str = "pcm_s16le",
    rotate: int | None = None,
    tags: dict[str, str] | None = None,
    **options: str,
) -> Path:
    """A clip with a frame at each of ``moments`` (in ticks; default one frame each), and pieces of
    sound ``(start in samples, int16 (channels, n))``. ``colour``: matrix, primaries, transfer, range.
    """
    moments = range(moments) if isinstance(moments, int) else moments
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=fps, options=options)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        context = stream.codec_context
        context.thread_count = 1
        if tick:
            context.time_base = tick
        if colour:
            context.colorspace, context.color_primaries = colour[:2]
            context.color_trc, context.color_range = colour[2:]
        if aspect:
            context.sample_aspect_ratio = aspect
        if rotate is not None:
            stream.set_display_rotation(rotate)
        stream.metadata.update(tags or {})
        track = out.add_stream(sound_codec, rate=sound_rate, layout=layout) if sound else None
        for index, moment in enumerate(moments):
            picture = draw(index, *size)
            frame = shown(picture, pixels, colour)
            frame.pts, frame.time_base = moment, tick or 1 / Fraction(fps)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
        for start, samples in sound:
            for at in range(0, samples.shape[1], 1024):
                part = np.ascontiguousarray(samples[:, at : at + 1024].T.reshape(1, -1))
                piece = av.AudioFrame.from_ndarray(part, format="s16", layout=layout)
                piece.sample_rate, piece.pts = sound_rate, start + at
                piece.time_base = Fraction(1, sound_rate)
                out.mux(track.encode(piece))
        if track is not None:
            out.mux(track.encode(None))
    return path


def shown(picture: np.ndarray, pixels: str, colour: tuple[int, ...] | None) -> av.VideoFrame:
    """A picture as a frame: uint8 or uint16 (H, W, 3 or 4), or a frame that is ready."""
    if isinstance(picture, av.VideoFrame):
        return picture
    kinds = {("uint8", 3): "rgb24", ("uint8", 4): "rgba", ("uint16", 3): "rgb48le"}
    frame = av.VideoFrame.from_ndarray(picture, format=kinds[picture.dtype.name, picture.shape[2]])
    if frame.format.name == pixels:
        return frame
    matrix = {1: "ITU709", 9: "BT2020", 6: "SMPTE170M"}.get(colour[0] if colour else 6, "ITU709")
    full = bool(colour) and colour[3] == 2
    made = frame.reformat(
        format=pixels,
        dst_colorspace=matrix,
        dst_color_range="JPEG" if full else "MPEG",
        interpolation=4 | 0x40000 | 0x2000 | 0x80000,
    )
    if colour:
        made.colorspace, made.color_primaries, made.color_trc, made.color_range = colour
    return made


def woven(top_first: bool) -> Callable[[int, int, int], np.ndarray]:
    """Interlaced pictures: the lines of each come from two moments of a moving bar."""

    def draw(index: int, width: int, height: int) -> np.ndarray:
        early, late = (moving(2 * index + part, width, height) for part in (0, 1))
        frame = early.copy()
        frame[1 if top_first else 0 :: 2] = late[1 if top_first else 0 :: 2]
        return frame

    return draw


def moving(index: int, width: int, height: int) -> np.ndarray:
    """A bright box on a soft ground, eight pixels further with each index."""
    frame = np.full((height, width, 3), 60, np.uint8)
    left = 8 * index % (width - 24)
    frame[height // 4 : height * 3 // 4, left : left + 24] = 220
    return frame


def patched(source: Path, target: Path, name: bytes, at: int, content: bytes) -> Path:
    """A copy with bytes overwritten, ``at`` bytes behind the four of a box called ``name``."""
    data = bytearray(source.read_bytes())
    begin = data.index(name) + 4 + at
    data[begin : begin + len(content)] = content
    target.write_bytes(data)
    return target


def display_matrix(source: Path, target: Path, matrix: tuple[int, ...]) -> Path:
    """A copy whose display matrix maps (x, y) to (ax + cy + tx, bx + dy + ty)."""
    a, b, c, d, tx, ty = (part << 16 for part in matrix)
    return patched(
        source, target, b"tkhd", 40, struct.pack(">9i", a, b, 0, c, d, 0, tx, ty, 1 << 30)
    )


def mirrored(source: Path, target: Path, size: Size) -> Path:
    """A copy whose display matrix swaps left and right."""
    return display_matrix(source, target, (-1, 0, 0, 1, size[0], 0))


def frames(path: Path, form: str | None = None) -> list[np.ndarray]:
    """Every frame as bytes of its planes, or as an array in ``form``."""
    with av.open(str(path)) as container:
        return [
            frame.to_ndarray(format=form) if form else planes(frame)
            for frame in container.decode(video=0)
        ]


def planes(frame: av.VideoFrame) -> np.ndarray:
    """The visible bytes of every plane, one after another."""
    parts = []
    for plane, part in zip(frame.planes, frame.format.components, strict=False):
        rows = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)[: plane.height]
        wide = plane.width * (2 if part.bits > 8 else 1)
        wide = wide * 4 if frame.format.name in ("bgr0", "bgra") else wide
        parts.append(rows[:, :wide].reshape(-1))
    return np.concatenate(parts)


def samples(path: Path) -> np.ndarray:
    """Float samples (channels, n) of a sound file of 24-bit FLAC."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        parts = [frame.to_ndarray().reshape(-1, 2).T for frame in container.decode(stream)]
    return np.concatenate(parts, axis=1) / 2.0**31
