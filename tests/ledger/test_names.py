"""What attempts call themselves: kept whatever becomes of them, and found again by people."""

from __future__ import annotations

import pytest
from farmhand import Farmhand, artifact, plan, stage
from statements import statements

from farm.domain.errors import ErrorClass, UnknownName
from farm.ledger.database import Database
from farm.ledger.records import Assignment, Names, Peaks
from farm.ledger.schema import attempts
from farm.ledger.views_console import ConsoleViews, JobFilter, Sort
from farm.ledger.views_detail import JobDetails
from farm.ledger.views_jobs import JobViews

PROMPT = "5e1f7a52-1111-4a1b-9c0d-0123456789ab"
SWAN = Names("swan@2.0.0", PROMPT)


@pytest.fixture
def hand(database: Database) -> Farmhand:
    return Farmhand(database)


def accept(hand: Farmhand, job_id: str, prompt: str = "a prompt") -> None:
    made = plan(stage("draw", cacheable=False), name=job_id, prompt=prompt)
    hand.jobs.accept(made, job_id=job_id)


def finish(hand: Farmhand, task: Assignment, names: Names, *contents: str) -> None:
    files = {"out": [artifact(content).record() for content in contents]}
    hand.claims["n1"].finish(task, files, Peaks(wall_s=0.1), names=names, go_on=False)


def fail(hand: Farmhand, task: Assignment, error_class: ErrorClass, names: Names) -> None:
    told = {"class": error_class.value, "message": "it failed."}
    hand.claims["n1"].fail(task, error_class, told, Peaks(), names=names, max_failures=9)


def names_of(hand: Farmhand, job_id: str) -> list[tuple[str | None, str | None]]:
    found = JobDetails(hand.database).attempts(job_id)
    return [(attempt.counts_as, attempt.known_as) for attempt in found]


def numbers(hand: Farmhand, word: str) -> list[int]:
    """What the console lists for a word."""
    return ConsoleViews(hand.database).numbers(JobFilter(words=(word,)), Sort(), limit=9)[0]


def test_names_are_kept_with_the_result_and_with_the_failure(hand: Farmhand) -> None:
    accept(hand, "job1")
    finish(hand, hand.take(), SWAN, "a film")
    accept(hand, "job2", "b")
    fail(hand, hand.take(), ErrorClass.INPUT, SWAN)
    assert names_of(hand, "job1") == names_of(hand, "job2") == [("swan@2.0.0", PROMPT)]
    [line] = JobDetails(hand.database).detail("job2").attempts
    assert line.counts_as == "swan@2.0.0"
    accept(hand, "job3", "c")
    hand.finish(hand.take())
    assert names_of(hand, "job3") == [(None, None)]


def test_names_cost_no_statement_more(hand: Farmhand) -> None:
    run: dict[str, int] = {}
    for job_id, names in (("job1", Names()), ("job2", SWAN)):
        accept(hand, job_id, job_id)
        task = hand.take()
        with statements(hand.database) as seen:
            finish(hand, task, names, job_id)
        run[job_id] = len(seen)
    assert run["job1"] == run["job2"]


def test_what_a_heartbeat_told_stays_when_the_node_is_lost(hand: Farmhand) -> None:
    accept(hand, "job1")
    task = hand.take()
    hand.claims["n1"].note_progress({}, {(task.task_id, 1): SWAN})
    assert names_of(hand, "job1") == [("swan@2.0.0", PROMPT)]
    hand.claims["n1"].note_progress({(task.task_id, 1): (0.5, "half")}, {(task.task_id, 1): SWAN})
    [line] = JobDetails(hand.database).attempts("job1")
    assert (line.progress, line.note, line.known_as) == (0.5, "half", PROMPT)
    hand.nodes.lost("n1", "i1", "silent")
    [line] = JobDetails(hand.database).attempts("job1")
    assert (line.state, line.counts_as) == ("lost", "swan@2.0.0")
    # It is not this attempt's any more.
    hand.claims["n1"].note_progress({}, {(task.task_id, 1): Names("goose@1")})
    assert names_of(hand, "job1") == [("swan@2.0.0", PROMPT)]


def test_a_job_is_found_by_what_a_service_calls_its_work_and_by_a_task(hand: Farmhand) -> None:
    accept(hand, "job1")
    fail(hand, hand.take(), ErrorClass.TRANSIENT, SWAN)
    accept(hand, "job2", "b")
    assert hand.jobs.find(PROMPT) == "job1"
    assert hand.jobs.find("job2.draw.0") == "job2"
    assert [line.id for line in JobViews(hand.database).page(related=PROMPT)] == ["job1"]
    assert numbers(hand, PROMPT) == [1]
    with pytest.raises(UnknownName, match="no job is called that"):
        hand.jobs.find(PROMPT.replace("5", "6"))
    assert JobViews(hand.database).page(related="prompt") == []


def test_two_jobs_that_share_a_name_are_listed_and_not_guessed(hand: Farmhand) -> None:
    for job_id in ("job1", "job2"):
        accept(hand, job_id, job_id)
        finish(hand, hand.take(), SWAN, job_id)
    with pytest.raises(UnknownName, match="more than one job is called that"):
        hand.jobs.find(PROMPT)
    assert [line.number for line in JobViews(hand.database).page(related=PROMPT)] == [2, 1]


def test_jobs_are_found_by_the_hash_of_what_they_were_given_and_made(hand: Farmhand) -> None:
    accept(hand, "job1", "dunes")
    finish(hand, hand.take(), Names(), "a film")
    accept(hand, "job2", "dunes")
    given, made = artifact("dunes").hash, artifact("a film").hash
    views = JobViews(hand.database)
    for name in (given, given[:12], given[:20].upper()):
        assert [line.id for line in views.page(related=name)] == ["job2", "job1"]
        assert numbers(hand, name) == [2, 1]
    assert [line.id for line in views.page(related=made[:12])] == ["job1"]
    assert [line.id for line in views.page(related=given[:12], before=2)] == ["job1"]
    assert views.page(related=given[:11]) == []


def test_a_search_by_name_reads_no_table_from_end_to_end(hand: Farmhand) -> None:
    if hand.database.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL reads a table whole while it is small")
    with statements(hand.database) as seen:
        JobViews(hand.database).page(related="0123456789ab")
        with pytest.raises(UnknownName):
            hand.jobs.find("abc")
    with hand.database.engine.connect() as connection:
        for one in seen:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {one.text}", one.parameters)
            told = " / ".join(row[3] for row in plan)
            assert not {"SCAN jobs", "SCAN attempts", "SCAN artifact_uses"} & {
                step.split(" USING")[0] for step in told.split(" / ")
            }, (one.text, told)
    assert any("known_as" in one.text for one in seen)


def test_names_have_room_for_what_a_task_may_say() -> None:
    from farm.engine.task import _LONGEST

    for kind, longest in _LONGEST.items():
        assert attempts.c[kind].type.length == longest  # type: ignore[attr-defined]
