"""Recorded peaks go by the size of a task; their table does not grow with the work that was done."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from farmhand import Farmhand, plan, stage
from sqlalchemy import func, insert, select

from farm.domain.plan import Needs
from farm.ledger import peaks as pruning
from farm.ledger.database import Database
from farm.ledger.peaks import prune_peaks
from farm.ledger.queue import Queue
from farm.ledger.records import Peaks
from farm.ledger.schema import peaks


def record(
    database: Database, stage_id: str, version: int, count: int, *, ram_mb: int, size: str = ""
) -> None:
    rows = [
        {"stage_id": stage_id, "version": version, "size": size, "ram_mb": ram_mb,
         "vram_mb": 0, "wall_s": 1.0}
        for _ in range(count)
    ]  # fmt: skip
    database.write(lambda connection: connection.execute(insert(peaks), rows))


def kept(database: Database) -> dict[tuple[str, int, str], int]:
    group = (peaks.c.stage_id, peaks.c.version, peaks.c.size)
    with database.read() as connection:
        rows = connection.execute(select(*group, func.count()).group_by(*group))
        return {(row[0], row[1], row[2]): row[3] for row in rows}


def test_of_each_size_of_each_version_of_a_stage_the_newest_runs_stay(database: Database) -> None:
    for _ in range(3):
        record(database, "a/x", 1, 40, ram_mb=900)
        record(database, "a/x", 1, 15, ram_mb=900, size="sd15/1MP")
        record(database, "a/x", 2, 20, ram_mb=500)
        record(database, "b/y", 1, 5, ram_mb=100)
    record(database, "a/x", 1, 30, ram_mb=200)
    assert prune_peaks(database, keep=30) == 120 + 15 + 30
    left = {("a/x", 1, ""): 30, ("a/x", 1, "sd15/1MP"): 30, ("a/x", 2, ""): 30, ("b/y", 1, ""): 15}
    assert kept(database) == left
    with database.read() as connection:
        here = (peaks.c.stage_id == "a/x", peaks.c.version == 1, peaks.c.size == "")
        newest = connection.execute(select(peaks.c.ram_mb).distinct().where(*here)).scalars()
        assert list(newest) == [200]
    assert prune_peaks(database, keep=30) == 0


def test_many_are_forgotten_in_small_transactions(database: Database, monkeypatch: Any) -> None:
    monkeypatch.setattr(pruning, "_AT_ONCE", 7)
    record(database, "a/x", 1, 50, ram_mb=1)
    assert prune_peaks(database, keep=10) == 40
    assert kept(database) == {("a/x", 1, ""): 10}


def test_what_reservations_look_at_is_never_forgotten(database: Database) -> None:
    record(database, "a/x", 1, 400, ram_mb=640)
    queue = Queue(database, None)  # type: ignore[arg-type]
    before = queue.recorded_peaks("a/x", 1, "")
    assert prune_peaks(database) == 200
    assert queue.recorded_peaks("a/x", 1, "") == before == (641, 1)


def test_a_large_task_is_not_reserved_for_by_small_ones_nor_one_model_by_another(
    database: Database,
) -> None:
    record(database, "a/x", 1, 50, ram_mb=2000, size="sd15/1MP")
    record(database, "a/x", 1, 12, ram_mb=9000, size="sd15/16MP")
    record(database, "a/x", 1, 9, ram_mb=30_000, size="flux/1MP")
    queue = Queue(database, None)  # type: ignore[arg-type]
    assert queue.recorded_peaks("a/x", 1, "sd15/1MP") == (2001, 1)
    assert queue.recorded_peaks("a/x", 1, "sd15/16MP") == (9001, 1)
    assert queue.recorded_peaks("a/x", 1, "flux/1MP") is None, "nine runs are too few"
    assert queue.recorded_peaks("a/x", 1, "flux/16MP") is None
    # How long it takes is guessed by all there is.
    assert queue.typical_s("a/x", 1, "flux/16MP") == 1.0


def test_an_attempts_peak_is_recorded_by_the_size_of_its_task(database: Database) -> None:
    hand = Farmhand(database)
    needs = Needs("test.work/test", 1, ram_mb=100, size="wan/32MP")
    assert needs.shape != replace(needs, size="wan/64MP").shape
    hand.jobs.accept(plan(stage("large", needs=needs), stage("plain")), job_id="j1")
    for name, used_mb in (("large", 5000), ("plain", 70)):
        done = hand.take(f"j1.{name}.0")
        hand.claims["n1"].finish(done, {"out": []}, Peaks(wall_s=9.0, ram_mb=used_mb), go_on=False)
    with hand.database.read() as connection:
        rows = connection.execute(select(peaks.c.size, peaks.c.ram_mb).order_by(peaks.c.id)).all()
    assert sorted(map(tuple, rows)) == [("", 70), ("wan/32MP", 5000)]
