"""The model cache keeps what is used, drops what is not, and loads once."""

from __future__ import annotations

import gc
import threading
import weakref

import pytest

from farm.engine.models import ModelCache


class Model:
    """Something that can be weakly referred to."""


def used_up(cache: ModelCache, *keys: str, size_mb: int = 40) -> None:
    for key in keys:
        cache.get(key, Model, size_mb=size_mb)
        cache.task_ended()


def test_a_model_is_loaded_once_and_found_again() -> None:
    cache = ModelCache(100)
    first = cache.get("a", Model, size_mb=10)
    assert cache.get("a", lambda: pytest.fail("loaded twice"), size_mb=10) is first
    assert cache.resident() == {"a": 10}


def test_the_least_recently_used_model_makes_room() -> None:
    cache = ModelCache(100)
    used_up(cache, "a", "b", "a", "c")
    assert list(cache.resident()) == ["a", "c"]


def test_a_model_in_use_is_never_evicted_and_goes_when_the_task_ended() -> None:
    cache = ModelCache(100)
    for key in ("a", "b", "c"):
        cache.get(key, Model, size_mb=40)
    assert list(cache.resident()) == ["a", "b", "c"]
    cache.task_ended()
    assert list(cache.resident()) == ["b", "c"]


def test_a_pinned_model_stays() -> None:
    cache = ModelCache(100)
    cache.get("a", Model, size_mb=40, pinned=True)
    used_up(cache, "b", "c", "d")
    assert list(cache.resident()) == ["a", "d"]
    cache.clear()
    assert list(cache.resident()) == ["a"]


def test_the_measured_size_counts_when_it_is_larger_than_the_declared_one() -> None:
    used_mb = 0

    def load() -> Model:
        nonlocal used_mb
        used_mb += 70
        return Model()

    cache = ModelCache(100, used_mb=lambda: used_mb)
    cache.get("a", load, size_mb=10)
    cache.task_ended()
    assert cache.resident() == {"a": 70}
    used_up(cache, "b")
    assert list(cache.resident()) == ["b"]


def test_an_evicted_model_is_really_gone_before_its_memory_is_handed_back() -> None:
    gone_at_release: list[bool] = []
    cache = ModelCache(50, release=lambda: gone_at_release.append(ghost() is None))
    ghost = weakref.ref(cache.get("a", Model, size_mb=40))
    cache.task_ended()
    gc.collect()
    assert ghost() is not None
    used_up(cache, "b")
    assert gone_at_release == [True]


def test_threads_that_want_the_same_model_share_one_load() -> None:
    cache = ModelCache(100)
    loads: list[Model] = []
    waiting, go_on = threading.Barrier(5), threading.Event()

    def load() -> Model:
        go_on.wait(10)
        loads.append(Model())
        return loads[-1]

    found: list[Model] = []

    def want() -> None:
        waiting.wait(10)
        found.append(cache.get("a", load, size_mb=10))

    threads = [threading.Thread(target=want) for _ in range(4)]
    for thread in threads:
        thread.start()
    waiting.wait(10)
    go_on.set()
    for thread in threads:
        thread.join(10)
    assert len(loads) == 1 and found == loads * 4


def test_a_load_that_fails_is_tried_again_by_whoever_waited() -> None:
    cache = ModelCache(100)
    loading, waited = threading.Event(), threading.Event()
    found: list[Model] = []

    def broken() -> Model:
        loading.set()
        waited.wait(10)
        raise OSError("half a file")

    def first() -> None:
        with pytest.raises(OSError, match="half a file"):
            cache.get("a", broken, size_mb=10)

    def second() -> None:
        loading.wait(10)
        waited.set()
        found.append(cache.get("a", Model, size_mb=10))

    threads = [threading.Thread(target=act) for act in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(found) == 1 and cache.resident() == {"a": 10}
