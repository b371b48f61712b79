"""A farm that runs: a task's preview on its way to whoever looks, and what a second try is told."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from running_farm import farm, running

from farm.ledger.database import Database
from farm.ledger.jobs import Jobs
from farm.ledger.views_detail import JobDetails

PLUGIN = """
import time
from pathlib import Path
from farm import BrokenOutput, MediaKind, Port, Resources, Stage, hookimpl

PICTURE = bytes.fromhex("89504e470d0a1a0a") + b"half done"

@hookimpl
def farm_pipelines():
    return [Path(__file__).parent / name for name in ("sketch.yaml", "spoil.yaml")]

@hookimpl
def farm_stages():
    text = Port(MediaKind.TEXT)
    for name in ("sketch", "spoil"):
        yield Stage(f"lab.{name}", "lab", 1, f"lab:{name}", {"prompt": text}, {"answer": text},
                    resources=Resources(ram_mb=100), description="Draws.")

def sketch(task):
    if task.memory.ran_out == 0:
        raise MemoryError("it takes too much")
    task.preview(PICTURE)
    while not Path(task.input("prompt").path.read_text().strip()).exists():
        task.checkpoint()
        time.sleep(0.01)
    path = task.output("answer", ".txt")
    path.write_text(f"{task.memory.reserved_mb} MB after {task.memory.ran_out}")
    return {"answer": path}

def spoil(task):
    task.log.info("it draws")
    raise BrokenOutput("every pixel is black", where="lab.spoil", mend="Change the seed.")
"""
PIPELINE = """
pipeline: {name}
version: 1
inputs: {{prompt: {{kind: text}}}}
stages: {{draw: {{capability: lab.{name}, inputs: {{prompt: inputs.prompt}}}}}}
outputs: {{answer.txt: draw.answer}}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    plugins = tmp_path / "spool" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "lab.py").write_text(PLUGIN)
    for name in ("sketch", "spoil"):
        (plugins / f"{name}.yaml").write_text(PIPELINE.format(name=name))
        (tmp_path / "dropbox" / name).mkdir(parents=True)
    return tmp_path


def until(look: Callable[[], Any], timeout_s: float = 60.0) -> Any:
    """What ``look`` gives as soon as it is something."""
    limit_s = time.monotonic() + timeout_s
    while not (found := look()):
        assert time.monotonic() < limit_s, "it did not come to pass in time"
        time.sleep(0.05)
    return found


def test_a_preview_reaches_the_folder_and_the_command_and_tries_know_of_one_another(
    root: Path, tmp_path: Path
) -> None:
    go = tmp_path / "go"
    picture = bytes.fromhex("89504e470d0a1a0a") + b"half done"
    with running(root):
        drop = root / "dropbox"
        (drop / "sketch" / "dusk.txt").write_text(str(go))
        (drop / "spoil" / "dawn.txt").write_text("a red fox")
        [shown] = until(lambda: list((drop / "sketch").glob("_claimed/*/preview.png")))
        assert shown.read_bytes() == picture
        number = json.loads((shown.parent / "status.json").read_text())["number"]
        farm(root, "show", str(number), "--preview", str(tmp_path / "mine.png"))
        assert (tmp_path / "mine.png").read_bytes() == picture
        go.touch()
        [answer] = until(lambda: list((drop / "sketch").glob("_done/*/dusk/answer.txt")))
        assert answer.read_text() == "150 MB after 1"
        assert list(answer.parent.rglob("preview*")) == []
        [error] = until(lambda: list((drop / "spoil").glob("_rejected/*/error.txt")))
        assert "every pixel is black" in error.read_text()
        assert "How to mend it: Change the seed." in error.read_text()
    with closing(Database(f"sqlite:///{root / 'spool' / 'ledger.sqlite3'}")) as database:
        details = JobDetails(database)
        [spoilt] = [n for n in (1, 2) if n != number]
        tries = details.attempts(Jobs(database).find(str(spoilt)))
        assert [attempt.error_class for attempt in tries] == ["broken", "broken"]
