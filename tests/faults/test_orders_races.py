"""Orders of operators meet work in every state, by seed: what is cancelled, paused and retried ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated import assert_sound, emptied, simulate

FORTY = {"kills": 0, "orders": 40, "jobs": 15}


def test_orders_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    assert_sound(simulate(tmp_path, seed=31, **FORTY), **FORTY)


@pytest.mark.postgres
def test_orders_on_postgresql_lose_nothing_and_repeat_nothing(
    tmp_path: Path, postgres_url: str
) -> None:
    database = emptied(postgres_url)
    assert_sound(simulate(tmp_path, seed=32, database=database, **FORTY), **FORTY)
