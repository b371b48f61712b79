"""Reading audio-visual files with PyAV: what is in them, and whether all of it is there.

Invariant: only the named file is opened. Formats that refer to other files or addresses
(playlists, numbered pictures) are never recognised, so a submission cannot make the farm read them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farm.artifacts.headers import PICTURES
from farm.domain.media import MediaFacts, MediaKind

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from av.video.stream import VideoStream

    Stream = VideoStream | AudioStream

_DEMUXERS = {
    **{name: f"{name}_pipe" for name in ("png", "jpeg", "webp", "bmp", "tiff")},
    "gif": "gif",
    "avif": "mov",
    "heic": "mov",
    "mp4": "mov",
    "avi": "avi",
    "wav": "wav",
    "matroska": "matroska",
    "ogg": "ogg",
    "flac": "flac",
}
_ALLOWED = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegts,flv,asf,mxf,ivf,yuv4mpegpipe,wav,w64,"
    "flac,mp3,aac,ac3,ogg,aiff,caf,gif,png_pipe,jpeg_pipe,webp_pipe,bmp_pipe,tiff_pipe"
)
# These begin in the middle by nature, or (TIFF) FFmpeg complains about intact files.
_LENIENT = ("mpeg", "mpegts", "tiff_pipe")
# Their headers state an exact length; elsewhere FFmpeg may have estimated it.
_EXACT = ("mov", "flac", "matroska", "wav")


class Unreadable(Exception):
    """Raised when a file cannot be read to its end; ``truncated`` when its end is missing."""

    def __init__(self, got: str, *, expected: str = "", truncated: bool = False) -> None:
        super().__init__(got)
        self.got, self.expected, self.truncated = got, expected, truncated


class TooManyPixels(Exception):
    """Raised before a frame of ``width`` x ``height`` pixels would be decoded."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__(f"{width}x{height}")
        self.width, self.height = width, height


@dataclass(slots=True)
class _Tally:
    """What was seen of one stream; times in its time base."""

    packets: int = 0
    shown: int = 0
    """Packets that make a visible frame."""
    decoded: int = 0
    samples: int = 0
    start: int | None = None
    end: int | None = None
    rotation: int = 0


def count_streams(path: Path, format: str = "") -> tuple[MediaKind, MediaFacts]:
    """Facts by reading packets only. format : as :func:`farm.artifacts.headers.read_header` says.

    Raises
    ------
    Unreadable : not a media file, or no stream in it.
    """
    import av

    try:
        with _opened(path, format, {}) as container:
            main = _main_stream(container)
            tallies = {stream.index: _Tally() for stream in container.streams}
            for packet in container.demux():
                _count(tallies[packet.stream_index], packet)
            return _facts(container, main, tallies, format, tallies[main.index].shown)
    except (av.error.FFmpegError, ValueError) as error:
        raise Unreadable(_reason(error)) from error


def decode_streams(
    path: Path, format: str = "", *, max_pixels: int, max_frames: int, full_decode_pixels: int
) -> tuple[MediaKind, MediaFacts]:
    """Facts by decoding; see :class:`farm.artifacts.probe.ProbeLimits` for the limits.

    Raises
    ------
    Unreadable : broken, or cut off. TooManyPixels : a frame over ``max_pixels``.
    """
    import av

    # Decoders count padding too, so theirs is the coarser limit; sizes are checked exactly below.
    options = {"max_pixels": str(2 * max_pixels + 1_000_000)}
    try:
        with _opened(path, format, options) as container:
            main = _main_stream(container)
            if main.frames > max_frames:
                raise Unreadable(f"{main.frames} frames", expected=f"at most {max_frames}")
            _set_decoders(container, options, max_pixels)
            tallies = {stream.index: _Tally() for stream in container.streams}
            complete = _decode(container, main, tallies, max_pixels, max_frames, full_decode_pixels)
            _check_length(container, main, tallies[main.index])
            tally = tallies[main.index]
            frames = tally.decoded if complete else tally.shown
            return _facts(container, main, tallies, format, frames)
    except (av.error.FFmpegError, ValueError) as error:
        raise Unreadable(_reason(error)) from error


def _opened(path: Path, format: str, options: dict[str, str]) -> InputContainer:
    import av

    # "file:" so that a colon in a name is no protocol.
    return av.open(
        f"file:{path.absolute()}",
        mode="r",
        format=_DEMUXERS.get(format),
        options={"format_whitelist": _ALLOWED, "protocol_whitelist": "file", **options},
        metadata_errors="replace",
    )


def _main_stream(container: InputContainer) -> Stream:
    """The first moving or still picture that is no cover art, else the first audio."""
    from av.stream import Disposition

    pictures = [
        stream
        for stream in container.streams.video
        if not stream.disposition & Disposition.attached_pic
    ]
    streams: list[Stream] = [*pictures, *container.streams.audio]
    for main in streams:
        if main.codec_context is None:
            raise Unreadable("it is in a format that nothing here decodes")
        return main
    raise Unreadable("no video and no audio in it")


def _family(container: InputContainer) -> str:
    return container.format.name.split(",")[0]


def _set_decoders(container: InputContainer, options: dict[str, str], max_pixels: int) -> None:
    family = _family(container)
    for picture in container.streams.video:
        if picture.codec_context is None:
            continue
        _check_pixels(picture.codec_context.width, picture.codec_context.height, max_pixels)
    streams: list[Stream] = [*container.streams.video, *container.streams.audio]
    for stream in streams:
        if stream.codec_context is None:
            continue
        strict = family == "flac" or (stream.type == "video" and family not in _LENIENT)
        flags = {"err_detect": "explode+crccheck+bitstream+buffer"} if strict else {}
        stream.codec_context.options = {**options, **flags}


def _check_pixels(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise TooManyPixels(width, height)


def _decode(
    container: InputContainer,
    main: Stream,
    tallies: dict[int, _Tally],
    max_pixels: int,
    max_frames: int,
    full_decode_pixels: int,
) -> bool:
    """Decode everything within the budget; returns whether all of it was decoded."""
    import av

    budget, tally = full_decode_pixels, tallies[main.index]
    audible = container.streams.audio[0] if container.streams.audio else None
    for packet in container.demux():
        seen = tallies[packet.stream_index]
        _count(seen, packet)
        if packet.is_corrupt:
            raise Unreadable(
                f"packet {seen.packets} is incomplete", expected="whole packets", truncated=True
            )
        if packet.stream_index not in (main.index, audible.index if audible else main.index):
            continue
        if budget < 0 and packet.stream_index != main.index:
            continue
        for frame in packet.decode():
            if isinstance(frame, av.VideoFrame):
                if frame.is_corrupt:
                    raise Unreadable(f"frame {seen.decoded} is damaged", expected="whole frames")
                _check_pixels(frame.width, frame.height, max_pixels)
                seen.decoded += 1
                seen.rotation = frame.rotation
                budget -= frame.width * frame.height
                if budget < 0:
                    main.codec_context.skip_frame = "NONKEY"
            elif isinstance(frame, av.AudioFrame):
                seen.decoded += 1
                seen.samples += frame.samples
        if tally.shown > max_frames:
            raise Unreadable(f"over {max_frames} frames", expected=f"at most {max_frames}")
    if not tally.decoded:
        raise Unreadable("nothing in it could be decoded")
    return budget >= 0


def _count(tally: _Tally, packet: Any) -> None:
    if packet.size == 0:  # the flush at the end, or a repeated frame of an AVI without bytes
        return
    tally.packets += 1
    if packet.is_discard:
        return
    tally.shown += 1
    if packet.pts is not None:
        end = packet.pts + (packet.duration or 0)
        tally.start = packet.pts if tally.start is None else min(tally.start, packet.pts)
        tally.end = end if tally.end is None else max(tally.end, end)


def _check_length(container: InputContainer, main: Stream, tally: _Tally) -> None:
    if main.frames > tally.packets > 0 and _family(container) in ("mov", "avi"):
        raise Unreadable(
            f"{tally.packets}", expected=f"{main.frames} packets, as its index says", truncated=True
        )
    if _family(container) not in _EXACT or not main.duration or tally.end is None:
        return
    assert main.time_base is not None
    stated = main.duration * main.time_base
    found = (tally.end - (tally.start or 0)) * main.time_base
    slack = max(2 * found / max(1, tally.shown), Fraction(1, 10))
    if main.type == "audio" and _family(container) == "flac":
        # It counts its samples, and a damaged block is left out rather than complained about.
        found, slack = Fraction(tally.samples, main.codec_context.sample_rate), Fraction(0)
    if found < stated - slack:
        raise Unreadable(
            f"{float(found):.3f} s", expected=f"{float(stated):.3f} s of media", truncated=True
        )


def _facts(
    container: InputContainer,
    main: Stream,
    tallies: dict[int, _Tally],
    format: str,
    frames: int,
) -> tuple[MediaKind, MediaFacts]:
    tally = tallies[main.index]
    extra: dict[str, Any] = {"container": _family(container)}
    audio = container.streams.audio[0] if container.streams.audio else None
    facts = MediaFacts(codec=main.codec.canonical_name, extra=extra)
    if audio is not None and audio.codec_context is not None:
        facts = replace(
            facts,
            sample_rate=audio.codec_context.sample_rate,
            channels=audio.codec_context.channels,
            audio_codec=audio.codec.canonical_name,
        )
    measured_s = _measured_s(main, tally)
    if main.type == "audio":
        return MediaKind.AUDIO, replace(facts, duration_s=measured_s)
    context = main.codec_context
    facts = replace(facts, width=context.width, height=context.height, pixel_format=context.pix_fmt)
    if format in PICTURES and frames == 1:
        return MediaKind.IMAGE, replace(facts, codec=format, extra={})
    if tally.rotation:
        extra["rotation"] = tally.rotation
    fps = main.average_rate or main.guessed_rate
    duration_s = float(frames / fps) if fps else measured_s
    # Matroska rounds times to a millisecond, so a constant rate is the better measure.
    if fps and measured_s is not None and abs(measured_s * fps - frames) > 1:
        duration_s, extra["variable_fps"] = measured_s, True
    return MediaKind.VIDEO, replace(facts, frames=frames, fps=fps, duration_s=duration_s)


def _measured_s(stream: Stream, tally: _Tally) -> float | None:
    if tally.start is None or tally.end is None or stream.time_base is None:
        return None
    return float((tally.end - tally.start) * stream.time_base)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
