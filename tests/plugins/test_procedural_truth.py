"""Prompt truth: what the words say is what the pixels of the finished video show."""

from __future__ import annotations

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from direct_task import run_stage, stage_of
from seen import Seen, holds
from truth_table import TRUTH

import farm_procedural

LEAST = 0.95
FILM = {"size": "192x108", "fps": 24, "duration_s": 3.0}


def rows() -> list[tuple[str, list[str]]]:
    """Prompts and their checks."""
    lines = (line for line in TRUTH.splitlines() if line and not line.startswith("# "))
    return [(left.strip(), right.split()) for left, _, right in (s.partition("|") for s in lines)]


def params_of(checks: list[str]) -> dict[str, object]:
    """The job's parameters: what the words decide is left to them."""
    params = dict(FILM)
    for check in checks:
        if check.startswith("for="):
            params["duration_s"] = float(check[4:])
        elif check.startswith(("tall", "width", "height")):
            params.pop("size", None)
            params["detail"] = "draft"
            params["duration_s"] = 0.5
        elif check.startswith("fps="):
            params.pop("fps")
    if any(check.startswith("seconds=") for check in checks):
        params.pop("duration_s", None)
    return params


def misses(prompt: str, checks: list[str], folder: str) -> list[str]:
    """Make the film with the stages themselves; returns what does not hold of its pixels."""
    place = Path(folder)
    place.mkdir(parents=True)
    text = place / "prompt.txt"
    text.write_text(prompt, encoding="utf-8")
    script_stage, generate = (
        stage_of(farm_procedural, name) for name in ("video.script", "video.generate")
    )
    script = run_stage(script_stage, place, {"prompt": text}, params_of(checks), seed=7)["script"]
    video = run_stage(generate, place, {"script": script}, {"preset": "ultrafast"})["segment"]
    seen = Seen.of(video)
    found = (holds(seen, check) for check in checks if not check.startswith("for="))
    return [miss for miss in found if miss]


def test_the_table_is_well_formed():
    prompts = [prompt for prompt, _ in rows()]
    assert len(prompts) == len(set(prompts)) >= 150
    for prompt, checks in rows():
        assert any(not check.startswith("for=") for check in checks), prompt


@pytest.mark.timeout(300)
def test_the_pixels_show_what_the_words_say(tmp_path):
    table = rows()
    # Two at once: a film of this size is done by one core in a fraction of a second.
    workers = min(2, os.cpu_count() or 1)
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        found = list(
            pool.map(
                misses,
                [prompt for prompt, _ in table],
                [checks for _, checks in table],
                [str(tmp_path / f"film-{n:03}") for n in range(len(table))],
                chunksize=4,
            )
        )
    missed = [(prompt, miss) for (prompt, _), miss in zip(table, found, strict=True) if miss]
    share = 1 - len(missed) / len(table)
    listed = "\n".join(f"  {prompt}\n      {'; '.join(miss)}" for prompt, miss in missed)
    print(f"{share:.1%} of {len(table)} prompts hold; missed:\n{listed}")
    assert share >= LEAST, f"{share:.1%} hold:\n{listed}"
