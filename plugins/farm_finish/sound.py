"""Sound for delivery: any audio stream as AAC or FLAC, 48 kHz stereo, cut to the film's length.

Invariant: the film decides the length. Sound is encoded once for the whole timeline, because AAC
that was encoded in pieces shifts at every seam. What an encoder puts in front (priming) has time
stamps before 0, which the container tells players to skip.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
from av.audio.stream import AudioStream
from av.codec.context import Flags
from av.container import OutputContainer
from av.packet import Packet

from farm.media.sound import RATE, Sound, blocks, sound_parts
from farm.media.sound_files import AAC_FRAME, FLAC_FRAME, audio_frame


def add_sound(
    container: OutputContainer, kbps: int, codec: Literal["aac", "flac", "pcm_s24le"] = "aac"
) -> AudioStream:
    """A new stream of sound in ``container``; ``kbps`` is that of AAC."""
    stream = container.add_stream(codec, rate=RATE, layout="stereo")
    if codec == "aac":
        stream.bit_rate = kbps * 1000
    else:  # 24 bits that count
        stream.codec_context.format = "s32"
    stream.codec_context.thread_count = 1
    # The encoder's name and version would change the bytes with every release.
    stream.codec_context.flags |= Flags.bitexact
    return stream


def sound_packets(
    stream: AudioStream,
    source: Path,
    label: str,
    length_s: Fraction,
    start_s: Fraction | None,
    delay_s: Fraction = Fraction(0),
) -> Iterator[Packet]:
    """Encode the sound of ``source`` for a film of ``length_s``.

    start_s : the moment of the source that is the film's first; sound before it is dropped, and a
    gap after it is silence. ``None``: where the sound itself starts. delay_s : it is heard this
    much later, or earlier.

    Raises
    ------
    InputError : the file has no sound, or cannot be decoded.
    """
    left = round(length_s * RATE)
    pts = 0
    coded = stream.codec_context.name == "aac"
    sample_format, size = ("fltp", AAC_FRAME) if coded else ("s32", FLAC_FRAME)
    for block in blocks(_shifted(source, label, start_s, round(delay_s * RATE)), size):
        samples = block[:, :left]
        if samples.shape[1] == 0:
            break
        yield from stream.encode(audio_frame(samples, sample_format, pts))
        pts += samples.shape[1]
        left -= samples.shape[1]
    yield from stream.encode(None)


def _shifted(source: Path, label: str, start_s: Fraction | None, delay: int) -> Iterator[Sound]:
    """The samples, ``delay`` later (after silence) or earlier (without the first)."""
    if delay > 0:
        yield np.zeros((2, delay), np.float32)
    skip = max(0, -delay)
    for part in sound_parts(source, label, start_s):
        dropped = min(skip, part.shape[1])
        skip -= dropped
        if part.shape[1] > dropped:
            yield part[:, dropped:]
