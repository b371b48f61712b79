"""The WAV files that voices in other processes write.

Invariant: mono samples between -1 and 1; a file that was cut short gives what it has.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def read_wave(path: Path) -> tuple[NDArray[np.float32], int]:
    """Samples (n,) of a mono file of 16 bits, and their rate."""
    with wave.open(str(path), "rb") as file:
        data, rate = file.readframes(file.getnframes()), file.getframerate()
    samples: NDArray[np.float32] = np.frombuffer(data, "<i2").astype(np.float32)
    samples /= np.float32(32768)
    return samples, rate
