"""The published schemas, the examples and the documentation say what the models say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from farm.domain.errors import ManifestError
from farm.manifest import ExpectedFile, InputRef, Manifest, Notify, parse_manifest, read_document
from farm.manifest.schemas import published_schemas, schema_text
from farm.pipelines import (
    InputSpec,
    ParamSpec,
    Pipeline,
    QualitySpec,
    StageSpec,
    check_against,
    parse_pipeline,
)
from farm.plugins import load_plugins

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "manifests" / "examples").iterdir())
PAGE = ROOT / "docs" / "manifests.md"


def against(schema: str, instance: Any) -> None:
    checker = jsonschema.Draft202012Validator
    checker.check_schema(published_schemas()[schema])
    checker(published_schemas()[schema]).validate(instance)


@pytest.mark.parametrize("name", sorted(published_schemas()))
def test_a_published_schema_is_what_the_models_generate(name: str) -> None:
    published = (ROOT / "manifests" / "schema" / name).read_text(encoding="utf-8")
    assert published == schema_text(published_schemas()[name]), (
        "run: python -m farm.manifest.schemas manifests/schema"
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_an_example_is_valid_for_the_farm_and_for_the_schema(path: Path) -> None:
    manifest = parse_manifest(path.read_bytes(), name=path.name)
    assert manifest.pipeline.startswith("procedural")
    against("manifest-1.json", read_document(path.read_bytes(), name=path.name).fields)


def test_one_example_shows_every_field() -> None:
    path = ROOT / "manifests" / "examples" / "every-field.yaml"
    assert set(read_document(path.read_bytes(), name=path.name).fields) == set(
        Manifest.model_fields
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"pipeline": "p"},
        {"farm": 1},
        {"farm": 2, "pipeline": "p"},
        {"farm": 1, "pipeline": "p", "parms": {}},
        {"farm": 1, "pipeline": "p", "seed": "7"},
        {"farm": 1, "pipeline": "p", "priority": 101},
        {"farm": 1, "pipeline": "p", "inputs": {"a": {"pth": "x"}}},
        {"farm": 1, "pipeline": "p", "quality": "best"},
    ],
)
def test_the_schema_and_the_farm_refuse_the_same(fields: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        against("manifest-1.json", fields)
    with pytest.raises(ManifestError):
        parse_manifest(json.dumps(fields).encode(), name="x.json")


@pytest.mark.parametrize(
    "inputs", [{"a": "x"}, {"a": ["x", {"path": "y"}]}, {"a": {"text": "words"}}]
)
def test_the_schema_and_the_farm_take_the_same_inputs(inputs: dict[str, Any]) -> None:
    fields = {"farm": 1, "pipeline": "p", "inputs": inputs}
    against("manifest-1.json", fields)
    assert parse_manifest(json.dumps(fields).encode(), name="x.json").inputs.keys() == inputs.keys()


def test_the_short_form_of_a_prompt_is_in_the_schema() -> None:
    fields = {"farm": 1, "pipeline": "p", "prompt": "sea"}
    against("manifest-1.json", fields)
    assert parse_manifest(json.dumps(fields).encode(), name="x.json").inputs == {"prompt": "sea"}


def test_every_shipped_pipeline_is_valid_for_the_schema() -> None:
    files = sorted((ROOT / "plugins").glob("farm_*/pipelines/*.yaml"))
    assert len(files) >= len(load_plugins().pipelines) > 0
    for path in files:
        against("pipeline-1.json", read_document(path.read_bytes(), name=path.name).fields)


MODELS = (
    Manifest, InputRef, ExpectedFile, Notify,
    Pipeline, InputSpec, ParamSpec, QualitySpec, StageSpec,
)  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_field_is_documented(model: type[Any]) -> None:
    page = PAGE.read_text(encoding="utf-8")
    missing = [name for name in model.model_fields if f"`{name}`" not in page]
    assert missing == []


def blocks_of(start: str) -> list[tuple[str, str]]:
    """(format, text) of each block on the page that begins with ``start``, a pattern."""
    blocks = re.findall(r"```(yaml|json|toml)\n(.*?)```", PAGE.read_text("utf-8"), flags=re.DOTALL)
    return [(form, text) for form, text in blocks if re.match(start, text)]


def test_every_complete_manifest_on_the_page_is_accepted() -> None:
    manifests = blocks_of(r'{?"?farm"?\s*[:=]')
    assert {form for form, _ in manifests} == {"yaml", "json", "toml"}
    for form, text in manifests:
        assert parse_manifest(text.encode(), name=f"page.{form}").farm == 1


def test_the_pipeline_on_the_page_fits_the_shipped_plugins() -> None:
    [(_, text)] = blocks_of("pipeline:")
    pipeline = parse_pipeline(text.encode(), name="page.yaml")
    check_against(pipeline, load_plugins().capabilities)
    assert pipeline.ref == "reel@1"


def test_every_refusal_on_the_page_is_one_that_the_code_raises() -> None:
    sources = [*(ROOT / "farm").rglob("*.py")]
    code = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    named = set(re.findall(r"`((?:manifest|input|parameter|provider)\.[a-z-]+)`", PAGE.read_text()))
    assert len(named) > 20
    for name in named:
        group, _, word = name.partition(".")
        assert f'"{name}"' in code or f'"{word}"' in code, f"{group}: {word}"
