"""Several servers as one: who gets a run, and where it goes when a server fails it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from comfy.process import StandIn, wait_for
from comfy_work import QUICK, Beside, Watcher, copied, picture, pool_of, run, stepped

from farm_comfyui.bound import ModelNeed, Needs
from farm_comfyui.failures import Lacking
from farm_comfyui.pool import Pool

ANIMATE = "Wan2_2-Animate-14B_fp8_e4m3fn_scaled_KJ.safetensors"
SPEECH = "wan2.2_s2v_14B_fp8_scaled.safetensors"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[StandIn, StandIn]]:
    folder = tmp_path_factory.mktemp("servers")
    models = {"diffusion_models": [ANIMATE]}
    with StandIn(folder / "a") as first, StandIn(folder / "b", models=models) as second:
        yield first, second


@pytest.fixture
def servers(both: tuple[StandIn, StandIn]) -> Iterator[tuple[StandIn, StandIn]]:
    """Two servers; the second has one model only."""
    yield both
    for server in both:
        if not server.alive:
            server.kill()
            server.start()
        server.mend()
        server.without()


def work_id() -> str:
    """A name of a piece of work that no server has seen."""
    return f"job.{time.monotonic_ns()}/1"


def test_a_capability_is_offered_only_where_its_nodes_and_models_are(
    servers: tuple[StandIn, StandIn], tmp_path: Path
) -> None:
    pool = pool_of(*servers)
    speech = ModelNeed("UNETLoader", "unet_name", "diffusion_models", SPEECH)
    lacking = pool.lacking(Needs(nodes=("UNETLoader",), models=(speech,)))
    assert lacking["a"] == ()
    assert "models/diffusion_models" in lacking["b"][0]
    for number in range(3):
        made = run(pool, stepped(1, 0, number, SPEECH), tmp_path, work_id())
        assert made.server == "a"
    pool.close()


def test_an_idle_server_comes_first_and_of_equals_the_warm_one(
    servers: tuple[StandIn, StandIn], tmp_path: Path
) -> None:
    pool = pool_of(*servers)
    warm = run(pool, stepped(1, 0, 1, ANIMATE), tmp_path, work_id()).server
    others = run(pool, copied(70), tmp_path, work_id()).server
    again = [run(pool, stepped(1, 0, 9 + n, ANIMATE), tmp_path, work_id()) for n in range(3)]
    assert others != warm
    assert {made.server for made in again} == {warm}
    busy = Beside(lambda: run(pool, stepped(60, 0.02, 77, ANIMATE), tmp_path / "x", work_id()))
    wait_for(lambda: any(server.queue()[0] for server in servers), what="a busy server")
    made = run(pool, stepped(1, 0, 99, ANIMATE), tmp_path, work_id())
    assert {made.server, busy.result().server} == {"a", "b"}
    pool.close()


def test_what_is_warm_is_known_to_a_new_pool_from_the_servers_themselves(
    servers: tuple[StandIn, StandIn], tmp_path: Path
) -> None:
    first = pool_of(*servers)
    warm = run(first, stepped(1, 0, 5, ANIMATE), tmp_path, work_id()).server
    first.close()
    second = pool_of(*servers)
    assert run(second, stepped(1, 0, 6, ANIMATE), tmp_path, work_id()).server == warm
    second.close()


def test_a_server_is_given_no_more_than_its_capacity_whoever_fills_it(
    servers: tuple[StandIn, StandIn], tmp_path: Path
) -> None:
    ours, theirs = pool_of(servers[0]), pool_of(servers[0])
    long = Beside(lambda: run(theirs, stepped(40, 0.02, 7), tmp_path / "one", work_id()))
    wait_for(lambda: servers[0].queue()[0], what="the other's run")
    pressure = ours.pressure()
    assert (pressure.saturated, pressure.running, pressure.capacity) == (True, 1, 1)
    assert pressure.wait_s is not None
    seen: list[tuple[list[str], list[str]]] = []
    watcher = Watcher(stop_when=lambda notes: seen.append(servers[0].queue()) is not None)
    made = run(ours, copied(71), tmp_path / "two", work_id(), watcher)
    assert any("waits for a free server" in note for _, note in watcher.notes)
    assert max(len(running) + len(waiting) for running, waiting in seen) == 1
    assert long.result().prompt_id != made.prompt_id
    ours.close()
    theirs.close()


def test_a_server_lost_in_the_middle_moves_the_run_to_another(
    servers: tuple[StandIn, StandIn], tmp_path: Path
) -> None:
    pool = pool_of(*servers, lost_s=0.4)
    for server in servers:
        server.fault("crash-at-progress", at=0.5)
    going = Beside(lambda: run(pool, stepped(4, 0.02, 8), tmp_path, work_id()))
    dead = wait_for(lambda: next((s for s in servers if not s.alive), None), what="a crash")
    other = servers[1 - servers.index(dead)]
    other.mend()
    result = going.result()
    assert result.url == other.url
    assert [move.code for move in result.moves] == ["comfy.server-lost"]
    dead.wait_dead()
    dead.start()
    states = wait_for(lambda: _all_up(pool), what="the lost server's return")
    assert len(states) == 2
    pool.close()


def _all_up(pool: Pool) -> Any:
    states = pool.probe()
    return states if all(state.up for state in states) else None


def test_a_frozen_server_moves_the_run_and_what_it_kept_is_stopped_when_it_thaws(
    servers: tuple[StandIn, StandIn], tmp_path: Path
) -> None:
    pool = pool_of(*servers, timeout_s=1.5, lost_s=0.4)
    going = Beside(lambda: run(pool, stepped(400, 0.01, 14), tmp_path, work_id()))
    frozen = wait_for(lambda: next((s for s in servers if s.queue()[0]), None), what="the run")
    frozen.freeze()
    try:
        result = going.result()
        assert frozen.alive
    finally:
        frozen.thaw()
    assert result.url != frozen.url
    assert len(result.moves) == 1
    wait_for(lambda: pool.probe() and not frozen.queue()[0], what="the end of what it kept")
    pool.close()


def test_a_crash_between_queue_and_answer_does_the_work_once(
    servers: tuple[StandIn, StandIn], tmp_path: Path
) -> None:
    pool = pool_of(*servers, lost_s=0.4)
    for server in servers:
        server.fault("crash-on-prompt", times=1)
    going = Beside(lambda: run(pool, copied(72), tmp_path, work_id()))
    chosen = wait_for(lambda: next((s for s in servers if not s.alive), None), what="a crash")
    other = servers[1 - servers.index(chosen)]
    if other.alive:
        other.mend()
    result = going.result()
    assert result.files["picture"][0].size_bytes
    assert result.moves
    chosen.wait_dead()
    chosen.start()
    pool.close()


def test_a_server_with_a_full_disk_is_left_alone_for_a_while(
    servers: tuple[StandIn, StandIn], tmp_path: Path
) -> None:
    pool = pool_of(*servers)
    servers[0].fault("disk-full")
    asset = picture(tmp_path, 44)
    results = [run(pool, copied(80 + n), tmp_path, work_id(), asset=asset).server for n in range(3)]
    assert set(results) == {"b"}
    sick = {state.name: state for state in pool.probe()}
    assert not sick["a"].up
    assert "disk" in sick["a"].complaint
    assert sick["b"].up
    pool.close()


def test_a_memory_failure_goes_to_a_larger_card_or_to_the_farm(tmp_path: Path) -> None:
    with StandIn(tmp_path / "s") as small, StandIn(tmp_path / "l", vram_gb=80) as large:
        pool = pool_of(small, large)
        small.fault("oom")
        results = [run(pool, stepped(2, 0, n), tmp_path, work_id()) for n in range(2)]
        assert {made.server for made in results} == {"b"}
        assert any([move.code for move in made.moves] == ["comfy.memory"] for made in results)
        pool.close()


def test_a_pack_that_was_taken_away_sends_the_run_elsewhere(
    servers: tuple[StandIn, StandIn], tmp_path: Path
) -> None:
    pool = pool_of(*servers)
    assert pool.offered(stepped().needs)
    servers[0].without("LabSteps")
    results = [run(pool, stepped(1, 0, 60 + n), tmp_path, work_id()) for n in range(2)]
    assert {made.server for made in results} == {"b"}
    servers[1].without("LabSteps")
    fresh = pool_of(*servers)
    with pytest.raises(Lacking, match="LabSteps") as failed:
        run(fresh, stepped(), tmp_path, work_id())
    assert set(failed.value.cause["servers"]) == {"a", "b"}
    pool.close()
    fresh.close()


def test_tags_choose_among_servers(servers: tuple[StandIn, StandIn], tmp_path: Path) -> None:
    table = {
        **QUICK,
        "servers": [
            {"name": "a", "url": servers[0].url},
            {"name": "b", "url": servers[1].url, "tags": ["large"]},
        ],
    }
    pool = Pool.from_settings(table)
    tags = frozenset({"large"})
    assert run(pool, copied(73), tmp_path, work_id(), tags=tags).server == "b"
    with pytest.raises(Lacking):
        run(pool, copied(73), tmp_path, work_id(), tags=frozenset({"none"}))
    pool.close()


def test_a_pool_without_servers_offers_nothing(tmp_path: Path) -> None:
    pool = Pool.from_settings({})
    assert pool.probe() == ()
    assert not pool.offered(Needs())
    with pytest.raises(Lacking, match="no server is configured"):
        run(pool, copied(), tmp_path)


def test_many_runs_on_two_servers_each_end_once(
    servers: tuple[StandIn, StandIn], tmp_path: Path
) -> None:
    pool = pool_of(*servers, capacity=2)
    asset = picture(tmp_path, 55)
    servers[1].fault("drop-socket", at=0.1, times=3)
    jobs = [
        Beside(
            lambda n=number: run(
                pool, stepped(2, 0.001, n), tmp_path / str(n), f"job.many/{n}", asset=asset
            )
        )
        for number in range(24)
    ]
    results = [job.result(60) for job in jobs]
    ids = [result.prompt_id for result in results]
    assert len(set(ids)) == 24
    submitted = [name for server in servers for name in server.seen()["submitted"]]
    assert sorted(name for name in submitted if name in ids) == sorted(ids)
    assert {result.server for result in results} == {"a", "b"}
    assert sum(result.upload_bytes > 0 for result in results) <= 2
    pool.close()


def test_a_pool_closes_and_leaves_no_thread_behind(
    servers: tuple[StandIn, StandIn], tmp_path: Path
) -> None:
    before = set(threading.enumerate())
    pool = pool_of(*servers)
    run(pool, stepped(2, 0.0, 123), tmp_path, work_id())
    pool.close()
    wait_for(lambda: set(threading.enumerate()) <= before, what="the end of its threads")
