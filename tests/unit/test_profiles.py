"""What a quality profile decided, and a master that is its draft but for the profile."""

from __future__ import annotations

from typing import Any

import pytest

from farm.domain.media import Artifact, MediaKind
from farm.domain.plan import Plan
from farm.manifest import manifest_from
from farm.pipelines import parse_pipeline
from farm.planning import plan
from farm.plugins import load_plugins
from farm.registry import Registry

PLUGIN = """
from farm import MediaKind, Port, Stage, StageParams, hookimpl

class Draw(StageParams):
    steps: int = 0
    sides: int = 0
    words: tuple[str, ...] = ()

@hookimpl
def farm_stages():
    text, image = Port(MediaKind.TEXT), Port(MediaKind.IMAGE)
    draw = dict(version=1, run="pro_lab:run", inputs={"prompt": text}, outputs={"image": image},
                params=Draw)
    yield Stage("pro.draw", "quick", preference={"draft": 9, "standard": 1}, **draw)
    yield Stage("pro.draw", "fine", preference={"draft": 0, "standard": 1, "high": 9}, **draw)
    frame = dict(version=1, run="pro_lab:run", inputs={"image": image}, outputs={"image": image})
    yield Stage("pro.frame", "oak", preference=5, **frame)
    yield Stage("pro.frame", "pine", preference=3, **frame)
"""
PICTURE = """
pipeline: picture
version: 1
inputs: {prompt: {kind: text}}
params:
  steps: {type: integer, default: 20}
  sides: {type: integer, default: 512}
  words: {type: list, default: null, names_of: prompt}
quality:
  draft: {params: {steps: 4}}
  high: {params: {steps: 50, sides: 1024}}
stages:
  draw:
    capability: pro.draw
    inputs: {prompt: inputs.prompt}
    params: {steps: $steps, sides: $sides, words: $words}
  frame: {capability: pro.frame, inputs: {image: draw.image}}
outputs: {image.png: frame.image}
"""
PROMPT = Artifact("a" * 64, MediaKind.TEXT, 3, ".txt")
ALL = {name: [[]] for name in ("pro.draw/quick", "pro.draw/fine", "pro.frame/oak")}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "pro_lab.py").write_text(PLUGIN)
    return load_plugins(folder)


def picture(registry: Registry, offers: Any = ALL, **fields: Any) -> Plan:
    asked = {"farm": 1, "pipeline": "picture", "inputs": {"prompt": "sea"}, **fields}
    pipeline = parse_pipeline(PICTURE.encode(), name="picture.yaml")
    manifest = manifest_from(asked, name="test")
    return plan(manifest, pipeline, registry, inputs={"prompt": [PROMPT]}, offers=offers)


def again(registry: Registry, first: Plan, offers: Any = ALL, **changes: Any) -> Plan:
    """The plan of what a finished job wrote down, with some fields changed."""
    return picture(registry, offers, **{**first.manifest, **changes})


def drawn(made: Plan) -> tuple[Any, ...]:
    """Steps, sides and providers of the two stages, and the first one's seed."""
    draw, frame = made.stages
    return draw.params["steps"], draw.params["sides"], draw.provider, frame.provider, draw.seed


def test_another_quality_decides_anew_what_the_profile_decided(registry: Registry) -> None:
    draft = picture(registry, quality="draft")
    assert drawn(draft)[:4] == (4, 512, "quick", "oak")
    master = again(registry, draft, quality="high")
    assert drawn(master) == (50, 1024, "fine", "oak", drawn(draft)[4])
    assert master.content_key == picture(registry, quality="high").content_key


def test_what_somebody_gave_stays_in_every_quality(registry: Registry) -> None:
    given = {"params": {"steps": 4}, "providers": {"pro.draw": "quick"}, "seed": 5}
    draft = picture(registry, quality="draft", **given)
    master = again(registry, draft, quality="high")
    assert drawn(master) == (4, 1024, "quick", "oak", drawn(draft)[4])


def test_a_provider_no_profile_speaks_of_stays_the_drafts(registry: Registry) -> None:
    """A master must look like what was approved, also where nodes came and went meanwhile."""
    draft = picture(registry, {"pro.draw/quick": [[]], "pro.frame/pine": [[]]}, quality="draft")
    assert drawn(draft)[3] == "pine"
    assert drawn(again(registry, draft, quality="high"))[2:4] == ("fine", "pine")


def test_the_same_quality_is_the_same_job_again(registry: Registry) -> None:
    draft = picture(registry, quality="draft")
    same = again(registry, draft)
    assert same.content_key == draft.content_key
    assert same.manifest["decided"] == draft.manifest["decided"]
    assert same.draft_id is None


def test_a_master_of_a_replayed_draft_is_the_same_master(registry: Registry) -> None:
    draft = picture(registry, quality="draft")
    replayed = again(registry, draft)
    high = [again(registry, made, quality="high").content_key for made in (draft, replayed)]
    assert high[0] == high[1]


def test_what_was_edited_beside_the_quality_is_taken_as_it_was_written(registry: Registry) -> None:
    draft = picture(registry, quality="draft")
    edited = again(registry, draft, quality="high", params={**draft.manifest["params"], "steps": 9})
    assert drawn(edited)[:2] == (9, 1024)


def test_only_another_quality_of_a_draft_asks_for_its_master(registry: Registry) -> None:
    for quality, other, expected in (
        ("draft", "high", "0draft"), ("draft", "draft", None), ("high", "standard", None),
    ):  # fmt: skip
        first = picture(registry, quality=quality)
        written = {**first.manifest["decided"], "job": "0draft"}
        assert again(registry, first, quality=other, decided=written).draft_id == expected
