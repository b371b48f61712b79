"""Stages made from recipes.

Invariant: light; a recipe makes the same two providers in every process, and a node offers them only
where their libraries (and, for the second, a graphics card) are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from farm import Artifact, MediaKind, Port, Resources, Stage, Windowing
from farm_diffusion import choices
from farm_diffusion.recipes import Recipe, load_recipes

_LIBRARIES = ("torch", "diffusers", "transformers", "accelerate", "safetensors", "ftfy", "PIL")
_ENGINE_MB = 1500
"""What the libraries take before they have any weights."""
_REPORT = Port(MediaKind.DATA, description="JSON, schema farm.diffusion/1: how it was made.")


def stages_of(folder: Path) -> Iterator[Stage]:
    """The providers of every recipe in a folder, anywhere and on a card. Raises RecipeError."""
    for recipe in load_recipes(folder):
        yield from stages(recipe)


def checks_of(folder: Path) -> Iterator[tuple[str, str]]:
    """Those of them that cannot run on this machine, and why."""
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    lacks = f"needs {', '.join(missing)}: pip install 'farm[models]'" if missing else ""
    card = lacks or _lacks_card()
    for recipe in load_recipes(folder):
        stage = f"{recipe.capability}/{recipe.provider}"
        if lacks:
            yield stage, lacks
        if card:
            yield f"{stage}_gpu", card


def stages(recipe: Recipe) -> Iterator[Stage]:
    """The two providers of a recipe."""
    params = choices.params_of(recipe)
    needs = Resources(1, recipe.memory.ram_mb, disk_mb=2048 if recipe.frames else 256)
    ports = {name: _port(recipe, name) for name in recipe.inputs}
    made = {
        name: Port(output.port_kind, many=output.many or output.gives == "images",
                   description=output.description)
        for name, output in recipe.outputs.items()
    }  # fmt: skip
    for suffix, where, better in (("", "", 0), ("_gpu", " On a graphics card.", 1)):
        yield Stage(
            capability=recipe.capability,
            provider=recipe.provider + suffix,
            version=recipe.version,
            run="farm_diffusion.runtime.run:run",
            inputs=ports,
            outputs={**made, "report": _REPORT},
            params=params,
            resources=replace(needs, gpus=1, vram_mb=recipe.memory.vram_mb)
            if suffix
            else partial(_on_a_processor, needs),
            windows=_windowing(recipe),
            preference=_preference(recipe, better),
            models=choices.models_of,
            model_key=choices.group_of,
            size=choices.size_of,
            stall_s=recipe.stall_s,
            description=f"{recipe.title.rstrip('.')}.{where}",
        )


def _on_a_processor(needs: Resources, params: choices.RecipeParams) -> Resources:
    """Less for what is small: its numbers have 32 bits, and the recipe's figures are for 16."""
    memory, megapixels = params.recipe.memory, choices.megapixels(params)
    most = max(memory.step_per_megapixel_mb, memory.decode_per_megapixel_mb)
    working_mb = 2 * (memory.fixed_mb + most * megapixels)
    return replace(needs, ram_mb=min(needs.ram_mb, _ENGINE_MB + round(working_mb)))


def _port(recipe: Recipe, name: str) -> Port:
    given = recipe.inputs[name]
    return Port(
        given.port_kind,
        many=given.takes == "images",
        required=given.required,
        description=given.description,
    )


def _preference(recipe: Recipe, better: int) -> int | Mapping[str, int]:
    if isinstance(recipe.preference, int):
        return recipe.preference + better
    return {quality: points + better for quality, points in recipe.preference.items()}


def _windowing(recipe: Recipe) -> Windowing | None:
    if recipe.windows is None:
        return None
    return Windowing(
        length=_length,
        size=choices.window_size,
        overlap=choices.window_overlap,
        mode=recipe.windows.mode,
        carry=recipe.windows.carry,
    )


def _length(params: Any, files: Mapping[str, Iterable[Artifact]]) -> int:
    facts = {port: [file.facts for file in given] for port, given in files.items()}
    return choices.film_frames(params, facts)


def _lacks_card() -> str:
    if not Path("/dev/nvidiactl").exists():
        return "needs an NVIDIA card; the provider without _gpu needs none"
    try:
        with_cuda = "+cpu" not in version("torch")
    except PackageNotFoundError:
        with_cuda = False
    return "" if with_cuda else "needs torch with CUDA, and this one is without: pip install torch"
