"""The daemon's metrics follow the ledger, in few queries, and stay bounded."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from farmhand import Farmhand, plan, stage
from prometheus_client.parser import text_string_to_metric_families
from statements import statements

from farm.domain.errors import ErrorClass
from farm.domain.plan import Needs
from farm.ledger.database import Database
from farm.ledger.publishing import Publishing
from farm.ledger.records import Names, Peaks
from farm.metrics.refreshing import Refreshing
from farm.metrics.series import CAPS, OTHER, Book


@pytest.fixture
def hand(database: Database) -> Farmhand:
    return Farmhand(database)


class Watched:
    """A refreshing whose page is read like Prometheus reads it."""

    def __init__(self, database: Database, spool: Path) -> None:
        self.book = Book()
        self.now_s = 0.0
        self.refreshing = Refreshing(
            database, self.book, spool, monotonic=lambda: self.now_s, clock=database.clock
        )
        self.refreshing.lead()

    def read(self) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
        self.now_s += 1000
        self.refreshing.tick()
        return samples(self.book.page())

    def value(self, name: str, **labels: str) -> float:
        return self.read()[name][tuple(sorted(labels.items()))]


def samples(page: bytes) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    for family in text_string_to_metric_families(page.decode()):
        for sample in family.samples:
            key = tuple(sorted(sample.labels.items()))
            found.setdefault(sample.name, {})[key] = sample.value
    return found


@pytest.fixture
def watched(database: Database, tmp_path: Path, hand: Farmhand) -> Watched:
    return Watched(database, tmp_path)


def test_a_job_is_counted_from_its_acceptance_to_its_end(
    hand: Farmhand, database: Database, watched: Watched, clock: Any
) -> None:
    hand.jobs.accept(plan(stage("draw")), job_id="job1")
    assert watched.value("farm_jobs_created_total", pipeline="test@1") == 1
    assert watched.value("farm_queue_tasks", pipeline="test@1", reason="queue") == 1
    clock.pass_s(7)
    task = hand.take()
    assert watched.value("farm_running_tasks", pipeline="test@1") == 1
    assert watched.value("farm_task_wait_seconds_sum", pipeline="test@1") == 7
    clock.pass_s(20)
    hand.finish(task)
    clock.pass_s(3)
    Publishing(database).finish("job1", {})
    page = watched.read()
    pipeline = (("pipeline", "test@1"),)
    of_stage = (("stage", "test.work/test"), ("version", "1"))
    assert page["farm_jobs_ended_total"] == {
        (*pipeline, ("state", state)): float(state == "done")
        for state in ("done", "failed", "cancelled")
    }
    assert page["farm_job_duration_seconds_sum"] == {pipeline: 30}
    assert page["farm_attempt_duration_seconds_sum"] == {of_stage: 20}
    buckets = page["farm_attempt_duration_seconds_bucket"]
    assert buckets[(("le", "10"), *of_stage)] == 0
    assert buckets[(("le", "30"), *of_stage)] == 1
    assert buckets[(("le", "+Inf"), *of_stage)] == 1
    assert page["farm_attempts_total"] == {(("outcome", "succeeded"), *of_stage): 1}
    assert "farm_queue_tasks" not in page


def test_a_failure_is_counted_by_its_class_and_the_version_of_its_stage(
    hand: Farmhand, watched: Watched
) -> None:
    hand.jobs.accept(plan(stage("draw")), job_id="job1")
    hand.fail(hand.take(), ErrorClass.INPUT)
    page = watched.read()
    assert page["farm_attempt_failures_total"] == {
        (("class", "input"), ("stage", "test.work/test"), ("version", "1")): 1
    }
    assert page["farm_jobs_ended_total"][(("pipeline", "test@1"), ("state", "failed"))] == 1


def test_attempts_are_counted_by_what_they_call_themselves(
    hand: Farmhand, watched: Watched, clock: Any
) -> None:
    old, new = Names("animate-move@1.0.0"), Names("animate-move@2.0.0", "prompt-7")
    for number, names in enumerate((old, old, new, Names())):
        hand.jobs.accept(plan(stage("draw"), prompt=str(number)), job_id=f"job{number}")
        task = hand.take()
        clock.pass_s(20)
        if names is new:
            told = {"class": "input", "message": "no."}
            hand.claims["n1"].fail(
                task, ErrorClass.INPUT, told, Peaks(), names=names, max_failures=9
            )
        else:
            hand.claims["n1"].finish(task, {"out": []}, Peaks(), names=names, go_on=False)
    hand.jobs.accept(plan(stage("draw"), prompt="lost"), job_id="lost")
    task = hand.take()
    hand.claims["n1"].note_progress({}, {(task.task_id, 1): new})
    hand.nodes.lost("n1", "i1", "silent")
    page = watched.read()
    counted = {
        (dict(key)["work"].partition("@")[2], dict(key)["outcome"]): number
        for key, number in page["farm_work_attempts_total"].items()
        if number
    }
    assert counted == {
        ("1.0.0", "succeeded"): 2, ("2.0.0", "failed"): 1, ("2.0.0", "lost"): 1
    }  # fmt: skip
    # A panel divides by what is there from the first: no outcome is missing.
    assert len(page["farm_work_attempts_total"]) == 8
    assert page["farm_work_duration_seconds_sum"] == {(("work", "animate-move@1.0.0"),): 40}
    assert page["farm_work_duration_seconds_count"] == {(("work", "animate-move@1.0.0"),): 2}


def test_a_lapsed_lease_is_counted_for_its_node(hand: Farmhand, watched: Watched) -> None:
    hand.jobs.accept(plan(stage("draw")), job_id="job1")
    hand.take()
    hand.nodes.lost("n1", "i1", "silent")
    page = watched.read()
    assert page["farm_lease_losses_total"] == {(("node", "n1"),): 1}
    assert page["farm_node_losses_total"] == {(("node", "n1"),): 1}
    assert page["farm_node_up"] == {(("node", "n1"),): 0}
    assert page["farm_nodes"] == {(("state", "lost"),): 1}


def test_cache_hits_are_counted_with_the_bytes_they_saved(hand: Farmhand, watched: Watched) -> None:
    hand.jobs.accept(plan(stage("draw")), job_id="job1")
    hand.finish(hand.take(), "twelve bytes")
    hand.jobs.accept(plan(stage("draw"), name="again"), job_id="job2")
    page = watched.read()
    here = (("stage", "test.work/test"),)
    assert page["farm_cache_hits_total"] == {here: 1}
    assert page["farm_cache_saved_bytes_total"] == {here: 12}
    assert sum(page["farm_store_bytes"].values()) > 12


def test_each_waiting_task_is_counted_under_its_one_reason(
    hand: Farmhand, watched: Watched
) -> None:
    hand.jobs.accept(plan(stage("draw", windows=4)), job_id="job1")
    hand.jobs.accept(plan(stage("ask", approval=True), prompt="b"), job_id="job2")
    hand.jobs.accept(plan(stage("one"), stage("two", ("one",)), prompt="c"), job_id="job3")
    waits = {dict(k)["reason"]: v for k, v in watched.read()["farm_queue_tasks"].items()}
    assert waits == {"queue": 5, "approval": 1, "stage": 1}
    hand.nodes.pause_farm("lunch", actor="me")
    waits = {dict(k)["reason"]: v for k, v in watched.read()["farm_queue_tasks"].items()}
    assert waits == {"farm-paused": 5, "approval": 1, "stage": 1}
    assert watched.value("farm_paused") == 1


def test_a_task_that_no_node_can_take_waits_for_placement(
    hand: Farmhand, database: Database, watched: Watched
) -> None:
    from sqlalchemy import update

    from farm.ledger.schema import shapes

    big = Needs("test.work/test", 1, ram_mb=99_000)
    hand.jobs.accept(plan(stage("draw", needs=big)), job_id="job1")
    with database.engine.begin() as connection:
        connection.execute(
            update(shapes).where(shapes.c.shape == big.shape).values(reason="needs 99 GB")
        )
    assert watched.value("farm_queue_tasks", pipeline="test@1", reason="placement") == 1


def test_reading_the_page_asks_the_ledger_nothing(
    hand: Farmhand, database: Database, watched: Watched
) -> None:
    hand.jobs.accept(plan(stage("draw", windows=50)), job_id="job1")
    watched.read()
    with statements(database) as run:
        assert b"farm_queue_tasks" in watched.book.page()
    assert run == []


def test_a_look_at_the_ledger_takes_as_many_queries_for_many_tasks_as_for_few(
    hand: Farmhand, database: Database, watched: Watched
) -> None:
    counts = []
    for number, windows in enumerate((2, 400)):
        name = f"job{number}"
        hand.jobs.accept(plan(stage("draw", windows=windows), prompt=name), job_id=name)
        with statements(database) as run:
            watched.read()
        counts.append(len(run))
    assert counts[0] == counts[1]
    with statements(database) as run:
        watched.refreshing.tick()
    # Nothing new and nothing due: one look for events.
    [look] = [one.text for one in run if one.text != "BEGIN"]
    assert "FROM events" in look


def test_what_is_dear_to_count_is_counted_less_often(
    database: Database, tmp_path: Path, hand: Farmhand
) -> None:
    now_s = 0.0
    refreshing = Refreshing(database, Book(), tmp_path, monotonic=lambda: now_s)
    refreshing.lead()
    took: list[float] = []

    def dear() -> None:
        nonlocal now_s
        took.append(now_s)
        now_s += 3.0

    for _ in range(200):
        refreshing._seldom("dear", 2.0, dear)
        now_s += 1.0
    assert took == [0.0, 150.0]


def test_a_standby_counts_nothing_and_a_new_leader_counts_what_is_new(
    hand: Farmhand, database: Database, tmp_path: Path
) -> None:
    hand.jobs.accept(plan(stage("draw")), job_id="job1")
    second = Watched(database, tmp_path)
    second.refreshing.stand_by()
    hand.jobs.accept(plan(stage("draw"), name="b"), job_id="job2")
    page = second.read()
    assert page["farm_daemon_active"] == {(): 0}
    assert "farm_jobs_created_total" not in page
    second.refreshing.lead()
    hand.jobs.accept(plan(stage("draw"), name="c"), job_id="job3")
    assert second.value("farm_jobs_created_total", pipeline="test@1") == 1


def test_labels_are_bounded_and_the_rest_is_other() -> None:
    book = Book()
    jobs = book.counter("farm_jobs_created_total", "Jobs.", "pipeline")
    depth = book.gauge("farm_queue_tasks", "Depth.", "pipeline", "reason")
    for number in range(CAPS["pipeline"] + 100):
        jobs.add(f"p{number}")
    depth.replace({(f"p{number}", "queue"): 1.0 for number in range(1000)})
    page = samples(book.page())
    assert len(page["farm_jobs_created_total"]) == CAPS["pipeline"] + 1
    assert page["farm_jobs_created_total"][(("pipeline", OTHER),)] == 100
    assert len(page["farm_queue_tasks"]) == CAPS["pipeline"] + 1
    assert sum(page["farm_queue_tasks"].values()) == 1000


def test_a_page_with_every_label_at_its_cap_is_made_in_time(
    database: Database, tmp_path: Path, hand: Farmhand
) -> None:
    book = Book()
    metrics = Refreshing(database, book, tmp_path).metrics
    for number in range(200):
        of_stage = (f"a.b/{number}", "1")
        pipeline = f"p{number}@1"
        metrics.wait_s.observe(pipeline, seconds=1)
        metrics.job_s.observe(pipeline, seconds=1)
        metrics.attempt_s.observe(*of_stage, seconds=1)
        metrics.cache_hits.add(of_stage[0])
        for name in ("done", "failed", "cancelled"):
            metrics.jobs_ended.add(pipeline, name)
            metrics.attempts.add(*of_stage, name)
        for error_class in ErrorClass:
            metrics.failures.add(*of_stage, error_class.value)
    metrics.queue.replace(
        {(f"p{n}@1", reason): 1 for n in range(200) for reason in ("queue", "stage", "approval")}
    )
    book.page()
    best_s = min(_timed(book.page) for _ in range(5))
    assert best_s < 0.05


def _timed(act: Any) -> float:
    start_s = time.process_time()
    act()
    return time.process_time() - start_s


def test_names_and_help_follow_the_conventions(database: Database, tmp_path: Path) -> None:
    book = Book()
    Refreshing(database, book, tmp_path)
    for series in book.series():
        assert series.name.startswith("farm_")
        assert (series.kind == "counter") == series.name.endswith("_total"), series.name
        assert series.help.endswith("."), series.name
        if series.kind == "histogram":
            assert series.name.endswith("_seconds"), series.name
