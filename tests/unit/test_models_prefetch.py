"""Reading ahead: what is resident in the page cache afterwards, asked of the kernel."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from page_cache import forget, resident

from farm.domain.errors import ModelError
from farm.models.prefetch import Prefetch, spare_bytes

MB = 1 << 20
LARGE_MB = 20


class Shelf:
    """Models on disk, and a prefetcher that finds them."""

    def __init__(self, root: Path, free: int = 10**12) -> None:
        self.root = root
        self.asked: list[str] = []
        self.prefetch = Prefetch(self.find, lambda: free)

    def add(self, name: str, size_mb: int) -> Path:
        folder = self.root / name / "unet"
        folder.mkdir(parents=True)
        path = folder / "model.safetensors"
        path.write_bytes(os.urandom(MB) * size_mb)
        forget(path)
        return path

    def find(self, name: str, digest: str) -> Path:
        self.asked.append(f"{name}@{digest}")
        if not (self.root / name).is_dir():
            raise ModelError(f"the model {name} is not here", where=name, mend="Fetch it.")
        return self.root / name


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path)
    yield made
    made.prefetch.close()


def test_the_files_of_a_wanted_model_are_in_memory_before_anybody_opens_them(shelf: Shelf) -> None:
    wanted, other = shelf.add("wan", LARGE_MB), shelf.add("svd", 4)
    shelf.prefetch.want([{"wan": "d1"}])
    assert shelf.prefetch.wait(20)
    assert resident(wanted) == 1.0
    assert resident(other) < 0.1
    assert shelf.asked == ["wan@d1"]


def test_models_are_read_in_the_order_they_are_wanted_and_once(shelf: Shelf) -> None:
    paths = [shelf.add(name, 2) for name in ("a", "b", "c")]
    shelf.prefetch.want([{"b": "1"}, {"a": "1"}])
    assert shelf.prefetch.wait(20)
    shelf.prefetch.want([{"a": "1"}, {"c": "1"}])
    assert shelf.prefetch.wait(20)
    assert shelf.asked == ["b@1", "a@1", "c@1"]
    assert [resident(path) for path in paths] == [1.0] * 3


def test_a_model_that_is_wanted_no_longer_is_left_half_read(tmp_path: Path) -> None:
    began, go_on = threading.Event(), threading.Event()
    shelf = Shelf(tmp_path)
    path = shelf.add("wan", LARGE_MB)

    def find(name: str, digest: str) -> Path:
        began.set()
        assert go_on.wait(10)
        return shelf.find(name, digest)

    prefetch = Prefetch(find, lambda: 10**12)
    prefetch.want([{"wan": "d1"}])
    assert began.wait(10)
    prefetch.want([])
    go_on.set()
    prefetch.close()
    assert resident(path) < 0.9


def test_memory_that_others_need_is_not_filled(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, free=5 * MB)
    small, large, second = shelf.add("small", 3), shelf.add("large", 6), shelf.add("second", 3)
    shelf.prefetch.want([{"small": "1"}, {"large": "1"}, {"second": "1"}])
    assert shelf.prefetch.wait(20)
    shelf.prefetch.close()
    assert resident(small) == 1.0
    assert resident(large) < 0.1, "larger than what is free"
    assert resident(second) < 0.1, "the first one has taken the room"


def test_a_model_that_is_not_here_keeps_no_other_from_being_read(shelf: Shelf) -> None:
    path = shelf.add("wan", 2)
    shelf.prefetch.want([{"gone": "1"}, {"wan": "1"}])
    assert shelf.prefetch.wait(20)
    assert resident(path) == 1.0


def test_a_tenth_of_the_memory_is_never_counted_as_spare() -> None:
    memory = psutil.virtual_memory()
    assert spare_bytes() < memory.available
    assert spare_bytes() <= 0.9 * memory.total
