"""Real processes killed at random, by seed: nothing is lost and nothing happens twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from farm.ledger.database import Database
from farm.sim.farmlet import Farmlet
from farm.sim.scenario import Report, Scenario


def emptied(url: str) -> str:
    """The database at ``url`` without any table."""
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    database.close()
    return url


def simulate(root: Path, *, seed: int, kills: int, jobs: int, database: str = "") -> Report:
    farm = Farmlet(root, database=database)
    try:
        report = Scenario(farm, seed=seed, kills=kills, jobs=jobs, tell=print).run()
        if report.violations:  # pytest shows what is printed only when the test fails.
            for log in sorted((root / "log").iterdir()):
                print(f"--- {log.name}", log.read_text(encoding="utf-8")[-20_000:], sep="\n")
        return report
    finally:
        farm.stop()


def assert_sound(report: Report, *, kills: int, jobs: int) -> None:
    print(*report.lines(), sep="\n")
    assert report.violations == ()
    assert (sum(report.kills.values()), report.jobs) == (kills, jobs)


def test_a_dozen_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    assert_sound(simulate(tmp_path, seed=11, kills=12, jobs=10), kills=12, jobs=10)


@pytest.mark.postgres
def test_a_dozen_kills_on_postgresql_lose_nothing_and_repeat_nothing(
    tmp_path: Path, postgres_url: str
) -> None:
    report = simulate(tmp_path, seed=14, kills=12, jobs=10, database=emptied(postgres_url))
    assert_sound(report, kills=12, jobs=10)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_hundred_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    assert_sound(simulate(tmp_path, seed=21, kills=200, jobs=150), kills=200, jobs=150)


@pytest.mark.soak
@pytest.mark.postgres
@pytest.mark.timeout(1800)
def test_two_hundred_kills_on_postgresql_lose_nothing_and_repeat_nothing(
    tmp_path: Path, postgres_url: str
) -> None:
    report = simulate(tmp_path, seed=22, kills=200, jobs=150, database=emptied(postgres_url))
    assert_sound(report, kills=200, jobs=150)
