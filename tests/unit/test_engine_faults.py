"""Whatever a task does to its engine, the node gets an outcome, and the next task an engine."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from engine_shop import Shop

from farm.domain.errors import ErrorClass
from farm.engine.process import EngineProcess
from farm.engine.protocol import EngineOutcome, EngineRequest

SOON_S = 20.0
"""Far less than a task that hangs takes, far more than a slow machine needs."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def engine(shop: Shop) -> Iterator[EngineProcess]:
    running = EngineProcess("cpu0", plugin_folder=shop.plugins, kill_after_s=0.3)
    yield running
    running.stop()


@pytest.fixture
def patient(shop: Shop) -> Iterator[EngineProcess]:
    """An engine that gives a task all the time it needs to stop."""
    running = EngineProcess("cpu0", plugin_folder=shop.plugins, kill_after_s=60.0)
    yield running
    running.stop()


def wait_until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    until_s = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until_s, "it did not come true in time"
        time.sleep(0.005)


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def run_and(
    engine: EngineProcess, request: EngineRequest, act: Callable[[str], object]
) -> tuple[EngineOutcome, float]:
    """Run it, and ``act`` from another thread at its first progress; seconds from then on."""
    began_s = 0.0
    notes: list[str] = []
    ready = threading.Event()

    def first(done: float, total: float, note: str) -> None:
        nonlocal began_s
        if not ready.is_set():
            began_s = time.monotonic()
            notes.append(note)
            ready.set()

    actor = threading.Thread(target=lambda: ready.wait(10) and act(notes[0]))
    actor.start()
    outcome = engine.run(request, on_progress=first)
    took_s = time.monotonic() - began_s
    actor.join()
    return outcome, took_s


def still_works(shop: Shop, engine: EngineProcess) -> bool:
    return engine.run(shop.request("nothing")).ok


def test_a_segmentation_fault_is_a_crash_with_its_signal_and_last_words(
    shop: Shop, engine: EngineProcess
) -> None:
    engine.start()
    before = engine.pid
    outcome = engine.run(shop.request("segfault"))
    assert outcome.error_class is ErrorClass.CRASH
    assert outcome.signal == signal.SIGSEGV
    assert outcome.error is not None and "SIGSEGV" in outcome.error["what"]
    assert "about to touch address zero" in outcome.last_lines
    assert any("Segmentation fault" in line for line in outcome.last_lines)
    assert still_works(shop, engine)
    assert engine.pid != before


def test_an_engine_that_exits_is_a_crash_without_a_signal(
    shop: Shop, engine: EngineProcess
) -> None:
    request = shop.request("vanish")
    outcome = engine.run(request)
    assert (outcome.error_class, outcome.signal) == (ErrorClass.CRASH, None)
    assert outcome.error is not None and "status 7" in outcome.error["what"]
    assert not request.log.exists()
    assert still_works(shop, engine)


def test_a_crash_is_seen_although_a_forked_child_holds_the_pipes(
    shop: Shop, engine: EngineProcess
) -> None:
    began_s = time.monotonic()
    assert engine.run(shop.request("vanish_leaving_fork")).error_class is ErrorClass.CRASH
    assert time.monotonic() - began_s < SOON_S


def test_a_killed_engine_is_a_crash(shop: Shop, engine: EngineProcess) -> None:
    assert still_works(shop, engine)
    pid = engine.pid
    assert pid is not None
    outcome, _ = run_and(engine, shop.request("stuck"), lambda _: os.kill(pid, signal.SIGKILL))
    assert (outcome.error_class, outcome.signal) == (ErrorClass.CRASH, signal.SIGKILL)
    assert still_works(shop, engine)


def test_an_engine_that_died_while_idle_costs_the_next_task_nothing(
    shop: Shop, engine: EngineProcess
) -> None:
    assert still_works(shop, engine)
    pid = engine.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not is_running(pid))
    assert still_works(shop, engine)


def test_a_task_that_listens_is_cancelled_and_its_engine_stays(
    shop: Shop, patient: EngineProcess
) -> None:
    assert still_works(shop, patient)
    before = patient.pid
    outcome, _ = run_and(patient, shop.request("obey"), lambda _: patient.cancel("changed my mind"))
    assert outcome.error_class is ErrorClass.CANCELLED
    assert outcome.error is not None and "changed my mind" in outcome.error["message"]
    assert still_works(shop, patient)
    assert patient.pid == before


def test_a_task_that_does_not_listen_is_killed_with_its_children(
    shop: Shop, engine: EngineProcess
) -> None:
    children: list[int] = []

    def act(note: str) -> None:
        children.append(int(note))
        engine.cancel("too slow")

    outcome, took_s = run_and(engine, shop.request("stuck"), act)
    assert outcome.error_class is ErrorClass.CANCELLED
    assert outcome.signal is None
    assert took_s < SOON_S
    wait_until(lambda: not is_running(children[0]))
    assert still_works(shop, engine)


def test_a_task_that_holds_the_interpreter_lock_is_killed_too(
    shop: Shop, engine: EngineProcess
) -> None:
    outcome, took_s = run_and(engine, shop.request("seize"), lambda _: engine.cancel("enough"))
    assert outcome.error_class is ErrorClass.CANCELLED
    assert took_s < SOON_S
    assert still_works(shop, engine)


def test_a_cancel_is_for_the_attempt_it_names(shop: Shop, engine: EngineProcess) -> None:
    request = shop.request("obey")
    answers: list[bool] = []

    def act(_: str) -> None:
        answers.append(engine.cancel("late", task_id="another"))
        answers.append(engine.cancel("late", task_id=request.task_id, number=2))
        answers.append(engine.cancel("in time", task_id=request.task_id, number=1))

    outcome, _ = run_and(engine, request, act)
    assert answers == [False, False, True]
    assert outcome.error is not None and outcome.error["what"] == "in time"
    assert engine.cancel("nobody is there") is False
    assert still_works(shop, engine)


@pytest.mark.parametrize("stage", ["obey", "stuck"])
def test_a_task_that_takes_too_long_ends_as_timeout(
    shop: Shop, engine: EngineProcess, stage: str
) -> None:
    began_s = time.monotonic()
    outcome = engine.run(shop.request(stage, timeout_s=0.5))
    assert outcome.error_class is ErrorClass.TIMEOUT
    assert outcome.error is not None and outcome.error["code"] == "task.timeout"
    assert 0.5 <= time.monotonic() - began_s < SOON_S
    assert still_works(shop, engine)


def test_a_task_without_progress_ends_as_stalled(shop: Shop, engine: EngineProcess) -> None:
    outcome = engine.run(shop.request("stuck", stall_s=0.3))
    assert outcome.error_class is ErrorClass.TIMEOUT
    assert outcome.error is not None and outcome.error["code"] == "task.stalled"
    assert still_works(shop, engine)


def test_a_listener_that_fails_takes_the_task_with_it(shop: Shop, engine: EngineProcess) -> None:
    def refuse(*_: object) -> None:
        raise LookupError("nobody knows this attempt")

    with pytest.raises(LookupError):
        engine.run(shop.request("stuck"), on_progress=refuse)
    assert still_works(shop, engine)


NODE = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from engine_shop import Shop
from farm.engine.process import EngineProcess

shop = Shop(Path({root!r}))
engine = EngineProcess("cpu0", plugin_folder=shop.plugins)
engine.start()
say = lambda *said: print(engine.pid, said[2] or 0, flush=True)
if {stage!r}:
    engine.run(shop.request({stage!r}), on_progress=say)
say(0, 0, "")
sys.stdin.read()
"""


@pytest.mark.parametrize("stage", ["", "stuck", "seize"])
def test_no_engine_and_none_of_its_children_outlives_its_node(tmp_path: Path, stage: str) -> None:
    script = NODE.format(tests=str(Path(__file__).parent), root=str(tmp_path / "s"), stage=stage)
    with subprocess.Popen(
        [sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as node:
        assert node.stdout is not None
        pids = [int(pid) for pid in node.stdout.readline().split() if pid != "0"]
        assert pids and all(is_running(pid) for pid in pids)
        node.kill()
    wait_until(lambda: not any(is_running(pid) for pid in pids), 60)
