"""Any file's sound as float samples at 48 kHz, on the file's own clock.

Invariant: sample ``n`` is what is heard ``n / 48000`` seconds after the start: time stamps decide,
so that a hole in a recording is silence and what overlaps is heard once. Encoder priming is not
sound and never comes out.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from farm import InputError
from farm.media.source import opened

Sound = NDArray[np.float32]
"""Samples (channels, n), full scale is 1."""
RATE = 48_000
BLOCK = RATE
"""Samples that are worked on at a time."""
_TOLERANCE = RATE * 3 // 100
"""Time stamps that are off by less than 30 ms are rounding, not a hole."""
_LONGEST_HOLE = 600 * RATE


def sound_parts(
    path: Path, label: str, start_s: Fraction | None = None, layout: str = "stereo"
) -> Iterator[Sound]:
    """Samples of the first sound stream, in parts of any length.

    start_s : the moment of the file that becomes sample 0; sound before it is dropped and a gap
        after it is silence. ``None``: where the sound itself starts.

    Raises
    ------
    InputError : the file has no sound, cannot be decoded, has a hole of over ten minutes, or
        samples that are no numbers.
    """
    with opened(path, label) as container:
        if not container.streams.audio:
            raise InputError(
                "has no sound",
                where=label,
                expected="an audio stream",
                mend="Send an audio file.",
                code="media.no-audio",
            )
        stream = container.streams.audio[0]
        stream.codec_context.thread_count = 1
        line = _Line(label, layout)
        for frame in container.decode(stream):
            moment = None
            if frame.pts is not None and frame.time_base is not None:
                moment = frame.pts * frame.time_base
                start_s = moment if start_s is None else start_s
                moment -= start_s
            yield from line.take(frame, moment)
        yield from line.drain()


def sound_blocks(
    path: Path, label: str, start_s: Fraction | None = None, layout: str = "stereo"
) -> Iterator[Sound]:
    """The same samples in parts of :data:`BLOCK`; the last may be shorter."""
    return blocks(sound_parts(path, label, start_s, layout), BLOCK)


def blocks(parts: Iterator[Sound], size: int) -> Iterator[Sound]:
    """The same samples in parts of ``size``; the last may be shorter."""
    held: list[Sound] = []
    count = 0
    for part in parts:
        held.append(part)
        count += part.shape[1]
        if count < size:
            continue
        joined = np.concatenate(held, axis=1)
        whole = count // size * size
        for at in range(0, whole, size):
            yield joined[:, at : at + size]
        held, count = [joined[:, whole:]], count - whole
    if count:
        yield np.concatenate(held, axis=1)


class _Line:
    """Puts resampled frames where their time stamps say."""

    def __init__(self, label: str, layout: str) -> None:
        self._label, self._layout = label, layout
        self._resampler: AudioResampler | None = None
        self._kind: tuple[str, str, int] | None = None
        self._start = 0  # Sample at which the frames began that the resampler has been given.
        self._fed = Fraction(0)
        self._next = 0  # Where the next sample from the resampler belongs.
        self._done = 0

    def take(self, frame: AudioFrame, moment: Fraction | None) -> Iterator[Sound]:
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        expected = self._start + self._fed
        wanted = expected if moment is None else moment * RATE
        if abs(wanted - expected) > _TOLERANCE or kind != self._kind:
            yield from self.drain()
            if wanted - self._done > _LONGEST_HOLE:
                raise InputError(
                    "has a hole in its sound",
                    where=self._label,
                    expected="at most ten minutes without sound",
                    got=f"{float(wanted - self._done) / RATE:.0f} s",
                    mend="Its time stamps are damaged; write the file again.",
                    code="media.audio-hole",
                )
            self._resampler = AudioResampler(format="fltp", layout=self._layout, rate=RATE)
            self._kind = kind
            self._start = self._next = round(wanted)
            self._fed = Fraction(0)
        self._fed += Fraction(frame.samples * RATE, frame.sample_rate)
        frame.pts = None
        assert self._resampler is not None
        yield from self._place(self._resampler.resample(frame))

    def drain(self) -> Iterator[Sound]:
        if self._resampler is not None:
            yield from self._place(self._resampler.resample(None))
            self._resampler = None

    def _place(self, frames: list[AudioFrame]) -> Iterator[Sound]:
        for frame in frames:
            part = frame.to_ndarray().astype(np.float32, copy=False)
            if not np.isfinite(part).all():
                raise InputError(
                    "holds samples that are no numbers",
                    where=self._label,
                    expected="finite samples",
                    got=f"one that is not, after {self._next / RATE:.3f} s",
                    mend="Write the file again from its source.",
                    code="media.bad-samples",
                )
            if self._next > self._done:
                yield np.zeros((part.shape[0], self._next - self._done), np.float32)
                self._done = self._next
            heard = part[:, self._done - self._next :]
            self._next += part.shape[1]
            if heard.shape[1]:
                self._done += heard.shape[1]
                yield heard
