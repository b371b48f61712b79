"""The scheduler over a real ledger, with a wire that only remembers what it was given."""

from __future__ import annotations

import pytest
from farmhand import Farmhand, plan, stage
from frozen import FrozenClock
from statements import statements

from farm.dispatch.scheduler import RESEND_S, Scheduler
from farm.domain.errors import InputError, NotLeader
from farm.domain.plan import Needs, PlannedWindow
from farm.ledger.database import Database
from farm.ledger.leader import Leadership
from farm.ledger.records import Message
from farm.ledger.views_reasons import Reasons


class Wire:
    """Takes messages; ``lost`` makes it forget them."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    def send(self, message: Message) -> bool:
        self.sent.append(message)
        return True


class Shop:
    """A scheduler, a ledger with one node of two engines, and a monotonic clock."""

    def __init__(self, database: Database) -> None:
        self.hand = Farmhand(database)
        self.wire = Wire()
        self.time = FrozenClock(0.0)
        self.scheduler = Scheduler(
            queue=self.hand.queue,
            jobs=self.hand.jobs,
            nodes=self.hand.nodes,
            sender=self.wire,  # type: ignore[arg-type]
            cut=self.cut,
            limits={},
            lease_s=5.0,
            monotonic=self.time,
        )

    def cut(
        self, stage_id: str, params: object, inputs: object, each: object
    ) -> list[PlannedWindow]:
        if isinstance(params, dict) and params.get("name") == "broken":
            raise InputError("the clip has no frames", where="clip.mp4")
        return [PlannedWindow(0, 5), PlannedWindow(5, 9)]

    def work(self, job_id: str, windows: int = 1, **changes: object) -> None:
        one = stage("a", cacheable=False, windows=windows)
        self.hand.jobs.accept(plan(one, **changes), job_id=job_id)


@pytest.fixture
def shop(database: Database) -> Shop:
    return Shop(database)


def test_each_idle_engine_gets_one_task_and_no_more(shop: Shop) -> None:
    shop.work("job1", windows=5)
    assert shop.scheduler.tick() == 2
    assert [m.task_id for m in shop.wire.sent] == ["job1.a.0", "job1.a.1"]
    assert shop.scheduler.tick() == 0


def test_an_urgent_job_overtakes_a_hundred_at_the_next_free_engine(shop: Shop) -> None:
    shop.work("job1", windows=100)
    shop.scheduler.tick()
    shop.work("rush", priority=90)
    first = shop.wire.sent[0]
    task = shop.hand.claims["n1"].claim(first.task_id, first.number, first.fence)
    assert task is not None
    shop.hand.finish(task)
    shop.scheduler.tick()
    assert shop.wire.sent[-1].task_id == "rush.a.0"


def test_a_message_the_broker_lost_is_sent_again(shop: Shop) -> None:
    shop.work("job1")
    shop.scheduler.tick()
    shop.scheduler.tick()
    assert len(shop.wire.sent) == 1
    shop.time.pass_s(RESEND_S + 0.1)
    shop.scheduler.tick()
    assert shop.wire.sent == [shop.wire.sent[0]] * 2


def test_what_no_node_can_run_is_told_at_once_and_not_within_a_second(shop: Shop) -> None:
    assert shop.scheduler.tick() == 0  # It explains once a second; that was it for this one.
    nobody = stage("a", needs=Needs("nobody.does/it", 1, ram_mb=100))
    shop.hand.jobs.accept(plan(nobody), job_id="job1")
    shop.scheduler.tick()
    told = Reasons(shop.hand.database).task("job1.a.0").reason
    assert "no node offers nobody.does/it" in told


def test_a_silent_node_is_lost_and_its_work_goes_elsewhere(shop: Shop) -> None:
    shop.work("job1")
    shop.scheduler.tick()
    shop.hand.join("n2")
    shop.scheduler.tick()
    for _ in range(3):
        shop.time.pass_s(2.0)
        shop.hand.nodes.beat("n2", "i1", [], engines=[], gauges={})
        shop.scheduler.tick()
    assert shop.hand.attempt_states("job1.a.0")[0] == "lost"
    shop.hand.join("n2", incarnation="i2")
    shop.scheduler.tick()
    assert shop.wire.sent[-1].node == "n2"


def test_a_jump_of_the_wall_clock_loses_nobody(shop: Shop, clock: FrozenClock) -> None:
    shop.work("job1")
    shop.scheduler.tick()
    clock.pass_s(1e6)
    shop.scheduler.tick()
    assert shop.hand.attempt_states("job1.a.0") == ["sent"]


def test_an_attempt_its_node_does_not_name_any_more_is_lost(shop: Shop) -> None:
    shop.work("job1")
    task = None
    shop.scheduler.tick()
    first = shop.wire.sent[0]
    task = shop.hand.claims["n1"].claim(first.task_id, first.number, first.fence)
    assert task is not None
    for _ in range(4):
        shop.scheduler.tick()
        shop.time.pass_s(2.0)
        engines = [{"slot": "cpu0", "device": "cpu"}]
        shop.hand.nodes.beat("n1", "i1", [], engines=engines, gauges={})
    shop.scheduler.tick()
    assert shop.hand.attempt_states("job1.a.0")[0] == "lost"


def test_late_windows_are_cut_and_a_refusal_ends_the_job_with_its_reason(shop: Shop) -> None:
    shop.hand.jobs.accept(plan(stage("late", windows=None)), job_id="job1")
    shop.hand.jobs.accept(plan(stage("broken", windows=None)), job_id="job2")
    shop.scheduler.tick()
    assert shop.hand.stage_row("late").total_tasks == 2
    assert shop.hand.job_state("job2") == "failed"


def test_a_paused_farm_hands_out_nothing(shop: Shop) -> None:
    shop.work("job1")
    shop.hand.nodes.pause_farm("lunch", actor="ada")
    assert shop.scheduler.tick() == 0
    shop.hand.nodes.resume_farm(actor="ada")
    assert shop.scheduler.tick() == 1


def test_a_deposed_daemon_hands_out_nothing(shop: Shop) -> None:
    shop.work("job1")
    other = Leadership(shop.hand.database, holder="b", lease_s=0.0, monotonic=FrozenClock(0.0))
    assert not other.try_acquire()
    assert other.try_acquire()
    with pytest.raises(NotLeader):
        shop.scheduler.tick()
    assert shop.wire.sent == []


def test_a_tick_costs_the_same_with_ten_thousand_tasks_waiting(database: Database) -> None:
    def asked(waiting: int, job_id: str) -> int:
        shop = Shop(database)
        one = stage("a", cacheable=False, windows=waiting)
        shop.hand.jobs.accept(plan(one), job_id=job_id)
        with statements(database) as sent:
            shop.scheduler.tick()
        shop.hand.jobs.cancel(job_id, actor="ada")
        shop.hand.leadership.release()
        return len(sent)

    assert asked(10_000, "crowd") <= asked(10, "few")
