"""How the lines of a report and the largest files look, and what a line is found by.

Invariant: pure; a line is found by what stands in its first column.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from farm.tui.marks import duration, size
from farm.tui.search import Row
from farm.tui.widgets.table import Cell, Column

if TYPE_CHECKING:
    from farm.ledger.views_reports import LargeFile, UsageLine
    from farm.reports import Report

USAGE = (
    Column("key", "", 0, keep=20),
    Column("jobs", "JOBS", 7, True, 19),
    Column("failed", "FAILED", 7, True, 17),
    Column("rate", "RATE", 6, True, 18),
    Column("wait", "WAIT", 7, True, 15),
    Column("run", "RUN", 7, True, 16),
    Column("engine", "ENGINE", 9, True, 10),
    Column("gpu", "GPU", 9, True, 14),
    Column("cpu", "CPU", 9, True, 12),
    Column("cached", "CACHED", 7, True, 8),
    Column("saved", "SAVED", 9, True, 13),
)
LARGEST = (
    Column("size", "SIZE", 9, True, 9),
    Column("kind", "KIND", 7, keep=5),
    Column("job", "JOB", 8, True, 8),
    Column("name", "NAME", 0, keep=7),
)
FIELDS = {"name": "part of what stands in the first column"}
"""Every field of a line and what may stand after it."""


def hours(seconds: float) -> str:
    """Hours from one hour on, less in minutes and seconds."""
    number = seconds / 3600
    if number < 1:
        return duration(seconds)
    return f"{number:.1f} h" if number < 100 else f"{number:,.0f} h"


def ordered(report: Report) -> list[UsageLine]:
    """What used most first; days newest first."""
    if report.by == "day":
        return list(reversed(report.lines))
    return sorted(report.lines, key=lambda line: (-line.engine_s, -line.jobs, line.key))


def usage_row(line: UsageLine) -> Row:
    """What a line is found by."""
    return Row.of(name=line.key)


def usage_cells(line: UsageLine) -> dict[str, Cell]:
    """A line of the table."""
    rate = line.failure_rate
    tone = "" if not rate else "bad" if rate > 0.1 else "warn"
    return {
        "key": ((line.key, "strong"),),
        "jobs": f"{line.jobs:,}",
        "failed": ((f"{line.failed:,}" if line.failed else "–", "bad" if line.failed else "dim"),),
        "rate": (("–" if rate is None else f"{rate:.1%}", tone),),
        "wait": duration(line.wait_s),
        "run": duration(line.run_s),
        "engine": _spent(line.engine_s),
        "gpu": _spent(line.gpu_s),
        "cpu": _spent(line.cpu_s),
        "cached": ((f"{line.cached:,}" if line.cached else "–", "good" if line.cached else "dim"),),
        "saved": _spent(line.saved_s, "good"),
    }


def file_cells(file: LargeFile) -> dict[str, Cell]:
    """One of the largest files."""
    return {
        "size": size(file.size_bytes),
        "kind": file.kind,
        "job": "" if file.job_number is None else ((f"#{file.job_number}", "accent"),),
        "name": file.job_name or file.hash[:16],
    }


def _spent(seconds: float, tone: str = "") -> Cell:
    return ((hours(seconds), tone),) if seconds else (("–", "dim"),)
