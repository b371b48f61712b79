"""The artifact store in a bucket while its service fails, and a store that is waited for."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from loopback_bucket import KEY, ONCE, SECRET, Service, refused, served

from farm.artifacts.patience import patient
from farm.artifacts.s3 import S3Store
from farm.artifacts.store import Store
from farm.domain.errors import ArtifactMissing, StoreError


@pytest.fixture(scope="module")
def shared() -> Iterator[Service]:
    with served() as service:
        yield service


@pytest.fixture
def service(shared: Service) -> Iterator[Service]:
    shared.asked.clear()
    yield shared
    shared.answer = lambda environ, start: None


def store_in(folder: Path, service: Service, prefix: str = "media/store", **more: Any) -> S3Store:
    options = {**service.options, **ONCE}
    return S3Store(prefix, cache_dir=folder, options=options, backoff_s=0.001, **more)


def test_what_was_given_away_and_could_not_be_sent_is_still_with_its_maker(
    tmp_path: Path, service: Service
) -> None:
    store = store_in(tmp_path / "copies", service)
    made = tmp_path / "made.bin"
    made.write_bytes(data := os.urandom(100_000))
    digest = hashlib.sha256(data).hexdigest()
    service.answer = refused("InternalError", "We are sorry", "500 Internal Server Error")
    for _ in range(2):
        with pytest.raises(StoreError, match="failed a request"):
            store.put(made, suffix=".bin", move=True)
        assert made.read_bytes() == data
    service.answer = lambda environ, start: None
    assert not store.exists(digest), "half an upload is no object"
    assert store.put(made, suffix=".bin", move=True) == (digest, len(data))
    assert not made.exists()
    assert store_in(tmp_path / "elsewhere", service).fetch(digest).read_bytes() == data


def test_two_machines_that_put_the_same_bytes_at_once_both_succeed(
    tmp_path: Path, service: Service
) -> None:
    stores = [store_in(tmp_path / name, service) for name in "ab"]
    data, barrier = os.urandom(200_000), threading.Barrier(2)

    def put(store: S3Store) -> tuple[str, int]:
        barrier.wait()
        return store.put_bytes(data)

    with ThreadPoolExecutor(2) as pool:
        found = set(pool.map(put, stores))
    assert found == {(hashlib.sha256(data).hexdigest(), len(data))}
    assert store_in(tmp_path / "c", service).verify(found.pop()[0]) == len(data)


def test_a_download_that_breaks_goes_on_from_where_it_stopped(
    tmp_path: Path, service: Service
) -> None:
    data = os.urandom(20_000_000)  # three ranges
    digest, _ = store_in(tmp_path / "here", service).put_bytes(data)
    away = refused("ServiceUnavailable", "Come back", "503 Service Unavailable")
    ranges: list[str] = []

    def second_fails_twice(environ: dict[str, Any], start: Any) -> Any:
        if environ["REQUEST_METHOD"] != "GET":
            return None
        ranges.append(environ["HTTP_RANGE"])
        return away(environ, start) if len(ranges) in (2, 3) else None

    service.answer = second_fails_twice
    assert store_in(tmp_path / "there", service).fetch(digest).read_bytes() == data
    assert len(set(ranges)) == 3 and ranges[1] == ranges[2] == ranges[3]


def test_a_bucket_that_is_not_there_is_no_missing_artifact(
    tmp_path: Path, service: Service
) -> None:
    store = store_in(tmp_path, service, "nowhere/store")
    with pytest.raises(StoreError, match=r"s3://nowhere/store.*got no such bucket") as caught:
        store.put_bytes(b"x")
    assert not isinstance(caught.value, ArtifactMissing)


@pytest.mark.parametrize("code", ["AccessDenied", "InvalidAccessKeyId"])
def test_what_is_denied_is_said_at_once_with_the_setting_and_without_its_secret(
    tmp_path: Path, service: Service, code: str
) -> None:
    service.answer = refused(code, f"{KEY} may not, nor {SECRET}")
    with pytest.raises(StoreError, match=r"access denied.*`key` and `secret`") as caught:
        store_in(tmp_path, service).put_bytes(b"x")
    assert len(service.asked) == 1
    assert SECRET not in str(caught.value) and KEY not in str(caught.value)


@pytest.mark.parametrize("wrong", [{"endpoint_url": "nowhere"}, {"sekret": "x"}])
def test_an_option_that_is_wrong_is_a_complaint_of_the_store(
    tmp_path: Path, service: Service, wrong: dict[str, str]
) -> None:
    store = S3Store("media", cache_dir=tmp_path, options={**service.options, **wrong})
    with pytest.raises(StoreError, match="`store_options`"):
        store.put_bytes(b"x")


# A store that is waited for ------------------------------------------------------------------------


class Waiting:
    """What was told, and an act in place of each pause."""

    def __init__(self, *acts: Any) -> None:
        self.told: list[str] = []
        self.acts = list(acts)

    def of(self, store: Store) -> Store:
        return patient(store, tell=self.told.append, wait=lambda _: bool(self.acts.pop(0)()))


def test_a_result_waits_for_a_service_that_is_away_and_says_what_for(
    tmp_path: Path, service: Service
) -> None:
    store = store_in(tmp_path / "copies", service, tries=1)
    made = tmp_path / "made.bin"
    made.write_bytes(b"an hour of work")
    service.answer = refused("ServiceUnavailable", "Come back", "503 Service Unavailable")

    def back() -> bool:
        service.answer = lambda environ, start: None
        return False

    waiting = Waiting(lambda: False, back)
    digest, _ = waiting.of(store).put(made, move=True)
    assert store.verify(digest) == 15
    first, again, passed = waiting.told
    assert first == again and passed == ""
    assert first.startswith("waits for the store: the S3 service failed a request. Check that")


def test_waiting_ends_when_the_attempt_is_stopped_and_never_begins_for_what_is_gone(
    tmp_path: Path, service: Service
) -> None:
    store = store_in(tmp_path / "copies", service, tries=1)
    with pytest.raises(ArtifactMissing):
        Waiting().of(store).fetch("0" * 64)
    service.answer = refused("AccessDenied", "no")
    with pytest.raises(StoreError, match="access denied"):
        Waiting(lambda: False, lambda: True).of(store).fetch("0" * 64)


FULL_DISK = """
import os, subprocess, sys
from pathlib import Path
disk, work = Path(sys.argv[1]), Path(sys.argv[2])
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], check=True)
from farm.artifacts.local import LocalStore
from farm.artifacts.patience import patient
ballast = disk / "ballast"
ballast.write_bytes(b"x" * 2_500_000)
work.write_bytes(data := os.urandom(2_000_000))
told = []
def pause(seconds):
    assert work.read_bytes() == data
    ballast.unlink()
    return False
store = LocalStore(disk / "store")
digest, size = patient(store, tell=told.append, wait=pause).put(work, move=True)
assert store.verify(digest) == size == 2_000_000
assert [path.name for path in (disk / "store" / "tmp").iterdir()] == []
print(told)
"""


@pytest.mark.skipif(
    shutil.which("unshare") is None
    or subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode != 0,
    reason="a small disk of one's own needs user namespaces",
)
def test_a_result_waits_for_room_on_a_disk_that_is_really_full(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    done = subprocess.run(
        ["unshare", "-rm", sys.executable, "-c", FULL_DISK, tmp_path / "disk", tmp_path / "work"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "waits for the store: the disk of the artifact store is full. Free some" in done.stdout
    assert not (tmp_path / "work").exists()
