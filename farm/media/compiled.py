"""The one way the kernels of this package are compiled.

Invariant: float32, no fast maths and no threads, so that a kernel gives the same bits on every
processor; machine code that was kept from an older version of the package is never used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy"}
_KERNELS = ("boxes.py", "compiled.py", "light.py", "lanczos.py", "flow.py", "warping.py")
_STAMP = hashlib.sha256(
    b"".join((Path(__file__).parent / name).read_bytes() for name in _KERNELS)
).hexdigest()[:10]


def kernel(function: Callable[..., Any]) -> Any:
    """Compile on first call; the machine code is kept beside the module or in the user's cache."""
    # Numba looks only at the kernel's own file for changes; its cache is named by this.
    function.__qualname__ = f"{function.__qualname__}_{_STAMP}"
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # Numba found no folder it may write its cache to.
        return numba.njit(**_OPTIONS)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """Compile as a part of the kernels that call it."""
    return numba.njit(forceinline=True, **_OPTIONS)(function)
