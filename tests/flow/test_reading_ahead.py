"""While an engine works, its node reads the files of the model that is wanted next."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from page_cache import forget, resident
from running_farm import farm, running

PLUGIN = """
import time
from pathlib import Path
from farm import MediaKind, Port, Stage, hookimpl

HERE = Path(__file__).parent
NAMES = ("lab-slow", "lab-next")

@hookimpl
def farm_models():
    return [HERE / f"{name}.toml" for name in NAMES]

@hookimpl
def farm_pipelines():
    return [HERE / f"{name}.yaml" for name in NAMES]

@hookimpl
def farm_stages():
    text = Port(MediaKind.TEXT)
    for name in NAMES:
        yield Stage(name.replace("-", "."), "lab", 1, "lab_two:run", {"prompt": text},
                    {"answer": text}, models=(name,), model_key=lambda params, name=name: name)

def run(task):
    (HERE / "began").write_text(task.id)
    while task.id.split(".")[1] == "slow" and not (HERE / "go").exists():
        task.progress(1, 2)
        time.sleep(0.05)
    path = task.output("answer", ".txt")
    path.write_text("done")
    return {"answer": path}
"""
PIPELINE = """
pipeline: {name}
version: 1
inputs: {{prompt: {{kind: text}}}}
stages: {{{stage}: {{capability: {capability}, inputs: {{prompt: inputs.prompt}}}}}}
outputs: {{answer.txt: {stage}.answer}}
"""
MANIFEST = """
name = "{name}"
family = "lab"
licence = "MIT"
provides = ["{capability}"]
files = [{{path = "{name}.safetensors", bytes = {size}, sha256 = "{digest}"}}]
sources = [{{kind = "path", path = "."}}]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    plugins = tmp_path / "spool" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "lab_two.py").write_text(PLUGIN)
    for name in ("lab-slow", "lab-next"):
        data = os.urandom(8 << 20)
        (plugins / f"{name}.safetensors").write_bytes(data)
        words = {"name": name, "capability": name.replace("-", "."), "stage": name[4:]}
        (plugins / f"{name}.yaml").write_text(PIPELINE.format(**words))
        digest = hashlib.sha256(data).hexdigest()
        manifest = MANIFEST.format(**words, size=len(data), digest=digest)
        (plugins / f"{name}.toml").write_text(manifest)
    return tmp_path


def until(look: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    """What ``look`` gives as soon as it is something."""
    limit_s = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < limit_s, "it did not come to pass in time"
        time.sleep(0.05)
    return found


def test_the_next_model_is_in_memory_before_its_task_begins(root: Path) -> None:
    farm(root, "models", "fetch", "lab-slow", "lab-next")
    [wanted] = (root / "spool" / "models" / "lab-next").rglob("*.safetensors")
    with running(root):
        farm(root, "pause", "--farm", "--reason", "both are to wait")
        farm(root, "submit", "-p", "lab-slow", "--prompt", "first")
        farm(root, "submit", "-p", "lab-next", "--prompt", "second")
        forget(wanted)
        farm(root, "resume", "--farm")
        until(lambda: resident(wanted) == 1.0)
        states = [json.loads(farm(root, "show", job, "--json"))["state"] for job in ("1", "2")]
        assert states == ["running", "queued"]
        assert (root / "spool" / "plugins" / "began").read_text().split(".")[1] == "slow"
        (root / "spool" / "plugins" / "go").touch()
        farm(root, "watch", "2")
