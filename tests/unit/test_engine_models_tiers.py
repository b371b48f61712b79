"""The model cache beyond one tier: what goes first, what is parked, and what failures leave behind."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from farm.engine.models import ModelCache
from farm.engine.worth import demand, worth


class Device:
    """Memory of a device and who is on it; moving is what a plugin's park and wake do."""

    def __init__(self, total_mb: int = 1000) -> None:
        self.total_mb = total_mb
        self.on: set[str] = set()
        self.sizes: dict[str, int] = {}

    def used_mb(self) -> int:
        return sum(self.sizes[name] for name in self.on)

    def free_mb(self) -> int:
        return self.total_mb - self.used_mb()

    def cache(self, capacity_mb: int = 100, parked_mb: int = 100) -> ModelCache:
        return ModelCache(
            capacity_mb, parked_mb=parked_mb, used_mb=self.used_mb, free_mb=self.free_mb
        )


class Model:
    """Bytes that are on a device or beside it."""

    def __init__(self, device: Device, name: str, size_mb: int) -> None:
        self.device, self.name = device, name
        self.weights = name.encode() * 1000
        device.sizes[name] = size_mb
        device.on.add(name)
        # As with real memory: it is the device's again when the last reference is gone.
        weakref.finalize(self, device.on.discard, name)


def park(model: Model) -> None:
    model.device.on.remove(model.name)


def wake(model: Model) -> None:
    model.device.on.add(model.name)


def use(
    cache: ModelCache, device: Device, *names: str, size_mb: int = 40, **options: Any
) -> list[Model]:
    """One task for each name that uses this model alone."""
    used = []
    for name in names:
        cache.task_began({})
        used.append(
            cache.get(name, lambda name=name: Model(device, name, size_mb), size_mb=1, **options)
        )
        cache.task_ended()
    return used


def moving() -> dict[str, Any]:
    return {"park": park, "wake": wake}


# --- what goes first -----------------------------------------------------------------------------


def test_worth_is_reload_seconds_times_demand_for_each_megabyte() -> None:
    assert worth(100, 20.0, 2.0) == pytest.approx(0.4)
    assert worth(200, 20.0, 2.0) < worth(100, 20.0, 2.0) < worth(100, 20.0, 3.0)
    assert worth(100, 0.001, 1.0) == worth(100, 0.002, 1.0)


def test_demand_counts_what_is_known_to_come_and_decays_without_it() -> None:
    assert [demand(0, age) for age in (0, 4, 8)] == [1.0, 0.5, 0.25]
    assert demand(1, 100) > demand(0, 1)


def test_of_models_used_alike_the_one_that_frees_most_for_its_reload_goes_first() -> None:
    device = Device()
    cache = device.cache(capacity_mb=100)
    use(cache, device, "small", size_mb=20)
    use(cache, device, "large", size_mb=60)
    use(cache, device, "next", size_mb=30)
    assert list(cache.resident()) == ["small", "next"]


def test_a_model_that_waiting_tasks_need_outlives_one_that_was_used_later() -> None:
    device = Device()
    cache = device.cache()
    use(cache, device, "wanted", "unwanted")
    cache.task_began({"wanted": 2})
    cache.get("next", lambda: Model(device, "next", 40), size_mb=40)
    cache.task_ended()
    assert set(cache.resident()) == {"wanted", "next"}


def test_a_part_that_several_models_share_is_wanted_by_all_of_them() -> None:
    device = Device()
    cache = device.cache()
    for group in ("painter", "sculptor"):
        cache.task_began({})
        cache.get("encoder", lambda: Model(device, "encoder", 40), size_mb=40, group=group)
        cache.task_ended()
    use(cache, device, "other")
    cache.task_began({"painter": 1, "sculptor": 1, "other": 1})
    cache.get("next", lambda: Model(device, "next", 40), size_mb=40)
    cache.task_ended()
    assert device.on == {"encoder", "next"}


def test_parts_of_the_running_task_s_own_model_go_last() -> None:
    device = Device()
    cache = device.cache()
    for part in ("encoder", "painter"):
        cache.get(part, lambda part=part: Model(device, part, 30), size_mb=30, group="film")
    cache.task_ended()
    use(cache, device, "other", size_mb=30)
    cache.task_began({"other": 5}, own="film")
    cache.get("decoder", lambda: Model(device, "decoder", 30), size_mb=30, group="film")
    assert device.on == {"encoder", "painter", "decoder"}


# --- parked models -------------------------------------------------------------------------------


def test_a_parked_model_wakes_with_the_same_bytes_and_without_a_load() -> None:
    device = Device()
    cache = device.cache()
    [first] = use(cache, device, "a", **moving())
    bytes_before = first.weights
    use(cache, device, "b", "c", **moving())
    assert device.on == {"b", "c"} and list(cache.resident()) == ["b", "c"]
    woken = cache.get("a", lambda: pytest.fail("loaded again"), size_mb=40, **moving())
    assert woken is first and woken.weights == bytes_before and "a" in device.on
    assert len(cache.account()[0]) == 3


def test_memory_beside_the_device_is_bounded_and_its_least_worthy_model_goes_to_disk() -> None:
    device = Device()
    cache = device.cache(parked_mb=50)
    ghost = weakref.ref(use(cache, device, "a", **moving())[0])
    use(cache, device, "b", "c", "d", **moving())
    gc.collect()
    assert ghost() is None
    assert cache.held_mb() == 120
    cache.get("b", lambda: pytest.fail("loaded again"), size_mb=40)


def test_a_model_too_large_for_the_memory_beside_the_device_is_dropped() -> None:
    device = Device()
    cache = device.cache(parked_mb=30)
    ghost = weakref.ref(use(cache, device, "a", **moving())[0])
    use(cache, device, "b", "c", **moving())
    gc.collect()
    assert ghost() is None


def test_a_parked_model_that_waiting_tasks_need_stays_when_another_wants_its_place() -> None:
    device = Device()
    cache = device.cache(parked_mb=50)
    use(cache, device, "a", "b", "c", **moving())
    cache.task_began({"a": 1, "d": 1})
    cache.get("d", lambda: Model(device, "d", 40), size_mb=40, **moving())
    cache.task_ended()
    cache.get("a", lambda: pytest.fail("loaded again"), size_mb=40)


def test_on_a_cpu_nothing_is_parked() -> None:
    device = Device()
    cache = ModelCache(100, used_mb=device.used_mb)
    ghost = weakref.ref(use(cache, device, "a", **moving())[0])
    use(cache, device, "b", "c", **moving())
    gc.collect()
    assert ghost() is None


def test_a_model_that_lives_in_memory_takes_no_room_on_the_device() -> None:
    device = Device()
    cache = device.cache(parked_mb=50)
    cache.get("visitor", object, size_mb=45, host=True)
    cache.task_ended()
    use(cache, device, "a", "b")
    assert cache.resident() == {"visitor": 0, "a": 40, "b": 40}
    cache.get("second", object, size_mb=45, host=True)
    assert set(cache.resident()) == {"a", "b", "second"}


def test_a_park_that_fails_drops_the_model_and_nobody_else_suffers() -> None:
    device = Device()
    cache = device.cache()

    def broken(model: Model) -> None:
        raise RuntimeError("the bus is broken")

    ghost = weakref.ref(use(cache, device, "a", park=broken, wake=wake)[0])
    use(cache, device, "b", "c", **moving())
    assert ghost() is None and device.on == {"b", "c"}
    again = cache.get("a", lambda: Model(device, "a", 40), size_mb=40)
    assert again.weights == b"a" * 1000


def test_a_wake_that_fails_is_told_and_the_next_get_loads_anew() -> None:
    device = Device()
    cache = device.cache()

    def broken(model: Model) -> None:
        raise RuntimeError("no memory for it")

    ghost = weakref.ref(use(cache, device, "a", park=park, wake=broken)[0])
    use(cache, device, "b", "c")
    with pytest.raises(RuntimeError, match="no memory for it"):
        cache.get("a", lambda: pytest.fail("not loaded"), size_mb=40)
    assert ghost() is None and cache.held_mb() == 40
    assert cache.get("a", lambda: Model(device, "a", 40), size_mb=40).name == "a"


def test_whoever_wants_a_model_that_is_being_parked_waits_and_gets_it_whole() -> None:
    device = Device()
    cache = device.cache()
    parking, go_on = threading.Event(), threading.Event()

    def slowly(model: Model) -> None:
        parking.set()
        assert go_on.wait(10)
        park(model)

    [first] = use(cache, device, "a", park=slowly, wake=wake)
    use(cache, device, "b")
    other = threading.Thread(target=use, args=(cache, device, "c"))
    other.start()
    assert parking.wait(10)
    found: list[Model] = []
    wanting = threading.Thread(
        target=lambda: found.append(cache.get("a", lambda: pytest.fail("loaded"), size_mb=40))
    )
    wanting.start()
    go_on.set()
    other.join(10)
    wanting.join(10)
    assert found == [first] and "a" in device.on


# --- what failures leave behind ------------------------------------------------------------------


@pytest.mark.parametrize("error", [MemoryError("full"), KeyboardInterrupt()])
def test_a_load_that_fails_leaves_no_entry_no_room_taken_and_no_memory(
    error: BaseException,
) -> None:
    device = Device()
    released: list[int] = []
    cache = ModelCache(
        100, used_mb=device.used_mb, free_mb=device.free_mb,
        release=lambda: released.append(device.used_mb()),
    )  # fmt: skip

    def load() -> Model:
        half = Model(device, "half", 60)
        knot: list[Any] = [half]
        knot.append(knot)  # as in real networks: only the collector gets rid of it
        raise error

    with pytest.raises(type(error)):
        cache.get("a", load, size_mb=60, group="film")
    # Without leaving the handler first: a stage that goes one step down does the same.
    assert released[-1] == 0 and device.on == set()
    cache.task_ended(ok=False)
    assert (cache.resident(), cache.held_mb(), cache.room_mb()) == ({}, 0, 1000)


# --- room ----------------------------------------------------------------------------------------


def test_room_is_what_is_free_or_held_by_models_that_may_go() -> None:
    device = Device(total_mb=200)
    cache = device.cache(capacity_mb=180)
    use(cache, device, "idle", size_mb=50)
    cache.get("mine", lambda: Model(device, "mine", 70), size_mb=70)
    assert device.free_mb() == 80
    assert cache.room_mb() == 130
    assert not cache.make_room(131)
    assert device.on == {"mine"}
    assert cache.make_room(130)


def test_room_is_made_only_as_far_as_it_is_asked_for() -> None:
    device = Device(total_mb=200)
    cache = device.cache(capacity_mb=180)
    use(cache, device, "a", "b", **moving())
    assert cache.make_room(150)
    assert device.on == {"b"}
    assert cache.held_mb() == 80


def test_on_a_cpu_the_room_is_what_was_set_aside() -> None:
    cache = ModelCache(100)
    cache.task_began({}, reserved_mb=300)
    cache.get("mine", object, size_mb=120)
    assert cache.room_mb() == 180
    cache.task_began({})
    assert cache.room_mb() == 0


def test_what_a_task_did_not_take_is_told_apart_from_its_own_need() -> None:
    device = Device()
    cache = device.cache()
    use(cache, device, "a", "b", "c", **moving())
    cache.get("c", lambda: pytest.fail("loaded again"), size_mb=1)
    assert device.on == {"b", "c"}
    assert cache.unused_mb() == (40, 40)


def test_room_that_cannot_be_told_is_none() -> None:
    cache = ModelCache(100, free_mb=lambda: None)
    cache.get("a", object, size_mb=40)
    cache.task_ended()
    assert cache.room_mb() is None
    assert not cache.make_room(10)
    assert cache.resident() == {}


# --- groups --------------------------------------------------------------------------------------


def film(cache: ModelCache, *parts: str) -> Callable[[], None]:
    def run() -> None:
        for part in parts:
            cache.get(part, object, size_mb=30, group="film")

    return run


def test_a_model_in_parts_is_resident_while_all_of_them_are() -> None:
    cache = ModelCache(100)
    film(cache, "encoder", "painter")()
    assert cache.resident() == {}
    cache.task_ended()
    assert cache.resident() == {"film": 60}
    cache.get("other", object, size_mb=60)
    cache.task_ended()
    assert cache.resident() == {"other": 60}
    assert cache.held_mb() == 90


def test_a_task_that_was_stopped_halfway_does_not_make_its_model_look_warm() -> None:
    cache = ModelCache(100)
    film(cache, "encoder")()
    cache.task_ended(ok=False)
    assert cache.resident() == {}
    film(cache, "encoder", "painter")()
    cache.task_ended()
    film(cache, "encoder")()
    cache.task_ended(ok=False)
    assert cache.resident() == {"film": 60}
