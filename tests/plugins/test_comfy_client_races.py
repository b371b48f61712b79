"""Runs under the races of real servers: each ends once, with its own result."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from comfy.process import StandIn, wait_for
from comfy_work import Beside, Stopped, Watcher, copied, picture, pool_of, run, stepped

from farm_comfyui.failures import Interrupted, NodeFailed, ServerLost
from farm_comfyui.pool import Pool


@pytest.fixture(scope="module", params=["0.33.0", "0.3.64"])
def running(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StandIn]:
    with StandIn(tmp_path_factory.mktemp("server"), version=request.param) as server:
        yield server


@pytest.fixture
def server(running: StandIn) -> Iterator[StandIn]:
    yield running
    running.mend()


@pytest.fixture
def pool(server: StandIn) -> Iterator[Pool]:
    made = pool_of(server, moves=0)
    yield made
    made.close()


def work_id() -> str:
    """A name of a piece of work that no server has seen."""
    return f"job.{time.monotonic_ns()}/1"


def sent(server: StandIn, prompt: str) -> int:
    """How often a prompt was queued."""
    return server.seen()["submitted"].count(prompt)


def test_a_run_is_heard_step_by_step_with_previews(
    server: StandIn, pool: Pool, tmp_path: Path
) -> None:
    watcher = Watcher()
    run(pool, stepped(5), tmp_path, work_id(), watcher)
    shares = [done for done, _ in watcher.notes]
    assert shares == sorted(shares)
    assert len(set(shares)) > 3
    assert any(note.startswith("LabSteps ") for _, note in watcher.notes)
    assert watcher.previews
    assert all(picture.startswith(b"\xff\xd8") for picture in watcher.previews)


@pytest.mark.parametrize(
    ("fault", "values"),
    [
        ("history-lag", {"seconds": 0.15}),
        ("drop-socket", {"at": 0.5, "times": 1}),
        ("refuse-socket", {}),
        ("silent-socket", {}),
        ("forget", {"times": 1}),
    ],
)
def test_a_run_ends_well_in_spite_of(
    server: StandIn, pool: Pool, tmp_path: Path, fault: str, values: dict[str, float]
) -> None:
    server.fault(fault, **values)
    result = run(pool, stepped(4, seed=time.monotonic_ns() % 10**9), tmp_path, work_id())
    assert result.files["picture"][0].size_bytes > 0
    assert sent(server, result.prompt_id) == 1


def test_a_prompt_whose_answer_was_lost_is_not_sent_again(
    server: StandIn, pool: Pool, tmp_path: Path
) -> None:
    server.fault("lost-reply", times=1)
    result = run(pool, copied(60), tmp_path, work_id())
    assert sent(server, result.prompt_id) == 1
    assert result.moves == ()


def test_a_prompt_that_never_arrived_is_sent_again(
    server: StandIn, pool: Pool, tmp_path: Path
) -> None:
    server.fault("reset", times=1, route="/prompt")
    result = run(pool, copied(61), tmp_path, work_id())
    assert sent(server, result.prompt_id) == 1


def test_a_second_attempt_takes_up_what_still_runs(
    server: StandIn, pool: Pool, tmp_path: Path
) -> None:
    attempt = work_id()
    asset = picture(tmp_path, 12)
    work = stepped(60, 0.02, seed=11)
    first = Beside(lambda: run(pool, work, tmp_path / "one", attempt, asset=asset))
    wait_for(lambda: server.queue()[0], what="the first run")
    other = pool_of(server, moves=0)
    second = run(other, work, tmp_path / "two", attempt, asset=asset)
    other.close()
    assert second.adopted
    assert first.result().prompt_id == second.prompt_id
    assert sent(server, second.prompt_id) == 1


def test_a_failed_attempt_is_not_taken_up(server: StandIn, pool: Pool, tmp_path: Path) -> None:
    attempt = work_id()
    work = stepped(seed=time.monotonic_ns() % 10**9)
    server.fault("node-error", times=1)
    with pytest.raises(NodeFailed) as failed:
        run(pool, work, tmp_path, attempt)
    result = run(pool, work, tmp_path, attempt)
    assert not result.adopted
    assert result.prompt_id != failed.value.cause["prompt_id"]


def test_a_result_that_is_gone_is_made_again(server: StandIn, tmp_path: Path) -> None:
    attempt = work_id()
    pool = pool_of(server, moves=1)
    first = run(pool, copied(62), tmp_path, attempt)
    (server.folder / "output" / first.files["picture"][0].name).unlink()
    second = run(pool, copied(62), tmp_path, attempt)
    pool.close()
    assert second.prompt_id != first.prompt_id
    assert second.files["picture"][0].sha256 == first.files["picture"][0].sha256


def test_somebody_elses_interrupt_is_told_as_such(
    server: StandIn, pool: Pool, tmp_path: Path
) -> None:
    going = Beside(lambda: run(pool, stepped(400, 0.02, seed=21), tmp_path, work_id()))
    wait_for(lambda: server.queue()[0], what="the run")
    server.ask("/interrupt", {})
    with pytest.raises(Interrupted, match="stopped on the video server"):
        going.result()


def test_a_stop_while_waiting_takes_the_prompt_out_of_the_queue(
    server: StandIn, tmp_path: Path
) -> None:
    pool = pool_of(server, capacity=2)
    first = Beside(lambda: run(pool, stepped(60, 0.02, seed=31), tmp_path / "one", work_id()))
    wait_for(lambda: server.queue()[0], what="the first run")
    watcher = Watcher(stop_when=lambda notes: bool(server.queue()[1]))
    with pytest.raises(Stopped):
        run(pool, copied(63), tmp_path / "two", work_id(), watcher)
    assert server.queue()[1] == []
    assert first.result().files
    pool.close()


def test_a_stop_of_one_run_leaves_the_others_alone(server: StandIn, tmp_path: Path) -> None:
    """On an old server an interrupt without a prompt's id would hit whatever runs."""
    pool = pool_of(server, capacity=2)
    first = Beside(lambda: run(pool, stepped(50, 0.02, seed=41), tmp_path / "one", work_id()))
    wait_for(lambda: server.queue()[0], what="the first run")
    watcher = Watcher(stop_when=lambda notes: bool(server.queue()[1]))
    with pytest.raises(Stopped):
        run(pool, stepped(50, seed=42), tmp_path / "two", work_id(), watcher)
    assert first.result().moves == ()
    pool.close()


def test_a_restart_in_the_middle_is_noticed_and_the_work_done_again(
    server: StandIn, tmp_path: Path
) -> None:
    pool = pool_of(server, moves=2, lost_s=20.0)
    going = Beside(lambda: run(pool, stepped(60, 0.02, seed=51), tmp_path, work_id()))
    wait_for(lambda: server.queue()[0], what="the run")
    server.restart()
    result = going.result()
    assert [move.code for move in result.moves] == ["comfy.run-forgotten"]
    assert server.seen()["submitted"] == [result.prompt_id]
    pool.close()


def test_a_server_that_stays_away_loses_the_run(server: StandIn, tmp_path: Path) -> None:
    pool = pool_of(server, moves=0, lost_s=0.4)
    server.fault("crash-at-progress", at=0.5)
    with pytest.raises(ServerLost) as lost:
        run(pool, stepped(6, seed=61), tmp_path, work_id())
    assert lost.value.error_class.value == "transient"
    assert lost.value.cause["prompt_id"]
    server.wait_dead()
    server.start()
    pool.close()
