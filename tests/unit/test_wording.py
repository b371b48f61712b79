"""Amounts mean and read the same wherever they come from."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import psutil
import pytest

from farm.domain.wording import MB, by_reason, duration, size
from farm.engine.meter import peak_mb
from farm.machine import facts, gauges


@pytest.mark.parametrize(
    ("size_bytes", "said"),
    [(0, "0 B"), (999, "999 B"), (MB, "1.0 MB"), (2048 * MB, "2.0 GB"), (5e13, "50.0 TB")],
)
def test_a_size_reads_in_decimal_units(size_bytes: float, said: str) -> None:
    assert size(size_bytes) == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, ""), (-1, "0 s"), (200, "3 m 20 s"), (7500, "2 h 05 m")]
)
def test_a_duration_reads_in_two_units(seconds: float | None, said: str) -> None:
    assert duration(seconds) == said


def test_what_has_one_reason_is_told_once() -> None:
    reasons = dict.fromkeys("edcba", "needs a card") | {"z": "needs torch"}
    told = [("a, b, c and 2 more", "needs a card"), ("z", "needs torch")]
    assert list(by_reason(reasons)) == told
    assert list(by_reason(dict.fromkeys("dcba", "late"))) == [("a, b, c, d", "late")]


def test_disk_and_memory_of_a_machine_are_told_in_the_same_megabytes(tmp_path: Path) -> None:
    told, now = facts(tmp_path, "1"), gauges(tmp_path)
    assert told["disk_mb"] == shutil.disk_usage(tmp_path).total // MB
    assert told["ram_mb"] == psutil.virtual_memory().total // MB
    free_mb = shutil.disk_usage(tmp_path).free / MB
    assert now["disk_free_mb"] == pytest.approx(free_mb, rel=0.02)
    rss_mb = psutil.Process(os.getpid()).memory_info().rss / MB
    assert peak_mb(os.getpid()) >= int(rss_mb)
