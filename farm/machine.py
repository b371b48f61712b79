"""What this machine has and how busy it is: cores, memory, disk, GPUs.

Invariant: everything here is a reading, never a decision; a reading that cannot be had is left out.
"""

from __future__ import annotations

import os
import platform
import shutil
from pathlib import Path
from typing import Any

import psutil

from farm.domain.wording import MB


def gpus() -> list[dict[str, Any]]:
    """Index, name, uuid and memory (MB) of each GPU that NVML shows; empty without the driver."""
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:
        # No package, no driver or no GPU: all the same to a node, which then has CPU engines only.
        return []
    found = []
    for index in range(pynvml.nvmlDeviceGetCount()):
        handle = pynvml.nvmlDeviceGetHandleByIndex(index)
        memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
        name = pynvml.nvmlDeviceGetName(handle)
        found.append(
            {
                "index": index,
                "name": name.decode() if isinstance(name, bytes) else name,
                "vram_mb": int(memory.total // MB),
                "vram_used_mb": int(memory.used // MB),
            }
        )
    return found


def ram_mb() -> int:
    """Memory of this machine."""
    return int(psutil.virtual_memory().total // MB)


def facts(spool: Path, version: str) -> dict[str, Any]:
    """What does not change while a node runs."""
    return {
        "host": platform.node(),
        "cores": os.cpu_count() or 1,
        "ram_mb": ram_mb(),
        "disk_mb": int(shutil.disk_usage(spool).total // MB),
        "gpus": gpus(),
        "farm": version,
        "python": platform.python_version(),
        "pid": os.getpid(),
    }


def gauges(spool: Path) -> dict[str, Any]:
    """How busy it is now: CPU (percent since the last call), memory and disk in MB, GPUs."""
    memory = psutil.virtual_memory()
    return {
        "cpu_percent": psutil.cpu_percent(interval=None),
        "ram_used_mb": int((memory.total - memory.available) // MB),
        "disk_free_mb": int(shutil.disk_usage(spool).free // MB),
    }
