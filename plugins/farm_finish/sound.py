"""Sound for delivery: any audio stream as AAC, 48 kHz stereo, cut to the length of the film.

Invariant: the film decides the length. Sound is encoded once for the whole timeline, because AAC
that was encoded in pieces shifts at every seam.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from numpy.typing import NDArray

from farm import InputError
from farm_finish.source import opened

RATE = 48_000
BLOCK = 1024


def add_sound(container: OutputContainer, kbps: int) -> AudioStream:
    """A new AAC stream in ``container``."""
    stream = container.add_stream("aac", rate=RATE, layout="stereo")
    stream.bit_rate = kbps * 1000
    stream.codec_context.thread_count = 1
    return stream


def sound_packets(
    stream: AudioStream, source: Path, label: str, length_s: Fraction, start_s: Fraction
) -> Iterator[Packet]:
    """Encode the sound of ``source`` for a film of ``length_s``.

    start_s : the moment of the source that is the film's first; sound before it is dropped, and a
    gap after it is silence.

    Raises
    ------
    InputError : the file has no sound, or cannot be decoded.
    """
    left = round(length_s * RATE)
    pts = 0
    with opened(source, label) as container:
        for block in _blocks(_samples(container, label, start_s)):
            samples = block[:, :left]
            if samples.shape[1] == 0:
                break
            frame = AudioFrame.from_ndarray(
                np.ascontiguousarray(samples), format="fltp", layout="stereo"
            )
            frame.sample_rate, frame.pts, frame.time_base = RATE, pts, Fraction(1, RATE)
            yield from stream.encode(frame)
            pts += samples.shape[1]
            left -= samples.shape[1]
    yield from stream.encode(None)


def _samples(
    container: InputContainer, label: str, start_s: Fraction
) -> Iterator[NDArray[np.float32]]:
    """Float samples (2, n) at 48 kHz from ``start_s`` on."""
    if not container.streams.audio:
        raise InputError(
            "has no sound",
            where=label,
            expected="an audio stream",
            mend="Send an audio file.",
            code="media.no-audio",
        )
    resampler = AudioResampler(format="fltp", layout="stereo", rate=RATE)
    skip: int | None = None
    for frame in container.decode(container.streams.audio[0]):
        if skip is None:
            first = Fraction(frame.pts or 0) * (frame.time_base or Fraction(1, RATE))
            skip = round((start_s - first) * RATE)
            if skip < 0:
                yield np.zeros((2, -skip), np.float32)
        for part in resampler.resample(frame):
            samples = part.to_ndarray()
            yield samples[:, max(skip, 0) :]
            skip -= samples.shape[1]
    if skip is not None:
        for part in resampler.resample(None):
            yield part.to_ndarray()[:, max(skip, 0) :]


def _blocks(parts: Iterator[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """The same samples in blocks of the encoder's frame size; the last may be shorter."""
    rest = np.zeros((2, 0), np.float32)
    for part in parts:
        rest = np.concatenate([rest, part], axis=1)
        whole = rest.shape[1] // BLOCK * BLOCK
        for at in range(0, whole, BLOCK):
            yield rest[:, at : at + BLOCK]
        rest = rest[:, whole:]
    if rest.shape[1]:
        yield rest
