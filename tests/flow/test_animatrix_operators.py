"""What operators of a farm with ComfyUI servers do: find the job of a prompt, run it again as it was
asked, see the version of its workflow, notice that the servers are full, and try the samples."""

from __future__ import annotations

import hashlib
import json
import shutil
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from comfy.process import StandIn, free_port, wait_for
from prometheus_client.parser import text_string_to_metric_families
from running_farm import farm, running
from test_animatrix_farm import LENGTH, finished, settings

from farm.config import load_settings
from farm.ledger.database import Database
from farm.ledger.jobs import Jobs
from farm.ledger.views_detail import JobDetails
from farm.ledger.views_jobs import JobViews
from farm.ledger.views_nodes import NodeViews

DROPBOX = Path(__file__).parents[2] / "dropbox"
SPEAKS = DROPBOX / "audio-performance" / "_samples" / "first-try"
WORK = "audio-performance@1.0.0"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with StandIn(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def root(server: StandIn, port: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("operators") / "farm"
    for mode in LENGTH:
        (folder / "dropbox" / mode).mkdir(parents=True)
    listen = f'metrics_listen = "127.0.0.1:{port}"\nnode_metrics_listen = ""\n'
    (folder / "farm.toml").write_text(listen + settings([server]), encoding="utf-8")
    with running(folder) as started:
        yield started


@pytest.fixture(autouse=True)
def mended(server: StandIn) -> Iterator[None]:
    yield
    server.mend()


def told(root: Path, *arguments: str, code: int = 0) -> Any:
    return json.loads(farm(root, *arguments, "--json", code=code))


@contextmanager
def ledger(root: Path) -> Iterator[Database]:
    settings, _ = load_settings(root, {})
    database = Database(settings.database_url)
    yield database
    database.close()


def services(database: Database) -> list[str]:
    """The states of what the node uses."""
    [node] = NodeViews(database).nodes()
    gauges = dict(node.facts).get("gauges") or {}
    return [service["state"] for service in gauges.get("services", ())]


def counted(port: int) -> dict[tuple[str, str], float]:
    """``(outcome, work)`` to how many attempts; ``timed``: those whose time is known."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    found: dict[tuple[str, str], float] = {}
    for sample in (sample for family in families for sample in family.samples):
        if sample.name == "farm_work_attempts_total":
            found[sample.labels["outcome"], sample.labels["work"]] = sample.value
        if sample.name == "farm_work_duration_seconds_count":
            found["timed", sample.labels["work"]] = sample.value
    return found


def test_a_failed_job_is_found_by_its_prompt_and_runs_again_with_nothing_entered_anew(
    root: Path, server: StandIn, port: int
) -> None:
    server.fault("node-error")
    shutil.copytree(SPEAKS, root / "dropbox" / "audio-performance" / "speaks")
    door = root / "dropbox" / "audio-performance"
    wait_for((door / "_rejected" / "speaks" / "error.txt").is_file, 60, "the failure")
    # All that an operator has is what ComfyUI's own history shows.
    history = server.ask("/history")
    prompt, entry = next(reversed(history.items()))
    found = told(root, "show", prompt)
    assert found["state"] == "failed"
    assert found["seed"] == yaml.safe_load((SPEAKS / "job.yaml").read_text("utf-8"))["seed"]
    newest = found["attempts"][-1]
    assert (newest["counts_as"], newest["known_as"]) == (WORK, prompt)
    # The prompt itself names the task and the workflow, with the content of its version.
    said = entry["prompt"][3]["farm"]
    shown = farm(root, "show", said["attempt"])
    assert found["id"] in shown
    assert WORK in shown
    assert f"is known outside as {prompt}" in shown
    assert said["workflow"].startswith(f"{WORK}+")
    # The files that were sent in lead to the job, too.
    digest = hashlib.sha256((SPEAKS / "character.png").read_bytes()).hexdigest()
    assert [job["id"] for job in told(root, "ls", "--with", digest[:12])] == [found["id"]]
    assert "No job has to do with it" in farm(root, "ls", "--with", digest[::-1])

    server.mend()
    farm(root, "retry", prompt)
    farm(root, "watch", prompt)
    done = finished(root, "audio-performance", "speaks")
    receipt = json.loads((done / "receipt.json").read_text("utf-8"))
    assert (receipt["job"], receipt["seed"]) == (found["id"], found["seed"])
    [outside] = json.loads((done / "debug_metadata.json").read_text("utf-8"))["external"]
    assert outside["version"] == said["workflow"]
    with ledger(root) as database:
        assert Jobs(database).find(outside["id"]) == found["id"]
        tries = Counter(a.task_id for a in JobDetails(database).attempts(found["id"]))
    run = next(task for task in tries if task == said["attempt"])
    # What had been prepared was not prepared again.
    assert tries.pop(run) > newest["number"]
    assert set(tries.values()) == {1}

    numbers = wait_for(lambda: _when_done(counted(port)), 20, "the metrics")
    assert numbers["failed", WORK] == newest["number"]
    assert numbers["succeeded", WORK] == numbers["timed", WORK] == 1


def _when_done(numbers: dict[tuple[str, str], float]) -> dict[tuple[str, str], float] | None:
    return numbers if numbers.get(("succeeded", WORK)) else None


def test_a_prompt_that_runs_leads_to_its_job_and_full_servers_are_a_warning(
    root: Path, server: StandIn
) -> None:
    server.fault("slow-node", seconds=60)
    asked = root / "slow"
    shutil.copytree(SPEAKS, asked)
    (asked / "prompt.txt").write_text("A person who takes their time", encoding="utf-8")
    [job] = told(root, "submit", str(asked), "--pipeline", "audio-performance")
    [prompt] = wait_for(lambda: server.queue()[0], 60, "a run")
    with ledger(root) as database:
        # A heartbeat brings the name.
        wait_for(lambda: JobViews(database).page(related=prompt), 20, "the prompt's job")
    found = told(root, "show", prompt)
    assert found["number"] == job["number"]
    [attempt] = found["attempts"]
    assert (attempt["state"], attempt["counts_as"], attempt["known_as"]) == (
        "running", WORK, prompt
    )  # fmt: skip
    with ledger(root) as database:
        wait_for(lambda: "warn" in services(database), 30, "the warning")
    assert "every server is full" in farm(root, "nodes")
    farm(root, "cancel", prompt)
    wait_for(lambda: not any(server.queue()), 20, "a free server")


def test_every_mode_has_a_sample_with_a_fixed_seed_that_is_accepted_as_it_lies_there(
    root: Path,
) -> None:
    samples = [DROPBOX / mode / "_samples" / "first-try" for mode in LENGTH]
    asked = [yaml.safe_load((sample / "job.yaml").read_text("utf-8")) for sample in samples]
    assert [one["pipeline"] for one in asked] == list(LENGTH)
    assert all(isinstance(one["seed"], int) for one in asked)
    farm(root, "validate", *map(str, samples))
