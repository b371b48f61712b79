"""The contract's checks on every stage that is registered, in real engine processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from direct_task import run_stage, stage_of

from farm import Stage, Window
from farm.conformance import Sample, declaration_complaints, run_complaints
from farm.plugins import load_plugins

STAGES = load_plugins().stages
SMALL = {"duration_s": 0.5, "size": "64x48", "fps": 24, "window_s": 0.5}


@pytest.fixture(scope="module")
def segment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short, real film."""
    folder = tmp_path_factory.mktemp("segment")
    prompt = folder / "prompt.txt"
    prompt.write_text("a red sea", encoding="utf-8")
    import farm_procedural

    made = run_stage(
        stage_of(farm_procedural, "video.generate"),
        folder,
        {"prompt": [prompt]},
        SMALL,
        window=Window(0, 1, 0, 12),
    )
    return Path(made["segment"])  # type: ignore[index, arg-type]


def sample(stage: Stage, segment: Path) -> Sample:
    """Real work for a stage: by its capability."""
    if stage.capability == "video.generate":
        prompt = segment.parent.parent / "prompt.txt"
        prompt = prompt if prompt.exists() else segment.with_name("prompt.txt")
        prompt.write_text("a red sea", encoding="utf-8")
        return Sample({"prompt": [prompt]}, SMALL, Window(0, 1, 0, 12))
    port = next(iter(stage.inputs))
    return Sample({port: [segment]})


@pytest.mark.parametrize("stage", STAGES.values(), ids=list(STAGES))
def test_every_declaration_keeps_the_contract(stage: Stage) -> None:
    assert declaration_complaints(stage) == []


@pytest.mark.parametrize("stage", STAGES.values(), ids=list(STAGES))
def test_every_stage_runs_repeats_its_bytes_stops_and_stays_in_its_memory(
    stage: Stage, segment: Path, tmp_path: Path
) -> None:
    assert run_complaints(stage, sample(stage, segment), tmp_path) == []


def test_declarations_load_no_media_library() -> None:
    check = (
        "import sys; from farm.plugins import load_plugins; load_plugins();"
        "print([m for m in ('av', 'numpy', 'numba', 'torch', 'cv2') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


def test_a_stage_that_differs_from_run_to_run_is_found_out(tmp_path: Path) -> None:
    plugins = tmp_path / "plugins"
    plugins.mkdir()
    (plugins / "restless.py").write_text(
        "import os\n"
        "from farm import MediaKind, Port, Stage, hookimpl\n"
        "def run(task):\n"
        "    out = task.output('text', '.txt')\n"
        "    out.write_text(os.urandom(8).hex())\n"
        "    return {'text': out}\n"
        "@hookimpl\n"
        "def farm_stages():\n"
        "    return [Stage('test.restless', 'loose', 1, 'restless:run', {},\n"
        "                  {'text': Port(MediaKind.TEXT)})]\n",
        encoding="utf-8",
    )
    stage = load_plugins(plugins).stages["test.restless/loose"]
    assert declaration_complaints(stage) == ["test.restless/loose: it has no description"]
    found = run_complaints(stage, Sample(), tmp_path / "work", plugins)
    assert found == ["test.restless/loose: two runs with the same seed gave different bytes"]
