"""Model swaps on a virtual clock: the farm's placement against first come and the least possible."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest

from farm.domain.overtaking import MOST_SKIPS, MOST_WAIT_S
from farm.ledger.records import LoadCost
from farm.sim.mix import Mix, MixTask, drawn
from farm.sim.optimum import bound, least_loads
from farm.sim.replay import as_the_farm, first_come
from farm.sim.swaps import compare


def mix(models: str, *, engines: int = 1, room: int = 1, run_s: float = 5.0) -> Mix:
    """A mix in which each letter is a task that wants the model of that name."""
    costs = {model: LoadCost(30.0, 100) for model in models}
    return Mix([MixTask(m, 0.0, run_s) for m in models], costs, engines, room * 100)


@pytest.mark.parametrize("seed", range(1, 9))
def test_sixty_tasks_over_six_models_load_hardly_more_than_any_order_must(seed: int) -> None:
    found = compare(drawn(seed, tasks=60, models=6, engines=2, room=2))
    assert found.bound == 6
    assert found.farm.loads <= 1.3 * found.bound
    assert found.farm.loads <= 0.4 * found.first_come.loads
    assert found.farm.skips <= MOST_SKIPS
    assert found.within_bounds
    # Fewer loads are not bought with idle engines.
    assert found.farm.seconds < found.first_come.seconds


@pytest.mark.parametrize("seed", range(1, 4))
def test_the_bounds_hold_where_they_are_met(seed: int) -> None:
    """Ten times as many tasks, so that the rarest model is passed over until it is its turn."""
    many = drawn(seed, tasks=600, models=6, engines=1, room=2)
    replay = as_the_farm(many)
    assert replay.skips == MOST_SKIPS or replay.held_up_s >= MOST_WAIT_S
    assert replay.skips <= MOST_SKIPS
    assert replay.held_up_s <= MOST_WAIT_S + replay.longest_s
    assert replay.loads < 0.2 * first_come(many).loads


def test_a_slow_queue_is_held_up_for_ten_minutes_and_no_longer() -> None:
    slow = mix("ab" + "a" * 40, run_s=100.0)
    replay = as_the_farm(slow)
    assert MOST_WAIT_S <= replay.held_up_s <= MOST_WAIT_S + replay.longest_s
    assert replay.loads == 3, "a, then b when it has waited long enough, then a again"


def test_without_models_to_share_the_farm_is_first_come() -> None:
    every = mix("abcdefgh")
    assert as_the_farm(every).loads == first_come(every).loads == bound("abcdefgh") == 8


def test_a_replay_is_repeatable() -> None:
    assert compare(drawn(5)) == compare(drawn(5))
    assert compare(drawn(5)) != compare(drawn(6))


def test_tasks_that_come_later_are_not_known_before() -> None:
    later = Mix(
        [MixTask("a", 0.0, 5.0), MixTask("b", 0.0, 5.0), MixTask("a", 100.0, 5.0)],
        {"a": LoadCost(30.0, 100), "b": LoadCost(30.0, 100)}, engines=1, room_mb=100,
    )  # fmt: skip
    assert as_the_farm(later).loads == 3


def by_hand(order: Sequence[str], room: int) -> int:
    """Fewest loads of one engine in exactly this order: Belady's rule."""
    held: list[str] = []
    loads = 0
    for at, model in enumerate(order):
        if model in held:
            continue
        loads += 1
        if len(held) == room:
            rest = order[at + 1 :]
            held.remove(max(held, key=lambda m: rest.index(m) if m in rest else len(order)))
        held.append(model)
    return loads


def tried_out(models: str, room: int, most_skips: int) -> int:
    """The least over every order that keeps the bound, one after the other."""
    best = len(models)
    for order in permutations(range(len(models))):
        begun = [order.index(task) for task in range(len(models))]
        skips = (
            sum(begun[later] < begun[task] for later in range(task + 1, len(models)))
            for task in range(len(models))
        )
        if max(skips) <= most_skips:
            best = min(best, by_hand([models[task] for task in order], room))
    return best


@pytest.mark.parametrize("most_skips", [0, 1, 2, 5])
@pytest.mark.parametrize("room", [1, 2])
def test_the_exact_optimum_is_what_trying_out_every_order_finds(room: int, most_skips: int) -> None:
    chance = random.Random(room * 10 + most_skips)
    for _ in range(3):
        models = "".join(chance.choice("abc") for _ in range(6))
        found = least_loads(models, engines=1, room=room, most_skips=most_skips)
        assert found == tried_out(models, room, most_skips)


def test_the_bound_is_the_optimum_where_overtaking_is_not_bounded() -> None:
    models = "abcabdacb"
    assert least_loads(models, engines=2, room=2, most_skips=9) == bound(models) == 4
    assert least_loads(models, engines=2, room=1, most_skips=9) == 4
    assert least_loads(models, engines=1, room=1, most_skips=0) == 9
    with pytest.raises(ValueError, match="16 at most"):
        least_loads("a" * 17, engines=1, room=1, most_skips=0)


@pytest.mark.parametrize("seed", range(4))
def test_small_mixes_are_placed_close_to_the_exact_optimum(seed: int) -> None:
    chance = random.Random(seed)
    models = "".join(chance.choice("abcd") for _ in range(9))
    least = least_loads(models, engines=2, room=2, most_skips=MOST_SKIPS)
    assert least <= as_the_farm(mix(models, engines=2, room=2)).loads <= least + 1


def test_the_command_line_tells_the_loads_of_a_mix(tmp_path: Path) -> None:
    def sim(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "farm", "--root", str(tmp_path), "sim", *options]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    told = json.loads(sim("--swaps", "--seed", "3", "--json").stdout)
    expected = compare(drawn(3))
    assert told["farm"]["loads"] == expected.farm.loads
    assert told["first_come"]["loads"] == expected.first_come.loads
    assert sim("--swaps", "--seed", "3").stdout.splitlines() == expected.lines()
    nothing = sim("--recorded")
    assert nothing.returncode != 0
    assert "there is no ledger here yet" in nothing.stderr
