"""How long `farm --help` takes, against a Python that does nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROUNDS = 20
_FARM = Path(sys.executable).with_name("farm")


def measure() -> dict[str, Any]:
    """Medians of wall times in ms, by turns."""
    pairs = [
        (_seconds([str(_FARM), "--help"]), _seconds([sys.executable, "-c", "pass"]))
        for _ in range(ROUNDS)
    ]
    return {
        "farm_help_ms": round(1000 * statistics.median(ours for ours, _ in pairs), 1),
        "python_ms": round(1000 * statistics.median(plain for _, plain in pairs), 1),
        "ratio": round(statistics.median(ours / plain for ours, plain in pairs), 2),
    }


def _seconds(command: list[str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began
