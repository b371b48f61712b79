"""Sound that waits for the mix: floats, so that nothing clips before it, with silence for nothing.

Invariant: the bytes depend on the samples alone; memory does not grow with their number.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.codec.context import Flags
from numpy.typing import NDArray

from farm.media.sound import RATE, Sound

SUFFIX = ".mka"
_FRAME = 4800


class StemWriter:
    """Takes stereo samples (2, n) in blocks of any length. samples : how many there are."""

    def __init__(self, container: av.container.OutputContainer) -> None:
        self._container = container
        self._stream = container.add_stream("wavpack", rate=RATE, layout="stereo")
        context = self._stream.codec_context
        context.format, context.thread_count = "fltp", 1
        # The encoder's name and version would change the bytes with every release.
        context.flags |= Flags.bitexact
        self._rest = np.zeros((2, 0), np.float32)
        self.samples = 0

    def write(self, sound: Sound) -> None:
        """The next samples."""
        held = np.concatenate([self._rest, sound], axis=1)
        whole = held.shape[1] // _FRAME * _FRAME
        for first in range(0, whole, _FRAME):
            self._encode(held[:, first : first + _FRAME])
        self._rest = held[:, whole:]

    def finish(self) -> None:
        """Write what is left."""
        if self._rest.shape[1]:
            self._encode(self._rest)
        self._container.mux(self._stream.encode(None))

    def _encode(self, sound: Sound) -> None:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(sound), "fltp", "stereo")
        frame.sample_rate, frame.pts = RATE, self.samples
        frame.time_base = Fraction(1, RATE)
        self._container.mux(self._stream.encode(frame))
        self.samples += sound.shape[1]


@contextmanager
def stem(path: Path) -> Iterator[StemWriter]:
    """A stereo file of floats: WavPack, without loss, in Matroska."""
    options = {"fflags": "+bitexact"}
    with av.open(str(path), "w", format="matroska", options=options) as container:
        writer = StemWriter(container)
        yield writer
        writer.finish()


def on_disk(path: Path, samples: int) -> NDArray[np.float32]:
    """Silence (samples, 2) in a file, to be worked on as an array."""
    path.unlink(missing_ok=True)  # An array that is still held must not lose its file.
    return np.memmap(path, np.float32, "w+", shape=(max(1, samples), 2))
