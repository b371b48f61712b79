"""A stage that runs once for each file: what its tasks are given, and what they may reuse."""

from __future__ import annotations

from typing import Any

import pytest
from farmhand import Farmhand, artifact, plan, stage

from farm.domain.plan import Binding, PlannedStage, PlannedWindow
from farm.ledger.database import Database


@pytest.fixture
def hand(database: Database) -> Farmhand:
    return Farmhand(database)


def speak(**changes: Any) -> PlannedStage:
    """Says each file of ``cut`` in the voice of the job's prompt."""
    bindings = {"line": [Binding("stage", "cut", "out")], "voice": [Binding("input", "prompt")]}
    return stage("speak", ("cut",), windows=None, bindings=bindings, each=("line",), **changes)


def run(hand: Farmhand, job_id: str, *lines: str, **changes: Any) -> list[list[str]]:
    """Run a job that is cut into these lines; returns the lines of each spoken task."""
    hand.jobs.accept(plan(stage("cut", cacheable=False), speak(**changes)), job_id=job_id)
    hand.finish(hand.take(), *lines)
    windows = [PlannedWindow(i, i + 1) for i in range(len(lines))]
    hand.jobs.expand(job_id, "speak", windows)
    spoken = []
    for task_id in hand.ready():
        task = hand.take(task_id)
        assert task.window is None
        assert [file["hash"] for file in task.inputs["voice"]] == [artifact().hash]
        [line] = task.inputs["line"]
        spoken.append(line["hash"])
        hand.finish(task, "said " + line["hash"])
    return [[line for line in lines if artifact(line).hash == each] for each in spoken]


def test_each_task_is_given_its_own_file_and_all_of_the_others(hand: Farmhand) -> None:
    assert run(hand, "job1", "one", "two", "three") == [["one"], ["two"], ["three"]]
    assert hand.job_state() == "publishing"


def test_what_they_make_is_collected_in_the_order_of_the_files(hand: Farmhand) -> None:
    run(hand, "job1", "one", "two", "three")
    made = [file["hash"] for file in hand.stage_row("speak").outputs["out"]]
    expected = ["said " + artifact(line).hash for line in ("one", "two", "three")]
    assert made == [artifact(content).hash for content in expected]


def test_a_file_that_moved_in_the_list_is_not_worked_on_again(hand: Farmhand) -> None:
    run(hand, "job1", "one", "two", "three")
    assert run(hand, "job2", "zero", "three", "one") == [["zero"]]
    made = [file["hash"] for file in hand.stage_row("speak", "job2").outputs["out"]]
    expected = ["said " + artifact(line).hash for line in ("zero", "three", "one")]
    assert made == [artifact(content).hash for content in expected]


def test_the_same_file_twice_in_a_list_has_two_tasks(hand: Farmhand) -> None:
    assert run(hand, "job1", "one", "one", cacheable=False) == [["one", "one"], ["one", "one"]]


def test_a_stage_for_each_of_no_files_is_done_at_once(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("cut", cacheable=False), speak()), job_id="job1")
    task = hand.take()
    hand.report(task)
    hand.jobs.expand("job1", "speak", [])
    assert hand.stage_row("speak").outputs == {}
    assert hand.job_state() == "publishing"
