"""The console in a browser: served on this machine, to no page of another site."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from console_lab import little_ledger

from farm.tui.web import allowed, is_loopback


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real ``farm tui --web`` on a free port."""
    root = tmp_path_factory.mktemp("web")
    (root / "farm.toml").write_text('name = "webby"\n')
    _, database = little_ledger(root)
    database.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    served = subprocess.Popen(
        [sys.executable, "-m", "farm", "--root", str(root), "tui", "--web", "--port", str(number)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        end = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", number), 1).close()
                break
            except OSError:
                assert served.poll() is None and time.monotonic() < end, "it does not listen"
        yield number
    finally:
        served.terminate()
        served.wait(10)


def get(port: int, **headers: str) -> tuple[int, str]:
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_the_page_is_served_on_this_machine(port: int) -> None:
    status, page = get(port)
    assert status == 200
    assert "farm webby" in page
    assert f"ws://127.0.0.1:{port}/ws" in page


def test_the_page_works_under_the_name_it_was_reached_by(port: int) -> None:
    status, page = get(port, Host=f"localhost:{port}")
    assert status == 200
    assert f"ws://localhost:{port}/ws" in page


def test_a_page_of_another_site_is_refused(port: int) -> None:
    assert get(port, Origin="https://evil.example")[0] == 403
    assert get(port, Host=f"evil.example:{port}")[0] == 403
    assert get(port, Origin=f"http://127.0.0.1:{port}")[0] == 200


def test_the_console_itself_comes_over_the_socket(port: int) -> None:
    async def painted() -> bytes:
        url = f"http://127.0.0.1:{port}/ws?width=120&height=40"
        data = b""
        async with aiohttp.ClientSession() as visitor:
            async with visitor.ws_connect(url) as line:
                while b"overview" not in data:
                    message = await line.receive(30)
                    assert message.type in (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT)
                    data += (
                        message.data if isinstance(message.data, bytes) else message.data.encode()
                    )
        return data

    assert b"overview" in asyncio.run(painted())


@pytest.mark.parametrize(
    ("listens_on", "host", "origin", "answers"),
    [
        ("127.0.0.1", "127.0.0.1:8640", None, True),
        ("127.0.0.1", "localhost:8640", "http://localhost:8640", True),
        ("::1", "[::1]:8640", "http://[::1]:8640", True),
        ("127.0.0.1", "rebound.example:8640", "http://rebound.example:8640", False),
        ("127.0.0.1", "127.0.0.1:8640", "http://127.0.0.1:9999", False),
        ("127.0.0.1", "127.0.0.1:8640", "null", False),
        ("0.0.0.0", "farm.studio:8640", "http://farm.studio:8640", True),
        ("0.0.0.0", "farm.studio:8640", "https://evil.example", False),
    ],
)
def test_who_is_answered(listens_on: str, host: str, origin: str | None, answers: bool) -> None:
    assert allowed(listens_on, host, origin) is answers


@pytest.mark.parametrize(
    ("host", "own"),
    [("127.0.0.1", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("atlas", False)],
)
def test_what_only_this_machine_reaches(host: str, own: bool) -> None:
    assert is_loopback(host) is own


def test_without_a_terminal_the_console_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "farm.toml").write_text("")
    said = subprocess.run(
        [sys.executable, "-m", "farm", "--root", str(tmp_path), "tui"],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert said.returncode != 0
    assert "farm tui --web" in said.stderr
