"""What of a file is in memory, asked of the kernel."""

from __future__ import annotations

import ctypes
import mmap
import os
from pathlib import Path

import pytest


def resident(path: Path) -> float:
    """The share of a file's pages that are in memory (``mincore``)."""
    size = path.stat().st_size
    pages = (size + mmap.PAGESIZE - 1) // mmap.PAGESIZE
    found = (ctypes.c_ubyte * pages)()
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mmap.restype = ctypes.c_void_p
    libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]
    libc.mincore.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p]
    libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
    with path.open("rb") as file:
        address = libc.mmap(None, size, mmap.PROT_READ, mmap.MAP_SHARED, file.fileno(), 0)
    try:
        assert libc.mincore(address, size, found) == 0
    finally:
        libc.munmap(address, size)
    return sum(page & 1 for page in found) / pages


def forget(path: Path) -> None:
    """Have the kernel drop the file from memory; skips the test where files live in memory."""
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    if resident(path) > 0.1:
        pytest.skip("this file system lives in memory; nothing can be read ahead")
