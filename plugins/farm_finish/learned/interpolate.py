"""The stage ``video.interpolate`` with pictures made by RIFE.

Invariant: counts, cuts, stills and repeats are those of the classical provider; only the pictures
between two differ.
"""

from __future__ import annotations

import torch

from farm import Result, Task
from farm_finish.frames.interpolate import write_smooth
from farm_finish.frames.params import InterpolateParams
from farm_finish.learned.params import RIFE
from farm_finish.learned.rife import Rife


def run(task: Task[InterpolateParams]) -> Result:
    """Write the window of ``video`` at the new rate to ``segment``; windows count new frames."""
    torch.set_num_threads(task.threads)
    folder = task.models.files(RIFE)
    # An engine on a graphics card may still have a torch without CUDA.
    device = task.device if torch.cuda.is_available() else "cpu"
    rife = task.models.get(RIFE, lambda: Rife(folder, device), size_mb=60)
    try:
        return write_smooth(task, rife.picture)
    finally:
        rife.forget()
