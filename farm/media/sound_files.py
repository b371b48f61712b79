"""Sound files between stages: floats, in which nothing clips, as WAV or WavPack; FLAC of 24 bits.

Invariant: the bytes depend on the samples alone; no date and no library version is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.codec.context import Flags

from farm.media.sound import RATE, Sound

FLAC_FRAME = 4608
AAC_FRAME = 1024
_FULL_24 = 1 << 23
_FORMATS = {"flac": "s32", "pcm_f32le": "flt", "wavpack": "fltp"}


class SoundWriter:
    """Takes stereo samples in blocks of any length. samples : how many are in whole frames by now."""

    def __init__(self, stream: AudioStream, container: av.container.OutputContainer) -> None:
        self._stream, self._container = stream, container
        self._rest = np.zeros((2, 0), np.float32)
        self.samples = 0

    def write(self, sound: Sound) -> None:
        """The next (2, n) samples."""
        held = np.concatenate([self._rest, sound], axis=1)
        whole = held.shape[1] // FLAC_FRAME * FLAC_FRAME
        for first in range(0, whole, FLAC_FRAME):
            self._encode(held[:, first : first + FLAC_FRAME])
        self._rest = held[:, whole:]

    def finish(self) -> None:
        """Write what is left."""
        if self._rest.shape[1]:
            self._encode(self._rest)
        self._container.mux(self._stream.encode(None))

    def _encode(self, sound: Sound) -> None:
        frame = audio_frame(sound, self._stream.codec_context.format.name, self.samples)
        self._container.mux(self._stream.encode(frame))
        self.samples += sound.shape[1]


@contextmanager
def wav_file(path: Path) -> Iterator[SoundWriter]:
    """A stereo WAV of floats; RF64 where it grows beyond 4 GB."""
    with _file(path, "wav", "pcm_f32le", {"rf64": "auto"}) as writer:
        yield writer


@contextmanager
def wavpack_file(path: Path) -> Iterator[SoundWriter]:
    """A stereo file of floats without loss, in Matroska; silence takes no room in it."""
    with _file(path, "matroska", "wavpack", {}) as writer:
        yield writer


@contextmanager
def flac_file(path: Path) -> Iterator[SoundWriter]:
    """A stereo FLAC of 24 bits; samples beyond full scale are clipped."""
    with _file(path, "flac", "flac", {}) as writer:
        yield writer


def audio_frame(sound: Sound, sample_format: str, at: int) -> AudioFrame:
    """A frame of stereo samples (2, n) that begins at sample ``at``: ``fltp``, ``flt`` or ``s32``,
    the last with 24 bits that count."""
    if sample_format == "fltp":
        samples = np.ascontiguousarray(sound)
    elif sample_format == "flt":
        samples = np.ascontiguousarray(sound.T).reshape(1, -1)
    else:
        whole = np.round(sound.T.astype(np.float64) * _FULL_24)
        steps = np.clip(whole, -_FULL_24, _FULL_24 - 1).astype(np.int32) << 8
        samples = np.ascontiguousarray(steps).reshape(1, -1)
    frame = AudioFrame.from_ndarray(samples, format=sample_format, layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
    return frame


@contextmanager
def _file(
    path: Path, container_format: str, codec: str, options: dict[str, str]
) -> Iterator[SoundWriter]:
    chosen = options | {"fflags": "+bitexact"}
    with av.open(str(path), "w", format=container_format, options=chosen) as container:
        stream = cast(AudioStream, container.add_stream(codec, rate=RATE, layout="stereo"))
        context = stream.codec_context
        context.format = _FORMATS[codec]
        context.thread_count = 1
        # The encoder's name and version would change the bytes with every release.
        context.flags |= Flags.bitexact
        writer = SoundWriter(stream, container)
        yield writer
        writer.finish()
