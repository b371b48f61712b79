"""Diffusion on a graphics card: the same picture wherever the weights are, and memory that runs out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import tiny_task
import torch
from film_material import said

from farm_diffusion.declared import stages_of
from farm_diffusion.runtime.plan import Choice, Request, choose

pytestmark = pytest.mark.gpu

CARD = "cuda:0"
SMALL: dict[str, dict[str, Any]] = {
    "image.generate/sd15_gpu": {"model": "sd15", "width": 64, "height": 64, "steps": 2},
    "image.generate/flux_gpu": {"model": "flux", "width": 64, "height": 64, "steps": 2},
    "video.text_to_video/wan_gpu": {
        "model": "wan-t2v", "width": 32, "height": 32, "frames": 5, "steps": 2,
    },
    "video.text_to_video/ltx_gpu": {
        "model": "ltx", "width": 32, "height": 32, "frames": 9, "steps": 2,
    },
}  # fmt: skip
WAYS = ("full", "model", "group", "sequential")
RECIPES = Path(tiny_task.farm_diffusion.__file__).parent / "recipes"
GREEDY = """
from farm_diffusion.runtime.shot import call_once

TRIES = []

def call(shot):
    import torch
    TRIES.append(shot)
    if len(TRIES) == 1:
        torch.empty(1 << 50, dtype=torch.uint8, device=shot.task.device)
    return call_once(shot)
"""


@pytest.fixture(autouse=True)
def a_card() -> Iterator[None]:
    """Skips where there is none; leaves nothing on it."""
    if not torch.cuda.is_available():
        pytest.skip("no GPU here")
    yield
    torch.cuda.empty_cache()


def made(stage: Any, folder: Path, models: tiny_task.TinyModels, **params: Any) -> bytes:
    folder.mkdir(exist_ok=True)
    inputs = {"prompt": said(folder / "prompt.txt", "a red boat on a calm sea")}
    files = tiny_task.run(stage, folder / "work", inputs, params, models=models, device=CARD)
    return next(file for port, file in files.items() if port != "report").read_bytes()


class Unmeasured(tiny_task.TinyModels):
    """On a card of which nobody knows how much is free."""

    def room_mb(self) -> int | None:
        return None


def as_if_large(request: Request, **how: Any) -> Choice:
    """The planner's choice, with tiny weights taken for large ones: where they are counts then."""
    large = [replace(part, millions=1000 * part.millions) for part in request.weights]
    return choose(replace(request, weights=large), **how)


@pytest.mark.parametrize("stage_id", SMALL)
@pytest.mark.parametrize("precision", ["bfloat16", "fp8"])
def test_a_card_makes_the_same_wherever_the_weights_are(
    stage_id: str, precision: str, tmp_path: Path
) -> None:
    models, stage = tiny_task.TinyModels(), tiny_task.stage(*stage_id.split("/"))
    how = {**SMALL[stage_id], "precision": precision}
    found = [made(stage, tmp_path / way, models, **how, memory=way) for way in WAYS]
    assert [way for way, one in zip(WAYS, found, strict=True) if one != found[0]] == []
    assert made(stage, tmp_path / "again", tiny_task.TinyModels(), **how) == found[0]


def test_a_card_that_runs_out_goes_on_one_way_lower_and_makes_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "recipes"
    folder.mkdir()
    (tmp_path / "greedy_on_card.py").write_text(GREEDY)
    monkeypatch.syspath_prepend(str(tmp_path))
    text = (RECIPES / "sd15.toml").read_text().replace('"sd15"\ncap', '"greedy"\ncap')
    (folder / "greedy.toml").write_text(f'call = "greedy_on_card:call"\n{text}')
    monkeypatch.setattr("farm_diffusion.runtime.run.choose", as_if_large)
    greedy = list(stages_of(folder))[1]
    assert greedy.provider == "greedy_gpu"
    how = SMALL["image.generate/sd15_gpu"]
    models = Unmeasured()
    plain = made(tiny_task.stage("image.generate", "sd15_gpu"), tmp_path / "plain", models, **how)
    assert made(greedy, tmp_path / "greedy", models, **how) == plain
    assert "out of memory with full bfloat16; trying model bfloat16" in caplog.text
