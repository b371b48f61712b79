"""What every artifact store promises, on a real folder and on a real S3 server (loopback)."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import s3fs
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from farm.artifacts.s3 import S3Store
from farm.artifacts.store import Store, open_store
from farm.domain.errors import ArtifactMissing, ConfigError, FarmError, MissingExtra, StoreError

ABSENT = "0" * 64
# Nothing but the store itself repeats a request, so that the tests see the store's own retries.
ONCE = {"config_kwargs": {"retries": {"max_attempts": 1}}}


def options_for(port: int) -> dict[str, Any]:
    return {"endpoint_url": f"http://127.0.0.1:{port}", "key": "farm", "secret": "farm", **ONCE}


class Service:
    """The S3 server, one request at a time: its dictionaries are not made for threads."""

    def __init__(self) -> None:
        self.app = DomainDispatcherApplication(create_backend_app)
        self.turn = threading.Lock()
        self.failures = 0

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        with self.turn:
            if self.failures:
                self.failures -= 1
                start("500 Internal Server Error", [("Content-Length", "0")])
                return [b""]
            return list(self.app(environ, start))


@contextmanager
def served(service: Service) -> Iterator[dict[str, Any]]:
    server = make_server("127.0.0.1", 0, service, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield options_for(server.server_port)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def s3_options() -> Iterator[dict[str, Any]]:
    with served(Service()) as options:
        yield options


@pytest.fixture
def bucket(s3_options: dict[str, Any], tmp_path: Path) -> str:
    name = f"farm-{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:20]}"
    s3fs.S3FileSystem(**s3_options, skip_instance_cache=True).mkdir(name)
    return name


@pytest.fixture(params=["file", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "file":
        return open_store(f"file://{tmp_path}/store", cache_dir=tmp_path / "cache")
    options = request.getfixturevalue("s3_options")
    url = f"s3://{request.getfixturevalue('bucket')}/some/folder"
    return open_store(url, cache_dir=tmp_path / "cache", options=options)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_file_comes_back_read_only_under_its_hash_and_with_the_ending_asked_for(
    store: Store, tmp_path: Path
) -> None:
    data = os.urandom(3_000_000)
    source = written(tmp_path / "clip.mkv", data)
    hash, size = store.put(source, suffix=".mkv")
    assert (hash, size) == (hashlib.sha256(data).hexdigest(), len(data))
    for suffix in ("", ".mkv", ".tar.gz"):
        path = store.fetch(hash, suffix)
        assert path.name.endswith(hash + suffix)
        assert path.read_bytes() == data
        assert path.stat().st_mode & 0o777 == 0o444
    assert source.read_bytes() == data


def test_equal_bytes_are_kept_once_however_often_and_under_whatever_ending(
    store: Store, tmp_path: Path
) -> None:
    first = store.put_bytes(b'{"a": 1}', ".json")
    assert store.put_bytes(b'{"a": 1}', ".txt") == first
    assert store.put(written(tmp_path / "a", b'{"a": 1}')) == first
    assert [entry[:2] for entry in store.hashes()] == [first]


def test_an_empty_artifact_is_an_artifact(store: Store) -> None:
    hash, size = store.put_bytes(b"")
    assert (hash, size) == (hashlib.sha256(b"").hexdigest(), 0)
    assert store.fetch(hash, ".txt").read_bytes() == b""
    assert store.verify(hash) == 0


def test_a_file_that_is_given_away_is_gone_and_is_kept(store: Store, tmp_path: Path) -> None:
    source = written(tmp_path / "given", b"given away")
    hash, _ = store.put(source, move=True)
    assert not source.exists()
    assert store.fetch(hash).read_bytes() == b"given away"
    again = written(tmp_path / "given", b"given away")
    assert store.put(again, move=True)[0] == hash
    assert not again.exists()


def test_many_writers_of_the_same_bytes_all_succeed(store: Store) -> None:
    data, barrier = os.urandom(100_000), threading.Barrier(8)

    def put(_: int) -> tuple[str, int]:
        barrier.wait()
        return store.put_bytes(data, ".bin")

    with ThreadPoolExecutor(8) as pool:
        results = set(pool.map(put, range(8)))
    assert results == {(hashlib.sha256(data).hexdigest(), len(data))}
    assert store.verify(hashlib.sha256(data).hexdigest()) == len(data)


def test_a_stream_that_breaks_leaves_nothing(store: Store) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionError("the other half")

    with pytest.raises(ConnectionError, match="the other half"):
        store.put_chunks(chunks())
    assert list(store.hashes()) == []
    assert store.sweep(0, 4e9) == 0, "the temporary file is still there"


@pytest.mark.parametrize("ask", ["fetch", "fetch with an ending", "verify"])
def test_what_is_not_there_is_said_to_be_missing(store: Store, ask: str) -> None:
    acts: dict[str, Callable[[], object]] = {
        "fetch": lambda: store.fetch(ABSENT),
        "fetch with an ending": lambda: store.fetch(ABSENT, ".png"),
        "verify": lambda: store.verify(ABSENT),
    }
    with pytest.raises(ArtifactMissing, match=ABSENT):
        acts[ask]()
    assert not store.exists(ABSENT)
    assert store.delete(ABSENT) is False


def test_a_deleted_artifact_is_gone_under_every_ending_and_may_come_back(store: Store) -> None:
    hash, _ = store.put_bytes(b"short-lived", ".txt")
    store.fetch(hash, ".txt")
    assert store.delete(hash) is True
    assert not store.exists(hash)
    assert list(store.hashes()) == []
    with pytest.raises(ArtifactMissing):
        store.fetch(hash, ".txt")
    assert store.put_bytes(b"short-lived")[0] == hash
    assert store.fetch(hash, ".txt").read_bytes() == b"short-lived"


def test_a_collection_does_not_delete_what_was_put_again_meanwhile(store: Store) -> None:
    hash, _ = store.put_bytes(b"wanted again")
    (entry,) = store.hashes()
    assert store.delete(hash, not_after_s=entry[2] - 60) is False
    assert store.exists(hash)
    assert store.delete(hash, not_after_s=entry[2] + 60) is True


@pytest.mark.parametrize("hash", ["", "../../etc/passwd", "A" * 64, "0" * 63, f"{'0' * 64}\n"])
def test_a_name_that_is_no_hash_never_becomes_a_path(store: Store, hash: str) -> None:
    for act in (store.exists, store.fetch, store.delete, store.verify):
        with pytest.raises(FarmError, match="not the name of an artifact"):
            act(hash)


@pytest.mark.parametrize("suffix", ["/../x", "mp4", ".a/b", ".", ".mp4\n", "." + "x" * 17])
def test_an_ending_that_is_none_never_becomes_a_path(store: Store, suffix: str) -> None:
    with pytest.raises(FarmError, match="not a file name ending"):
        store.put_bytes(b"x", suffix)
    assert list(store.hashes()) == []


def test_only_regular_files_are_put(store: Store, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "link").symlink_to(written(tmp_path / "real", b"x"))
    for name in ("fifo", "link", ".", "absent"):
        with pytest.raises(FarmError, match="expected a regular file"):
            store.put(tmp_path / name, move=True)
    assert (tmp_path / "real").read_bytes() == b"x"


def test_both_kinds_of_store_know_how_much_room_there_is(store: Store) -> None:
    free = store.free_bytes()
    assert free is not None and free > 0


@pytest.mark.parametrize("url", ["ftp://host/x", "s3://", "file://host/x", "file:relative", ""])
def test_a_url_that_names_no_store_is_refused_with_the_two_forms(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"expected file:///folder or s3://bucket/prefix"):
        open_store(url, cache_dir=tmp_path)


def test_a_folder_with_a_blank_in_its_name_is_a_store(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}/my%20store", cache_dir=tmp_path / "cache")
    hash, _ = store.put_bytes(b"x")
    assert store.fetch(hash).is_relative_to(tmp_path / "my store")


# S3 only ------------------------------------------------------------------------------------------


def test_another_machine_reads_what_this_one_put(
    s3_options: dict[str, Any], bucket: str, tmp_path: Path
) -> None:
    here = open_store(f"s3://{bucket}", cache_dir=tmp_path / "here", options=s3_options)
    there = open_store(f"s3://{bucket}", cache_dir=tmp_path / "there", options=s3_options)
    data = os.urandom(20_000_000)  # three ranges, and a multipart upload
    hash, _ = here.put_bytes(data)
    assert there.fetch(hash, ".mkv").read_bytes() == data
    assert there.verify(hash) == len(data)


def test_a_local_copy_saves_the_download(
    s3_options: dict[str, Any], bucket: str, tmp_path: Path
) -> None:
    store = open_store(f"s3://{bucket}", cache_dir=tmp_path / "copies", options=s3_options)
    hash, _ = store.put_bytes(b"kept nearby")
    s3fs.S3FileSystem(**s3_options, skip_instance_cache=True).rm(bucket, recursive=True)
    assert store.fetch(hash, ".txt").read_bytes() == b"kept nearby"


def test_bytes_that_rotted_in_the_bucket_are_refused_by_name(
    s3_options: dict[str, Any], bucket: str, tmp_path: Path
) -> None:
    here = open_store(f"s3://{bucket}", cache_dir=tmp_path / "here", options=s3_options)
    hash, _ = here.put_bytes(b"as it was")
    remote = s3fs.S3FileSystem(**s3_options, skip_instance_cache=True)
    remote.pipe_file(f"{bucket}/objects/{hash[:2]}/{hash}", b"as it is!")
    there = open_store(f"s3://{bucket}", cache_dir=tmp_path / "there", options=s3_options)
    for act in (there.fetch, there.verify):
        with pytest.raises(StoreError, match=f"{hash}: the bytes are not those") as caught:
            act(hash)
        assert caught.value.code == "store.rotten"
    assert not list((tmp_path / "there" / "objects").rglob("?" * 64))


def test_putting_an_old_object_again_renews_its_age(
    s3_options: dict[str, Any], bucket: str, tmp_path: Path
) -> None:
    remote = s3fs.S3FileSystem(**s3_options, skip_instance_cache=True, version_aware=True)
    now = [0.0]
    store = S3Store(bucket, cache_dir=tmp_path, options=s3_options, clock=lambda: now[0])
    hash, _ = store.put_bytes(b"again")
    key = f"{bucket}/objects/{hash[:2]}/{hash}"
    ((_, _, put_s),) = store.hashes()
    remote.make_bucket_versioned(bucket, True)
    now[0] = put_s + 60
    store.put_bytes(b"again")
    young = len(remote.object_version_info(key))
    now[0] = put_s + 7200
    store.put_bytes(b"again")
    assert (young, len(remote.object_version_info(key))) == (1, 2)


def test_a_sweep_drops_local_copies_that_nobody_asks_for(
    s3_options: dict[str, Any], bucket: str, tmp_path: Path
) -> None:
    store = open_store(f"s3://{bucket}", cache_dir=tmp_path / "copies", options=s3_options)
    old, _ = store.put_bytes(b"old")
    new, _ = store.put_bytes(b"new")
    ((_, _, used_s),) = (entry for entry in store.hashes() if entry[0] == old)
    for hash in (old, new):
        os.utime(store.fetch(hash), (used_s - 200_000, used_s - 200_000))
    store.fetch(new)
    store.sweep(60, used_s)
    assert [path.name for path in (tmp_path / "copies" / "objects").rglob("?" * 64)] == [new]
    assert store.exists(old)
    assert store.fetch(old).read_bytes() == b"old"


def test_a_request_that_fails_for_a_moment_is_made_again(tmp_path: Path) -> None:
    service = Service()
    with served(service) as options:
        s3fs.S3FileSystem(**options, skip_instance_cache=True).mkdir("flaky")
        stores = [
            S3Store("flaky", cache_dir=tmp_path / name, options=options, backoff_s=0.001)
            for name in "ab"
        ]
        service.failures = 3
        hash, _ = stores[0].put_bytes(b"in the end")
        assert service.failures == 0
        service.failures = 3
        assert stores[1].fetch(hash).read_bytes() == b"in the end"
        assert service.failures == 0
        service.failures = 1000
        with pytest.raises(StoreError, match="failed a request"):
            stores[1].exists(hash)
        assert 0 < service.failures < 1000


def test_a_service_that_is_away_is_named_with_a_mend(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    store = S3Store("away", cache_dir=tmp_path, options=options_for(port), tries=2, backoff_s=0.001)
    with pytest.raises(StoreError, match=r"s3://away/objects.*Check that the service") as caught:
        store.put_bytes(b"x")
    assert caught.value.code == "store.unreachable"


def test_without_its_packages_an_s3_store_says_how_to_install_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "s3fs", None)
    with pytest.raises(MissingExtra, match=r"pip install 'farm\[s3\]'"):
        open_store("s3://bucket", cache_dir=tmp_path)
