"""Speech as it is handed on: trimmed, at one loudness, 48 kHz, one channel, FLAC.

Invariant: the bytes depend on the samples alone, and no sample is beyond -1 dBFS.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import av.container
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.codec.context import Flags
from numpy.typing import NDArray

from farm.media.loudness import LoudnessMeter
from farm.media.sound import RATE

Samples = NDArray[np.float32]
LEAD_S, TAIL_S = 0.02, 0.06
"""Silence that stays before the first sound and after the last."""
CEILING = 10 ** (-1 / 20)
_STEP = RATE // 100
_QUIET = 10 ** (-45 / 20)
_FAINT = 10 ** (-30 / 20)
_LEAST = 10 ** (-70 / 20)
_REACH = RATE // 400
_BLOCK = 4608
_PASSES = 3


def resampled(samples: Samples, rate: int, to: int = RATE) -> Samples:
    """Mono float samples (n,) at another rate."""
    if rate == to:
        return samples
    resampler = AudioResampler(format="fltp", layout="mono", rate=to)
    frame = AudioFrame.from_ndarray(
        np.ascontiguousarray(samples, np.float32)[None], format="fltp", layout="mono"
    )
    frame.sample_rate = rate
    parts = [
        part.to_ndarray()[0] for part in (*resampler.resample(frame), *resampler.resample(None))
    ]
    out: Samples = np.concatenate(parts)[: round(len(samples) * to / rate)]
    return out


def heard_span(samples: Samples) -> tuple[int, int]:
    """The first sample of the speech and the one after the last, with some silence around.

    (0, 0) for silence.
    """
    levels = _levels(samples)
    loudest = float(levels.max(initial=0.0))
    if loudest < _LEAST:
        return 0, 0
    heard = np.flatnonzero(levels > max(_LEAST, loudest * _QUIET))
    start = int(heard[0]) * _STEP - round(LEAD_S * RATE)
    stop = (int(heard[-1]) + 1) * _STEP + round(TAIL_S * RATE)
    return max(0, start), min(len(samples), stop)


def audible(samples: Samples, span: tuple[float, float]) -> tuple[float, float]:
    """A word's time, in seconds, without the pause that the voice counts to it."""
    first, last = (min(len(samples), round(moment * RATE)) for moment in span)
    levels = _levels(samples[first:last])
    heard = np.flatnonzero(levels > max(_LEAST, float(levels.max(initial=0.0)) * _FAINT))
    if not len(heard):
        return span
    start = first + int(heard[0]) * _STEP
    stop = min(last, first + (int(heard[-1]) + 1) * _STEP)
    return start / RATE, stop / RATE


def _levels(samples: Samples) -> NDArray[np.float64]:
    """Level of every 10 ms."""
    steps = -(-len(samples) // _STEP)
    padded = np.zeros(steps * _STEP, np.float64)
    padded[: len(samples)] = samples
    levels: NDArray[np.float64] = np.sqrt((padded.reshape(steps, _STEP) ** 2).mean(axis=1))
    return levels


def levelled(samples: Samples, lufs: float) -> Samples:
    """At a loudness, in LUFS, with its peaks held below -1 dBFS; silence stays silence."""
    out = samples
    for _ in range(_PASSES):
        now = loudness(out)
        if not np.isfinite(now) or abs(now - lufs) < 0.05:
            break
        out = _held(out * np.float32(10 ** ((lufs - now) / 20)))
    return out


def loudness(samples: Samples) -> float:
    """Integrated loudness in LUFS; ``-inf`` for silence."""
    meter = LoudnessMeter(channels=1)
    meter.feed(np.ascontiguousarray(samples, np.float32)[None])
    return meter.loudness().integrated


def _held(samples: Samples) -> Samples:
    """Peaks turned down smoothly, 2.5 ms before and after each."""
    over = np.abs(samples)
    if float(over.max(initial=0.0)) <= CEILING:
        return samples
    wanted = np.minimum(1.0, CEILING / np.maximum(over, 1e-9))
    padded = np.pad(wanted, _REACH, constant_values=1.0)
    least = np.lib.stride_tricks.sliding_window_view(padded, 2 * _REACH + 1).min(axis=1)
    window = np.hanning(2 * _REACH + 3)[1:-1]
    smooth = np.convolve(np.pad(least, _REACH, mode="edge"), window / window.sum(), "valid")
    held: Samples = (samples * np.minimum(smooth, wanted)).astype(np.float32)
    return held


class FlacWriter:
    """Takes mono samples (n,) of 48 kHz in blocks of any length and writes 16 bits of each."""

    def __init__(self, container: av.container.OutputContainer, stream: AudioStream) -> None:
        self._container, self._stream = container, stream
        self._rest = np.zeros(0, np.int16)
        self._at = 0

    def write(self, samples: Samples) -> None:
        """The next samples."""
        whole = np.clip(np.rint(samples.astype(np.float64) * 32767), -32768, 32767)
        held = np.concatenate([self._rest, whole.astype(np.int16)])
        full = len(held) // _BLOCK * _BLOCK
        for at in range(0, full, _BLOCK):
            self._encode(held[at : at + _BLOCK])
        self._rest = held[full:]

    def finish(self) -> None:
        """Write what is left."""
        if len(self._rest):
            self._encode(self._rest)
        self._container.mux(self._stream.encode(None))

    def _encode(self, whole: NDArray[np.int16]) -> None:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(whole)[None], "s16", "mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._at, Fraction(1, RATE)
        self._container.mux(self._stream.encode(frame))
        self._at += len(whole)


@contextmanager
def flac_file(path: Path) -> Iterator[FlacWriter]:
    """A mono FLAC of 48 kHz and 16 bits."""
    with av.open(str(path), "w", format="flac", options={"fflags": "+bitexact"}) as file:
        stream = file.add_stream("flac", rate=RATE, layout="mono")
        assert isinstance(stream, AudioStream)
        context = stream.codec_context
        context.format = "s16"
        context.thread_count = 1
        # The encoder's name and version would change the bytes with every release.
        context.flags |= Flags.bitexact
        writer = FlacWriter(file, stream)
        yield writer
        writer.finish()


def write_flac(path: Path, samples: Samples) -> None:
    """Write mono samples (n,) of 48 kHz."""
    with flac_file(path) as writer:
        writer.write(samples)
