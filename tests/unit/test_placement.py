"""Which task goes where: priority, fair share, warmth, resources, limits, and one reason each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from farm.dispatch.placement import MOST_SKIPS, Room, place, reason
from farm.domain.plan import Needs
from farm.ledger.records import Active, Candidate, EngineFacts, NodeFacts

WORK = Needs("work/x", 1, ram_mb=100)


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


def running(submitter: str, slot: str, node_name: str = "n1", needs: Needs = WORK) -> Active:
    return Active(
        task_id=f"run-{slot}", number=1, fence=1, state="running", node=node_name,
        incarnation="i1", slot=slot, lease=0, shape=needs.shape, submitter=submitter,
        sent_at=0.0, model_key=None,
    )  # fmt: skip


def chosen(
    nodes: Sequence[NodeFacts],
    tasks: Sequence[Candidate],
    active: Sequence[Active] = (),
    needs: Sequence[Needs] = (WORK,),
    limits: dict[str, int] | None = None,
) -> list[tuple[str, str, str]]:
    by_shape = {n.shape: n for n in needs}
    room = Room.of(nodes, active, by_shape, limits or {})
    queue: dict[str, list[Candidate]] = {}
    for one in tasks:
        queue.setdefault(one.shape, []).append(one)
    placements, _ = place(room, queue, now_s=10.0)
    return [(p.task_id, p.node, p.slot) for p in placements]


def test_priority_comes_before_age() -> None:
    assert chosen([node()], [task("t1"), task("t2", urgency=-90)]) == [("t2", "n1", "cpu0")]


def test_a_deadline_comes_before_age_within_a_submitter() -> None:
    assert chosen([node()], [task("t1"), task("t2", due=5.0)]) == [("t2", "n1", "cpu0")]


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
    old = [task("t1", model_key="svd", ready_at=-1000.0), tasks[1]]
    assert chosen(warm, old) == [("t1", "n1", "cpu0")]


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
