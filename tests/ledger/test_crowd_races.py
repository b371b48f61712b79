"""Whatever is written about a job at the same time: the ledger stays sound and the job can be ended."""

from __future__ import annotations

import pytest
from crowd import Crowd
from farmhand import Farmhand

from farm.ledger.database import Database
from farm.ledger.invariants import violations


@pytest.fixture
def hand(database: Database) -> Farmhand:
    return Farmhand(database)


def crowded(hand: Farmhand, seed: int, jobs: int) -> None:
    for number in range(jobs):
        crowd = Crowd(hand, f"job{seed}x{number}", f"{seed}:{number}")
        story = []
        for _ in range(crowd.chance.randint(2, 8)):
            story.append(crowd.bout())
            assert [text for text in violations(hand.database) if crowd.job_id in text] == [], story
        assert crowd.end() == "done", story
    assert violations(hand.database) == []


def test_a_job_survives_everybody_at_once(hand: Farmhand) -> None:
    crowded(hand, 5, 40)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_hundreds_of_jobs_survive_everybody_at_once(hand: Farmhand) -> None:
    for seed in range(10):
        crowded(hand, seed, 40)
