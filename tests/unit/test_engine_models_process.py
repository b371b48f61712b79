"""Models in a real engine process: what it tells its node, and what stopped tasks leave behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_shop import Shop

from farm.domain.errors import ErrorClass
from farm.engine.process import EngineProcess
from farm.engine.protocol import EngineOutcome, EngineRequest


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def one_engine(shop: Shop) -> Iterator[EngineProcess]:
    running = EngineProcess("cpu0", plugin_folder=shop.plugins, models_mb=100)
    yield running
    running.stop()


@pytest.fixture
def engine(shop: Shop, one_engine: EngineProcess) -> EngineProcess:
    """The engine, without models."""
    one_engine.run(shop.request("exhaust"))
    return one_engine


def told(engine: EngineProcess, request: EngineRequest) -> list[str]:
    """Lines of the task's log, without their time."""
    outcome = engine.run(request)
    assert outcome.ok, outcome.error
    return [line.partition("INFO ")[2] for line in request.log.read_text().splitlines()]


def cancelled(engine: EngineProcess, request: EngineRequest) -> EngineOutcome:
    begun = threading.Event()
    found: list[EngineOutcome] = []
    thread = threading.Thread(
        target=lambda: found.append(engine.run(request, on_progress=lambda *_: begun.set()))
    )
    thread.start()
    assert begun.wait(20)
    engine.cancel("somebody thought better of it")
    thread.join(10)
    return found[0]


def test_a_model_in_parts_is_told_under_its_one_key(shop: Shop, engine: EngineProcess) -> None:
    outcome = engine.run(shop.request("film", {"count": 3}))
    assert outcome.resident.keys() == {"film"}
    assert outcome.resident["film"] >= 60 and outcome.held_mb == outcome.resident["film"]
    assert engine.run(shop.request("warm", {"count": 1})).resident.keys() == {"film", "model-0"}


def test_what_the_scheduler_will_send_soon_decides_which_model_goes(
    shop: Shop, engine: EngineProcess
) -> None:
    engine.run(shop.request("warm", {"count": 10}))
    first, *others = [f"model-{number}" for number in range(10)]
    outcome = engine.run(
        shop.request("film", {"count": 3}, soon=dict.fromkeys([first, *others[5:]], 1))
    )
    assert {first, "film", *others[5:]} <= outcome.resident.keys()
    assert not outcome.resident.keys() & set(others[:2])


def test_a_cancelled_task_leaves_no_model_looking_warm_and_the_next_one_finds_its_parts(
    shop: Shop, engine: EngineProcess
) -> None:
    outcome = cancelled(engine, shop.request("film", {"count": 2, "path": "obey"}))
    assert outcome.error_class is ErrorClass.CANCELLED
    assert outcome.resident == {} and outcome.held_mb >= 40
    again = engine.run(shop.request("film", {"count": 3}))
    assert len(again.loads_s) == 1 and again.resident.keys() == {"film"}


def test_a_load_that_fails_leaves_the_other_parts_and_nothing_of_its_own(
    shop: Shop, engine: EngineProcess
) -> None:
    outcome = engine.run(shop.request("film", {"count": 2, "path": "break"}))
    assert outcome.error_class is ErrorClass.BUG and outcome.resident == {}
    assert told(engine, shop.request("budget"))[-1] == "parts 2"


def test_a_task_knows_its_reservation_how_often_it_ran_out_and_the_room_there_is(
    shop: Shop, engine: EngineProcess
) -> None:
    request = shop.request("budget", reserved_mb=700, ran_out=2)
    assert told(engine, request) == ["reserved 700 ran out 2", "room 700", "parts 0"]
    assert told(engine, shop.request("budget"))[:2] == ["reserved 0 ran out 0", "room 100"]


def test_a_model_that_left_its_gpu_comes_back_from_memory_with_the_same_bytes(
    shop: Shop,
) -> None:
    # No GPU is needed for it: what moves is the plugin's own, and where to is its business.
    engine = EngineProcess(
        "gpu0", "cuda:0", plugin_folder=shop.plugins, models_mb=100, parked_mb=50
    )
    try:
        said: dict[str, set[str]] = {}
        loads: list[int] = []
        for name in ("a", "b", "c", "a", "b", "c"):
            request = shop.request("carry", {"path": name})
            outcome = engine.run(request)
            assert outcome.ok, outcome.error
            assert len(outcome.resident) <= 2 and name in outcome.resident
            loads.append(len(outcome.loads_s))
            said.setdefault(name, set()).add(request.log.read_text().rpartition("INFO ")[2])
        assert loads == [1, 1, 1, 0, 0, 0]
        assert [len(lines) for lines in said.values()] == [1, 1, 1]
        assert outcome.held_mb == 120
    finally:
        engine.stop()


def test_after_memory_ran_out_no_model_is_left(shop: Shop, engine: EngineProcess) -> None:
    engine.run(shop.request("film", {"count": 2}))
    outcome = engine.run(shop.request("exhaust"))
    assert outcome.error_class is ErrorClass.RESOURCE
    assert outcome.resident == {} and outcome.held_mb == 0
    assert told(engine, shop.request("budget"))[-1] == "parts 0"


def test_after_a_broken_picture_the_next_task_gets_a_fresh_engine(
    shop: Shop, engine: EngineProcess
) -> None:
    engine.start()
    before = engine.pid
    outcome = engine.run(shop.request("film", {"count": 2, "path": "spoil"}))
    assert outcome.error_class is ErrorClass.BROKEN
    assert outcome.error is not None
    assert outcome.error["message"].endswith("Change the seed or take more steps.")
    assert outcome.resident == {}
    assert engine.run(shop.request("nothing")).ok
    assert engine.pid != before


def test_a_preview_that_is_no_picture_is_a_bug_of_the_plugin(
    shop: Shop, engine: EngineProcess, tmp_path: Path
) -> None:
    text = tmp_path / "preview.png"
    text.write_text("not a picture")
    outcome = engine.run(shop.request("show", {"path": str(text)}))
    assert outcome.error_class is ErrorClass.BUG
    assert outcome.error is not None and outcome.error["code"] == "stage.preview"
