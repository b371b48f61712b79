"""How networks of transformers are loaded: from a local folder, and quietly.

Invariant: one thread an engine; a library that is missing is named with the command that brings it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from farm import MissingExtra


def transformers_for(name: str, threads: int) -> Any:
    """The library, set up. name : of the model, for messages. Raises MissingExtra."""
    try:
        import torch
        import transformers
    except ImportError as error:
        raise MissingExtra(
            f"the package {error.name} is not installed",
            where=name,
            mend="pip install 'farm[models]'",
            code="extra.models",
        ) from error
    torch.set_num_threads(threads)
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    return transformers


def place_of(device: str) -> tuple[str, Any]:
    """Where a network runs, and in which precision."""
    import torch

    if device.startswith("cuda") and torch.cuda.is_available():
        return device, torch.float16
    return "cpu", torch.float32


def size_mb(folder: Path) -> int:
    """About what a model takes in memory."""
    return max(1, sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) >> 20)
