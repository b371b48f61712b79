"""Models in the ledger: who goes on with a warm one, what is wanted next, what loading costs."""

from __future__ import annotations

import heapq
import random
from typing import Any

import pytest
from farmhand import Farmhand, artifact, plan, stage
from frozen import FrozenClock
from sqlalchemy import select, update
from statements import statements

from farm.dispatch.scheduler import Scheduler
from farm.domain.errors import InputError, LostClaim
from farm.domain.overtaking import MOST_SKIPS, MOST_WAIT_S
from farm.domain.plan import Needs
from farm.engine.models import ModelCache
from farm.ledger.database import Database
from farm.ledger.look_ahead import coming_models
from farm.ledger.records import Assignment, Coming, Holding, LoadCost, Message, Peaks
from farm.ledger.schema import nodes, shapes, tasks
from farm.sim.mix import recorded
from farm.sim.swaps import compare


@pytest.fixture
def hand(database: Database) -> Farmhand:
    return Farmhand(database)


def ask(hand: Farmhand, job_id: str, model: str | None, **changes: Any) -> str:
    """A job of one task that wants a model; returns the task's id."""
    needs = Needs(
        "test.work/test", 1, ram_mb=100, models={model: f"digest of {model}"} if model else {}
    )
    one = stage("a", cacheable=False, model_key=model, needs=needs)
    hand.jobs.accept(plan(one, name=job_id, **changes), job_id=job_id)
    return f"{job_id}.a.0"


def finish(
    hand: Farmhand, task: Assignment, holding: Holding | None = None, wall_s: float = 1.0
) -> Assignment | None:
    files = {"out": [artifact(task.task_id).record()]}
    peaks = Peaks(wall_s=wall_s)
    return hand.claims["n1"].finish(task, files, peaks, holding=holding)


def holding(*warm: str) -> Holding:
    return Holding(warm=frozenset(warm))


def row(hand: Farmhand, task_id: str) -> Any:
    with hand.database.read() as connection:
        return connection.execute(select(tasks).where(tasks.c.id == task_id)).one()


def test_an_engine_goes_on_with_its_model_although_another_is_first(
    hand: Farmhand, clock: FrozenClock
) -> None:
    for name, model in [("j1", "wan"), ("j2", "svd"), ("j3", "wan")]:
        ask(hand, name, model)
    following = finish(hand, hand.take("j1.a.0"), holding("wan"))
    assert following is not None and following.task_id == "j3.a.0"
    passed_over = row(hand, "j2.a.0")
    assert (passed_over.skips, passed_over.overtaken_at) == (1, clock())
    assert hand.task_state("j2.a.0") == "ready"
    assert finish(hand, following, holding("wan")) is None, "loading svd is for the scheduler"


@pytest.mark.parametrize(
    "worn",
    [{"skips": MOST_SKIPS}, {"overtaken_at": 0.0}],
    ids=["passed over often enough", "held up for ten minutes"],
)
def test_a_task_that_was_overtaken_enough_is_next(hand: Farmhand, worn: dict[str, Any]) -> None:
    for name, model in [("j1", "wan"), ("j2", "svd"), ("j3", "wan")]:
        ask(hand, name, model)
    hand.database.write(
        lambda connection: connection.execute(
            update(tasks).where(tasks.c.id == "j2.a.0").values(**worn)
        )
    )
    assert finish(hand, hand.take("j1.a.0"), holding("wan")) is None


def test_no_warm_model_puts_a_task_before_a_more_urgent_one(hand: Farmhand) -> None:
    ask(hand, "j1", "wan")
    ask(hand, "j2", "svd", priority=90)
    ask(hand, "j3", "wan")
    assert finish(hand, hand.take("j1.a.0"), holding("wan")) is None
    assert row(hand, "j2.a.0").skips == 0


def test_no_warm_model_puts_a_task_before_another_submitters(hand: Farmhand) -> None:
    ask(hand, "j1", "wan")
    ask(hand, "j2", "svd", submitter="bo")
    ask(hand, "j3", "wan")
    assert finish(hand, hand.take("j1.a.0"), holding("wan")) is None


def test_a_first_task_whose_model_is_warm_beside_the_last_one_is_taken(hand: Farmhand) -> None:
    for name, model in [("j1", "wan"), ("j2", "svd"), ("j3", "wan")]:
        ask(hand, name, model)
    following = finish(hand, hand.take("j1.a.0"), holding("svd", "wan"))
    assert following is not None and following.task_id == "j2.a.0"
    assert row(hand, "j2.a.0").skips == 0


def test_work_with_a_model_is_not_overtaken_for_the_sake_of_work_without(hand: Farmhand) -> None:
    for name, model in [("j1", None), ("j2", "svd"), ("j3", None)]:
        ask(hand, name, model)
    assert finish(hand, hand.take("j1.a.0")) is None


def test_an_engine_is_told_what_is_wanted_next(hand: Farmhand) -> None:
    for name, model in [
        ("j1", "wan"), ("j2", "svd"), ("j3", "wan"), ("j4", None), ("j5", "ltx"), ("j6", "svd"),
    ]:  # fmt: skip
        ask(hand, name, model)
    taken = hand.take("j1.a.0")
    assert taken.soon == {"svd": 2, "wan": 1, "ltx": 1}
    svd, ltx = (Coming(name, {name: f"digest of {name}"}) for name in ("svd", "ltx"))
    assert coming_models(hand.database, {"wan"}) == [svd, ltx]
    assert coming_models(hand.database, {"wan", "svd"}) == [ltx]
    following = finish(hand, taken, holding("wan"))
    assert following is not None and following.soon == {"svd": 2, "ltx": 1}


def test_work_without_a_model_costs_no_look_ahead(hand: Farmhand) -> None:
    def looks(job_id: str, model: str | None) -> int:
        ask(hand, job_id, model)
        with statements(hand.database) as sent:
            hand.take(f"{job_id}.a.0")
        return sum("model_key IS NOT NULL" in one.text for one in sent)

    assert looks("j1", None) == 0
    assert looks("j2", "wan") == 1


def test_what_loading_took_is_remembered_as_a_moving_mean(
    hand: Farmhand, clock: FrozenClock
) -> None:
    for number, load_s in enumerate([40.0, 0.0, 20.0]):
        ask(hand, f"j{number}", "wan")
        held = Holding(warm=frozenset({"wan"}), load_s=load_s, size_mb=900.0)
        finish(hand, hand.take(f"j{number}.a.0"), held)
        clock.pass_s(1.0)
    assert hand.queue.load_costs() == {"wan": LoadCost(35.0, 900.0)}


def test_what_a_stage_takes_is_the_median_of_its_last_runs(hand: Farmhand) -> None:
    assert hand.queue.typical_s("test.work/test", 1, "") is None
    for number, wall_s in enumerate([2.0, 90.0, 3.0]):
        ask(hand, f"j{number}", "wan")
        finish(hand, hand.take(f"j{number}.a.0"), wall_s=wall_s)
    assert hand.queue.typical_s("test.work/test", 1, "") == 3.0


def test_the_scheduler_sees_what_an_engine_loaded_without_a_heartbeat(hand: Farmhand) -> None:
    ask(hand, "j1", "wan")
    engines = [
        {"slot": "cpu0", "device": "cpu", "resident": ["wan"], "resident_mb": {"wan": 9},
         "models_mb": 20},
        {"slot": "cpu1", "device": "cpu"},
    ]  # fmt: skip
    held = Holding(warm=frozenset({"wan"}), load_s=1.0, size_mb=9.0, engines=engines)
    finish(hand, hand.take("j1.a.0"), held)
    [(seen, _)] = hand.queue.nodes()
    assert [list(engine.resident) for engine in seen.engines] == [["wan"], []]
    assert (seen.engines[0].resident_mb, seen.engines[0].models_mb) == ({"wan": 9}, 20)


def test_a_node_that_was_started_anew_is_not_described_by_the_old_one(hand: Farmhand) -> None:
    ask(hand, "j1", "wan")
    taken = hand.take("j1.a.0")
    stale = hand.claims["n1"]
    hand.join("n1", incarnation="i2")
    held = Holding(warm=frozenset({"wan"}), engines=[{"slot": "cpu0", "resident": ["wan"]}])
    with pytest.raises(LostClaim):
        stale.finish(taken, {"out": []}, Peaks(), holding=held)
    with hand.database.read() as connection:
        [engines] = connection.execute(select(nodes.c.engines)).scalars()
    assert all("resident" not in engine for engine in engines)


class Engines:
    """The node's two engines: real model caches with room for two models, on a clock held still."""

    LOAD_S, RUN_S, SIZE_MB = 40.0, 8.0, 100

    def __init__(self, hand: Farmhand, scheduler: Scheduler, clocks: list[FrozenClock]) -> None:
        self.hand, self.scheduler, self.clocks = hand, scheduler, clocks
        self.caches = {slot: ModelCache(2 * self.SIZE_MB) for slot in ("cpu0", "cpu1")}
        self.at_work: list[tuple[float, str, Assignment, float]] = []
        self.started: list[str] = []
        self.loads: list[str] = []
        self.handed_over = 0

    def run(self, sent: list[Message]) -> None:
        """Until nothing is left to do."""
        while True:
            while self.scheduler.tick():
                for message in sent:
                    task = self.hand.claims["n1"].claim(
                        message.task_id, message.number, message.fence
                    )
                    assert task is not None
                    self.start(task)
                sent.clear()
            if not self.at_work:
                return
            end_s, _, task, load_s = heapq.heappop(self.at_work)
            for clock in self.clocks:
                clock.pass_s(end_s - self.clocks[0]())
            self.end(task, load_s)

    def start(self, task: Assignment) -> None:
        cache = self.caches[task.slot]
        key = task.model_key
        assert key is not None
        before = len(self.loads)
        cache.task_began(task.soon, own=key)
        cache.get(key, lambda: self.loads.append(key), size_mb=self.SIZE_MB)
        load_s = self.LOAD_S * (len(self.loads) - before)
        end_s = self.clocks[0]() + load_s + self.RUN_S
        self.started.append(task.task_id)
        heapq.heappush(self.at_work, (end_s, task.task_id, task, load_s))

    def end(self, task: Assignment, load_s: float) -> None:
        cache = self.caches[task.slot]
        cache.task_ended()
        held = Holding(
            warm=frozenset(cache.resident()),
            load_s=load_s,
            size_mb=self.SIZE_MB,
            engines=[
                {"slot": slot, "device": "cpu", "resident": sorted(other.resident()),
                 "resident_mb": other.resident(), "models_mb": 2 * self.SIZE_MB}
                for slot, other in self.caches.items()
            ],
        )  # fmt: skip
        following = finish(self.hand, task, held, wall_s=self.RUN_S)
        if following is not None:
            self.handed_over += 1
            self.start(following)


class Wire:
    def __init__(self) -> None:
        self.sent: list[Message] = []

    def send(self, message: Message) -> bool:
        self.sent.append(message)
        return True


def scheduled(hand: Farmhand, monotonic: FrozenClock) -> tuple[Scheduler, Wire]:
    wire = Wire()
    return Scheduler(
        queue=hand.queue, jobs=hand.jobs, nodes=hand.nodes, sender=wire,  # type: ignore[arg-type]
        cut=lambda *_: [], limits={}, lease_s=1e9, monotonic=monotonic,
    ), wire  # fmt: skip


def test_a_mixed_queue_is_done_with_hardly_more_loads_than_there_are_models(
    hand: Farmhand, clock: FrozenClock
) -> None:
    """Ledger, scheduler, hand-over and the engines' caches together, over sixty tasks."""
    chance = random.Random(7)
    wanted = [f"m{index % 6}" for index in range(60)]
    chance.shuffle(wanted)
    for number, model in enumerate(wanted):
        ask(hand, f"j{number:02}", model)
    monotonic = FrozenClock(0.0)
    scheduler, wire = scheduled(hand, monotonic)
    engines = Engines(hand, scheduler, [clock, monotonic])
    engines.run(wire.sent)
    assert sorted(engines.started) == sorted(f"j{number:02}.a.0" for number in range(60))
    assert len(engines.loads) <= 1.3 * 6
    assert engines.handed_over >= 40, "most tasks need no round over the scheduler"
    with hand.database.read() as connection:
        rows = connection.execute(select(tasks.c.skips, tasks.c.overtaken_at)).all()
    assert max(row.skips for row in rows) <= MOST_SKIPS
    assert all(clock() - (row.overtaken_at or clock()) < MOST_WAIT_S for row in rows)


def test_a_task_that_waits_for_a_warm_engine_says_so(hand: Farmhand, clock: FrozenClock) -> None:
    monotonic = FrozenClock(0.0)
    scheduler, wire = scheduled(hand, monotonic)
    ask(hand, "j1", "wan")
    finish(hand, hand.take("j1.a.0"), Holding(frozenset({"wan"}), load_s=60.0), wall_s=5.0)
    ask(hand, "j2", "wan")
    hand.take("j2.a.0", slot="cpu1")
    ask(hand, "j3", "wan")
    assert scheduler.tick() == 0
    with hand.database.read() as connection:
        [reason] = connection.execute(select(shapes.c.reason)).scalars()
    assert reason == "waits for a busy engine that has wan loaded"
    # It has run over by far; loading the model here is sooner than what nobody can tell.
    clock.pass_s(100.0)
    assert scheduler.tick() == 1
    assert wire.sent[0].task_id == "j3.a.0"


def test_what_a_farm_did_can_be_replayed(hand: Farmhand, clock: FrozenClock) -> None:
    with pytest.raises(InputError, match="nothing to replay"):
        recorded(hand.database)
    for number, model in enumerate(["wan", "svd", "wan", None]):
        ask(hand, f"j{number}", model)
        taken = hand.take(f"j{number}.a.0")
        clock.pass_s(10.0)
        held = Holding(warm=frozenset({"wan"}), load_s=30.0, size_mb=100.0)
        finish(hand, taken, held if model == "wan" else None)
    mix = recorded(hand.database)
    assert [(task.model, task.ready_s, task.run_s) for task in mix.tasks] == [
        ("wan", 0.0, 10.0), ("svd", 10.0, 10.0), ("wan", 20.0, 10.0),
    ]  # fmt: skip
    assert mix.models == {"wan": LoadCost(30.0, 100.0), "svd": LoadCost(0.0)}
    assert (mix.engines, mix.room_mb) == (2, 100.0)
    assert compare(mix).bound == 2
