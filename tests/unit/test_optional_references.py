"""A `?` behind a reference: ports and parameters that not every provider has."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from farm.domain.errors import ManifestError, UnknownName
from farm.domain.media import Artifact, MediaKind
from farm.domain.plan import Binding, Plan
from farm.manifest import manifest_from
from farm.pipelines import parse_pipeline
from farm.planning import plan
from farm.plugins import load_plugins
from farm.registry import Registry

PLUGIN = """
from farm import MediaKind, Port, Stage, StageParams, hookimpl

class Plain(StageParams):
    width: int = 64

class Learned(Plain):
    model: str = "usual"
    steps: int = 20

@hookimpl
def farm_stages():
    film, sound = Port(MediaKind.VIDEO), Port(MediaKind.AUDIO)
    given = {"prompt": Port(MediaKind.TEXT)}
    yield Stage("odd.make", "plain", 1, "odd:run", given, {"video": film}, Plain, preference=5)
    yield Stage("odd.make", "learned", 1, "odd:run", given, {"video": film, "audio": sound},
                Learned, model_key=lambda params: params.model,
                size=lambda params: f"{params.width}px" * (1 + params.width // 1000))
    yield Stage("odd.join", "plain", 1, "odd:run",
                {"video": film, "audio": Port(MediaKind.AUDIO, required=False)}, {"video": film})
"""
FILM = b"""
pipeline: film
version: 1
inputs: {prompt: {kind: text}}
params:
  width: {type: integer, default: 64}
  model: {type: string, default: null}
  steps: {type: integer, default: null}
quality:
  high: {params: {steps: 50}}
stages:
  make:
    capability: odd.make
    inputs: {prompt: inputs.prompt}
    params: {width: $width, model: $model?, steps: $steps?}
  join: {capability: odd.join, inputs: {video: make.video, audio: make.audio?}}
outputs: {video.mkv: join.video, sound.wav: make.audio?}
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "odd.py").write_text(PLUGIN)
    return load_plugins(folder)


def planned(registry: Registry, **asked: Any) -> Plan:
    pipeline = parse_pipeline(FILM, name="film.yaml")
    manifest = manifest_from({"farm": 1, "pipeline": "film", **asked}, name="test")
    prompt = Artifact(hashlib.sha256(b"x").hexdigest(), MediaKind.TEXT, 1, ".txt")
    return plan(manifest, pipeline, registry, inputs={"prompt": [prompt]}, offers={})


def test_what_a_provider_does_not_have_is_left_out(registry: Registry) -> None:
    found = planned(registry)
    make, join = found.stages
    assert (make.provider, make.params) == ("plain", {"width": 64})
    assert "audio" not in join.bindings
    assert set(found.outputs) == {"video.mkv"}


def test_what_a_provider_has_flows_and_is_published(registry: Registry) -> None:
    found = planned(registry, providers={"odd.make": "learned"})
    make, join = found.stages
    assert make.params == {"width": 64, "model": "usual", "steps": 20}
    assert join.bindings["audio"] == (Binding("stage", "make", "audio"),)
    assert found.outputs["sound.wav"] == ("make", "audio")


@pytest.mark.parametrize("how", [{"params": {"model": "mine"}}, {"quality": "high"}])
def test_a_job_that_gives_it_takes_no_provider_without_it(
    registry: Registry, how: dict[str, Any]
) -> None:
    make = planned(registry, **how).stages[0]
    assert make.provider == "learned"
    assert (make.params["model"], make.params["steps"]) in {("mine", 20), ("usual", 50)}
    with pytest.raises(UnknownName, match=r'odd\.make/plain has no parameter "(model|steps)"'):
        planned(registry, **how, providers={"odd.make": "plain"})


def test_an_input_of_the_job_is_optional_by_its_declaration_and_not_by_a_mark() -> None:
    with pytest.raises(ManifestError, match="not a reference"):
        parse_pipeline(FILM.replace(b"inputs.prompt}", b"inputs.prompt?}"), name="film.yaml")


def test_the_model_and_the_size_that_a_stage_tells_name_the_size_of_a_task(
    registry: Registry,
) -> None:
    def size(**params: Any) -> str:
        return (
            planned(registry, params=params, providers={"odd.make": "learned"}).stages[0].needs.size
        )

    assert size() == "usual/64px"
    assert size(model="mine", width=640) == "mine/640px"
    long = size(width=9000)
    assert len(long) == 32 and long != size(width=9001), "what is too long is hashed"
    assert planned(registry).stages[0].needs.size == ""
