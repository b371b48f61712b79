"""A simulated farm from its start to its verdict."""

from __future__ import annotations

from pathlib import Path

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


def simulate(
    root: Path, *, seed: int, kills: int, orders: int, jobs: int, database: str = ""
) -> Report:
    """A farm in ``root``, its parts killed and orders given meanwhile; a farm that was not sound
    shows the logs of its processes."""
    farm = Farmlet(root, database=database)
    try:
        scenario = Scenario(farm, seed=seed, kills=kills, orders=orders, jobs=jobs, tell=print)
        report = scenario.run()
        if report.violations:  # pytest shows what is printed only when the test fails.
            for log in sorted((root / "log").iterdir()):
                print(f"--- {log.name}", log.read_text(encoding="utf-8")[-20_000:], sep="\n")
        return report
    finally:
        farm.stop()


def assert_sound(report: Report, *, kills: int, orders: int, jobs: int) -> None:
    """Everything that was asked for was tried, and nothing was lost."""
    print(*report.lines(), sep="\n")
    assert report.violations == ()
    assert (sum(report.kills.values()), report.jobs) == (kills, jobs)
    assert sum(report.orders.values()) >= orders
