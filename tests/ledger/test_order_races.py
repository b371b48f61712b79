"""Orders about a job meet what else is written about it at that moment, and both have their effect."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

import pytest
from farmhand import Farmhand, plan, stage

from farm.domain.errors import ErrorClass
from farm.domain.plan import PlannedWindow
from farm.domain.states import NodeState
from farm.ledger.database import Database
from farm.ledger.invariants import violations
from farm.ledger.records import Placement

ROUNDS = 15
Act = Callable[[], object]


@pytest.fixture
def hand(database: Database) -> Farmhand:
    return Farmhand(database)


def running(hand: Farmhand, job_id: str) -> str:
    """Accept a job; its first task runs."""
    hand.jobs.accept(plan(stage("a", cacheable=False, windows=3)), job_id=job_id)
    return job_id


def done(hand: Farmhand, job_id: str) -> Act:
    return partial(hand.finish, hand.take(f"{running(hand, job_id)}.a.0"))


def failed(hand: Farmhand, job_id: str) -> Act:
    return partial(hand.fail, hand.take(f"{running(hand, job_id)}.a.0"), ErrorClass.CRASH)


def drained(hand: Farmhand, job_id: str) -> Act:
    running(hand, job_id)
    hand.nodes.order("n1", NodeState.ONLINE, actor="ada")
    hand.queue.hand_out([Placement(f"{job_id}.a.0", "n1", "i1", "cpu0")], [])
    return partial(hand.nodes.order, "n1", NodeState.DRAINING, actor="ada")


def cut(hand: Farmhand, job_id: str) -> Act:
    hand.jobs.accept(plan(stage("a", cacheable=False, windows=None)), job_id=job_id)
    windows = [PlannedWindow(i * 10, i * 10 + 10) for i in range(3)]
    return partial(hand.jobs.expand, job_id, "a", windows)


def paused(hand: Farmhand, job_id: str) -> Act:
    return partial(hand.jobs.pause, running(hand, job_id), actor="ada")


def resumed(hand: Farmhand, job_id: str) -> Act:
    hand.jobs.pause(running(hand, job_id), actor="ada")
    return partial(hand.jobs.resume, job_id, actor="ada")


EVERYTHING = pytest.mark.parametrize("other", [done, failed, drained, cut, paused, resumed])


@EVERYTHING
def test_a_cancelled_job_ends_whatever_happens_meanwhile(
    hand: Farmhand, other: Callable[[Farmhand, str], Act]
) -> None:
    for number in range(ROUNDS):
        job_id = f"race{number}"
        acts = (other(hand, job_id), partial(hand.jobs.cancel, job_id, actor="ada"))
        at_once(acts)
        assert hand.job_state(job_id) == "cancelled"
    assert violations(hand.database) == []


@EVERYTHING
def test_a_paused_job_waits_whatever_happens_meanwhile_and_goes_on_when_it_is_resumed(
    hand: Farmhand, other: Callable[[Farmhand, str], Act]
) -> None:
    for number in range(ROUNDS):
        for order in (hand.jobs.pause, hand.jobs.resume):
            job_id = f"{order.__name__}{number}"
            at_once((other(hand, job_id), partial(order, job_id, actor="ada")))
    assert violations(hand.database) == []


def at_once(acts: tuple[Act, ...]) -> None:
    start = threading.Barrier(len(acts))
    raised: list[Exception] = []

    def run(act: Act) -> None:
        start.wait()
        try:
            act()
        except Exception as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert raised == []
