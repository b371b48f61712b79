"""The ``farm`` command with a farm that really runs: up, demo, doctor, and an orderly stop."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import psutil
import pytest
from running_farm import COMMAND, environment, farm, first_line, running


def frames_of(video: Path) -> tuple[int, int, int]:
    """Width, height and number of decoded frames."""
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        return stream.width, stream.height, sum(1 for _ in container.decode(stream))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The root folder of a farm that ``farm up`` runs."""
    with running(tmp_path_factory.mktemp("farm")) as folder:
        yield folder


@pytest.fixture(scope="module")
def film(root: Path) -> Any:
    """What ``farm demo`` told about the film it had the running farm make."""
    told = farm(root, "demo", "--duration", "0.5", "--seed", "3", "--prompt", "dunes", "--json")
    return json.loads(told)


def test_the_demo_prints_the_path_of_a_finished_film(film: Any) -> None:
    assert (film["state"], film["progress"]) == ("done", 1.0)
    assert frames_of(Path(film["video"])) == (1280, 720, 12)


def test_the_job_can_be_shown_explained_and_listed(root: Path, film: Any) -> None:
    shown = json.loads(farm(root, "show", str(film["number"]), "--json"))
    assert [stage["counts"] for stage in shown["stages"]] == [{"done": 1}] * 7
    why = json.loads(farm(root, "why", str(film["number"]), "--json"))
    assert {part["kind"] for part in why["stages"]} == {"ran"}
    assert film["name"] in farm(root, "ls")


def test_the_same_request_on_the_command_line_is_answered_from_the_cache(
    root: Path, film: Any
) -> None:
    told = farm(
        root, "submit", "-p", "procedural", "--prompt", "dunes\n", "--seed", "3",
        "--set", "duration_s=0.5", "--rerun", "--wait", "--json",
    )  # fmt: skip
    [line] = json.loads(told)
    # The script and the log of runs are made anew each time; all the rest is known.
    assert (line["state"], line["counts"]) == ("done", {"cached": 5, "done": 2})
    reason = json.loads(farm(root, "why", f"{line['number']}.render", "--json"))["reason"]
    assert reason.startswith("answered from the cache: same work as")


def test_a_running_farm_is_sound_and_is_not_started_twice(root: Path, film: Any) -> None:
    checks = json.loads(farm(root, "doctor", "--json"))["checks"]
    named = {check["name"]: check["status"] for check in checks}
    assert {named[name] for name in ("daemon", "nodes", "broker", "database")} == {"ok"}
    farm(root, "up", code=1)
    # A second node of this name would fence the first, and that one the second again.
    farm(root, "node", code=1)


def test_orders_reach_the_running_farm(root: Path, film: Any) -> None:
    farm(root, "drain", "atlas")
    assert json.loads(farm(root, "nodes", "--json"))["nodes"][0]["state"] == "draining"
    told = farm(root, "submit", "-p", "procedural", "--prompt", "rain", "--json")
    number = str(json.loads(told)[0]["number"])
    farm(root, "cancel", number)
    assert json.loads(farm(root, "watch", number, "--json", code=1))[0]["state"] == "cancelled"
    farm(root, "enable", "atlas")
    assert json.loads(farm(root, "nodes", "--json"))["nodes"][0]["state"] == "online"


def test_the_demo_starts_a_farm_of_its_own_and_stops_it(tmp_path: Path) -> None:
    told = farm(tmp_path, "demo", "--duration", "0.5")
    video = Path(told.splitlines()[-1])
    assert frames_of(video)[2] == 12
    left = [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if any(str(tmp_path) in part for part in process.info["cmdline"] or ())
    ]
    assert left == []


def test_an_interrupted_demo_stops_its_farm_and_says_so(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "demo", "--duration", "600"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert "demo" in first_line(process)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
        assert (process.returncode, "Traceback" in err) == (130, False)
        assert not psutil.wait_procs(children, timeout=60)[1]
    finally:
        process.kill()
        process.wait()
