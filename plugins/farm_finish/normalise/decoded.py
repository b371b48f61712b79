"""Pictures out of a container, one after another, with the moment each is shown.

Invariant: damage inside a film is refused, or counted when the damaged film was asked for; it is
never passed on as if nothing had happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
from av.codec.context import CodecContext
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from farm import InputError

LARGEST_PIXELS = 8192 * 8192
# The decoders that FFmpeg prefers for these leave the alpha channel out.
_WITH_ALPHA = {"vp8": "libvpx", "vp9": "libvpx-vp9"}


@dataclass(slots=True)
class Damage:
    """keep : go on after damage. packets, pictures : how many were damaged."""

    keep: bool
    packets: int = 0
    pictures: int = 0


def pictures(
    container: InputContainer,
    stream: VideoStream,
    label: str,
    fps: Fraction,
    damage: Damage,
    begins_s: Fraction = Fraction(0),
) -> Iterator[tuple[Fraction, VideoFrame]]:
    """``(moment in seconds, frame)`` of ``stream``; frames without time stamps are numbered with
    ``fps``, from ``begins_s`` (seconds) on.

    Raises
    ------
    InputError : a damaged picture, unless damage is kept; a picture of more than 67 million pixels.
    """
    if stream.codec_context.width * stream.codec_context.height > LARGEST_PIXELS:
        raise _too_large(label, stream.codec_context.width, stream.codec_context.height)
    if not stream.codec_context.is_open:
        stream.codec_context.thread_count = 1
    decoder = _alpha_decoder(stream)
    base = Fraction(stream.time_base or Fraction(1, 1000))
    count = 0
    latest: Fraction | None = None
    for packet in _packets(container, stream, damage):
        try:
            frames = _decode(decoder, packet)
        except av.error.FFmpegError as error:
            if isinstance(error, MemoryError):
                raise
            if count == 0 and not packet.is_keyframe:
                continue  # A recording that begins in the middle: nothing was lost yet.
            damage.packets += 1
            if not damage.keep:
                raise _damaged(label, count, str(error.strerror or error)) from error
            continue
        for frame in frames:
            if frame.width * frame.height > LARGEST_PIXELS:
                raise _too_large(label, frame.width, frame.height)
            if frame.is_corrupt:
                if count == 0 and not frame.key_frame:
                    continue
                damage.pictures += 1
                if not damage.keep:
                    raise _damaged(label, count, "a picture with holes")
            if frame.pts is not None:
                moment = frame.pts * base
            else:
                moment = begins_s if latest is None else latest + 1 / fps
            latest = moment
            count += 1
            yield moment, frame


def _packets(container: InputContainer, stream: VideoStream, damage: Damage) -> Iterator[Packet]:
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.error.FFmpegError:
            if not damage.keep:
                raise
            damage.packets += 1
            return
        if packet is None:
            return
        yield packet


def _alpha_decoder(stream: VideoStream) -> CodecContext | None:
    name = _WITH_ALPHA.get(stream.codec.canonical_name)
    tags = {key.lower(): text for key, text in stream.metadata.items()}
    if name is None or tags.get("alpha_mode") != "1":
        return None
    context = CodecContext.create(name, "r")
    context.thread_count = 1
    return context


def _decode(decoder: CodecContext | None, packet: Packet) -> list[VideoFrame]:
    if decoder is None:
        return [frame for frame in packet.decode() if isinstance(frame, VideoFrame)]
    decoded = decoder.decode(packet if packet.size else None)
    return [frame for frame in decoded if isinstance(frame, VideoFrame)]


def _damaged(label: str, frame: int, got: str) -> InputError:
    return InputError(
        f"is damaged near frame {frame}",
        where=label,
        expected="pictures that decode to the end",
        got=got,
        mend='Send it again, or set damaged to "keep" to use what can be read.',
        code="media.damaged",
    )


def _too_large(label: str, width: int, height: int) -> InputError:
    return InputError(
        "its pictures are too large",
        where=label,
        expected=f"at most {LARGEST_PIXELS // 1_000_000} million pixels",
        got=f"{width}x{height}",
        mend="Send it at 8K or smaller.",
        code="media.too-large",
    )
