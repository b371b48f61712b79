"""A claim that was recorded and never became true leaves nothing that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from farmhand import Farmhand, plan, stage

from farm.domain.errors import LostClaim
from farm.ledger.database import Database
from farm.ledger.invariants import violations
from farm.ledger.submissions import Submissions


def claim(submissions: Submissions, id: str) -> None:
    submissions.begin_claim(
        id,
        origin="procedural",
        name="sea.txt",
        arrived=Path("/drop/sea.txt"),
        location=Path(f"/drop/_claimed/{id}/sea.txt"),
        fingerprint="f",
    )


def test_a_claim_whose_rename_did_not_happen_is_forgotten_and_made_again(
    database: Database,
) -> None:
    submissions = Submissions(database)
    claim(submissions, "one")
    submissions.forget("one", "the file was never renamed")
    assert violations(database) == []
    assert not submissions.claimed("one")
    claim(submissions, "two")
    assert submissions.claimed("two")
    assert violations(database) == []


def test_what_belongs_to_a_job_that_was_retried_is_not_given_back(database: Database) -> None:
    hand, submissions = Farmhand(database), Submissions(database)
    claim(submissions, "one")
    submissions.claimed("one")
    hand.jobs.accept(plan(stage("a")), job_id="job1", submission_id="one")
    error, place = {"what": "cancelled"}, Path("/drop/_rejected/sea.txt")
    hand.jobs.cancel("job1", actor="ada")
    hand.jobs.retry("job1", actor="ada")
    with pytest.raises(LostClaim, match="running"):
        submissions.reject("one", error, place)
    hand.jobs.cancel("job1", actor="ada")
    submissions.reject("one", error, place)
    assert violations(database) == []
