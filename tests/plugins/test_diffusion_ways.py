"""Wherever the weights are, every recipe makes the same: a node may choose by its memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny_task
from test_diffusion_films import FILMS, made as film
from test_diffusion_pictures import (  # noqa: F401
    CASES,
    a_million_pixels_less,
    made as picture,
    material,
)
from test_diffusion_windows import CHAINED, FREE, as_a_task, cut, one  # noqa: F401

WAYS = ("full", "model", "group", "sequential")
CALLS: dict[str, Any] = {f"film {case[0]} {case[1]}": case for case in FILMS}
WINDOWS: dict[str, Any] = {f"window {name}": case for name, case in (CHAINED | FREE).items()}


def bytes_of(files: dict[str, Any]) -> dict[str, list[bytes]]:
    """Everything but the report, which tells what was asked for."""
    lists = {port: [f] if isinstance(f, Path) else f for port, f in files.items()}
    return {port: [f.read_bytes() for f in fs] for port, fs in lists.items() if port != "report"}


@pytest.mark.soak
@pytest.mark.parametrize("precision", ["float32", "bfloat16", "fp8"])
@pytest.mark.parametrize("name", [*CALLS, *WINDOWS, *CASES])
def test_every_recipe_makes_the_same_wherever_its_weights_are(
    name: str,
    precision: str,
    material: dict[str, Path],  # noqa: F811
    tmp_path: Path,
) -> None:
    models = tiny_task.TinyModels()
    found = []
    for way in WAYS:
        how, folder = {"memory": way, "precision": precision}, tmp_path / way
        if name in CASES:
            files = picture(name, folder, material, params=how, models=models)
        elif name in CALLS:
            *case, more = CALLS[name]
            files = dict(film((*case, {**more, **how}), folder, models=models))
        else:
            *case, more = WINDOWS[name]
            window = cut(WINDOWS[name])[0]
            files = one((*case, {**more, **how}), folder, window, models=models)
        found.append(bytes_of(files))
    assert [way for way, made in zip(WAYS, found, strict=True) if made != found[0]] == []
