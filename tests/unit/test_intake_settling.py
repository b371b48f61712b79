"""Looking, settling and names: without a ledger."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from farm.domain.errors import AssetError
from farm.intake.files import move_new
from farm.intake.names import check_name, free_path, is_ours, is_temporary, printable
from farm.intake.scan import look, same_content, scan
from farm.intake.settling import Settling


def test_two_equal_looks_and_a_quiet_time_are_needed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    settling = Settling(quiet_s=2.0)
    (seen,) = scan(tmp_path)
    assert settling.observe(seen, 1000.0) == 2.0
    assert settling.observe(seen, 1001.5) == 0.5
    assert settling.observe(seen, 1002.0) == 0.0


def test_a_change_starts_the_quiet_time_anew(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("x")
    settling = Settling(quiet_s=2.0)
    settling.observe(scan(tmp_path)[0], 0.0)
    path.write_text("xy")
    assert settling.observe(scan(tmp_path)[0], 1.9) == 2.0
    assert settling.observe(scan(tmp_path)[0], 3.8) > 0
    assert settling.observe(scan(tmp_path)[0], 3.9) == 0.0


def test_a_single_look_is_never_enough_even_without_a_quiet_time(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    settling = Settling(quiet_s=0.0)
    (seen,) = scan(tmp_path)
    assert settling.observe(seen, 5.0) > 0
    assert settling.observe(seen, 5.0) == 0.0


@pytest.mark.parametrize("change", ["grow", "touch", "add", "remove", "rename", "replace"])
def test_every_change_inside_a_set_changes_its_fingerprint(tmp_path: Path, change: str) -> None:
    folder = tmp_path / "set"
    (folder / "deep").mkdir(parents=True)
    inner = folder / "deep" / "a.txt"
    inner.write_text("x")
    before = look(folder)
    if change == "grow":
        inner.write_text("xy")
    elif change == "touch":
        os.utime(inner, ns=(1, 1))
    elif change == "add":
        (folder / "b.txt").write_text("y")
    elif change == "remove":
        inner.unlink()
    elif change == "rename":
        inner.rename(folder / "deep" / "b.txt")
    else:
        inner.rename(tmp_path / "old")
        inner.write_text("x")
    after = look(folder)
    assert before is not None and after is not None
    assert before.fingerprint != after.fingerprint
    assert not same_content(before.fingerprint, after.fingerprint)


def test_a_rename_of_the_whole_changes_no_fingerprint(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "a.txt").write_text("x")
    before = look(folder)
    folder.rename(tmp_path / "moved")
    after = look(tmp_path / "moved")
    assert before is not None and after is not None
    assert before.fingerprint == after.fingerprint


def test_a_set_with_an_empty_or_temporary_file_waits_for_it(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    folder.mkdir()
    seen = look(folder)
    assert seen is not None and seen.waits_for == ("the folder is empty",)
    (folder / "a.txt").touch()
    (folder / "b.mp4.part").write_text("x")
    (folder / ".DS_Store").touch()
    seen = look(folder)
    assert seen is not None
    assert seen.waits_for == ("a.txt is empty", "b.mp4.part is still being written")


def test_links_are_not_followed_while_looking(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path)
    seen = look(tmp_path / "loop")
    assert seen is not None and seen.odd == "a link"


@pytest.mark.parametrize("name", ["a.PART", "b.crdownload", "c.txt~", "~$d.docx", "#e.txt#"])
def test_names_of_unfinished_files_are_known(name: str) -> None:
    assert is_temporary(name)


@pytest.mark.parametrize("name", [".a", "_b", "Thumbs.db", "desktop.ini", "README.md"])
def test_names_that_are_nobodys_submission_are_known(name: str) -> None:
    assert is_ours(name)


@pytest.mark.parametrize("name", ["dusk.txt", "#1 scene.txt", "café.png", "a b (2).mp4", "parts"])
def test_ordinary_names_are_taken(name: str) -> None:
    assert not is_temporary(name) and not is_ours(name)
    check_name(name)


@given(st.binary(min_size=1, max_size=80).filter(lambda raw: b"/" not in raw and b"\0" not in raw))
def test_any_name_has_a_printable_one(raw: bytes) -> None:
    safe = printable(os.fsdecode(raw))
    check_name(safe)
    assert "/" not in safe and safe.isprintable() and not safe.startswith((".", "_"))


def test_names_with_line_breaks_and_backslashes_are_refused() -> None:
    for name in ("a\nb", "a\\b", "a\x7f", os.fsdecode(b"\xff")):
        with pytest.raises(AssetError) as caught:
            check_name(name)
        assert str(caught.value).isprintable()


def test_a_free_name_is_numbered_before_its_ending(tmp_path: Path) -> None:
    for expected in ("a.txt", "a (2).txt", "a (3).txt"):
        path = free_path(tmp_path / "a.txt", is_folder=False)
        assert path.name == expected
        path.touch()
    (tmp_path / "v1.2").mkdir()
    assert free_path(tmp_path / "v1.2").name == "v1.2 (2)"


def test_a_move_never_replaces_another_file_and_can_be_repeated(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_text("mine")
    target.write_text("theirs")
    with pytest.raises(FileExistsError):
        move_new(source, target)
    assert (source.read_text(), target.read_text()) == ("mine", "theirs")
    target.unlink()
    os.link(source, target)
    move_new(source, target)
    assert not source.exists() and target.read_text() == "mine"
