"""Previews: the newest whole picture, at most one in two seconds, and nothing that is none."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from farm.engine.preview import EVERY_S, MOST_BYTES, PreviewWatch, leave

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff\xe0"
KEY = ("job.sample.0", 1)
LOG = logging.getLogger("test")


def left(scratch: Path, picture: bytes) -> None:
    leave(scratch, picture, where="shop.show", log=LOG)


def test_the_newest_preview_is_found_once(tmp_path: Path) -> None:
    watch = PreviewWatch()
    assert watch.look({KEY: tmp_path}, 0.0) == {}
    left(tmp_path, PNG + b"first")
    left(tmp_path, JPEG + b"second")
    assert watch.look({KEY: tmp_path}, 1.0) == {KEY: JPEG + b"second"}
    assert watch.look({KEY: tmp_path}, 9.0) == {}
    assert [file.name for file in tmp_path.iterdir()] == [".preview"]


def test_a_preview_is_taken_from_a_file_too(tmp_path: Path) -> None:
    picture = tmp_path / "step.png"
    picture.write_bytes(PNG + b"step")
    leave(tmp_path, picture, where="shop.show", log=LOG)
    assert PreviewWatch().look({KEY: tmp_path}, 0.0) == {KEY: PNG + b"step"}


def test_many_previews_make_one_in_two_seconds_and_the_last_one_counts(tmp_path: Path) -> None:
    watch, found = PreviewWatch(), []
    for step in range(100):
        left(tmp_path, PNG + b"%d" % step)
        os.utime(tmp_path / ".preview", ns=(step, step + 1))
        found += watch.look({KEY: tmp_path}, step * 0.1).values()
    assert len(found) == 10 * 1.0 / EVERY_S
    assert watch.look({KEY: tmp_path}, 12.0) == {KEY: PNG + b"99"}


def test_a_preview_that_is_too_large_is_left_out_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    left(tmp_path, PNG + b"good")
    with caplog.at_level(logging.WARNING):
        left(tmp_path, PNG + bytes(MOST_BYTES))
    assert "left out" in caplog.text
    assert PreviewWatch().look({KEY: tmp_path}, 0.0) == {KEY: PNG + b"good"}


def test_what_a_plugin_put_there_by_itself_is_not_trusted(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(PNG)
    trap = tmp_path / ".preview"
    trap.symlink_to(secret)
    assert PreviewWatch().look({KEY: tmp_path}, 0.0) == {}
    trap.unlink()
    trap.write_bytes(PNG + bytes(MOST_BYTES))
    assert PreviewWatch().look({KEY: tmp_path}, 0.0) == {}
    trap.unlink()
    os.mkfifo(trap)
    assert PreviewWatch().look({KEY: tmp_path}, 0.0) == {}


def test_the_preview_of_the_next_try_is_not_taken_for_one_that_was_seen(tmp_path: Path) -> None:
    watch = PreviewWatch()
    for number in (1, 2):
        scratch = tmp_path / str(number)
        scratch.mkdir()
        left(scratch, PNG + b"%d" % number)
        key = (KEY[0], number)
        assert watch.look({key: scratch}, 0.1 * number) == {key: PNG + b"%d" % number}
