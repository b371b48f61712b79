"""Sounds of an exact length: for the server as WAV, for the film as FLAC.

Invariant: a sound is exactly as long as it was asked for: cut, or followed by silence.
"""

from __future__ import annotations

import wave
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler

from farm.media.sound import RATE, Sound, blocks

_LAYOUTS = {1: "mono", 2: "stereo"}
_FLAC_FRAME = 4608


def exact(parts: Iterable[Sound], samples: int) -> Iterator[Sound]:
    """Stereo parts of ``samples`` samples all together."""
    left = samples
    for part in parts:
        if left <= 0:
            return
        yield part[:, :left]
        left -= min(left, part.shape[1])
    while left > 0:
        size = min(left, RATE)
        yield np.zeros((2, size), np.float32)
        left -= size


def write_wav(path: Path, parts: Iterable[Sound], *, rate: int, channels: int, samples: int) -> int:
    """16-bit WAV of exactly ``samples`` samples at ``rate`` Hz; returns that number."""
    resampler = AudioResampler(format="s16", layout=_LAYOUTS[channels], rate=rate)
    left = samples
    with wave.open(str(path), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        for piece in _resampled(resampler, parts):
            out.writeframes(piece[: left * channels].tobytes())
            left -= min(left, piece.size // channels)
            if not left:
                break
        out.writeframes(bytes(2 * channels * left))
    return samples


def write_flac(path: Path, parts: Iterable[Sound]) -> None:
    """48 kHz stereo FLAC of 16 bits."""
    at = 0
    with av.open(str(path), "w", options={"fflags": "+bitexact"}) as out:
        stream = out.add_stream("flac", rate=RATE, layout="stereo")
        stream.codec_context.format = "s16"
        stream.codec_context.flags |= 0x800000
        for block in blocks(iter(parts), _FLAC_FRAME):
            steps = np.clip(np.rint(block * 32767.0), -32768, 32767).astype(np.int16)
            frame = AudioFrame.from_ndarray(
                np.ascontiguousarray(steps.T).reshape(1, -1), format="s16", layout="stereo"
            )
            frame.sample_rate, frame.pts, frame.time_base = RATE, at, Fraction(1, RATE)
            at += block.shape[1]
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def _resampled(resampler: AudioResampler, parts: Iterable[Sound]) -> Iterator[np.ndarray]:
    for part in parts:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(part), format="fltp", layout="stereo")
        frame.sample_rate = RATE
        for done in resampler.resample(frame):
            yield done.to_ndarray().reshape(-1)
    for done in resampler.resample(None):
        yield done.to_ndarray().reshape(-1)
