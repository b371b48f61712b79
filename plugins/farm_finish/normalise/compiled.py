"""How kernels are compiled: no fast maths, no threads, cached on disk where that is possible.

Invariant: a kernel gives the same bits on every processor, and a read-only installation works.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy"}


def kernel(function: Callable[..., Any]) -> Any:
    """Compile on first call; the machine code is kept beside the module or in the user's cache."""
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # Numba found no folder it may write its cache to.
        return numba.njit(**_OPTIONS)(function)
