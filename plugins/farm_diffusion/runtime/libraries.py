"""The model libraries, imported once in an engine and set up for quiet, offline, repeatable work.

Invariant: nothing is fetched from anywhere, and what is set here for a task is put back after it.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from farm import MissingExtra, ParameterError

# Before any of the libraries is imported: they read these once.
for _name in ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "HF_HUB_DISABLE_TELEMETRY"):
    os.environ.setdefault(_name, "1")
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


def library(name: str) -> Any:
    """An optional package. Raises MissingExtra."""
    try:
        return import_module(name)
    except ImportError as error:
        raise MissingExtra(
            f"the package {error.name or name} is not installed",
            where="farm_diffusion",
            mend="pip install 'farm[models]'",
            code="extra.models",
        ) from error


def quiet() -> None:
    """No progress bars and no advice on the engine's output."""
    for name in ("diffusers", "transformers"):
        logs = library(name).utils.logging
        logs.set_verbosity_error()
        logs.disable_progress_bar()


def named_class(name: str) -> Any:
    """A class of diffusers, or the one that ``module:Class`` names.

    Raises
    ------
    ParameterError : there is none.
    """
    module, _, own = name.rpartition(":")
    found = getattr(library(module or "diffusers"), own, None)
    if found is None:
        raise ParameterError(
            f"{module or 'diffusers'} has no {own}",
            where=name,
            mend="Install the version of diffusers that the recipe was written for.",
            code="diffusion.unknown-class",
        )
    return found


@contextmanager
def repeatable(threads: int, device: str) -> Iterator[None]:
    """Work that gives the same numbers each time; random state and switches are put back."""
    torch = library("torch")
    before = (
        torch.get_num_threads(),
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.deterministic,
        torch.backends.cudnn.benchmark,
    )
    fill = torch.utils.deterministic.fill_uninitialized_memory
    try:
        with (
            warnings.catch_warnings(),
            torch.random.fork_rng([torch.device(device)] if device != "cpu" else []),
        ):
            warnings.simplefilter("ignore")
            torch.set_num_threads(max(1, threads))
            torch.use_deterministic_algorithms(True, warn_only=True)
            # Only speed: kernels here write all that they read.
            torch.utils.deterministic.fill_uninitialized_memory = False
            torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
            yield
    finally:
        torch.set_num_threads(before[0])
        torch.use_deterministic_algorithms(before[1], warn_only=before[2])
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = before[3:]
        torch.utils.deterministic.fill_uninitialized_memory = fill


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that memory ran out, on the device or on the processor."""
    torch = library("torch")
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and (
        "out of memory" in text or "can't allocate memory" in text or "cublas_status_alloc" in text
    )


def free_memory(device: str) -> None:
    """Hand back what nothing holds any more."""
    import gc

    torch = library("torch")
    gc.collect()
    if device.startswith("cuda"):
        torch.cuda.empty_cache()
