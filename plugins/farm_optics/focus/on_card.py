"""The stages ``video.defocus`` and ``image.defocus`` on a graphics card.

Invariant: all but the blur is done as on a processor, and one picture at a time is on the card, so
that the memory it takes does not grow with the film.
"""

from __future__ import annotations

from typing import Any

from farm import MissingExtra, Result, Task
from farm_optics.focus import defocus
from farm_optics.params import DefocusParams


def run(task: Task[DefocusParams]) -> Result:
    """Blur the window of ``video`` by ``depth``. Raises MissingExtra."""
    return defocus.run(task, _device(task))


def run_still(task: Task[DefocusParams]) -> Result:
    """Blur ``image`` by ``depth``. Raises MissingExtra."""
    return defocus.run_still(task, _device(task))


def _device(task: Task[Any]) -> str:
    try:
        import torch
    except ImportError as error:
        raise MissingExtra(
            f"the package {error.name or 'torch'} is not installed",
            where="farm_optics",
            mend="pip install 'farm[learned]'",
            code="extra.learned",
        ) from error
    torch.set_num_threads(max(1, task.threads))
    # An engine on a graphics card may still have a torch without CUDA.
    return task.device if torch.cuda.is_available() else "cpu"
