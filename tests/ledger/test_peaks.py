"""The table of recorded peaks does not grow with the work that was done."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, insert, select

from farm.ledger import peaks as pruning
from farm.ledger.database import Database
from farm.ledger.peaks import prune_peaks
from farm.ledger.queue import Queue
from farm.ledger.schema import peaks


def record(database: Database, stage_id: str, version: int, count: int, *, ram_mb: int) -> None:
    rows = [
        {"stage_id": stage_id, "version": version, "size": f"s{n % 3}", "ram_mb": ram_mb,
         "vram_mb": 0, "wall_s": 1.0}
        for n in range(count)
    ]  # fmt: skip
    database.write(lambda connection: connection.execute(insert(peaks), rows))


def kept(database: Database) -> dict[tuple[str, int], int]:
    group = (peaks.c.stage_id, peaks.c.version)
    with database.read() as connection:
        rows = connection.execute(select(*group, func.count()).group_by(*group))
        return {(row[0], row[1]): row[2] for row in rows}


def test_of_each_version_of_a_stage_the_newest_runs_stay(database: Database) -> None:
    for _ in range(3):
        record(database, "a/x", 1, 40, ram_mb=900)
        record(database, "a/x", 2, 20, ram_mb=500)
        record(database, "b/y", 1, 5, ram_mb=100)
    record(database, "a/x", 1, 30, ram_mb=200)
    assert prune_peaks(database, keep=30) == 120 + 30
    assert kept(database) == {("a/x", 1): 30, ("a/x", 2): 30, ("b/y", 1): 15}
    with database.read() as connection:
        left = connection.execute(
            select(peaks.c.ram_mb).distinct().where(peaks.c.stage_id == "a/x", peaks.c.version == 1)
        ).scalars()
        assert list(left) == [200]
    assert prune_peaks(database, keep=30) == 0


def test_many_are_forgotten_in_small_transactions(database: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(pruning, "_AT_ONCE", 7)
    record(database, "a/x", 1, 50, ram_mb=1)
    assert prune_peaks(database, keep=10) == 40
    assert kept(database) == {("a/x", 1): 10}


def test_what_reservations_look_at_is_never_forgotten(database: Database) -> None:
    record(database, "a/x", 1, 1200, ram_mb=640)
    before = Queue(database, None).recorded_peaks("a/x", 1)  # type: ignore[arg-type]
    assert prune_peaks(database) == 200
    assert Queue(database, None).recorded_peaks("a/x", 1) == before == (641, 1)  # type: ignore[arg-type]
