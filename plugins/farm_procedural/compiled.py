"""The one way kernels are compiled: float32, no fast maths, no threads, cached on disk if possible.

Invariant: a kernel gives the same bits on every processor, so no contraction into fused
multiply-adds and no reordering; a read-only installation still renders; and machine code from an
older version of a file that a kernel is built from is never used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba

_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": False, "error_model": "numpy"}
_SHARED = ("compiled.py", "noise.py", "render/enlarge.py", "render/heavens.py", "render/grade.py")


def _digest() -> str:
    folder = Path(__file__).parent
    content = b"".join((folder / name).read_bytes() for name in _SHARED)
    return hashlib.sha256(content).hexdigest()[:10]


_STAMP = _digest()


def kernel(function: Callable[..., Any]) -> Any:
    """Compile on first call; the machine code is kept beside the module or in the user's cache."""
    # Numba looks only at the kernel's own file for changes; its cache is named by this.
    function.__qualname__ = f"{function.__qualname__}_{_STAMP}"
    try:
        return numba.njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # Numba found no folder it may write its cache to.
        return numba.njit(**_OPTIONS)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """Compile as a part of the kernels that call it, so that their loops become vector code."""
    return numba.njit(forceinline=True, **_OPTIONS)(function)
