"""Real processes killed at random, by seed: nothing is lost and nothing happens twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from simulated import assert_sound, emptied, simulate

A_DOZEN = {"kills": 12, "orders": 12, "jobs": 10}
TWO_HUNDRED = {"kills": 200, "orders": 200, "jobs": 150}


def test_a_dozen_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    assert_sound(simulate(tmp_path, seed=11, **A_DOZEN), **A_DOZEN)


@pytest.mark.postgres
def test_a_dozen_kills_on_postgresql_lose_nothing_and_repeat_nothing(
    tmp_path: Path, postgres_url: str
) -> None:
    database = emptied(postgres_url)
    assert_sound(simulate(tmp_path, seed=14, database=database, **A_DOZEN), **A_DOZEN)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_two_hundred_kills_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    assert_sound(simulate(tmp_path, seed=21, **TWO_HUNDRED), **TWO_HUNDRED)


@pytest.mark.soak
@pytest.mark.postgres
@pytest.mark.timeout(1800)
def test_two_hundred_kills_on_postgresql_lose_nothing_and_repeat_nothing(
    tmp_path: Path, postgres_url: str
) -> None:
    database = emptied(postgres_url)
    assert_sound(simulate(tmp_path, seed=22, database=database, **TWO_HUNDRED), **TWO_HUNDRED)
