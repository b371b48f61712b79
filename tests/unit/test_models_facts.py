"""What a model is made of, as its stages see it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from farm.domain.errors import PluginError
from farm.engine.models import ModelCache
from farm.engine.task_models import TaskModels
from farm.models.facts import facts_of
from farm.models.manifest import ModelManifest


def model(name: str, *files: tuple[str, str, str], **changes: Any) -> ModelManifest:
    """A manifest; each file is its path, its component and a letter for its content."""
    return ModelManifest(
        name=name, family="lab", licence="MIT", provides=("lab.paint",),
        files=[
            {"path": path, "component": component, "bytes": 1, "sha256": letter * 64}
            for path, component, letter in files
        ],
        sources=[{"kind": "path", "path": "."}],
        **changes,
    )  # fmt: skip


SMALL = model(
    "small",
    ("model_index.json", "", "0"),
    ("text_encoder/config.json", "text_encoder", "a"),
    ("text_encoder/model.safetensors", "text_encoder", "b"),
    ("vae/model.safetensors", "vae", "c"),
    variants={"bf16": {"dtype": "bfloat16", "vram_mb": 900}},
)
LARGE = model(
    "large",
    ("encoders/t5/config.json", "t5", "a"),
    ("encoders/t5/model.safetensors", "t5", "b"),
    ("vae/model.safetensors", "vae", "d"),
)


def test_a_part_that_two_models_share_has_one_hash_wherever_it_lies() -> None:
    small, large = facts_of(SMALL), facts_of(LARGE)
    assert small.components["text_encoder"] == large.components["t5"]
    assert small.components["vae"] != large.components["vae"]
    assert sorted(small.components) == ["", "text_encoder", "vae"]


def test_equal_files_under_other_names_are_another_part() -> None:
    other = model(
        "other",
        ("t5/config.json", "t5", "b"),
        ("t5/model.safetensors", "t5", "a"),
    )
    assert facts_of(other).components["t5"] != facts_of(LARGE).components["t5"]


def test_the_facts_say_what_the_manifest_says() -> None:
    facts = facts_of(SMALL)
    assert (facts.name, facts.digest, facts.family) == ("small", SMALL.digest, "lab")
    variant = facts.variants["bf16"]
    assert (variant.dtype, variant.vram_mb, variant.quantisation) == ("bfloat16", 900, "")


def test_a_stage_learns_only_of_the_models_that_it_names(tmp_path: Path) -> None:
    models = TaskModels(ModelCache(10), {"small": tmp_path}, "lab.paint/lab", {"small": SMALL})
    assert models.facts("small") == facts_of(SMALL)
    assert models.files("small") == tmp_path
    for ask in (models.facts, models.files):
        with pytest.raises(PluginError, match="that it does not name"):
            ask("large")


def test_a_model_that_was_declared_after_the_engine_began_asks_for_a_restart(
    tmp_path: Path,
) -> None:
    models = TaskModels(ModelCache(10), {"large": tmp_path}, "lab.paint/lab", {"small": SMALL})
    with pytest.raises(PluginError, match="restart the node"):
        models.facts("large")
