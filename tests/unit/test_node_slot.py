"""An engine slot of a node: what an operator's restart does to the engine and to what it runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_shop import Shop

from farm import machine
from farm.config import Settings
from farm.domain.errors import ErrorClass
from farm.engine.process import EngineProcess
from farm.engine.protocol import EngineOutcome, EngineRequest
from farm.ledger.records import Assignment
from farm.slots import Slot, held_models, parked_models_mb


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def slot(shop: Shop) -> Iterator[Slot]:
    engine = EngineProcess("cpu0", plugin_folder=shop.plugins, kill_after_s=0.3)
    engine.start()
    yield Slot("cpu0", "cpu", 0, 0, engine)
    engine.stop()


def run_in_thread(
    slot: Slot, request: EngineRequest
) -> tuple[threading.Thread, list[EngineOutcome]]:
    """Run it as a node does, holding the slot; returns when it has begun."""
    begun = threading.Event()
    outcomes: list[EngineOutcome] = []

    def run() -> None:
        with slot.lock:
            outcomes.append(slot.engine.run(request, on_progress=lambda *_: begun.set()))

    thread = threading.Thread(target=run)
    thread.start()
    assert begun.wait(10)
    return thread, outcomes


def test_models_are_parked_in_a_quarter_of_the_memory_unless_it_is_said() -> None:
    assert parked_models_mb(Settings(ram_mb=8000)) == 2000
    assert parked_models_mb(Settings(ram_mb=8000, parked_models_mb=100)) == 100
    assert parked_models_mb(Settings(parked_models_mb=0)) == 0
    assert parked_models_mb(Settings()) == machine.ram_mb() // 4 > 0


def test_a_restart_ends_an_idle_engine_and_starts_another(slot: Slot) -> None:
    before = slot.engine.pid
    slot.resident = {"model": 5}
    slot.restart()
    assert slot.engine.pid not in (None, before)
    assert slot.record()["resident"] == []


def test_a_restart_takes_a_hung_task_from_its_engine(slot: Slot, shop: Shop) -> None:
    before = slot.engine.pid
    thread, outcomes = run_in_thread(slot, shop.request("stuck"))
    slot.restart()
    thread.join(10)
    assert outcomes[0].error_class is ErrorClass.CANCELLED
    assert outcomes[0].error is not None
    assert "its engine is being restarted" in outcomes[0].error["message"]
    assert slot.engine.pid not in (None, before)
    assert slot.engine.run(shop.request("nothing")).error is None


def test_a_restart_that_is_ordered_again_meanwhile_is_one_restart(slot: Slot, shop: Shop) -> None:
    thread, _ = run_in_thread(slot, shop.request("stuck"))
    starts = slot.engine.starts
    again = [threading.Thread(target=slot.restart) for _ in range(3)]
    for one in again:
        one.start()
    for one in again:
        one.join(10)
    thread.join(10)
    assert slot.engine.starts == starts + 1


def assignment(model_key: str) -> Assignment:
    """A task as the ledger hands it to a node."""
    return Assignment(
        task_id="j.a.0", number=1, fence=1, job_id="j", job_number=1, stage="a", stage_id="a/b",
        version=1, params={}, inputs={}, window=None, seed=1, slot="cpu0", shape="", urgency=0,
        submitter="ada", model_key=model_key, cache_key=None, timeout_s=1.0, stall_s=1.0, cores=1,
    )  # fmt: skip


def test_the_ledger_hears_of_models_only_when_others_are_held(slot: Slot, shop: Shop) -> None:
    one = EngineOutcome(resident={"wan": 9}, loads_s=[1.5, 0.5])
    first = slot.after(assignment("wan"), one, [slot])
    assert first is not None
    assert (first.warm, first.load_s, first.size_mb) == ({"wan"}, 2.0, 9)
    assert first.engines == [slot.record()]
    assert slot.record()["resident_mb"] == {"wan": 9}
    again = slot.after(assignment("wan"), EngineOutcome(resident={"wan": 9}), [slot])
    assert again is not None
    assert again.engines is None
    gone = slot.after(assignment("wan"), EngineOutcome(), [slot])
    assert gone is not None
    assert gone.engines == [slot.record()]
    assert slot.after(assignment("wan"), EngineOutcome(), [slot]) is None


def test_a_model_is_held_from_the_start_of_its_task(slot: Slot) -> None:
    slot.resident = {"svd": 9}
    assert held_models([slot]) == {"svd"}
    slot.at_work = "wan"
    assert held_models([slot]) == {"svd", "wan"}
