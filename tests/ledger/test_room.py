"""No room on a node, and a store over its quota: what waits, what goes on, and what is said."""

from __future__ import annotations

import pytest
from farmhand import Farmhand, artifact, plan, stage
from test_scheduler import Shop

from farm.domain.errors import ErrorClass
from farm.ledger.database import Database
from farm.ledger.publishing import Publishing
from farm.ledger.views_reasons import Reasons

FULL = "low disk: 20 MB free, less than low_disk_mb = 2048; free some room or run `farm gc`"
OVER = "over quota: the store holds 9 MB, more than quota_mb = 1; run `farm gc`"


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database)


def beat(hand: Farmhand, full: str, node: str = "n1") -> None:
    slots = [{"slot": "cpu0", "device": "cpu"}, {"slot": "cpu1", "device": "cpu"}]
    hand.nodes.beat(node, "i1", [], engines=slots, gauges={"full": full})


def passes(shop: Shop) -> int:
    """One pass of the scheduler that also says why what waits does."""
    shop.time.pass_s(1.1)
    return shop.scheduler.tick()


def test_a_node_without_room_begins_nothing_and_says_so_until_there_is_room(shop: Shop) -> None:
    shop.work("job1")
    beat(shop.hand, FULL)
    assert passes(shop) == 0
    why = Reasons(shop.hand.database).job("job1")
    assert (why.kind, why.reason) == ("placement", f"a.0: no node has room: n1: {FULL}")
    status = Publishing(shop.hand.database).progress(["job1"])["job1"]
    assert status["waits_for"] == [f"no node has room: n1: {FULL}"]
    beat(shop.hand, "")
    assert passes(shop) == 1
    passes(shop)
    assert Publishing(shop.hand.database).progress(["job1"])["job1"]["waits_for"] == []


def test_another_node_with_room_takes_what_a_full_one_cannot(shop: Shop) -> None:
    shop.hand.join("n2")
    shop.work("job1")
    beat(shop.hand, FULL)
    assert passes(shop) == 1
    assert shop.wire.sent[0].node == "n2"


def test_over_the_quota_what_has_begun_goes_on_and_the_rest_waits(shop: Shop) -> None:
    over = [""]
    shop.scheduler._over_quota = lambda: over[0]
    shop.work("begun", windows=3)
    assert passes(shop) == 2
    shop.hand.jobs.accept(plan(stage("b", cacheable=False), name="new", priority=90), job_id="new")
    over[0] = OVER
    first = shop.wire.sent[0]
    taken = shop.hand.claims["n1"].claim(first.task_id, first.number, first.fence)
    assert taken is not None
    shop.hand.finish(taken)
    assert passes(shop) == 1
    assert shop.wire.sent[-1].task_id == "begun.a.2", "the urgent job has not begun"
    for message in shop.wire.sent[1:]:
        task = shop.hand.claims["n1"].claim(message.task_id, message.number, message.fence)
        assert task is not None
        shop.hand.finish(task)
    assert shop.hand.job_state("begun") == "publishing"
    assert passes(shop) == 0
    assert Reasons(shop.hand.database).job("new").reason == f"b.0: {OVER}"
    over[0] = ""
    assert passes(shop) == 1
    assert shop.wire.sent[-1].task_id == "new.b.0"


def test_a_disk_that_is_full_is_tried_again_without_a_charge_or_a_larger_reservation(
    shop: Shop,
) -> None:
    hand = shop.hand
    shop.work("job1")
    for _ in range(8):
        hand.fail(hand.take(), ErrorClass.DISK)
        assert hand.task_state("job1.a.0") == "delayed"
        hand.database.clock.pass_s(400)  # type: ignore[attr-defined]
        hand.queue.release_due()
        [(shape, needs)] = hand.queue.waiting_shapes()
        assert needs.ram_mb == 100 and "raised" not in shape
    taken = hand.take()
    assert taken.ran_out == 0
    hand.report(taken, artifact("done after all"))
    assert hand.job_state() == "publishing"
