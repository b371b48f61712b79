"""The store in a folder: kills, leftovers, rot, full disks and speed."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from farm.artifacts.local import LocalStore
from farm.domain.errors import StoreError

HALF_A_PUT = """
import sys
from pathlib import Path
from farm.artifacts.local import LocalStore
def chunks():
    yield b"x" * 1_000_000
    print("half", flush=True)
    sys.stdin.read()
    yield b"never"
LocalStore(Path(sys.argv[1])).put_chunks(chunks())
"""
MANY_PUTS = """
import sys
from pathlib import Path
from farm.artifacts.local import LocalStore
store, scratch = LocalStore(Path(sys.argv[1])), Path(sys.argv[2])
for number in range(10_000):
    data = b"%d " % (number // 2) * 40_000
    if number % 2:
        hash, _ = store.put_bytes(data)
    else:
        scratch.write_bytes(data)
        hash, _ = store.put(scratch, move=True)
    store.fetch(hash, ".txt")
    print(hash, flush=True)
"""


def test_a_writer_killed_in_mid_put_leaves_no_artifact_and_its_leftover_is_swept(
    tmp_path: Path,
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", HALF_A_PUT, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"half\n"
    child.kill()
    assert child.wait() == -signal.SIGKILL
    child.communicate()
    store = LocalStore(tmp_path)
    (leftover,) = (tmp_path / "tmp").iterdir()
    assert leftover.stat().st_size == 1_000_000
    assert list(store.hashes()) == []
    written_s = leftover.stat().st_ctime
    assert store.sweep(3600, written_s + 3599) == 0
    assert leftover.exists(), "a young file may belong to a living writer"
    assert store.sweep(3600, written_s + 3601) == 1
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("seed", range(4))
def test_after_a_kill_everything_reported_is_there_and_everything_there_is_whole(
    tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)
    child = subprocess.Popen(
        [sys.executable, "-c", MANY_PUTS, tmp_path / "store", tmp_path / "scratch"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    reported = {child.stdout.readline().strip() for _ in range(chance.randint(2, 60))}
    child.kill()
    reported |= {line for line in child.stdout.read().split("\n") if len(line) == 64}
    child.wait()
    child.stdout.close()
    store = LocalStore(tmp_path / "store")
    present = {hash for hash, _, _ in store.hashes()}
    assert reported <= present
    for hash in present:
        store.verify(hash)
        assert hashlib.sha256(store.fetch(hash, ".txt").read_bytes()).hexdigest() == hash


def test_a_file_given_away_on_the_same_disk_is_renamed_and_counts_as_new(tmp_path: Path) -> None:
    source = tmp_path / "big"
    source.write_bytes(b"big")
    os.utime(source, (1, 1))
    inode = source.stat().st_ino
    store = LocalStore(tmp_path / "store")
    hash, _ = store.put(source, move=True)
    assert store.fetch(hash).stat().st_ino == inode
    ((_, _, put_s),) = store.hashes()
    assert put_s > 1e9


def test_a_file_with_a_second_name_is_copied_so_that_nobody_can_change_it(tmp_path: Path) -> None:
    source, alias = tmp_path / "a", tmp_path / "b"
    source.write_bytes(b"kept")
    alias.hardlink_to(source)
    store = LocalStore(tmp_path / "store")
    hash, _ = store.put(source, move=True)
    alias.write_bytes(b"changed")
    assert store.verify(hash) == 4
    assert not source.exists()


def test_putting_something_again_renews_its_age(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    hash, _ = store.put_bytes(b"again")
    os.utime(store.fetch(hash), (1, 1))
    assert store.delete(hash, not_after_s=0.5) is False
    store.put_bytes(b"again")
    assert store.delete(hash, not_after_s=2) is False
    os.utime(store.fetch(hash), (1, 1))
    assert store.delete(hash, not_after_s=2) is True


def test_a_file_that_rotted_is_named_and_a_wrong_length_is_healed_by_the_next_put(
    tmp_path: Path,
) -> None:
    store = LocalStore(tmp_path)
    hash, _ = store.put_bytes(b"as it was", ".txt")
    path = store.fetch(hash, ".txt")
    path.chmod(0o644)
    path.write_bytes(b"as")
    with pytest.raises(StoreError, match=f"objects/{hash[:2]}/{hash}: the bytes are not those"):
        store.verify(hash)
    store.put_bytes(b"as it was")
    assert store.verify(hash) == 9
    assert store.fetch(hash, ".txt").read_bytes() == b"as it was"


def test_a_link_that_outlived_its_artifact_is_swept(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    hash, _ = store.put_bytes(b"gone", ".txt")
    kept, _ = store.put_bytes(b"kept", ".txt")
    named, other = store.fetch(hash, ".txt"), store.fetch(kept, ".txt")
    store.fetch(hash).unlink()
    assert store.sweep(60, 0) == 1
    assert not named.exists()
    assert other.exists()


def test_a_store_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"in the way")
    with pytest.raises(StoreError, match=r"cannot be used.*Check the folder's owner") as caught:
        LocalStore(tmp_path / "file").put_bytes(b"x")
    assert caught.value.code == "store.unusable"


def test_a_full_disk_is_a_full_store_with_a_mend_and_nothing_half_kept(tmp_path: Path) -> None:
    enter = ["unshare", "--user", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*enter, "true"], check=False).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    code = """
import sys
from pathlib import Path
from farm.artifacts.local import LocalStore
from farm.domain.errors import StoreFull
store = LocalStore(Path(sys.argv[1]))
small = store.put_bytes(b"fits")
try:
    store.put_bytes(b"x" * 2_000_000)
except StoreFull as error:
    print(error.error_class.value, error)
assert [entry[:2] for entry in store.hashes()] == [small]
assert list((store.root / "tmp").iterdir()) == []
"""
    mount = 'mount -t tmpfs -o size=1m none "$1" && exec "$2" -c "$3" "$1"'
    done = subprocess.run(
        [*enter, "sh", "-c", mount, "sh", tmp_path, sys.executable, code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("disk ")
    assert "the disk of the artifact store is full" in done.stdout
    assert "farm gc" in done.stdout


def test_a_tiny_put_costs_less_than_a_millisecond_beside_the_flush(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path)
    for shard in range(256):
        (tmp_path / "objects" / f"{shard:02x}").mkdir(parents=True)
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    costs = []
    for number in range(300):
        began = time.process_time()
        store.put_bytes(b"%d" % number, ".json")
        costs.append(time.process_time() - began)
    assert sorted(costs)[150] < 0.001
