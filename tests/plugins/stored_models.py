"""Real models for tests, as the farm's own settings find them (``FARM_MODELS_DIR``)."""

from __future__ import annotations

from functools import cache
from itertools import chain
from pathlib import Path

import pytest
from direct_task import WarmModels

import farm_finish
import farm_speech
import farm_story
import farm_vision
from farm.config import load_settings
from farm.models.manifest import load_manifest
from farm.models.store import Standing, open_models

HERE = Path(__file__).parents[2]


@cache
def standing(name: str) -> Standing | None:
    """``None`` for a model that the operator declares, such as one that nobody may pass on."""
    settings, _ = load_settings(HERE)
    store = open_models(settings)
    plugins = (farm_finish, farm_speech, farm_story, farm_vision)
    paths = chain.from_iterable(plugin.farm_models() for plugin in plugins)
    found = [m for m in map(load_manifest, paths) if m.name == name]
    return store.standing(found[0]) if found else None


def stored(name: str) -> Path:
    """The folder of a model; skips the test where the model is not in the store."""
    found = standing(name)
    if found is None:
        pytest.skip(f"no plugin here declares the model {name}")
    if found.state == "missing":
        pytest.skip(found.complaint)
    assert found.folder is not None, found.complaint
    return found.folder


class StoredModels(WarmModels):
    """``task.models`` over the store."""

    def files(self, name: str) -> Path:
        return stored(name)
