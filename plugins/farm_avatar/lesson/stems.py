"""Sound that waits for the mix: an array in a file, and the form that it is handed on in.

Invariant: memory does not grow with the number of samples.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SUFFIX = ".mka"
"""Of the WavPack files that stems are handed on as."""


def on_disk(path: Path, samples: int) -> NDArray[np.float32]:
    """Silence (samples, 2) in a file, to be worked on as an array."""
    path.unlink(missing_ok=True)  # An array that is still held must not lose its file.
    return np.memmap(path, np.float32, "w+", shape=(max(1, samples), 2))
