"""A real ComfyUI through the pool: films without a model, errors, cancel, kill and restart.

Set FARM_TEST_COMFY_COMMAND to a shell command that runs a server in the foreground, and
FARM_TEST_COMFY_URL to where it listens; ``tests/comfy/lab_nodes.py`` must be in its ``custom_nodes/``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import urllib.request
import uuid
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest
from comfy.process import wait_for
from comfy_work import LIVE, bound, picture, stepped

from farm import MediaFacts, TaskCancelled
from farm_comfyui.binding import bind
from farm_comfyui.bound import Asset
from farm_comfyui.client import Client
from farm_comfyui.demo import person
from farm_comfyui.failures import ComfyFailure
from farm_comfyui.pictures import write_mp4, write_png
from farm_comfyui.pool import Pool
from farm_comfyui.requests import BindRequest
from farm_comfyui.servers import Server
from farm_comfyui.templates import catalog

COMMAND = os.environ.get("FARM_TEST_COMFY_COMMAND", "")
pytestmark = [
    pytest.mark.live_comfy,
    pytest.mark.skipif(not (LIVE and COMMAND), reason="FARM_TEST_COMFY_COMMAND starts no server"),
    pytest.mark.timeout(600),
]


class Real:
    """The server's process. It is its own group, because the command may be a shell."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", COMMAND],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_for(self._answers, 180, "the server")

    def end(self, how: signal.Signals) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, how)
            self._process.wait(60)
            self._process = None

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{LIVE}/system_stats", timeout=2):
                return True
        except OSError:
            return False


@pytest.fixture(scope="module")
def server() -> Iterator[Real]:
    real = Real()
    real.start()
    yield real
    real.end(signal.SIGKILL)


@pytest.fixture
def pool() -> Iterator[Pool]:
    server = {"name": "real", "url": LIVE}
    made = Pool.from_settings({"servers": [server], "lost_s": 120.0, "sick_s": 1.0, "moves": 2})
    yield made
    made.close()


def name() -> str:
    return f"job.{uuid.uuid4().hex}/1"


def film(folder: Path) -> tuple[Any, dict[str, Asset]]:
    """The plumbing workflow and its files."""
    write_png(folder / "image.png", person(0.0))
    write_mp4(folder / "motion.mp4", (person(n / 32) for n in range(32)), Fraction(16))
    facts = {
        "image": MediaFacts(width=512, height=512),
        "motion": MediaFacts(width=512, height=512, duration_s=2.0, fps=Fraction(16), frames=32),
    }
    request = BindRequest(assets=facts, aspect="1:1", quality="draft")
    files = {"image": Asset(folder / "image.png"), "motion": Asset(folder / "motion.mp4")}
    return bind(catalog().get("plumbing"), request), files


def test_a_film_goes_through_without_a_model(server: Real, pool: Pool, tmp_path: Path) -> None:
    work, assets = film(tmp_path)
    told: list[str] = []
    done = pool.run(
        work, assets, tmp_path, attempt=name(), progress=lambda share, note: told.append(note)
    )
    with av.open(str(done.files["video"][0].path)) as made:
        assert sum(1 for _ in made.decode(video=0)) == work.expected.frames
        assert made.streams.video[0].average_rate == work.expected.fps
    assert done.version.startswith("0.")
    assert told


@pytest.mark.parametrize(
    ("how", "code"), [("raise", "comfy."), ("oom", "comfy.memory"), ("disk-full", "comfy.")]
)
def test_what_a_node_raises_is_told_apart(
    how: str, code: str, server: Real, pool: Pool, tmp_path: Path
) -> None:
    graph = {
        "load": {"class_type": "LoadImage", "inputs": {"image": ""}},
        "fail": {"class_type": "LabFail", "inputs": {"image": ["load", 0], "how": how}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["fail", 0], "filename_prefix": ""}},
    }  # fmt: skip
    with pytest.raises(ComfyFailure) as caught:
        pool.run(bound(graph), {"picture": picture(tmp_path)}, tmp_path, attempt=name())
    assert caught.value.code.startswith(code)
    assert "LabFail" in str(caught.value.cause)


def test_a_stopped_run_leaves_the_server_free(server: Real, pool: Pool, tmp_path: Path) -> None:
    begun = threading.Event()

    def stop() -> None:
        if begun.is_set():
            raise TaskCancelled("enough")

    with pytest.raises(TaskCancelled):
        pool.run(
            stepped(600, 0.05),
            {"picture": picture(tmp_path)},
            tmp_path,
            attempt=name(),
            preview=lambda data: begun.set(),
            checkpoint=stop,
        )
    client = Client(Server("real", LIVE))
    wait_for(lambda: not any((client.queue().running, client.queue().waiting)), 20, "the end")
    client.close()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_that_is_ended_and_comes_back_does_the_run_again(
    how: signal.Signals, server: Real, pool: Pool, tmp_path: Path
) -> None:
    begun = threading.Event()

    def end() -> None:
        begun.wait(60)
        server.end(how)
        server.start()

    thread = threading.Thread(target=end)
    thread.start()
    done = pool.run(
        stepped(60, 0.1, seed=int(how)),
        {"picture": picture(tmp_path, 90)},
        tmp_path,
        attempt=name(),
        preview=lambda data: begun.set(),
    )
    thread.join()
    assert done.files["picture"][0].path.stat().st_size > 0
    assert len(done.moves) >= 1


ENGINE = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[4:]
from comfy_work import picture, stepped
from farm_comfyui.pool import Pool
pool = Pool.from_settings({"servers": [{"name": "real", "url": sys.argv[1]}]})
folder = Path(sys.argv[3])
pool.run(stepped(60, 0.1, seed=77), {"picture": picture(folder, 33)}, folder, attempt=sys.argv[2])
"""


def test_an_engine_that_dies_finds_its_run_again(server: Real, pool: Pool, tmp_path: Path) -> None:
    attempt, here = name(), Path(__file__).parent
    told = [sys.executable, "-c", ENGINE, LIVE, attempt, str(tmp_path), str(here), str(here.parent)]
    engine = subprocess.Popen(told)
    client = Client(Server("real", LIVE))
    wait_for(lambda: client.queue().running, 60, "the run")
    engine.kill()
    engine.wait()
    done = pool.run(
        stepped(60, 0.1, seed=77), {"picture": picture(tmp_path, 33)}, tmp_path, attempt=attempt
    )
    client.close()
    assert done.adopted
