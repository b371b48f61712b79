"""Everything that can go wrong with an attempt, and that nothing is lost or accepted twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest
from farmhand import Farmhand, plan, stage
from sqlalchemy import select

from farm.domain.errors import ErrorClass, InputError, LostClaim
from farm.domain.policy import FAILURE_POLICY
from farm.domain.states import NodeState
from farm.ledger.database import Database
from farm.ledger.invariants import violations
from farm.ledger.records import Peaks, Placement
from farm.ledger.schema import blocks, jobs, tasks


@pytest.fixture
def hand(database: Database) -> Farmhand:
    return Farmhand(database)


def work(hand: Farmhand, job_id: str = "job1", **changes: object) -> None:
    hand.jobs.accept(plan(stage("a", cacheable=False, **changes)), job_id=job_id)


@pytest.mark.parametrize("error_class", [c for c in ErrorClass if c is not ErrorClass.CANCELLED])
def test_each_error_class_is_tried_as_often_as_the_policy_says(
    hand: Farmhand, error_class: ErrorClass
) -> None:
    work(hand)
    tries = 0
    while hand.job_state() not in ("failing", "failed"):
        hand.database.clock.pass_s(1000)  # type: ignore[attr-defined]
        hand.queue.release_due()
        hand.fail(hand.take(), error_class)
        tries += 1
    rule = FAILURE_POLICY[error_class]
    assert tries == rule.retries + 1
    assert hand.task_state("job1.a.0") == ("quarantined" if rule.quarantine else "failed")
    assert hand.job_state() == "failed"


def test_two_crashes_on_different_nodes_quarantine_a_task(hand: Farmhand) -> None:
    hand.join("n2")
    work(hand)
    hand.fail(hand.take(node="n1"), ErrorClass.CRASH, node="n1")
    assert hand.task_state("job1.a.0") == "ready"
    hand.fail(hand.take(node="n2"), ErrorClass.CRASH, node="n2")
    assert hand.task_state("job1.a.0") == "quarantined"


def test_a_transient_failure_waits_longer_each_time(hand: Farmhand) -> None:
    work(hand)
    waits = []
    for _ in range(3):
        hand.fail(hand.take(), ErrorClass.TRANSIENT)
        due = hand.queue.next_due_s()
        assert due is not None
        waits.append(due - hand.database.clock())
        hand.database.clock.pass_s(waits[-1])  # type: ignore[attr-defined]
        hand.queue.release_due()
    assert waits == [2.0, 4.0, 8.0]


def test_out_of_memory_is_retried_on_a_larger_reservation_and_not_charged(hand: Farmhand) -> None:
    work(hand)
    hand.fail(hand.take(), ErrorClass.RESOURCE)
    hand.database.clock.pass_s(10)  # type: ignore[attr-defined]
    hand.queue.release_due()
    [(shape, needs)] = hand.queue.waiting_shapes()
    assert needs.ram_mb == 150 and "raised" in shape
    with hand.database.read() as connection:
        assert connection.execute(select(jobs.c.failures)).scalar_one() == 0


def test_a_late_result_of_a_lost_attempt_is_refused(hand: Farmhand) -> None:
    work(hand)
    slow = hand.take()
    hand.nodes.lost("n1", "i1", "no heartbeat")
    assert hand.task_state("job1.a.0") == "ready"
    hand.join("n2")
    second = hand.take(node="n2")
    with pytest.raises(LostClaim):
        hand.finish(slow)
    with pytest.raises(LostClaim):
        hand.fail(slow, ErrorClass.BUG)
    hand.finish(second, node="n2")
    assert hand.job_state() == "publishing"
    assert hand.attempt_states("job1.a.0") == ["lost", "succeeded"]


def test_a_result_is_accepted_once(hand: Farmhand) -> None:
    work(hand)
    task = hand.take()
    hand.finish(task)
    with pytest.raises(LostClaim):
        hand.finish(task)


def test_duplicate_stale_and_reordered_messages_lose_the_claim(hand: Farmhand) -> None:
    work(hand)
    [message] = hand.queue.hand_out([Placement("job1.a.0", "n1", "i1", "cpu0")], [])
    claims = hand.claims["n1"]
    assert claims.claim(message.task_id, message.number, message.fence + 1) is None
    assert claims.claim(message.task_id, message.number + 1, message.fence) is None
    assert claims.claim(message.task_id, message.number, message.fence) is not None
    assert claims.claim(message.task_id, message.number, message.fence) is None


def test_of_eight_racing_claims_one_wins(hand: Farmhand) -> None:
    work(hand)
    [message] = hand.queue.hand_out([Placement("job1.a.0", "n1", "i1", "cpu0")], [])
    won: list[object] = []
    start = threading.Barrier(8)

    def race() -> None:
        start.wait()
        taken = hand.claims["n1"].claim(message.task_id, message.number, message.fence)
        if taken is not None:
            won.append(taken)

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_a_node_that_starts_anew_fences_what_it_held(hand: Farmhand) -> None:
    work(hand)
    task = hand.take()
    hand.join("n1", incarnation="i2")
    assert hand.attempt_states("job1.a.0") == ["lost"]
    assert hand.ready() == ["job1.a.0"]
    assert task.number == 1


def test_a_heartbeat_of_a_fenced_incarnation_is_told_so(hand: Farmhand) -> None:
    assert hand.nodes.beat("n1", "i1", [], engines=[], gauges={}).alive
    hand.nodes.lost("n1", "i1", "silent")
    assert not hand.nodes.beat("n1", "i1", [], engines=[], gauges={}).alive


def test_cancel_ends_waiting_tasks_at_once_and_orders_running_ones_to_stop(hand: Farmhand) -> None:
    work(hand, windows=3)
    task = hand.take()
    assert hand.jobs.cancel("job1", actor="ada")
    assert hand.job_state() == "cancelling" and hand.ready() == []
    beat = hand.nodes.beat("n1", "i1", [(task.task_id, task.number)], engines=[], gauges={})
    assert [order.task_id for order in beat.stop] == [task.task_id]
    hand.fail(task, ErrorClass.CANCELLED)
    assert hand.job_state() == "cancelled"
    assert not hand.jobs.cancel("job1", actor="ada")


def test_work_that_is_done_before_the_order_to_stop_reaches_it_ends_its_job(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("a", windows=2), stage("b", after=("a",))), job_id="job1")
    first, second = hand.take(), hand.take()
    assert hand.jobs.cancel("job1", actor="ada")
    hand.finish(first)
    assert hand.job_state() == "cancelling"
    hand.finish(second)
    assert hand.job_state() == "cancelled"
    assert violations(hand.database) == []
    # What was done is not done again.
    assert hand.jobs.retry("job1", actor="ada") == 1
    last = hand.take()
    assert last.task_id == "job1.b.0"
    hand.jobs.cancel("job1", actor="ada")
    hand.finish(last)
    assert hand.job_state() == "cancelled"
    assert hand.jobs.retry("job1", actor="ada") == 0
    assert hand.job_state() == "publishing"


def test_a_window_that_is_done_while_another_fails_ends_its_job(hand: Farmhand) -> None:
    work(hand, windows=2)
    first, second = hand.take(), hand.take()
    hand.fail(first, ErrorClass.INPUT)
    assert hand.job_state() == "failing"
    hand.finish(second)
    assert hand.job_state() == "failed"


def test_a_job_that_is_cancelled_as_its_work_ends_comes_to_an_end(hand: Farmhand) -> None:
    for number in range(20):
        job_id = f"race{number}"
        hand.jobs.accept(plan(stage("a", cacheable=False)), job_id=job_id)
        task = hand.take(f"{job_id}.a.0")
        start = threading.Barrier(2)

        def at_once(act: Callable[[], object], start: threading.Barrier = start) -> None:
            start.wait()
            act()

        acts = (partial(hand.jobs.cancel, job_id, actor="ada"), partial(hand.finish, task))
        threads = [threading.Thread(target=at_once, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert hand.job_state(job_id) == "cancelled"


def test_cancel_takes_back_what_was_sent_and_not_begun(hand: Farmhand) -> None:
    work(hand)
    [message] = hand.queue.hand_out([Placement("job1.a.0", "n1", "i1", "cpu0")], [])
    hand.jobs.cancel("job1", actor="ada")
    assert hand.job_state() == "cancelled"
    assert hand.claims["n1"].claim(message.task_id, message.number, message.fence) is None


def test_work_that_the_ledger_ended_is_stopped_by_the_next_heartbeat(hand: Farmhand) -> None:
    beat = hand.nodes.beat("n1", "i1", [("job9.a.0", 1)], engines=[], gauges={})
    assert [order.reason for order in beat.stop] == ["it was taken from this node"]


def test_a_failed_job_is_retried_from_the_failed_task_on(hand: Farmhand) -> None:
    hand.jobs.accept(plan(stage("a"), stage("b", after=("a",))), job_id="job1")
    hand.finish(hand.take())
    hand.fail(hand.take(), ErrorClass.INPUT)
    assert hand.job_state() == "failed"
    assert hand.jobs.retry("job1", actor="ada") == 1
    assert hand.ready() == ["job1.b.0"]
    hand.finish(hand.take())
    assert hand.job_state() == "publishing"
    with pytest.raises(InputError, match="only a failed or cancelled job"):
        hand.jobs.retry("job1", actor="ada")


def test_a_node_that_fails_many_tasks_of_a_stage_is_block_listed_and_can_be_freed(
    hand: Farmhand,
) -> None:
    hand.join("n2")
    for number in range(3):
        hand.jobs.accept(plan(stage("a", cacheable=False)), job_id=f"job{number}")
        hand.fail(hand.take(f"job{number}.a.0"), ErrorClass.CRASH)
    with hand.database.read() as connection:
        [row] = connection.execute(select(blocks)).all()
    assert (row.node, row.stage_id) == ("n1", "test.work/test")
    assert hand.nodes.unblock("n1") == 1


def test_draining_a_node_recalls_what_it_has_not_begun(hand: Farmhand) -> None:
    work(hand)
    hand.queue.hand_out([Placement("job1.a.0", "n1", "i1", "cpu0")], [])
    hand.nodes.order("n1", NodeState.DRAINING, actor="ada")
    assert hand.task_state("job1.a.0") == "ready"
    hand.nodes.order("n1", NodeState.ONLINE, actor="ada")


def test_an_orderly_stop_gives_running_work_back_without_charging_it(hand: Farmhand) -> None:
    work(hand)
    hand.take()
    hand.nodes.leave("n1", "i1")
    with hand.database.read() as connection:
        row = connection.execute(select(tasks.c.state, tasks.c.failures)).one()
    assert row.state.value == "ready" and row.failures == {}


def test_a_finished_engine_goes_on_with_the_first_task_of_the_queue(hand: Farmhand) -> None:
    work(hand, windows=3)
    task = hand.take()
    following = hand.claims["n1"].finish(task, {}, Peaks())
    assert following is not None and following.task_id == "job1.a.1"
    assert following.window and following.window["index"] == 1


def test_a_more_urgent_job_is_next_even_after_a_hand_over(hand: Farmhand) -> None:
    work(hand, windows=100)
    task = hand.take()
    hand.jobs.accept(plan(stage("a", cacheable=False), priority=90), job_id="job2")
    following = hand.claims["n1"].finish(task, {}, Peaks())
    assert following is not None and following.task_id == "job2.a.0"


@pytest.mark.parametrize(
    "hinder",
    [
        lambda hand: hand.nodes.order("n1", NodeState.DRAINING, actor="ada"),
        lambda hand: hand.nodes.pause_farm("lunch", actor="ada"),
        lambda hand: hand.jobs.accept(
            plan(stage("z", cacheable=False), submitter="zoe"), job_id="job9"
        ),
    ],
    ids=["a draining node", "a paused farm", "another submitter"],
)
def test_nothing_is_handed_over_when_the_scheduler_must_decide(
    hand: Farmhand, hinder: object
) -> None:
    work(hand, windows=3)
    task = hand.take()
    hinder(hand)  # type: ignore[operator]
    assert hand.claims["n1"].finish(task, {}, Peaks()) is None
    assert hand.task_state(task.task_id) == "done"
