"""Planning of stages that run once for each file, and of refusals that a stage declares."""

from __future__ import annotations

import hashlib

import pytest

from farm.domain.errors import InputError, ManifestError, ParameterError, UnknownName
from farm.domain.media import Artifact, MediaKind
from farm.domain.plan import Plan, PlannedWindow
from farm.manifest import parse_manifest
from farm.pipelines import check_against, parse_pipeline
from farm.planning import cut_later, plan
from farm.plugins import load_plugins
from farm.registry import Registry

PLUGIN = """
from farm import InputError, MediaKind, Port, Stage, StageParams, Windowing, hookimpl

TEXT, SOUND = Port(MediaKind.TEXT), Port(MediaKind.AUDIO)
TEXTS, SOUNDS = (Port(kind, many=True) for kind in (MediaKind.TEXT, MediaKind.AUDIO))

class Say(StageParams):
    longest: int = 0

def check(params, given):
    for file in given.get("line", []):
        if params.longest and file.size_bytes > params.longest:
            raise InputError("the line is too long", code="lab.too-long")

@hookimpl
def farm_stages():
    yield Stage("lab.split", "plain", 1, "lab:run", {"text": TEXT}, {"lines": TEXTS})
    yield Stage("lab.say", "plain", 1, "lab:run", {"line": TEXT, "tune": Port(MediaKind.AUDIO,
                required=False)}, {"sound": SOUND}, params=Say, check=check)
    yield Stage("lab.join", "plain", 1, "lab:run", {"sounds": SOUNDS}, {"sound": SOUND})
    yield Stage("lab.cut", "plain", 1, "lab:run", {"line": TEXT}, {"sound": SOUND},
                windows=Windowing(length=lambda params, inputs: 9, size=3))
"""
CHOIR = """
pipeline: choir
version: 1
inputs:
  text: {kind: text}
  lines: {kind: text, many: true, required: false}
  tunes: {kind: audio, many: true, required: false}
params: {longest: {type: integer, default: 0}}
stages:
  split: {capability: lab.split, inputs: {text: inputs.text}, when: not inputs.lines}
  say:
    capability: lab.say
    each: [line, tune]
    inputs: {line: [inputs.lines, split.lines], tune: inputs.tunes}
    params: {longest: $longest}
  join: {capability: lab.join, inputs: {sounds: say.sound}}
outputs: {song.wav: join.sound}
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "lab.py").write_text(PLUGIN)
    return load_plugins(folder)


def file(content: str, kind: MediaKind = MediaKind.TEXT) -> Artifact:
    return Artifact(hashlib.sha256(content.encode()).hexdigest(), kind, len(content), ".txt")


def planned(registry: Registry, params: str = "{}", **inputs: list[Artifact]) -> Plan:
    refs = "".join(
        f"\n  {name}: [{', '.join(f'{{sha256: {f.hash}, kind: {f.kind.value}}}' for f in files)}]"
        for name, files in inputs.items()
    )
    text = f"farm: 1\npipeline: choir\nparams: {params}\ninputs:\n  text: all of it{refs}\n"
    manifest = parse_manifest(text.encode(), name="job.yaml")
    offers = {stage: [frozenset[str]()] for stage in registry.stages}
    given = {"text": [file("all of it")], **inputs}
    return plan(
        manifest, parse_pipeline(CHOIR.encode(), name="choir.yaml"), registry,
        inputs=given, offers=offers,
    )  # fmt: skip


def test_files_of_the_job_are_counted_while_it_is_planned(registry: Registry) -> None:
    made = planned(registry, lines=[file("one"), file("two")])
    [say] = [stage for stage in made.stages if stage.name == "say"]
    assert say.each == ("line",)
    assert say.windows == (PlannedWindow(0, 1), PlannedWindow(1, 2))


def test_files_of_another_stage_are_counted_once_they_are_there(registry: Registry) -> None:
    [say] = [stage for stage in planned(registry).stages if stage.name == "say"]
    assert say.windows is None
    stage, files = registry.stages["lab.say/plain"], [file("a"), file("b"), file("c")]
    assert len(cut_later(stage, say.params, {"line": files}, say.each)) == 3
    assert cut_later(stage, say.params, {"line": []}, say.each) == []


def test_ports_with_different_numbers_of_files_are_refused_with_both(registry: Registry) -> None:
    tunes = [file(name, MediaKind.AUDIO) for name in ("x", "y", "z")]
    with pytest.raises(ParameterError, match="2 at line, 3 at tune"):
        planned(registry, lines=[file("one"), file("two")], tunes=tunes)


def test_a_port_that_the_stage_is_not_given_cannot_be_handed_out(registry: Registry) -> None:
    wrong = CHOIR.replace("each: [line, tune]", "each: [line, words]")
    with pytest.raises(ManifestError, match='no port is called "words"'):
        parse_pipeline(wrong.encode(), name="choir.yaml")


def test_a_stage_that_splits_into_windows_does_not_run_for_each_file(registry: Registry) -> None:
    wrong = CHOIR.replace("capability: lab.say", "capability: lab.cut").replace(
        "    params: {longest: $longest}\n", ""
    )
    wrong = wrong.replace("each: [line, tune]", "each: line").replace(", tune: inputs.tunes", "")
    pipeline = parse_pipeline(wrong.encode(), name="choir.yaml")
    by_capability = {stage.capability: [stage] for stage in registry.stages.values()}
    with pytest.raises(UnknownName, match="splits into windows"):
        check_against(pipeline, by_capability)


def test_what_runs_for_each_file_cannot_be_published_as_one(registry: Registry) -> None:
    wrong = CHOIR.replace("song.wav: join.sound", "song.wav: say.sound")
    manifest = parse_manifest(b"farm: 1\npipeline: choir\ninputs: {text: a}", name="job.yaml")
    with pytest.raises(ManifestError, match=r"say\.sound is several files"):
        plan(
            manifest, parse_pipeline(wrong.encode(), name="choir.yaml"), registry,
            inputs={"text": [file("a")]}, offers={s: [frozenset[str]()] for s in registry.stages},
        )  # fmt: skip


def test_a_stage_refuses_what_it_cannot_honour_before_anything_is_queued(
    registry: Registry,
) -> None:
    lines = [file("short"), file("a line that is longer")]
    assert planned(registry, "{longest: 30}", lines=lines)
    with pytest.raises(InputError, match="the line is too long"):
        planned(registry, "{longest: 10}", lines=lines)


def test_a_check_is_not_asked_about_files_that_do_not_exist_yet(registry: Registry) -> None:
    assert planned(registry, "{longest: 1}")
