"""A job's way through the ledger, from acceptance to publishing, on both databases."""

from __future__ import annotations

import pytest
from farmhand import Farmhand, plan, stage

from farm.domain.errors import InputError, UnknownName
from farm.domain.plan import PlannedWindow
from farm.ledger.database import Database


@pytest.fixture
def hand(database: Database) -> Farmhand:
    return Farmhand(database)


def test_a_chain_runs_stage_after_stage_and_ends_in_publishing(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("a"), stage("b", after=("a",))), job_id="job1")
    assert hand.ready() == ["job1.a.0"]
    assert hand.task_state("job1.b.0") == "blocked"
    first = hand.take()
    assert hand.job_state() == "running"
    hand.finish(first, "from a")
    second = hand.take()
    assert [file["size_bytes"] for file in second.inputs["in"]] == [len("from a")]
    hand.finish(second)
    assert hand.job_state() == "publishing"
    assert hand.story("job1.b.0") == ["ready", "sent", "running", "done"]


def test_accepting_the_same_job_again_changes_nothing(hand: Farmhand) -> None:
    one = plan(stage("a"))
    assert hand.jobs.accept(one, job_id="job1") == hand.jobs.accept(one, job_id="job1")
    assert hand.ready() == ["job1.a.0"]


def test_windows_fan_out_and_join_in_their_order(hand: Farmhand) -> None:
    hand.jobs.accept(
        plan(stage("split", windows=3), stage("join", after=("split",))), job_id="job1"
    )
    tasks = [hand.take(slot="cpu0") for _ in range(3)]
    assert {t.window["index"] for t in tasks if t.window} == {0, 1, 2}
    for task in reversed(tasks):
        assert hand.task_state("job1.join.0") == "blocked"
        hand.finish(
            task, f"window {task.window['index'] if task.window else 0}" + "." * task.number
        )
    join = hand.take()
    assert [f["hash"] for f in join.inputs["in"]] == [
        f["hash"] for f in hand.stage_row("split").outputs["out"]
    ]
    assert len(join.inputs["in"]) == 3
    # One seed for the whole stage: a film must not jump where its windows meet.
    assert {task.seed for task in tasks} == {7}


def test_chained_windows_run_one_after_another_and_carry_files_on(hand: Farmhand) -> None:
    chain = stage("grow", windows=3, chained=True, carry=("out",))
    hand.jobs.accept(plan(chain), job_id="job1")
    seen = []
    for index in range(3):
        assert hand.ready() == [f"job1.grow.{index}"]
        task = hand.take()
        seen.append([f["size_bytes"] for f in task.inputs.get("out", [])])
        hand.finish(task, "x" * (index + 1))
    assert seen == [[], [1], [2]]
    assert hand.job_state() == "publishing"


def test_windows_are_cut_once_when_the_inputs_become_known(hand: Farmhand) -> None:
    late = stage("late", after=("a",), windows=None)
    hand.jobs.accept(plan(stage("a"), late), job_id="job1")
    assert hand.jobs.to_expand() == []
    hand.finish(hand.take(), "clip")
    [found] = hand.jobs.to_expand()
    assert found["inputs"]["in"][0]["size_bytes"] == 4
    hand.jobs.expand("job1", "late", [PlannedWindow(0, 5), PlannedWindow(5, 9)])
    hand.jobs.expand("job1", "late", [PlannedWindow(0, 9)])
    assert sorted(hand.ready()) == ["job1.late.0", "job1.late.1"]
    assert hand.jobs.to_expand() == []


def test_a_stage_without_windows_is_done_at_once(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("a"), stage("late", after=("a",), windows=None)), job_id="job1")
    hand.finish(hand.take())
    hand.jobs.expand("job1", "late", [])
    assert hand.job_state() == "publishing"


def test_the_same_work_is_found_in_the_cache_and_the_job_needs_no_engine(hand: Farmhand) -> None:
    one = plan(stage("a", windows=2), stage("b", after=("a",)))
    hand.jobs.accept(one, job_id="job1")
    for _ in range(3):
        hand.finish(hand.take())
    hand.jobs.accept(one, job_id="job2")
    assert hand.job_state("job2") == "publishing"
    assert hand.task_state("job2.a.1") == "cached"
    assert hand.stage_row("b", "job2").outputs == hand.stage_row("b", "job1").outputs


def test_one_changed_parameter_runs_only_what_depends_on_it(hand: Farmhand) -> None:
    def version(of_b: str) -> object:
        return plan(stage("a"), stage("b", after=("a",), params={"x": of_b}), name=of_b)

    hand.jobs.accept(version("one"), job_id="job1")  # type: ignore[arg-type]
    hand.finish(hand.take())
    hand.finish(hand.take())
    hand.jobs.accept(version("two"), job_id="job2")  # type: ignore[arg-type]
    assert hand.task_state("job2.a.0") == "cached"
    assert hand.ready() == ["job2.b.0"]


def test_a_thousand_cached_windows_in_a_chain_open_without_recursion(hand: Farmhand) -> None:
    chain = plan(stage("grow", windows=1100, chained=True, carry=("out",)))
    hand.jobs.accept(chain, job_id="job1")
    task = hand.take()
    while task is not None:
        task = hand.finish(task, "same", go_on=True)
    hand.jobs.accept(chain, job_id="job2")
    assert hand.job_state("job2") == "publishing"


def test_a_gate_holds_its_stage_until_it_is_approved(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("a"), stage("b", after=("a",), approval=True)), job_id="job1")
    hand.finish(hand.take())
    assert hand.task_state("job1.b.0") == "held"
    assert hand.jobs.approve("job1", None, actor="ada") == ["b"]
    assert hand.ready() == ["job1.b.0"]
    assert hand.jobs.approve("job1", None, actor="ada") == []


def test_a_paused_job_keeps_its_tasks_until_it_is_resumed(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("a", windows=2), stage("b", after=("a",))), job_id="job1")
    running = hand.take()
    hand.jobs.pause("job1", actor="ada")
    assert hand.ready() == []
    hand.finish(running)
    hand.jobs.resume("job1", actor="ada")
    hand.finish(hand.take())
    assert hand.ready() == ["job1.b.0"]


def test_a_start_time_delays_and_the_clock_releases(hand: Farmhand) -> None:
    clock = hand.database.clock
    hand.jobs.accept(plan(stage("a"), start_after_s=clock() + 60), job_id="job1")
    assert hand.ready() == [] and hand.queue.release_due() == 0
    assert hand.queue.next_due_s() == clock() + 60
    clock.pass_s(61)  # type: ignore[attr-defined]
    assert hand.queue.release_due() == 1
    assert hand.ready() == ["job1.a.0"]


@pytest.mark.parametrize("gate", [False, True])
def test_neither_a_pause_nor_an_approval_brings_a_start_forward(hand: Farmhand, gate: bool) -> None:
    clock = hand.database.clock
    one = plan(stage("a", approval=gate), start_after_s=clock() + 60)
    hand.jobs.accept(one, job_id="job1")
    if gate:
        assert hand.jobs.approve("job1", None, actor="ada") == ["a"]
    hand.jobs.pause("job1", actor="ada")
    assert hand.task_state("job1.a.0") == "held"
    assert hand.jobs.resume("job1", actor="ada") == 1
    assert (hand.task_state("job1.a.0"), hand.ready()) == ("delayed", [])
    clock.pass_s(61)  # type: ignore[attr-defined]
    assert hand.queue.release_due() == 1
    assert hand.ready() == ["job1.a.0"]


def test_priority_orders_the_queue_and_can_be_changed(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("a", cacheable=False)), job_id="job1")
    hand.jobs.accept(plan(stage("a", cacheable=False), priority=90), job_id="job2")
    hand.jobs.accept(plan(stage("a", cacheable=False)), job_id="job3")
    assert hand.ready() == ["job2.a.0", "job1.a.0", "job3.a.0"]
    hand.jobs.reprioritise("job3", 100, actor="ada")
    assert hand.ready()[0] == "job3.a.0"
    with pytest.raises(InputError, match="0 to 100, got 101"):
        hand.jobs.reprioritise("job3", 101, actor="ada")


def test_jobs_are_found_by_number_id_and_the_end_of_an_id(hand: Farmhand) -> None:
    number = hand.jobs.accept(plan(stage("a")), job_id="01abcdefgh1234")
    assert hand.jobs.find(f"#{number}") == "01abcdefgh1234"
    assert hand.jobs.find("1234") == "01abcdefgh1234"
    with pytest.raises(UnknownName, match="no job is called that"):
        hand.jobs.find("zzzz")
