"""Staging a submitter's file: every trick is refused, nothing is waited for."""

from __future__ import annotations

import hashlib
import os
import socket
from collections.abc import Iterable
from pathlib import Path

import pytest

from farm.artifacts.intake_copy import safe_relative, stage_file
from farm.artifacts.local import LocalStore
from farm.domain.errors import AssetError

BIG = 1_000_000_000


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "drop" / "clips").mkdir(parents=True)
    (tmp_path / "drop" / "clips" / "dance.mp4").write_bytes(b"frames" * 1000)
    return tmp_path / "drop"


def refusal(store: LocalStore, path: Path, root: Path, max_bytes: int = BIG) -> AssetError:
    with pytest.raises(AssetError) as caught:
        stage_file(store, path, root, max_bytes=max_bytes)
    assert caught.value.mend
    assert list(store.hashes()) == []
    assert not (store.root / "tmp").exists() or not list((store.root / "tmp").iterdir())
    return caught.value


def test_a_file_is_staged_by_its_relative_or_its_absolute_path(
    store: LocalStore, root: Path
) -> None:
    expected = (hashlib.sha256(b"frames" * 1000).hexdigest(), 6000)
    for path in (Path("clips/dance.mp4"), root / "clips" / "dance.mp4"):
        assert stage_file(store, path, root, max_bytes=6000) == expected
    assert store.verify(expected[0]) == 6000
    assert (root / "clips" / "dance.mp4").exists()


def test_a_link_is_not_followed_wherever_it_stands_in_the_path(
    store: LocalStore, root: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    (root / "link").symlink_to(tmp_path / "secret")
    (root / "inner").symlink_to(root / "clips")
    (root / "dangling").symlink_to(tmp_path / "nothing")
    for name in ("link", "inner/dance.mp4", "dangling"):
        error = refusal(store, Path(name), root)
        assert (error.code, error.where) == ("asset.link", name.split("/")[0])


def test_the_root_itself_may_be_a_link(store: LocalStore, root: Path, tmp_path: Path) -> None:
    (tmp_path / "mounted").symlink_to(root)
    assert (
        stage_file(store, Path("clips/dance.mp4"), tmp_path / "mounted", max_bytes=BIG)[1] == 6000
    )


@pytest.mark.timeout(20)
def test_what_is_no_regular_file_is_refused_without_waiting(store: LocalStore, root: Path) -> None:
    os.mkfifo(root / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        folder = os.open(root, os.O_RDONLY)
        listener.bind(f"/proc/self/fd/{folder}/socket")
        os.close(folder)
        for name, kind in (("fifo", "a FIFO"), ("socket", "a socket"), ("clips", "a folder")):
            error = refusal(store, Path(name), root)
            assert (error.code, error.got) == ("asset.not-a-file", kind)
    assert refusal(store, Path("null"), Path("/dev")).got == "a device"
    assert refusal(store, Path("clips/dance.mp4/x"), root).code == "asset.not-a-file"


def test_a_missing_file_and_one_over_the_limit_are_refused(store: LocalStore, root: Path) -> None:
    assert refusal(store, Path("clips/absent.mp4"), root).code == "asset.missing"
    assert refusal(store, Path("absent/dance.mp4"), root).code == "asset.missing"
    error = refusal(store, Path("clips/dance.mp4"), root, max_bytes=5999)
    assert (error.code, error.expected, error.got) == (
        "asset.too-large",
        "at most 5999 bytes",
        "6000",
    )


class Meddled(LocalStore):
    """A store during whose copying something happens to the source: between two real reads."""

    def __init__(self, root: Path, meddle: object) -> None:
        super().__init__(root)
        self.meddle = meddle

    def put_chunks(self, chunks: Iterable[bytes], suffix: str = "") -> tuple[str, int]:
        def passed_on() -> Iterable[bytes]:
            for number, chunk in enumerate(chunks):
                if number == 0:
                    self.meddle()  # type: ignore[operator]
                yield chunk

        return super().put_chunks(passed_on(), suffix)


@pytest.mark.parametrize("how", ["grows", "shrinks", "is written over", "is replaced", "goes"])
def test_a_file_that_changes_while_it_is_read_is_refused(
    root: Path, tmp_path: Path, how: str
) -> None:
    path = root / "growing.bin"
    path.write_bytes(b"a" * 3_000_000)
    os.utime(path, (1, 1))

    def meddle() -> None:
        if how == "grows":
            with path.open("ab") as file:
                file.write(b"more")
        elif how == "shrinks":
            os.truncate(path, 10)
        elif how == "is written over":
            with path.open("r+b") as file:
                file.write(b"b")
        elif how == "is replaced":
            (root / "other").write_bytes(b"a" * 3_000_000)
            (root / "other").replace(path)
        else:
            path.unlink()

    store = Meddled(tmp_path / "store", meddle)
    error = refusal(store, Path("growing.bin"), root)
    assert error.code == "asset.changed"
    assert "rename it when it is complete" in error.mend


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("/etc/passwd", "absolute"),
        ("../up.mp4", '".."'),
        ("a/../../up.mp4", '".."'),
        ("a//b.mp4", "empty"),
        ("a/", "empty"),
        ("./a", '"."'),
        ("", "empty"),
        ("a\0b", "control character"),
        ("a\nb", "control character"),
        ("a\\b.mp4", "backslash"),
        ("caf\udce9.mp4", "not UTF-8"),
        ("x" * 256, "longer"),
        ("x/" * 600 + "x", "longer"),
    ],
)
def test_a_path_that_could_lead_astray_is_refused(
    store: LocalStore, root: Path, name: str, complaint: str
) -> None:
    with pytest.raises(AssetError) as caught:
        safe_relative(name)
    assert complaint in caught.value.what
    assert caught.value.code == "asset.bad-path"
    caught.value.sentence().encode("utf-8")  # can be printed and stored, whatever the name was


@pytest.mark.parametrize("name", ["a.mp4", "b/c d/é.png", "..hidden", "a..b", "🎬.mov"])
def test_an_ordinary_path_is_taken_as_it_is(name: str) -> None:
    assert str(safe_relative(name)) == name


def test_an_absolute_path_outside_of_the_root_is_refused(store: LocalStore, root: Path) -> None:
    for path in (Path("/etc/passwd"), root / ".." / "x", root.parent / "dropped"):
        assert refusal(store, path, root).code == "asset.bad-path"


def test_a_file_name_that_is_not_utf8_on_disk_is_refused(store: LocalStore, root: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(root) + b"/caf\xe9.mp4"))
    path.write_bytes(b"x")
    error = refusal(store, path, root)
    assert "not UTF-8" in error.what
    assert "\\udce9" in error.where
