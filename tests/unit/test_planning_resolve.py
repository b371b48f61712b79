"""Parameters that a stage makes definite while a job is planned."""

from __future__ import annotations

from pathlib import Path

import pytest

from farm.domain.errors import ParameterError, PluginError
from farm.domain.plan import Plan
from farm.manifest import parse_manifest
from farm.pipelines import parse_pipeline
from farm.planning import plan
from farm.plugins import load_plugins
from farm.registry import Registry

PLUGIN = """
from farm import MediaKind, Port, Stage, StageParams, hookimpl

class Look(StageParams):
    style: str = ""
    grain: int = 0

def resolve(params):
    if params.style == "broken":
        return 1 / 0
    return {"style": params.style or "newest", "grain": 7 if params.style != "coarse" else 99}

@hookimpl
def farm_stages():
    yield Stage("lab.look", "plain", 1, "lab:run", {}, {"video": Port(MediaKind.VIDEO)},
                params=Look, resolve=resolve)
"""
FILM = """
pipeline: film
version: 1
inputs: {}
params:
  style: {type: string, default: ""}
  grain: {type: integer, default: 0, maximum: 9}
stages:
  look: {capability: lab.look, params: {style: $style, grain: GRAIN}}
outputs: {film.mp4: look.video}
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    folder: Path = tmp_path_factory.mktemp("plugins")
    (folder / "lab.py").write_text(PLUGIN)
    return load_plugins(folder)


def planned(registry: Registry, style: str, grain: str = "$grain") -> Plan:
    manifest = parse_manifest(
        f"farm: 1\npipeline: film\nparams: {{style: '{style}'}}\n".encode(), name="job.yaml"
    )
    pipeline = parse_pipeline(FILM.replace("GRAIN", grain).encode(), name="film.yaml")
    offers = {"lab.look/plain": [frozenset[str]()]}
    return plan(manifest, pipeline, registry, inputs={}, offers=offers)


def test_what_is_resolved_stands_in_the_stage_and_in_the_manifest(registry: Registry) -> None:
    left_open, said = planned(registry, ""), planned(registry, "newest")
    assert left_open.manifest["params"] == {"style": "newest", "grain": 7}
    assert left_open.stages[0].params == {"style": "newest", "grain": 7}
    assert left_open.content_key == said.content_key != planned(registry, "old").content_key


def test_a_constant_of_the_pipeline_stays_as_it_is(registry: Registry) -> None:
    made = planned(registry, "", grain="3")
    assert made.stages[0].params == {"style": "newest", "grain": 3}
    assert made.manifest["params"] == {"style": "newest", "grain": 0}


def test_what_the_pipeline_does_not_allow_is_refused(registry: Registry) -> None:
    with pytest.raises(ParameterError) as caught:
        planned(registry, "coarse")
    assert caught.value.where == "params.grain"


def test_a_resolver_that_fails_names_the_stage(registry: Registry) -> None:
    with pytest.raises(PluginError, match=r"lab\.look/plain"):
        planned(registry, "broken")
