"""A diffusion model in a real engine: warm for the next job, and clean after a stop."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny_weights

from farm.domain.errors import ErrorClass
from farm.domain.media import MediaKind
from farm.engine.process import EngineProcess
from farm.engine.protocol import EngineInput, EngineOutcome, EngineRequest

SMALL = {"model": "wan-t2v", "width": 32, "height": 32, "frames": 5, "steps": 2}
SLOW = {"width": 256, "height": 256, "frames": 33, "steps": 150}
"""Seconds of steps, each of them short: a stop comes in time on any machine."""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    folder = tmp_path_factory.mktemp("engine")
    for name in ("wan-t2v", "wan22-t2v"):
        tiny_weights.declared(name, folder, provides=["video.text_to_video"])
    running = EngineProcess(
        "cpu0", plugin_folder=folder / "plugins", manifests_folder=folder, kill_after_s=30.0
    )
    yield running
    running.stop()


@pytest.fixture
def request_of(tmp_path: Path) -> Any:
    """Makes requests for a film, each with a number and a folder of its own."""
    prompt = tmp_path / "prompt.txt"
    prompt.write_text("a red robot", encoding="utf-8")
    digest = hashlib.sha256(prompt.read_bytes()).hexdigest()

    def request(number: int, **params: Any) -> EngineRequest:
        scratch = tmp_path / str(number)
        scratch.mkdir()
        chosen = {**SMALL, **params}
        return EngineRequest(
            task_id="job.make.0",
            number=number,
            stage_id="video.text_to_video/wan",
            version=1,
            params=chosen,
            inputs={"prompt": [EngineInput(prompt, MediaKind.TEXT, digest, {})]},
            seed=7,
            scratch=scratch,
            log=tmp_path / f"{number}.log",
            models={chosen["model"]: tiny_weights.folder(chosen["model"])},
        )

    return request


def film(outcome: EngineOutcome) -> str:
    assert outcome.ok, outcome.error
    [file] = outcome.outputs["video"]
    assert (file.kind, file.facts["frames"]) == (MediaKind.VIDEO, 5)
    return hashlib.sha256(file.path.read_bytes()).hexdigest()


def stopped(engine: EngineProcess, request: EngineRequest, note: str) -> EngineOutcome:
    """The outcome of a task that is cancelled when it says ``note``."""
    begun = threading.Event()
    found: list[EngineOutcome] = []

    def told(done: float, total: float, said: str) -> None:
        if note in said:
            begun.set()

    thread = threading.Thread(target=lambda: found.append(engine.run(request, on_progress=told)))
    thread.start()
    assert begun.wait(60)
    engine.cancel("somebody thought better of it")
    thread.join(30)
    return found[0]


def test_jobs_of_one_engine_find_the_model_warm_and_nothing_of_one_another(
    engine: EngineProcess, request_of: Any
) -> None:
    cold = engine.run(request_of(1))
    first = film(cold)
    assert cold.resident.keys() == {"wan-t2v"} and cold.loads_s
    warm = engine.run(request_of(2))
    assert film(warm) == first
    assert warm.loads_s == []
    # A model that shares the text encoder and the decoder brings its backbones only.
    other = engine.run(request_of(3, model="wan22-t2v"))
    assert film(other) != first
    assert len(other.loads_s) == 2
    assert other.resident.keys() == {"wan-t2v", "wan22-t2v"}
    late = stopped(engine, request_of(4, cache="first-block", **SLOW), "of 150")
    assert late.error_class is ErrorClass.CANCELLED
    again = engine.run(request_of(5))
    assert film(again) == first and again.loads_s == []
    assert engine.starts == 1


def test_the_log_says_which_way_was_taken_why_and_how_long_each_part_took(
    engine: EngineProcess, request_of: Any
) -> None:
    request = request_of(1)
    film(engine.run(request))
    log = request.log.read_text()
    assert "memory: full float32, because " in log
    assert all(f"{part} " in log for part in ("read", "load", "call", "write"))


def test_a_task_that_ran_out_of_memory_is_told_so_and_saves_some_if_it_may(
    engine: EngineProcess, request_of: Any
) -> None:
    first = film(engine.run(request_of(1)))
    assert film(engine.run(replace(request_of(2), ran_out=1))) == first
    request = replace(request_of(3, memory="may-change-result"), ran_out=1)
    film(engine.run(request))
    assert "full+tiles float32" in request.log.read_text()
