"""The plugin in the documentation, taken from the page as it stands, works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "write-a-plugin.md"
_FILE = re.compile(r"^`(farm-pulse/[^`\n]+)`:\n\n```\w+\n(.*?)^```$", re.M | re.S)

# A process of its own, so that the plugin is found as an installed one is: by its entry point.
_RUN = """
import hashlib, json, sys
from pathlib import Path
import farm
from farm.domain.media import MediaKind
from farm.engine.process import EngineProcess
from farm.engine.protocol import EngineInput, EngineRequest
from farm.planning.windows import cut_windows
from farm.plugins import load_plugins

folder = Path(sys.argv[1])
registry = load_plugins()
heavy = sorted({"av", "numpy", "torch", "farm_pulse.paint"} & set(sys.modules))
stage = registry.stages["video.pulse/farm_pulse"]
join = registry.stages["video.join/farm_finish"]
params = stage.params(duration_s=2.5)
prompt = folder / "prompt.txt"
engine = EngineProcess("cpu0", plugin_folder=folder / "loose")

def file(path, kind):
    return EngineInput(path, kind, hashlib.sha256(path.read_bytes()).hexdigest(), {})

def run(stage, name, params, inputs, window=None):
    return engine.run(EngineRequest(
        name, 1, stage.id, stage.version, params, inputs, 7,
        folder / f"scratch-{name}", folder / f"{name}.log", window))

def film(name):
    length, size = stage.windows.length(params, {}), stage.windows.size(params)
    cuts = cut_windows(length, size)
    segments = [
        run(stage, f"{name}.paint.{n}", params.model_dump(),
            {"prompt": [file(prompt, MediaKind.TEXT)]}, farm.Window(n, len(cuts), c.start, c.stop))
        for n, c in enumerate(cuts)]
    assert all(s.ok for s in segments), [s.error for s in segments]
    parts = [file(s.outputs["segment"][0].path, MediaKind.VIDEO) for s in segments]
    whole = run(join, f"{name}.join.0", {}, {"segments": parts})
    assert whole.ok, whole.error
    (out,) = whole.outputs["video"]
    return len(segments), hashlib.sha256(out.path.read_bytes()).hexdigest(), out.facts

prompt.write_text("a slow warm heart")
first, again = film("first"), film("again")
prompt.write_text("  ")
empty = run(stage, "empty", params.model_dump(), {"prompt": [file(prompt, MediaKind.TEXT)]},
            farm.Window(0, 1, 0, 4))
engine.stop()
print(json.dumps({
    "heavy": heavy, "pipelines": sorted(registry.pipelines), "windows": first[0],
    "facts": first[2], "same": first[1] == again[1], "empty": empty.error["class"],
    "version": registry.versions["farm-pulse"],
    "complaints": [list(c) for answer in registry.pm.hook.farm_checks() for c in answer],
}))
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's files, installed by pip into a folder of their own."""
    folder = tmp_path_factory.mktemp("from-docs")
    for name, content in _FILE.findall(PAGE.read_text(encoding="utf-8")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    site = folder / "site"
    # The farm is here already, and nothing is to be fetched.
    offline = ["--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    pip = [sys.executable, "-m", "pip", "install", "-q", *offline]
    done = subprocess.run(
        [*pip, "--target", str(site), str(folder / "farm-pulse")],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return site


@pytest.fixture(scope="module")
def told(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What a process that has the plugin saw and made."""
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(tmp_path_factory.mktemp("run"))],
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_the_page_has_every_file_that_it_draws(installed: Path) -> None:
    drawn = re.findall(r"^ {2,4}(\S+\.(?:py|toml|yaml))\b", PAGE.read_text(), flags=re.M)
    home = installed.parent / "farm-pulse"
    found = {path.name for path in home.rglob("*.*") if path.suffix in (".py", ".toml", ".yaml")}
    assert {Path(name).name for name in drawn} == found


def test_it_is_found_by_its_entry_point_with_its_stage_and_its_pipeline(told: Any) -> None:
    assert "pulse@1" in told["pipelines"]
    assert told["version"] == "0.1.0"
    assert [c for c in told["complaints"] if c[0].startswith("video.pulse")] == []


def test_its_declarations_are_light(told: Any) -> None:
    assert told["heavy"] == []


def test_its_windows_run_in_an_engine_and_join_to_a_whole_film(told: Any) -> None:
    assert told["windows"] == 3
    assert told["facts"]["frames"] == 60
    assert told["facts"]["fps"] == "24"


def test_the_same_seed_gives_the_same_bytes(told: Any) -> None:
    assert told["same"] is True


def test_what_the_submitter_can_mend_is_said_to_be_so(told: Any) -> None:
    assert told["empty"] == "input"
