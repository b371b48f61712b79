"""A whole farm that is watched: one submission from the folder to the receivers."""

from __future__ import annotations

import json
import socket
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from receivers import Receiver

from farm.notify.signing import is_genuine

sys.path.insert(0, str(Path(__file__).parents[1] / "flow"))
from running_farm import farm, running

SECRET = "correct horse battery"
PLUGIN = """
from pathlib import Path
from farm import MediaKind, Port, Stage, StageParams, hookimpl

@hookimpl
def farm_stages():
    text = Port(MediaKind.TEXT)
    return [Stage("watch.copy", "loud", 3, "loud:run", {"prompt": text}, {"note": text})]

@hookimpl
def farm_pipelines():
    return [Path(__file__).parent / "_loud.yaml"]

def run(task):
    text = task.input("prompt").path.read_text()
    task.log.info("copying %d letters", len(text))
    task.models.get("toy", lambda: text, size_mb=5)
    note = task.output("note", ".txt")
    note.write_text(text)
    return {"note": note}
"""
PIPELINE = """
pipeline: loud
version: 4
inputs:
  prompt: {kind: text}
stages:
  copy: {capability: watch.copy, inputs: {prompt: inputs.prompt}}
outputs: {note.txt: copy.note}
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def read(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return str(answer.read().decode())


def eventually(ask: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    until = time.monotonic() + timeout_s
    while True:
        try:
            found = ask()
        except OSError:
            found = None
        if found or time.monotonic() > until:
            assert found
            return found
        time.sleep(0.05)


def test_a_submission_is_seen_from_the_folder_to_the_receivers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver, port, node_port = Receiver(503), free_port(), free_port()
    plugins = tmp_path / "spool" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "loud.py").write_text(PLUGIN)
    (plugins / "_loud.yaml").write_text(PIPELINE)
    (tmp_path / "farm.toml").write_text(
        f"""
metrics_listen = "127.0.0.1:{port}"
node_metrics_listen = "127.0.0.1:{node_port}"
log_format = "json"
[drop_folders.loud]
path = "dropbox/loud"
pipeline = "loud"
[notify.chat]
kind = "webhook"
url = "{receiver.url}"
secret = "{SECRET}"
allow_networks = ["127.0.0.0/8", "::1/128"]
on = ["accepted", "done"]
[notify.script]
kind = "command"
argv = ["/bin/sh", "-c", "cat >> told.jsonl"]
on = ["done"]
"""
    )
    (tmp_path / "dropbox" / "loud").mkdir(parents=True)
    with running(tmp_path):
        assert "correct horse" not in farm(tmp_path, "config", "show")
        (tmp_path / "dropbox" / "loud" / "dusk.txt").write_text("dusk over the bay")
        eventually(lambda: (tmp_path / "told.jsonl").is_file())
        # The first try was answered with 503; it is told again beside everything else.
        got = receiver.wait_for(3)
        assert all(is_genuine(SECRET, one.headers, one.body, time.time()) for one in got)
        ids = [one.headers["X-Farm-Delivery"] for one in got]
        assert ids.count(ids[0]) >= 1 and len(set(ids)) == 2
        assert {json.loads(one.body)["kind"] for one in got} == {"accepted", "done"}
        told = json.loads((tmp_path / "told.jsonl").read_text())
        assert told["kind"] == "done"
        assert told["job"]["pipeline"] == "loud@4"
        assert Path(told["job"]["outputs"], "note.txt").read_text() == "dusk over the bay"

        page = eventually(lambda: _when_done(read(port, "/metrics")))
        assert page["farm_jobs_created_total", "loud@4"] == 1
        assert page["farm_jobs_ended_total", "loud@4", "done"] == 1
        assert page["farm_attempts_total", "succeeded", "watch.copy/loud", "3"] == 1
        assert page["farm_node_up", "atlas"] == 1
        node = _samples(read(node_port, "/metrics"))
        assert node["farm_node_tasks_total", "succeeded", "watch.copy/loud"] == 1
        assert node["farm_node_model_loads_total", "cpu0"] == 1
        assert node["farm_node_engine_up", "cpu0"] == 1
        for each in (port, node_port):
            answer = json.loads(read(each, "/readyz"))
            assert {check["state"] for check in answer["checks"].values()} == {"ok"}

        # One id from the folder to the engine.
        [log] = (tmp_path / "spool" / "logs" / told["job"]["id"]).glob("copy.0.1.log")
        [line] = [json.loads(text) for text in log.read_text().splitlines()]
        assert line["message"] == "copying 17 letters"
        assert line["correlation"] == told["correlation"]
        assert (line["job"], line["stage"]) == (told["job"]["id"], "watch.copy/loud")
    receiver.close()


def _samples(page: str) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(sample.labels[key] for key in sorted(sample.labels))): sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
    }


def _when_done(page: str) -> dict[tuple[str, ...], float] | None:
    found = _samples(page)
    return found if found.get(("farm_jobs_ended_total", "loud@4", "done")) else None
