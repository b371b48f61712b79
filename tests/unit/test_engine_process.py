"""An engine process runs a task and tells the truth about how it went."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from engine_shop import Shop

from farm.domain.errors import ErrorClass, PluginError, TransientError
from farm.domain.media import MediaKind
from farm.engine.process import EngineProcess
from farm.engine.protocol import DocumentPut, EngineInput, EngineOutcome
from farm.stages import Window

EAR = """
import os
from farm import ConfigError, hookimpl

@hookimpl
def farm_configure(settings):
    shown = sum("redred" in value for value in os.environ.values())
    raise ConfigError(f"heard {len(settings['colour'])} letters, {shown} in the environment")
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def engine(shop: Shop) -> Iterator[EngineProcess]:
    running = EngineProcess("cpu0", plugin_folder=shop.plugins, threads=3, recycle_mb=200)
    running.start()
    yield running
    running.stop()


def error_of(outcome: EngineOutcome) -> dict[str, Any]:
    assert outcome.error is not None
    return dict(outcome.error)


def test_a_task_gets_what_it_was_given_and_its_files_come_back(
    shop: Shop, engine: EngineProcess
) -> None:
    request = shop.request("write", {"count": 2}, window=Window(1, 3, 24, 48), seed=99)
    outcome = engine.run(request)
    assert outcome.ok, outcome.error
    (out,) = outcome.outputs["out"]
    assert out.path.read_text() == '{"seed": 99, "window": 24}'
    assert (out.kind, out.suffix) == (MediaKind.DATA, ".json")
    pieces = [piece.path.name for piece in outcome.outputs["pieces"]]
    assert pieces == ["pieces.00000.txt", "pieces.00001.txt"]
    assert all(p.path.is_relative_to(request.scratch) for p in outcome.outputs["pieces"])
    assert outcome.peaks.ram_mb > 10 and outcome.peaks.run_started_s > 1.6e9


def test_an_optional_output_may_be_left_out(shop: Shop, engine: EngineProcess) -> None:
    outcome = engine.run(shop.request("write", {"count": 0}, window=Window(0, 1, 0, 9)))
    assert list(outcome.outputs) == ["out"]


def test_an_input_comes_with_its_facts(shop: Shop, engine: EngineProcess, tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("dusk over the bay")
    file = EngineInput(words, MediaKind.TEXT, "0" * 64, {"extra": {"words": 4}})
    request = shop.request("read", inputs={"words": [file]})
    assert engine.run(request).ok
    first, second = request.log.read_text().splitlines()
    assert first.endswith("Z INFO read dusk over the bay")
    assert second.endswith("Z INFO 4 words")


def test_a_picture_is_probed(shop: Shop, engine: EngineProcess) -> None:
    outcome = engine.run(shop.request("paint"))
    assert outcome.ok, outcome.error
    (picture,) = outcome.outputs["out"]
    assert picture.kind is MediaKind.IMAGE
    assert (picture.facts["width"], picture.facts["height"]) == (2, 1)


@pytest.mark.parametrize(
    ("stage", "complaint"),
    [
        ("forget", 'returned nothing for output port "out"'),
        ("empty", "an empty file"),
        ("stray", "a path of its own choice"),
        ("extra", 'Did you mean "out"?'),
        ("mislabel", "expected image, got data"),
    ],
)
def test_a_broken_promise_about_outputs_is_a_bug_of_the_plugin(
    shop: Shop, engine: EngineProcess, stage: str, complaint: str
) -> None:
    outcome = engine.run(shop.request(stage))
    assert outcome.error_class is ErrorClass.BUG
    assert complaint in error_of(outcome)["message"]
    assert f"shop.{stage}/shop" in error_of(outcome)["where"]


def test_the_first_and_the_last_progress_arrive_but_not_every_one(
    shop: Shop, engine: EngineProcess
) -> None:
    seen: list[tuple[float, float, str]] = []
    request = shop.request("advance", {"count": 2000})
    assert engine.run(request, on_progress=lambda *said: seen.append(said)).ok
    assert seen[0] == (0, 2000, "step 0")
    assert seen[-1] == (2000, 2000, "step 2000")
    assert len(seen) < 50


def test_wrong_parameters_are_the_submitters_to_mend(shop: Shop, engine: EngineProcess) -> None:
    outcome = engine.run(shop.request("nothing", {"count": "many"}))
    assert outcome.error_class is ErrorClass.INPUT
    assert error_of(outcome)["where"] == "shop.nothing/shop: count"
    assert "'many'" in error_of(outcome)["got"]


def test_a_bug_leaves_a_traceback_for_operators_and_in_the_log(
    shop: Shop, engine: EngineProcess
) -> None:
    request = shop.request("fail")
    outcome = engine.run(request)
    error = error_of(outcome)
    assert outcome.error_class is ErrorClass.BUG
    assert error["code"] == "stage.bug" and error["class"] == "bug"
    assert error["what"] == "ValueError: no such colour"
    assert "in fail" in error["traceback"]
    assert "in fail" in request.log.read_text()
    assert outcome.last_lines[-1] == "ValueError: no such colour"


def test_a_plugin_classifies_the_errors_of_its_libraries(shop: Shop, engine: EngineProcess) -> None:
    assert engine.run(shop.request("nasty")).error_class is ErrorClass.TRANSIENT


@pytest.mark.parametrize(
    ("stage", "expected"), [("exhaust", ErrorClass.RESOURCE), ("fill", ErrorClass.DISK)]
)
def test_memory_and_disk_that_run_out_are_told_apart(
    shop: Shop, engine: EngineProcess, stage: str, expected: ErrorClass
) -> None:
    outcome = engine.run(shop.request(stage))
    assert outcome.error_class is expected
    assert ("disk" if stage == "fill" else "memory") in error_of(outcome)["mend"]


def test_a_plugin_that_exits_does_not_end_the_engine(shop: Shop, engine: EngineProcess) -> None:
    before = engine.pid
    assert engine.run(shop.request("leave")).error_class is ErrorClass.BUG
    assert engine.run(shop.request("nothing")).ok
    assert engine.pid == before


@pytest.mark.parametrize("changes", [{"stage_id": "shop.nothink/shop"}, {"version": 2}])
def test_a_stage_the_engine_does_not_have_is_left_to_another_node(
    shop: Shop, engine: EngineProcess, changes: dict[str, Any]
) -> None:
    outcome = engine.run(shop.request("nothing", **changes))
    assert outcome.error_class is ErrorClass.TRANSIENT
    assert "Install the same plugins" in error_of(outcome)["mend"]


def test_whatever_a_task_prints_ends_in_its_log(shop: Shop, engine: EngineProcess) -> None:
    request = shop.request("speak")
    assert engine.run(request).ok
    lines = request.log.read_text().splitlines()
    assert {"printed", "to stderr", "raw bytes", "from C", "from a child"} <= set(lines)
    assert any(line.endswith("Z WARNING logged") for line in lines)


def test_a_log_nothing_was_written_to_is_removed(shop: Shop, engine: EngineProcess) -> None:
    request = shop.request("nothing")
    assert engine.run(request).ok
    assert request.log.parent.is_dir() and not request.log.exists()
    assert not request.scratch.exists()


def test_documents_are_read_from_the_node_and_written_with_the_result(
    shop: Shop, engine: EngineProcess
) -> None:
    asked = []

    def read(plugin: str, collection: str, key: str | None) -> Any:
        asked.append((plugin, collection, key))
        return ["a"] if key is None else {"hue": 1}

    request = shop.request("remember")
    outcome = engine.run(request, documents=read)
    assert asked == [("shop", "looks", "a"), ("shop", "looks", None)]
    assert outcome.documents == [DocumentPut("shop", "looks", "b", {"hue": 3})]
    said = [line.partition("INFO ")[2] for line in request.log.read_text().splitlines()]
    assert said == ["{'hue': 1}", "{'hue': 3}", "['a', 'b']"]


def test_a_ledger_that_cannot_be_read_makes_the_task_try_again_later(
    shop: Shop, engine: EngineProcess
) -> None:
    def read(plugin: str, collection: str, key: str | None) -> Any:
        raise ConnectionError("the ledger is away")

    outcome = engine.run(shop.request("remember"), documents=read)
    assert outcome.error_class is ErrorClass.TRANSIENT
    assert "the ledger is away" in error_of(outcome)["got"]


def test_an_engine_reports_which_models_it_holds(shop: Shop, engine: EngineProcess) -> None:
    outcome = engine.run(shop.request("warm", {"count": 2}))
    assert set(outcome.resident) == {"model-0", "model-1"}
    assert engine.resident == outcome.resident
    assert all(size >= 5 for size in outcome.resident.values())


def test_an_engine_knows_its_threads_but_no_secrets_and_is_light(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FARM_DATABASE", "postgresql://farm:secret@db/farm")
    fresh = EngineProcess("cpu1", plugin_folder=shop.plugins, threads=3)
    try:
        fresh.start()
        status = Path(f"/proc/{fresh.pid}/status").read_text()
        assert int(status.partition("VmRSS:")[2].split()[0]) < 45_000
        request = shop.request("environment")
        assert fresh.run(request).ok
        text = request.log.read_text()
        assert "threads 3" in text and "secret None" in text and "heavy []" in text
    finally:
        fresh.stop()
    assert fresh.pid is None


def test_an_engine_that_grew_is_replaced(shop: Shop, engine: EngineProcess) -> None:
    before = engine.pid
    outcome = engine.run(shop.request("hoard", {"count": 300}))
    assert outcome.ok and outcome.peaks.ram_mb > 300
    assert engine.pid is None
    assert engine.run(shop.request("nothing")).ok
    assert engine.pid not in (None, before)


def test_an_engine_whose_gpu_context_broke_is_replaced(shop: Shop, engine: EngineProcess) -> None:
    before = engine.pid
    assert engine.run(shop.request("poison")).error_class is ErrorClass.BUG
    assert engine.run(shop.request("nothing")).ok
    assert engine.pid != before


def test_a_request_larger_than_a_pipe_arrives(shop: Shop, engine: EngineProcess) -> None:
    file = EngineInput(Path("/absent/words.txt"), MediaKind.TEXT, "0" * 64)
    outcome = engine.run(shop.request("nothing", inputs={"words": [file] * 3000}))
    assert outcome.ok


def test_a_plugin_that_cannot_be_loaded_is_named_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "lame.py").write_text("import a_module_that_is_not_there\n")
    engine = EngineProcess("cpu0", plugin_folder=tmp_path)
    with pytest.raises(PluginError, match=r"plugin lame.*a_module_that_is_not_there"):
        engine.start()
    with pytest.raises(TransientError, match="the engine did not start"):
        engine.run(Shop(tmp_path / "other").request("nothing"))


def test_an_engine_that_dies_while_it_starts_says_its_last_words(tmp_path: Path) -> None:
    (tmp_path / "deadly.py").write_text(
        "import os, sys\nsys.stderr.write('no driver')\nsys.stderr.flush()\nos._exit(9)\n"
    )
    with pytest.raises(Exception, match=r"ended with status 9; no driver"):
        EngineProcess("cpu0", plugin_folder=tmp_path).start()


def test_stopping_an_engine_ends_the_task_that_runs(shop: Shop) -> None:
    engine = EngineProcess("cpu2", plugin_folder=shop.plugins)
    began = threading.Event()
    outcomes: list[EngineOutcome] = []

    def run() -> None:
        request = shop.request("obey")
        outcomes.append(engine.run(request, on_progress=lambda *_: began.set()))

    thread = threading.Thread(target=run)
    thread.start()
    assert began.wait(10)
    pid = engine.pid
    engine.stop()
    thread.join(10)
    assert outcomes[0].error_class is ErrorClass.CANCELLED
    assert pid is not None and not os.path.exists(f"/proc/{pid}")  # noqa: PTH110


def test_an_engine_tells_its_plugins_their_settings_and_not_through_its_environment(
    tmp_path: Path,
) -> None:
    (tmp_path / "lab_ear.py").write_text(EAR)
    engine = EngineProcess(
        "cpu0", plugin_folder=tmp_path, told={"lab_ear": {"colour": "red" * 50_000}}
    )
    with pytest.raises(PluginError, match="heard 150000 letters, 0 in the environment"):
        engine.start()
