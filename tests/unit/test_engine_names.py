"""What an attempt calls itself reaches its node at once, however the attempt ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from engine_shop import Shop

from farm.domain.errors import ErrorClass
from farm.engine.process import EngineProcess

SAID = [("counts_as", "swan@1.0.0"), ("counts_as", "swan@2.0.0"), ("known_as", "prompt-7")]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def engine(shop: Shop) -> Iterator[EngineProcess]:
    running = EngineProcess("cpu0", plugin_folder=shop.plugins, kill_after_s=0.5)
    yield running
    running.stop()


@pytest.mark.parametrize(
    ("end", "error_class"),
    [("", None), ("fail", ErrorClass.BUG), ("vanish", ErrorClass.CRASH)],
    ids=["success", "failure", "crash"],
)
def test_names_are_heard_in_order_and_once_each(
    shop: Shop, engine: EngineProcess, end: str, error_class: ErrorClass | None
) -> None:
    heard: list[tuple[str, str]] = []
    request = shop.request("names", {"path": end})
    outcome = engine.run(request, on_named=lambda *named: heard.append(named))
    assert outcome.error_class is error_class
    assert heard == SAID


def test_names_are_heard_while_the_task_runs_and_before_a_cancel_ends_it(
    shop: Shop, engine: EngineProcess
) -> None:
    heard: list[tuple[str, str]] = []

    def on_named(kind: str, name: str) -> None:
        heard.append((kind, name))
        if kind == "known_as":
            assert engine.cancel("enough")

    outcome = engine.run(shop.request("names", {"path": "obey"}), on_named=on_named)
    assert outcome.error_class is ErrorClass.CANCELLED
    assert heard == SAID


@pytest.mark.parametrize("name", ["x" * 81, "two\nlines"], ids=["long", "lines"])
def test_a_name_that_is_none_is_a_bug_of_the_plugin(
    shop: Shop, engine: EngineProcess, name: str
) -> None:
    outcome = engine.run(shop.request("names", {"path": name}))
    assert outcome.error_class is ErrorClass.BUG
    assert outcome.error is not None
    assert "1 to 80 printable characters" in outcome.error["message"]
    assert outcome.error["code"] == "stage.name"
    assert engine.run(shop.request("names", {"path": "x" * 80})).ok
