"""A model in a farm that runs: not offered without it, noticed when fetched, part of the cache key."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from running_farm import farm, running

from farm.ledger.database import Database
from farm.ledger.views_nodes import NodeViews

PLUGIN = """
import json
from pathlib import Path
from farm import MediaKind, Port, Stage, hookimpl

@hookimpl
def farm_models():
    return [Path(__file__).parent / "lab-net.toml"]

@hookimpl
def farm_pipelines():
    return [Path(__file__).parent / "think.yaml"]

@hookimpl
def farm_stages():
    text = Port(MediaKind.TEXT)
    yield Stage("lab.think", "lab", 1, "lab_think:run", {"prompt": text}, {"answer": text},
                models=("lab-net",), description="Thinks.")

def run(task):
    path = task.output("answer", ".txt")
    weights = task.models.get(
        "lab-net", lambda: (task.models.files("lab-net") / "net.onnx").read_text(), size_mb=1)
    path.write_text(weights + task.input("prompt").path.read_text())
    return {"answer": path}
"""
PIPELINE = """
pipeline: think
version: 1
inputs: {prompt: {kind: text}}
stages: {think: {capability: lab.think, inputs: {prompt: inputs.prompt}}}
outputs: {answer.txt: think.answer}
"""
MANIFEST = """
name = "lab-net"
family = "lab"
licence = "MIT"
provides = ["lab.think"]
files = [{{path = "net.onnx", bytes = {size}, sha256 = "{digest}"}}]
sources = [{{kind = "path", path = "."}}]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    plugins = tmp_path / "spool" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "lab_think.py").write_text(PLUGIN)
    (plugins / "think.yaml").write_text(PIPELINE)
    data = b"42: "
    (plugins / "net.onnx").write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    (plugins / "lab-net.toml").write_text(MANIFEST.format(size=len(data), digest=digest))
    return tmp_path


def until(look: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    """What ``look`` gives as soon as it is something."""
    limit_s = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < limit_s, "it did not come to pass in time"
        time.sleep(0.05)
    return found


def test_a_running_node_offers_a_stage_once_its_model_was_fetched(root: Path) -> None:
    with running(root), closing(Database(f"sqlite:///{root}/spool/ledger.sqlite3")) as database:
        node = until(NodeViews(database).nodes)[0]
        assert node.complaints["lab.think/lab"].endswith("run: farm models fetch lab-net")
        assert "lab.think/lab" not in node.offers
        farm(root, "submit", "-p", "think", "--prompt", "why?")
        until(lambda: "lab.think/lab" in farm(root, "why", "1"))
        farm(root, "models", "fetch", "lab-net")
        until(lambda: "lab.think/lab" in NodeViews(database).nodes()[0].offers)
        farm(root, "watch", "1")
        [answer] = (root / "spool" / "outputs").rglob("answer.txt")
        assert answer.read_text() == "42: why?"
        farm(root, "models", "rm", "lab-net")
        until(lambda: "lab.think/lab" in NodeViews(database).nodes()[0].complaints)
