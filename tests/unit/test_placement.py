"""Which task goes where: priority, fair share, warmth, resources, limits, and one reason each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from farm.dispatch.placement import Decision, Room, place, reason
from farm.dispatch.warmth import Costs
from farm.domain.overtaking import MOST_SKIPS, MOST_WAIT_S
from farm.domain.plan import Needs
from farm.ledger.records import Active, Candidate, EngineFacts, LoadCost, NodeFacts

WORK = Needs("work/x", 1, ram_mb=100)
NOW_S = 10.0


def node(name: str = "n1", **changes: Any) -> NodeFacts:
    values: dict[str, Any] = {
        "name": name,
        "incarnation": "i1",
        "state": "online",
        "offers": {"work/x": 1, "gpu/x": 1},
        "engines": (EngineFacts("cpu0", "cpu"),),
        "cores": 4,
        "ram_mb": 1000,
        "tags": frozenset(),
    }
    return NodeFacts(**{**values, **changes})


def task(name: str, needs: Needs = WORK, **changes: Any) -> Candidate:
    values: dict[str, Any] = {
        "task_id": name,
        "shape": needs.shape,
        "urgency": -50,
        "submitter": "ada",
        "due": 9e15,
        "job_number": int("".join(filter(str.isdigit, name)) or 0),
        "ordinal": 0,
        "model_key": None,
        "avoid": (),
        "skips": 0,
        "ready_at": 0.0,
    }
    return Candidate(**{**values, **changes})


def running(
    submitter: str, slot: str, node_name: str = "n1", needs: Needs = WORK, **changes: Any
) -> Active:
    values: dict[str, Any] = {
        "task_id": f"run-{slot}", "number": 1, "fence": 1, "state": "running",
        "node": node_name, "incarnation": "i1", "slot": slot, "lease": 0,
        "shape": needs.shape, "submitter": submitter, "sent_at": 0.0, "model_key": None,
        "started_at": NOW_S,
    }  # fmt: skip
    return Active(**{**values, **changes})


def chosen(
    nodes: Sequence[NodeFacts],
    tasks: Sequence[Candidate],
    active: Sequence[Active] = (),
    needs: Sequence[Needs] = (WORK,),
    limits: dict[str, int] | None = None,
    costs: Costs | None = None,
) -> list[tuple[str, str, str]]:
    found = decided(nodes, tasks, active, needs, limits, costs)
    return [(p.task_id, p.node, p.slot) for p in found.placements]


def decided(
    nodes: Sequence[NodeFacts],
    tasks: Sequence[Candidate],
    active: Sequence[Active] = (),
    needs: Sequence[Needs] = (WORK,),
    limits: dict[str, int] | None = None,
    costs: Costs | None = None,
) -> Decision:
    by_shape = {n.shape: n for n in needs}
    room = Room.of(nodes, active, by_shape, limits or {})
    queue: dict[str, list[Candidate]] = {}
    for one in tasks:
        queue.setdefault(one.shape, []).append(one)
    return place(room, queue, NOW_S, costs)


def test_priority_comes_before_age() -> None:
    assert chosen([node()], [task("t1"), task("t2", urgency=-90)]) == [("t2", "n1", "cpu0")]


def test_a_deadline_comes_before_age_within_a_submitter() -> None:
    assert chosen([node()], [task("t1"), task("t2", due=5.0)]) == [("t2", "n1", "cpu0")]


def test_work_that_only_waits_for_a_service_takes_no_core_from_other_work() -> None:
    waiting = Needs("gpu/x", 1, cores=0, ram_mb=100, limits={"far": 1})
    engines = tuple(EngineFacts(f"cpu{i}", "cpu") for i in range(4))
    tasks = [task("t1", waiting), task("t2", waiting), task("t3", waiting), task("t4", urgency=0)]
    picked = chosen(
        [node(engines=engines, cores=1)], tasks, needs=[waiting, WORK], limits={"far": 2}
    )
    assert {name for name, *_ in picked} == {"t1", "t2", "t4"}


def test_the_submitter_who_runs_less_is_next() -> None:
    engines = (EngineFacts("cpu0", "cpu"), EngineFacts("cpu1", "cpu"))
    picked = chosen(
        [node(engines=engines)],
        [task("t1", submitter="ada"), task("t2", submitter="bo")],
        [running("ada", "cpu0")],
    )
    assert picked == [("t2", "n1", "cpu1")]


def test_free_engines_are_shared_between_submitters() -> None:
    engines = tuple(EngineFacts(f"cpu{i}", "cpu") for i in range(4))
    tasks = [task(f"t{i}") for i in range(1, 5)] + [task("t9", submitter="bo")]
    picked = [name for name, _, _ in chosen([node(engines=engines)], tasks)]
    assert picked[:2] == ["t1", "t9"]
    assert len(picked) == 4


def test_an_engine_that_is_busy_gets_nothing() -> None:
    assert chosen([node()], [task("t1")], [running("bo", "cpu0")]) == []


@pytest.mark.parametrize("state", ["draining", "paused", "quarantined"])
def test_a_node_that_is_not_online_gets_nothing(state: str) -> None:
    assert chosen([node(state=state)], [task("t1")]) == []


def test_memory_and_cores_are_not_handed_out_twice() -> None:
    engines = (EngineFacts("cpu0", "cpu"), EngineFacts("cpu1", "cpu"))
    big = Needs("work/x", 1, ram_mb=600)
    picked = chosen([node(engines=engines)], [task("t1", big), task("t2", big)], needs=[big])
    assert [name for name, _, _ in picked] == ["t1"]


def test_a_smaller_task_may_use_what_a_large_one_cannot() -> None:
    engines = (EngineFacts("cpu0", "cpu"), EngineFacts("cpu1", "cpu"))
    big, small = Needs("work/x", 1, ram_mb=600), Needs("work/x", 1, ram_mb=10)
    picked = chosen(
        [node(engines=engines)],
        [task("t1", big), task("t2", big), task("t3", small)],
        needs=[big, small],
    )
    assert [name for name, _, _ in picked] == ["t1", "t3"]


def test_a_full_limit_holds_back_only_those_who_need_it() -> None:
    engines = tuple(EngineFacts(f"cpu{i}", "cpu") for i in range(3))
    limited = Needs("work/x", 1, ram_mb=10, limits={"comfy-a": 1})
    free = Needs("work/x", 1, ram_mb=10)
    picked = chosen(
        [node(engines=engines)],
        [task("t1", limited), task("t2", limited), task("t3", free)],
        needs=[limited, free],
        limits={"comfy-a": 1},
    )
    assert [name for name, _, _ in picked] == ["t1", "t3"]


def test_cpu_work_leaves_gpu_engines_free_where_there_are_others() -> None:
    engines = (EngineFacts("gpu0", "cuda:0", gpus=1, vram_mb=24000), EngineFacts("cpu0", "cpu"))
    assert chosen([node(engines=engines)], [task("t1"), task("t2")]) == [("t1", "n1", "cpu0")]


def test_a_failed_node_is_avoided_while_another_offers_the_stage() -> None:
    both = [node("n1"), node("n2")]
    assert chosen(both, [task("t1", avoid=("n1",))]) == [("t1", "n2", "cpu0")]
    busy = [running("bo", "cpu0", "n2")]
    assert chosen(both, [task("t1", avoid=("n1",))], busy) == []
    assert chosen([node("n1")], [task("t1", avoid=("n1",))]) == [("t1", "n1", "cpu0")]


def test_a_warm_engine_is_preferred() -> None:
    cold = node("n1")
    warm = node("n2", engines=(EngineFacts("cpu0", "cpu", resident=("wan",)),))
    assert chosen([cold, warm], [task("t1", model_key="wan")]) == [("t1", "n2", "cpu0")]


def test_a_warm_task_overtakes_a_bounded_number_of_times() -> None:
    warm = [node(engines=(EngineFacts("cpu0", "cpu", resident=("wan",)),))]
    tasks = [task("t1", model_key="svd", ready_at=9.0), task("t2", model_key="wan")]
    assert chosen(warm, tasks) == [("t2", "n1", "cpu0")]
    tired = [task("t1", model_key="svd", ready_at=9.0, skips=MOST_SKIPS), tasks[1]]
    assert chosen(warm, tired) == [("t1", "n1", "cpu0")]
    held_up = [task("t1", model_key="svd", overtaken_at=NOW_S - MOST_WAIT_S), tasks[1]]
    assert chosen(warm, held_up) == [("t1", "n1", "cpu0")]


def test_a_long_queue_alone_is_no_reason_to_change_models_at_each_task() -> None:
    warm = [node(engines=(EngineFacts("cpu0", "cpu", resident=("wan",)),))]
    long_ago = NOW_S - 10 * MOST_WAIT_S
    tasks = [
        task("t1", model_key="svd", ready_at=long_ago),
        task("t2", model_key="wan", ready_at=long_ago),
    ]
    assert chosen(warm, tasks) == [("t2", "n1", "cpu0")]
    assert decided(warm, tasks).overtaken == ["t1"]


def test_only_equals_are_overtaken() -> None:
    warm = [node(engines=(EngineFacts("cpu0", "cpu", resident=("wan",)),))]
    urgent = task("t1", model_key="svd", urgency=-90)
    assert chosen(warm, [urgent, task("t2", model_key="wan")]) == [("t1", "n1", "cpu0")]
    # Of two submitters the one that runs less is next, whatever is warm.
    engines = (EngineFacts("cpu0", "cpu"), EngineFacts("cpu1", "cpu", resident=("wan",)))
    tasks = [task("t1", submitter="bo", model_key="svd"), task("t2", model_key="wan")]
    assert chosen([node(engines=engines)], tasks, [running("ada", "cpu0")]) == [
        ("t1", "n1", "cpu1")
    ]
    # Between two that run equally much it is a matter of age, and that may be overtaken.
    assert chosen(warm, [tasks[0], tasks[1]]) == [("t2", "n1", "cpu0")]


def test_a_task_that_failed_on_a_node_does_not_overtake_there() -> None:
    engines = (EngineFacts("cpu0", "cpu", resident=("wan",)),)
    both = [node("n1", engines=engines), node("n2", state="online", engines=())]
    tasks = [task("t1", model_key="svd"), task("t2", model_key="wan", avoid=("n1",))]
    assert chosen(both, tasks) == [("t1", "n1", "cpu0")]


TWO = (EngineFacts("cpu0", "cpu", resident=("wan",)), EngineFacts("cpu1", "cpu"))
LOADS = {"wan": LoadCost(60.0), "svd": LoadCost(60.0), "ltx": LoadCost(60.0)}


def costs(typical_s: float) -> Costs:
    return Costs(LOADS, {WORK.shape: typical_s})


def test_a_task_waits_for_a_warm_engine_only_when_that_is_sooner_than_loading() -> None:
    busy = [running("ada", "cpu0", model_key="wan")]
    wan = [task("t1", model_key="wan")]
    nodes = [node(engines=TWO)]
    assert chosen(nodes, wan, busy, costs=costs(30.0)) == []
    assert chosen(nodes, wan, busy, costs=costs(90.0)) == [("t1", "n1", "cpu1")]
    assert chosen(nodes, wan, busy) == [("t1", "n1", "cpu1")], "nothing is known to wait for"
    old = [task("t1", model_key="wan", ready_at=NOW_S - MOST_WAIT_S)]
    assert chosen(nodes, old, busy, costs=costs(30.0)) == [("t1", "n1", "cpu1")], "long enough"
    waits = decided(nodes, wan, busy, costs=costs(30.0)).waits
    assert waits == {WORK.shape: "waits for a busy engine that has wan loaded"}


def test_what_waits_for_a_warm_engine_waits_for_those_before_it_too() -> None:
    busy = [running("ada", "cpu0", model_key="wan")]
    tasks = [task(f"t{i}", model_key="wan") for i in range(1, 5)]
    # 25 s each: the first waits 25, the second 50; the third would be slower than a load of 60 s.
    assert chosen([node(engines=TWO)], tasks, busy, costs=costs(25.0)) == [("t3", "n1", "cpu1")]


def test_progress_says_how_long_a_warm_engine_is_still_busy() -> None:
    def picked(progress: float) -> list[tuple[str, str, str]]:
        one = running("ada", "cpu0", model_key="wan", started_at=NOW_S - 100, progress=progress)
        return chosen([node(engines=TWO)], [task("t1", model_key="wan")], [one], costs=costs(30.0))

    assert picked(0.9) == [], "11 s are left"
    assert picked(0.5) == [("t1", "n1", "cpu1")], "100 s are left"
    assert picked(0.0) == [("t1", "n1", "cpu1")], "it has run over; nobody knows for how long"


def test_an_engine_is_not_filled_with_a_second_copy_while_another_model_is_wanted() -> None:
    busy = [running("ada", "cpu0", model_key="wan")]
    tasks = [task("t1", model_key="wan"), task("t2", model_key="svd")]
    found = decided([node(engines=TWO)], tasks, busy, costs=costs(90.0))
    assert [p.task_id for p in found.placements] == ["t2"]
    assert found.overtaken == ["t1"]
    tired = [task("t1", model_key="wan", skips=MOST_SKIPS), tasks[1]]
    assert chosen([node(engines=TWO)], tired, busy, costs=costs(90.0)) == [("t1", "n1", "cpu1")]


def test_equal_tasks_share_out_when_nothing_else_is_wanted() -> None:
    engines = (EngineFacts("cpu0", "cpu"), EngineFacts("cpu1", "cpu"))
    tasks = [task("t1", model_key="wan"), task("t2", model_key="wan")]
    assert len(chosen([node(engines=engines)], tasks, costs=costs(90.0))) == 2


def test_a_model_is_loaded_where_what_must_go_is_wanted_least() -> None:
    full = {"resident_mb": {"wan": 50, "svd": 50}, "models_mb": 100}
    other = {"resident_mb": {"ltx": 50, "cog": 50}, "models_mb": 100}
    engines = (
        EngineFacts("cpu0", "cpu", resident=("wan", "svd"), **full),
        EngineFacts("cpu1", "cpu", resident=("ltx", "cog"), **other),
    )
    # Tired, so that it is not overtaken by those whose model is there.
    new = task("t1", model_key="flux", skips=MOST_SKIPS)
    wanted = [task("t2", model_key="wan"), task("t3", model_key="svd"), task("t4", model_key="ltx")]
    picked = chosen([node(engines=engines)], [new, *wanted], costs=costs(5.0))
    assert picked[0] == ("t1", "n1", "cpu1"), "cog goes, which nobody wants"
    roomy = EngineFacts("cpu2", "cpu", resident=("svd",), resident_mb={"svd": 50}, models_mb=100)
    known = Costs({**LOADS, "flux": LoadCost(60.0, 50)})
    wanted_all = [*wanted, task("t5", model_key="cog")]
    picked = chosen([node(engines=(*engines, roomy))], [new, *wanted_all], costs=known)
    assert picked[0] == ("t1", "n1", "cpu2"), "nothing has to go there"


def test_work_without_a_model_leaves_wanted_models_to_those_who_want_them() -> None:
    engines = (EngineFacts("cpu0", "cpu", resident=("wan",)), EngineFacts("cpu1", "cpu"))
    tasks = [task("t1"), task("t2", model_key="wan")]
    assert chosen([node(engines=engines)], tasks) == [("t1", "n1", "cpu1"), ("t2", "n1", "cpu0")]


@pytest.mark.parametrize(
    ("nodes", "needs", "limits", "expected"),
    [
        ([], WORK, {}, "no node offers work/x@1"),
        ([node()], Needs("work/x", 2), {}, "no node offers work/x@2"),
        ([node(blocked=frozenset({"work/x"}))], WORK, {}, "blocked on every node"),
        ([node()], Needs("work/x", 1, tags=("fast",)), {}, "carries #fast"),
        ([node(state="paused")], WORK, {}, "paused, draining or quarantined"),
        ([node()], Needs("gpu/x", 1, gpus=1, vram_mb=10), {}, "needs 1 GPU"),
        (
            [node(engines=(EngineFacts("gpu0", "cuda:0", vram_mb=24, gpus=1),))],
            Needs("gpu/x", 1, gpus=1, vram_mb=40),
            {},
            "needs 40 MB of VRAM, the largest GPU has 24 MB",
        ),
        ([node()], Needs("work/x", 1, ram_mb=2000), {}, "needs 2000 MB of memory"),
        ([node()], Needs("work/x", 1, limits={"a": 1}), {}, "limit `a` is not configured"),
        ([node()], Needs("work/x", 1, limits={"a": 3}), {"a": 2}, "needs 3 of limit `a`"),
        ([node()], Needs("work/x", 1, limits={"a": 1}), {"a": 0}, "needs 1 of limit `a`"),
    ],
)
def test_what_cannot_be_placed_has_one_reason(
    nodes: list[NodeFacts], needs: Needs, limits: dict[str, int], expected: str
) -> None:
    found = reason(Room.of(nodes, [], {needs.shape: needs}, limits), needs)
    assert found is not None and expected in found


def test_what_only_waits_for_an_engine_has_no_special_reason() -> None:
    room = Room.of([node()], [running("bo", "cpu0")], {WORK.shape: WORK}, {})
    assert reason(room, WORK) is None


def test_a_limit_that_is_used_up_now_is_called_full() -> None:
    limited = Needs("work/x", 1, limits={"a": 1})
    busy = [running("bo", "cpu0", needs=limited)]
    room = Room.of([node()], busy, {limited.shape: limited}, {"a": 1})
    assert reason(room, limited) == "limit `a` is full"
