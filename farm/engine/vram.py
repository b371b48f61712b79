"""GPU memory as the driver sees it.

Invariant: without a GPU, its driver or the optional package, every reading is 0 or ``None`` and nothing
fails.
"""

from __future__ import annotations

from typing import Any

from farm.domain.wording import MB


class VramProbe:
    """Readings of one device (``cuda:0``); a ``cpu`` has none.

    ``total_mb`` : the device's memory.
    """

    def __init__(self, device: str) -> None:
        self.total_mb = 0
        self._handle: Any = None
        kind, _, index = device.partition(":")
        if kind != "cuda":
            return
        try:
            import pynvml

            pynvml.nvmlInit()
            self._handle = pynvml.nvmlDeviceGetHandleByIndex(int(index or 0))
            self.total_mb = int(pynvml.nvmlDeviceGetMemoryInfo(self._handle).total) // MB
        except Exception:
            # The package is optional, and it fails in its own ways without a driver.
            self._handle = None

    def free_mb(self) -> int | None:
        """Memory that nobody holds on the device now; ``None`` when it cannot be read."""
        if self._handle is None:
            return None
        import pynvml

        try:
            return int(pynvml.nvmlDeviceGetMemoryInfo(self._handle).free) // MB
        except pynvml.NVMLError:
            return None

    def used_mb(self, pid: int) -> int:
        """Memory that one process holds on the device now.

        0 as well where the driver counts processes of another namespace (some containers); the
        engine's own account from torch is used besides.
        """
        if self._handle is None:
            return 0
        import pynvml

        try:
            holders = pynvml.nvmlDeviceGetComputeRunningProcesses(self._handle)
        except pynvml.NVMLError:
            return 0
        return sum(int(p.usedGpuMemory or 0) // MB for p in holders if p.pid == pid)
