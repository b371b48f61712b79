"""Drafts and their masters in the ledger: one master a quality, whoever asks and however often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from farmhand import Farmhand, plan, stage

from farm.domain.errors import FarmError, InputError, UnknownName
from farm.domain.plan import Plan
from farm.ledger.database import Database
from farm.ledger.masters import Masters, sentence
from farm.ledger.publishing import Publishing
from farm.ledger.views_console import ConsoleViews, JobFilter, Sort
from farm.ledger.views_detail import JobDetails
from farm.ledger.views_jobs import JobViews

MANIFEST = {
    "farm": 1, "pipeline": "test@1", "quality": "draft", "rerun": True, "deadline": 5.0,
    "decided": {"quality": "draft", "params": {"steps": 4}, "providers": {}},
}  # fmt: skip


@pytest.fixture
def hand(database: Database) -> Farmhand:
    return Farmhand(database)


def work(name: str) -> Any:
    """A stage that no other job has made yet."""
    return stage("a", cacheable=False, params={"name": name})


def drafted(**changes: Any) -> Plan:
    return plan(work("d"), **{"quality": "draft", "manifest": MANIFEST, "name": "d", **changes})


def done(hand: Farmhand, job_id: str = "draft1", **changes: Any) -> str:
    """A finished draft."""
    hand.jobs.accept(drafted(**changes), job_id=job_id)
    hand.finish(hand.take(f"{job_id}.a.0"))
    assert Publishing(hand.database).finish(job_id, {})
    return job_id


def mastered(draft_id: str, quality: str = "high", **changes: Any) -> Plan:
    return plan(work("m"), quality=quality, draft_id=draft_id, name="m", **changes)


def kin(hand: Farmhand, job_id: str) -> tuple[Any, list[Any]]:
    """A job's draft and masters, by job id."""
    detail = JobDetails(hand.database).detail(job_id)
    return detail.draft and detail.draft["job"], [master["job"] for master in detail.masters]


def test_a_draft_has_one_master_of_a_quality_however_often_it_is_approved(hand: Farmhand) -> None:
    masters, draft = Masters(hand.database), done(hand)
    first = masters.approve(mastered(draft), job_id="master1", actor="ann")
    second = masters.approve(mastered(draft), job_id="master2", actor="bob")
    assert (first.fresh, second.fresh, second.master) == (True, False, first.master)
    assert kin(hand, draft) == (None, ["master1"])
    assert kin(hand, "master1") == (draft, [])
    other = masters.approve(mastered(draft, "standard"), job_id="master3", actor="ann")
    assert other.fresh
    assert kin(hand, draft) == (None, ["master3", "master1"])
    assert hand.story(draft).count("approved") == 2


def test_approving_from_many_places_at_once_makes_one_master(hand: Farmhand) -> None:
    draft = done(hand)

    def approve(at: int) -> Any:
        return Masters(hand.database).approve(mastered(draft), job_id=f"m{at}", actor="ann")

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(approve, range(4)))
    assert [approved.fresh for approved in found].count(True) == 1
    assert len({approved.master.job for approved in found}) == 1
    assert len(kin(hand, draft)[1]) == 1


def test_a_master_asks_for_what_the_draft_was_given_and_for_no_time_that_has_passed(
    hand: Farmhand,
) -> None:
    draft = done(hand)
    fields = Masters(hand.database).manifest_for(draft, "high")
    assert fields == {
        "farm": 1, "pipeline": "test@1", "quality": "high",
        "decided": {**MANIFEST["decided"], "job": draft},
    }  # fmt: skip


def test_only_a_finished_draft_of_this_version_can_be_made_a_master(hand: Farmhand) -> None:
    masters = Masters(hand.database)
    hand.jobs.accept(drafted(), job_id="waits")
    with pytest.raises(InputError, match="got quality draft, state queued"):
        masters.manifest_for("waits", "high")
    hand.jobs.cancel("waits", actor="ann")
    done(hand, "high", quality="high")
    with pytest.raises(InputError, match="only a finished draft"):
        masters.manifest_for("high", "high")
    done(hand, "old", manifest={"farm": 1, "pipeline": "test@1"})
    with pytest.raises(InputError, match="an older version"):
        masters.manifest_for("old", "high")
    with pytest.raises(UnknownName):
        masters.manifest_for("none", "high")


def test_other_inputs_parameters_or_another_seed_make_no_master(hand: Farmhand) -> None:
    draft = done(hand)
    for other in (
        {"prompt": "another"}, {"seed": 8}, {"pipeline": "test@2"},
        {"manifest": {**MANIFEST, "params": {"frames": 9}}},
    ):  # fmt: skip
        with pytest.raises(FarmError, match="no draft's master"):
            Masters(hand.database).approve(mastered(draft, **other), job_id="m", actor="ann")
    # Dropped as a manifest it is simply another job.
    hand.jobs.accept(mastered(draft, seed=8), job_id="other")
    assert kin(hand, "other") == (None, [])


def test_a_master_that_came_through_a_door_is_the_master(hand: Farmhand) -> None:
    draft = done(hand)
    hand.jobs.accept(mastered(draft), job_id="dropped")
    approved = Masters(hand.database).approve(mastered(draft), job_id="m", actor="ann")
    assert (approved.master.job, approved.fresh) == ("dropped", False)


def test_what_failed_is_told_with_its_mend(hand: Farmhand) -> None:
    masters, draft = Masters(hand.database), done(hand)
    fresh = masters.approve(mastered(draft), job_id="master1", actor="ann")
    assert sentence(fresh) == "is approved: its master is #2 in high quality"
    hand.jobs.cancel("master1", actor="ann")
    again = masters.approve(mastered(draft), job_id="m", actor="ann")
    assert sentence(again).endswith("which was cancelled: `farm retry 2`")


def test_finished_drafts_without_a_master_wait_for_approval(hand: Farmhand) -> None:
    first, second, third = (done(hand, f"draft{at}", name=f"d{at}") for at in (1, 2, 3))
    hand.jobs.accept(drafted(name="running"), job_id="running")
    done(hand, "high", quality="high")
    Masters(hand.database).approve(mastered(second), job_id="master", actor="ann")
    views = JobViews(hand.database)
    assert [line.id for line in views.drafts()] == [third, first]
    assert [line.id for line in views.drafts(limit=1)] == [third]
    assert [line.id for line in views.drafts(before=3)] == [first]
    console = ConsoleViews(hand.database)
    numbers, _ = console.numbers(JobFilter(unapproved=True), Sort(), limit=10)
    assert numbers == [3, 1]
