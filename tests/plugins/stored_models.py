"""Real models for tests, as the farm's own settings find them (``FARM_MODELS_DIR``)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from direct_task import WarmModels

from farm.config import load_settings
from farm.models.manifest import load_manifest
from farm.models.store import ModelStore, Standing
from farm_finish import farm_models

HERE = Path(__file__).parents[2]


@cache
def standing(name: str) -> Standing:
    settings, _ = load_settings(HERE)
    store = ModelStore(settings.models_dir, settings.models_shared_dirs)
    (manifest,) = (m for m in map(load_manifest, farm_models()) if m.name == name)
    return store.standing(manifest)


def stored(name: str) -> Path:
    """The folder of a model; skips the test where the model is not in the store."""
    found = standing(name)
    if found.state == "missing":
        pytest.skip(found.complaint)
    assert found.folder is not None, found.complaint
    return found.folder


class StoredModels(WarmModels):
    """``task.models`` over the store."""

    def files(self, name: str) -> Path:
        return stored(name)
