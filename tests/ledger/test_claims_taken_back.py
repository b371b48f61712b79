"""A claim that was recorded and never became true leaves nothing that is wrong."""

from __future__ import annotations

from pathlib import Path

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
