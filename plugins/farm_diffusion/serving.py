"""Which capabilities a model of an operator's own can serve, by the recipes.

Invariant: only what describes a model is read; a model that no recipe knows serves nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from farm_diffusion.recipes import Recipe

_INDEXES = ("model_index.json", "modular_model_index.json", "config.json")


def served(model: Path, name: str, recipes: Iterable[Recipe]) -> Iterator[str]:
    """Capabilities of the recipes that take such a model: those that name it, those whose pipeline
    its folder names, and those that use the same models as these."""
    known, kind = list(recipes), _class_of(model)
    # A whole model and a part of another one are not the same, so each is looked for by itself.
    wholes = {name, *(recipe.model for recipe in known if kind and recipe.pipeline == kind)}
    for recipe in known:
        parts = recipe.components.values()
        if recipe.model in wholes or any(name == part.model or kind == part.name for part in parts):
            yield recipe.capability


def _class_of(model: Path) -> str:
    """The class that a folder of diffusers says it is of; empty for another one."""
    for index in _INDEXES:
        try:
            found = json.loads((model / index).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        return str(found.get("_class_name") or "") if isinstance(found, dict) else ""
    return ""
