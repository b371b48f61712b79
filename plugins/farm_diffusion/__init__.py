"""Diffusion models as stages: one declarative recipe for each pipeline class.

Invariant: this module declares and nothing more; model libraries are imported by engines only.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from farm import Stage, hookimpl
from farm_diffusion.declared import checks_of, stages_of
from farm_diffusion.recipes import load_recipes
from farm_diffusion.serving import served

__all__ = ["checks_of", "stages_of"]

_HERE = Path(__file__).parent


@hookimpl
def farm_stages() -> Iterable[Stage]:
    """Two providers for each recipe."""
    return stages_of(_HERE / "recipes")


@hookimpl
def farm_pipelines() -> Iterable[Path]:
    """Pictures and films from prompts, pictures and films."""
    return sorted((_HERE / "pipelines").glob("*.yaml"))


@hookimpl
def farm_models() -> Iterable[Path]:
    """The models whose files are known; an operator declares others."""
    return sorted((_HERE / "models").glob("*.toml"))


@hookimpl
def farm_serves(model: Path, name: str) -> Iterable[str]:
    """The capabilities of the recipes that know such a model."""
    return served(model, name, load_recipes(_HERE / "recipes"))


@hookimpl
def farm_checks() -> Iterable[tuple[str, str]]:
    """Stages whose libraries or card are not on this machine."""
    return checks_of(_HERE / "recipes")
