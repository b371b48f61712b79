"""The embedded server never takes the place of one that lives."""

from __future__ import annotations

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from farm.domain.errors import ConfigError
from farm.valkey import is_ready, is_served, start_server


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path, as a Unix socket needs it."""
    with tempfile.TemporaryDirectory(prefix="valkey-") as path:
        yield Path(path)


def started(folder: Path) -> subprocess.Popen[bytes]:
    process = start_server(folder / "s", folder / "data", patience_s=0.2)
    end_s = time.monotonic() + 10
    while not is_served(folder / "s"):
        assert time.monotonic() < end_s and process.poll() is None
    return process


def test_a_second_server_is_refused_while_the_first_answers(folder: Path) -> None:
    assert not is_ready(folder / "s")
    first = started(folder)
    try:
        assert is_ready(folder / "s")
        client = redis.Redis(unix_socket_path=str(folder / "s"))
        client.set("key", "kept")
        with pytest.raises(ConfigError, match="answers on the broker's socket") as caught:
            start_server(folder / "s", folder / "data", patience_s=0.2)
        assert caught.value.code == "broker.taken"
        assert client.get("key") == b"kept"
        client.close()
    finally:
        first.kill()
        first.wait()


def test_the_socket_of_a_dead_server_is_used_again(folder: Path) -> None:
    first = started(folder)
    first.kill()
    first.wait()
    assert (folder / "s").is_socket()
    assert not is_ready(folder / "s")
    second = started(folder)
    second.kill()
    second.wait()


def test_a_server_that_is_about_to_end_is_waited_for(folder: Path) -> None:
    first = started(folder)
    first.terminate()
    second = start_server(folder / "s", folder / "data")
    assert first.wait(timeout=60) == 0
    second.kill()
    second.wait()


def test_any_server_on_the_socket_counts(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(folder / "s"))
        assert not is_served(folder / "s")
        other.listen(1)
        assert is_served(folder / "s")
