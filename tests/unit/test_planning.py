"""Planning: providers, parameters, wiring, windows, seeds, and the manifest that plans the same."""

from __future__ import annotations

import hashlib
import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from farm.domain.errors import (
    AssetError,
    InputError,
    ManifestError,
    ParameterError,
    PluginError,
    UnknownName,
)
from farm.domain.media import Artifact, MediaFacts, MediaKind
from farm.domain.plan import Binding, Plan, PlannedWindow
from farm.manifest import job_manifest, manifest_from, parse_manifest
from farm.pipelines import parse_pipeline
from farm.planning import cut_later, cut_windows, derived_seed, input_refs, plan, stage_seed
from farm.plugins import load_plugins
from farm.registry import Registry

PLUGIN = """
from farm import MediaKind, Port, Resources, Stage, StageParams, Windowing, hookimpl
from pydantic import Field

TEXT, VIDEO, AUDIO = Port(MediaKind.TEXT), Port(MediaKind.VIDEO), Port(MediaKind.AUDIO)

class Make(StageParams):
    frames: int = Field(10, ge=1)
    sides: tuple[int, int] = (64, 36)

class Filter(StageParams):
    window: int = 8
    mode: str = "plain"

def film_length(params, inputs):
    if params.mode == "broken":
        return 1 / 0
    return inputs["video"][0].facts.frames

@hookimpl
def farm_stages():
    def stage(capability, provider, **more):
        return Stage(capability, provider, more.pop("version", 1), "lab_film:run", **more)

    make = dict(inputs={"prompt": TEXT}, outputs={"part": VIDEO}, params=Make, windows=Windowing(
        length=lambda params, inputs: params.frames, size=4))
    yield stage("lab.make", "plain", **make)
    yield stage("lab.make", "fine", preference={"high": 9, "standard": -1}, **make | dict(
        resources=lambda params: Resources(gpus=1, vram_mb=params.frames * 100, tags={"b", "a"}),
        model_key=lambda params: f"fine-{params.sides[0]}"))
    yield stage("lab.make", "other", preference=99, **make | dict(inputs={"words": TEXT}))
    yield stage("lab.join", "plain", inputs={"parts": Port(MediaKind.VIDEO, many=True),
                "voice": Port(MediaKind.AUDIO, required=False)}, outputs={"video": VIDEO},
                seeded=False, cacheable=False, timeout_s=60, stall_s=5)
    yield stage("lab.filter", "plain", version=7, inputs={"video": VIDEO,
                "tail": Port(MediaKind.VIDEO, required=False)}, outputs={"video": VIDEO,
                "tail": VIDEO}, params=Filter, windows=Windowing(length=film_length,
                size=lambda params: params.window, overlap=2, mode="chained", carry=("tail",)))
    yield stage("lab.still", "plain", inputs={"video": VIDEO},
                outputs={"image": Port(MediaKind.IMAGE)})
    yield stage("lab.loud", "plain", inputs={"voice": AUDIO}, outputs={"voice": AUDIO})
"""
LENS = """
from farm import MediaKind, Port, Resources, Stage, StageParams, hookimpl

@hookimpl
def farm_stages():
    for provider, gpus in (("plain", 0), ("card", 1)):
        yield Stage("lab.lens", provider, 1, "lab_lens:run", preference=gpus,
                    inputs={}, outputs={"video": Port(MediaKind.VIDEO)},
                    resources=Resources(gpus=gpus, vram_mb=gpus))
"""
REEL = """
pipeline: reel
version: 2
inputs:
  prompt: {kind: text, description: What it shows.}
  voice: {kind: audio, required: false, accept: [wav, flac]}
  plates: {kind: image, required: false, many: true, max: 2}
params:
  frames: {type: integer, default: 10, minimum: 1, maximum: 99999999, description: Length.}
  sides: {type: list, default: null}
  still: {type: boolean, default: true}
  mode: {type: string}
quality:
  draft: {params: {frames: 3, mode: rough}, providers: {lab.make: fine}}
stages:
  still: {capability: lab.still, inputs: {video: join.video}, when: $still}
  join:
    capability: lab.join
    inputs: {parts: make.part, voice: [loud.voice, inputs.voice]}
    after: [loud]
  loud: {capability: lab.loud, inputs: {voice: inputs.voice}, when: [inputs.voice, not $still]}
  make:
    capability: lab.make
    inputs: {prompt: inputs.prompt}
    params: {frames: $frames, sides: $sides}
outputs: {video.mp4: join.video, still.png: still.image}
"""
STYLE = """
pipeline: style
version: 1
inputs: {clip: {kind: video}}
params:
  window: {type: integer, default: 8}
  mode: {type: string, default: plain}
stages:
  first:
    capability: lab.filter
    inputs: {video: inputs.clip}
    params: {window: $window, mode: $mode}
  join: {capability: lab.join, inputs: {parts: first.video}}
  second: {capability: lab.filter, inputs: {video: join.video}}
  last: {capability: lab.join, inputs: {parts: second.video}}
outputs: {video.mp4: last.video}
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "lab_film.py").write_text(PLUGIN)
    return load_plugins(folder)


def file_of(
    content: str, kind: MediaKind = MediaKind.TEXT, suffix: str = ".txt", **facts: Any
) -> Artifact:
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Artifact(digest, kind, len(content), suffix, MediaFacts(**facts))


VOICE = file_of("voice", MediaKind.AUDIO, ".wav")
CLIP = file_of("clip", MediaKind.VIDEO, ".mkv", frames=20)


def plan_reel(registry: Registry, **more: Any) -> Plan:
    """A plan of REEL; keyword arguments are manifest fields, but for these."""
    inputs = more.pop("files", {"prompt": [file_of("sea")]})
    offers, template = more.pop("offers", {}), more.pop("template", REEL)
    fields = {"pipeline": "reel", "inputs": {"prompt": "sea"}, "params": {"mode": "m"}} | more
    pipeline = parse_pipeline(template.encode(), name="reel.yaml")
    manifest = manifest_from(fields, name="test")
    return plan(manifest, pipeline, registry, inputs=inputs, offers=offers, name="note")


def plan_style(registry: Registry, **params: Any) -> Plan:
    pipeline = parse_pipeline(STYLE.encode(), name="style.yaml")
    manifest = manifest_from({"pipeline": "style", "params": params}, name="test")
    return plan(manifest, pipeline, registry, inputs={"clip": [CLIP]}, offers={})


def job_manifest_fields(made: Plan) -> dict[str, Any]:
    return job_manifest(
        made.manifest,
        inputs={name: [f.record() for f in files] for name, files in made.inputs.items()},
        pipeline_hash=made.pipeline_hash,
        plugins=made.plugins,
        seeds={stage.name: stage.seed for stage in made.stages},
        timings={},
        nodes=["one"],
        attempts=[],
    )


def stage_of(made: Plan, name: str) -> Any:
    return next(stage for stage in made.stages if stage.name == name)


# --- the whole -----------------------------------------------------------------------------------


def test_a_plan_decides_everything(registry: Registry) -> None:
    made = plan_reel(registry, seed=11, tags=["t"], deadline=5, start_after=4, output="a/b")
    assert [stage.name for stage in made.stages] == ["make", "join", "still"]
    assert made.pipeline == "reel@2"
    assert made.outputs == {"video.mp4": ("join", "video"), "still.png": ("still", "image")}
    assert (made.name, made.submitter, made.seed) == ("note", "anonymous", 11)
    assert (made.deadline_s, made.start_after_s, made.output_dir) == (5.0, 4.0, "a/b")
    assert set(made.plugins) == {"farm", "lab_film"}
    make, join = stage_of(made, "make"), stage_of(made, "join")
    assert make.bindings == {"prompt": (Binding("input", "prompt"),)}
    assert make.params == {"frames": 10, "sides": [64, 36]}
    assert make.windows == (PlannedWindow(0, 4), PlannedWindow(4, 8), PlannedWindow(8, 10))
    assert join.bindings == {"parts": (Binding("stage", "make", "part"),)}
    assert join.needs_stages == ("make",)
    assert (join.windowed, join.windows) == (False, (PlannedWindow(0, 0),))
    assert (join.cacheable, join.timeout_s, join.stall_s) == (False, 60, 5)


def test_the_normalised_manifest_plans_the_same_job_again(registry: Registry) -> None:
    made = plan_reel(
        registry,
        quality="draft",
        params={"still": False},
        files={"prompt": [file_of("sea")], "voice": [VOICE]},
        approve=["join"],
        notify={"url": "https://hooks.example.com/x"},
        start_after="2026-11-21T18:00:00+01:00",
    )
    content = job_manifest_fields(made)
    again = parse_manifest(json.dumps(content).encode(), name="job_manifest.json")
    pipeline = parse_pipeline(REEL.encode(), name="reel.yaml")
    # Other nodes are online by then, and it must not matter.
    replay = plan(
        again, pipeline, registry, inputs=made.inputs, offers={"lab.make/plain": [[]] * 3}
    )
    assert replay.manifest == made.manifest
    assert replay.content_key == made.content_key
    assert replay.stages == made.stages


def test_the_normalised_manifest_names_inputs_by_hash_and_shows_short_texts(
    registry: Registry,
) -> None:
    files = {"prompt": [file_of("sea")], "plates": [file_of("p", MediaKind.IMAGE, "")]}
    inputs = plan_reel(registry, files=files).manifest["inputs"]
    assert inputs["prompt"] == {
        "sha256": file_of("sea").hash,
        "kind": "text",
        "suffix": ".txt",
        "text": "sea",
    }
    assert inputs["plates"] == [{"sha256": file_of("p").hash, "kind": "image"}]


def test_planning_a_job_takes_less_than_two_milliseconds(registry: Registry) -> None:
    manifest = manifest_from({"pipeline": "style"}, name="test")
    pipeline = parse_pipeline(STYLE.encode(), name="style.yaml")
    best = 1.0
    for _ in range(20):
        began = time.perf_counter()
        plan(manifest, pipeline, registry, inputs={"clip": [CLIP]}, offers={})
        best = min(best, time.perf_counter() - began)
    assert best < 0.002


# --- content key and seeds -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "x"},
        {"priority": 3},
        {"submitter": "x"},
        {"tags": ["x"]},
        {"rerun": True},
        {"approve": ["join"]},
        {"params": {"mode": "m", "frames": 10}},
        {"providers": {"make": "plain"}},
    ],
)
def test_what_does_not_change_the_film_does_not_change_the_content_key(
    registry: Registry, fields: dict[str, Any]
) -> None:
    assert plan_reel(registry, **fields).content_key == plan_reel(registry).content_key


@pytest.mark.parametrize(
    "fields",
    [
        {"params": {"mode": "m", "frames": 11}},
        {"quality": "high"},
        {"seed": 1},
        {"providers": {"lab.make": "fine"}},
        {"files": {"prompt": [file_of("hill")]}},
        {"template": REEL.replace("version: 2", "version: 3")},
    ],
)
def test_what_may_change_the_film_changes_the_content_key(
    registry: Registry, fields: dict[str, Any]
) -> None:
    assert plan_reel(registry, **fields).content_key != plan_reel(registry).content_key


def test_a_seed_nobody_gave_follows_from_the_inputs_and_not_from_parameters(
    registry: Registry,
) -> None:
    first = plan_reel(registry)
    assert first.seed == derived_seed("reel", {"prompt": [file_of("sea").hash]})
    assert plan_reel(registry, params={"mode": "x", "frames": 99}).seed == first.seed
    assert plan_reel(registry, quality="draft").seed == first.seed
    assert plan_reel(registry, files={"prompt": [file_of("hill")]}).seed != first.seed


def test_each_stage_has_its_own_stable_seed_and_none_without_chance(registry: Registry) -> None:
    made = plan_reel(registry, seed=7)
    assert stage_of(made, "make").seed == stage_seed(7, "make") == 2024054755
    assert stage_of(made, "still").seed != stage_of(made, "make").seed
    assert stage_of(made, "join").seed == 0


# --- parameters ----------------------------------------------------------------------------------


def test_the_manifest_overrules_the_profile_and_the_profile_the_default(registry: Registry) -> None:
    assert plan_reel(registry).manifest["params"]["frames"] == 10
    draft = plan_reel(registry, quality="draft", params={}).manifest["params"]
    assert (draft["frames"], draft["mode"]) == (3, "rough")
    both = plan_reel(registry, quality="draft", params={"frames": 8}).manifest["params"]
    assert (both["frames"], both["mode"]) == (8, "rough")


def test_a_parameter_that_stands_for_files_is_filled_with_their_names(registry: Registry) -> None:
    template = REEL.replace(
        "  mode: {type: string}\n",
        "  mode: {type: string}\n  names: {type: list, default: [none], names_of: plates}\n",
    )
    pictures = [file_of(text, MediaKind.IMAGE, ".png") for text in "ab"]
    files = {"prompt": [file_of("sea")], "plates": pictures}

    def planned(*plates: Any, **params: Any) -> Plan:
        fields = {"inputs": {"prompt": "sea"} | ({"plates": list(plates)} if plates else {})}
        given = files if plates else {"prompt": files["prompt"]}
        more = {"params": {"mode": "m"} | params, "files": given, "template": template}
        return plan_reel(registry, **fields, **more)

    made = planned("x/b.png", {"url": "https://h.example/y/a%20b.png?v=2"})
    assert made.manifest["params"]["names"] == ["b.png", "a b.png"]
    same = planned("x/1.png", "y/1.png")
    assert same.manifest["params"]["names"] == ["x/1.png", "y/1.png"]
    assert same.content_key != made.content_key
    stored = {"sha256": pictures[0].hash}
    assert planned(stored).manifest["params"]["names"] == [pictures[0].hash]
    assert planned("b.png", names=["own"]).manifest["params"]["names"] == ["own"]
    assert planned().manifest["params"]["names"] == ["none"]
    # As a finished job writes it: files by their hashes, names as they were.
    again = manifest_from(job_manifest_fields(made), name="job_manifest.json")
    pipeline = parse_pipeline(template.encode(), name="reel.yaml")
    replay = plan(again, pipeline, registry, inputs=made.inputs, offers={})
    assert replay.content_key == made.content_key and replay.stages == made.stages


def test_an_optional_parameter_that_nobody_gave_leaves_the_stage_its_own(
    registry: Registry,
) -> None:
    assert "sides" not in plan_reel(registry).manifest["params"]
    given = plan_reel(registry, params={"mode": "m", "sides": [8, 6]})
    assert stage_of(given, "make").params["sides"] == [8, 6]


@pytest.mark.parametrize(
    ("params", "code", "where"),
    [
        ({}, "parameter.missing", "params.mode"),
        ({"mode": "m", "frmes": 3}, "parameter.unknown", "params.frmes"),
        ({"mode": "m", "frames": 0}, "parameter.range", "params.frames"),
        ({"mode": "m", "frames": "3"}, "parameter.type", "params.frames"),
        ({"mode": "m", "sides": [1, 2, 3]}, "parameter.refused", "params.sides"),
        ({"mode": "m", "sides": ["1", "2"]}, "parameter.refused", "params.sides"),
        ({"mode": "m", "frames": 99999999}, "windows.too-many", ""),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(
    registry: Registry, params: dict[str, Any], code: str, where: str
) -> None:
    with pytest.raises(InputError) as caught:
        plan_reel(registry, params=params)
    assert (caught.value.code, caught.value.where) == (code, where)


def test_an_unknown_parameter_is_answered_with_the_nearest(registry: Registry) -> None:
    with pytest.raises(UnknownName, match='Did you mean "frames"'):
        plan_reel(registry, params={"mode": "m", "frmes": 3})


# --- inputs --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("files", "error", "code"),
    [
        ({}, ManifestError, "input.missing"),
        ({"prompt": []}, ManifestError, "input.missing"),
        ({"prompt": [CLIP]}, AssetError, "input.wrong-kind"),
        ({"promt": [file_of("sea")]}, UnknownName, "input.unknown"),
        ({"prompt": [file_of("a"), file_of("b")]}, ManifestError, "input.too-many"),
        (
            {"prompt": [file_of("a")], "voice": [file_of("v", MediaKind.AUDIO, ".mp3")]},
            AssetError,
            "input.wrong-suffix",
        ),
        (
            {"prompt": [file_of("a")], "plates": [file_of(c, MediaKind.IMAGE) for c in "abc"]},
            ManifestError,
            "input.too-many",
        ),
    ],
)
def test_files_that_the_pipeline_does_not_take_are_refused(
    registry: Registry, files: dict[str, Any], error: type[InputError], code: str
) -> None:
    with pytest.raises(error) as caught:
        plan_reel(registry, files=files)
    assert caught.value.code == code


def test_a_bare_string_is_text_for_a_text_input_and_a_path_for_another() -> None:
    pipeline = parse_pipeline(REEL.encode(), name="reel.yaml")
    fields = {"prompt": "../not a path", "voice": "a/b.wav", "plates": ["x.png", {"path": "y"}]}
    refs = input_refs(manifest_from({"pipeline": "reel", "inputs": fields}, name="t"), pipeline)
    assert refs["prompt"][0].text == "../not a path"
    assert refs["voice"][0].path == "a/b.wav"
    assert [ref.path for ref in refs["plates"]] == ["x.png", "y"]


@pytest.mark.parametrize(
    ("inputs", "code"),
    [
        ({"voice": "../b.wav"}, "manifest.unsafe-path"),
        ({"voice": ["a.wav"]}, "input.not-a-list"),
        ({"voise": "a.wav"}, "input.unknown"),
    ],
)
def test_input_references_that_cannot_be_meant_are_refused(
    inputs: dict[str, Any], code: str
) -> None:
    pipeline = parse_pipeline(REEL.encode(), name="reel.yaml")
    with pytest.raises(InputError) as caught:
        input_refs(manifest_from({"pipeline": "reel", "inputs": inputs}, name="t"), pipeline)
    assert caught.value.code == code


# --- providers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offers", "fields", "provider"),
    [
        ({}, {}, "plain"),
        ({"lab.make/fine": [[]]}, {}, "fine"),
        ({"lab.make/fine": []}, {}, "plain"),
        ({"lab.make/fine": [[]], "lab.make/plain": [[]]}, {}, "plain"),
        ({"lab.make/fine": [[]], "lab.make/plain": [[]]}, {"quality": "high"}, "fine"),
        ({}, {"quality": "draft"}, "fine"),
        ({"lab.make/fine": [[]], "lab.make/plain": [[]]}, {"quality": "draft"}, "fine"),
        ({"lab.make/plain": [[]]}, {"quality": "draft"}, "plain"),
        ({"lab.make/plain": [[]]}, {"providers": {"lab.make": "fine"}}, "fine"),
        ({}, {"quality": "draft", "providers": {"lab.make": "plain"}}, "plain"),
        ({}, {"providers": {"make": "fine", "lab.make": "plain"}}, "fine"),
        ({"lab.make/other": [[]]}, {}, "plain"),
    ],
)
def test_a_provider_is_chosen_explicitly_then_by_profile_then_by_offer_and_preference(
    registry: Registry, offers: dict[str, list[list[str]]], fields: dict[str, Any], provider: str
) -> None:
    made = plan_reel(registry, offers=offers, **fields)
    assert stage_of(made, "make").provider == provider
    assert made.manifest["providers"]["make"] == provider


@pytest.mark.parametrize(
    ("offers", "provider"), [([], "plain"), (["plain", "card"], "card"), (["plain"], "plain")]
)
def test_a_job_planned_before_the_first_node_does_not_count_on_a_graphics_card(
    tmp_path: Path, offers: list[str], provider: str
) -> None:
    (tmp_path / "lab_lens.py").write_text(LENS)
    pipeline = parse_pipeline(
        b"pipeline: lens\nversion: 1\nstages: {lens: {capability: lab.lens}}\n"
        b"outputs: {video.mp4: lens.video}\n",
        name="lens.yaml",
    )
    given = {f"lab.lens/{name}": [[]] for name in offers}
    registry = load_plugins(tmp_path)
    manifest = manifest_from({"pipeline": "lens"}, name="test")
    made = plan(manifest, pipeline, registry, inputs={}, offers=given)
    assert stage_of(made, "lens").provider == provider


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"providers": {"lab.make": "finer"}}, "provider.unknown"),
        ({"providers": {"lab.make": "other"}}, "provider.unknown"),
        ({"providers": {"lab.mak": "fine"}}, "provider.unknown-stage"),
        ({"approve": ["joint"]}, "stage.unknown"),
        ({"template": REEL.replace("lab.still", "lab.stil")}, "pipeline.unknown-capability"),
    ],
)
def test_a_choice_that_nobody_can_serve_is_refused_and_never_replaced(
    registry: Registry, fields: dict[str, Any], code: str
) -> None:
    with pytest.raises(UnknownName) as caught:
        plan_reel(registry, **fields)
    assert caught.value.code == code


def test_resources_and_model_follow_from_the_parameters(registry: Registry) -> None:
    made = plan_reel(registry, providers={"make": "fine"}, params={"mode": "m", "frames": 5})
    make = stage_of(made, "make")
    assert (make.needs.gpus, make.needs.vram_mb, make.needs.tags) == (1, 500, ("a", "b"))
    assert make.model_key == "fine-64"


# --- wiring --------------------------------------------------------------------------------------


def test_an_absent_optional_input_leaves_its_port_and_its_stages_out(registry: Registry) -> None:
    made = plan_reel(registry)
    assert "voice" not in stage_of(made, "join").bindings
    assert "loud" not in [stage.name for stage in made.stages]


def test_a_port_for_one_file_takes_the_first_source_that_is_there(registry: Registry) -> None:
    files = {"prompt": [file_of("sea")], "voice": [VOICE]}
    plain = stage_of(plan_reel(registry, files=files), "join")
    assert plain.bindings["voice"] == (Binding("input", "voice"),)
    made = plan_reel(registry, files=files, params={"mode": "m", "still": False})
    louder = stage_of(made, "join")
    assert louder.bindings["voice"] == (Binding("stage", "loud", "voice"),)
    assert louder.needs_stages == ("make", "loud")
    assert list(made.outputs) == ["video.mp4"]


def test_a_gate_is_set_by_the_manifest_or_by_the_template(registry: Registry) -> None:
    made = plan_reel(registry, approve=["join"])
    assert [stage.approval for stage in made.stages] == [False, True, False]
    gated = REEL.replace("lab.still,", "lab.still, approval: true,")
    made = plan_reel(registry, template=gated)
    assert [stage.approval for stage in made.stages] == [False, False, True]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("video: join.video}", "video: make.part}", "pipeline.many-into-one"),
        ("video.mp4: join.video", "video.mp4: make.part", "pipeline.many-into-one"),
        ("parts: make.part", "parts: inputs.prompt", "pipeline.kind-mismatch"),
        ("{parts: make.part, voice", "{voice", "pipeline.unfed-port"),
    ],
)
def test_files_that_cannot_flow_are_refused_at_planning(
    registry: Registry, old: str, new: str, code: str
) -> None:
    assert old in REEL
    with pytest.raises(ManifestError) as caught:
        plan_reel(registry, template=REEL.replace(old, new))
    assert caught.value.code == code


def test_a_job_of_which_no_output_is_left_is_refused(registry: Registry) -> None:
    only_still = REEL.replace("video.mp4: join.video, ", "")
    with pytest.raises(ManifestError) as caught:
        plan_reel(registry, template=only_still, params={"mode": "m", "still": False})
    assert caught.value.code == "pipeline.no-outputs"


# --- windows -------------------------------------------------------------------------------------


def test_windows_are_cut_at_once_only_where_the_job_inputs_tell_the_length(
    registry: Registry,
) -> None:
    made = plan_style(registry)
    first, second = stage_of(made, "first"), stage_of(made, "second")
    assert first.windows == (PlannedWindow(0, 8), PlannedWindow(6, 14), PlannedWindow(12, 20))
    assert (first.chained, first.carry) == (True, ("tail",))
    assert (second.windowed, second.windows) == (True, None)
    later = cut_later(registry.stage(second.stage_id), second.params, {"video": [CLIP]})
    assert tuple(later) == first.windows


def test_a_stage_that_runs_whole_has_one_window(registry: Registry) -> None:
    assert cut_later(registry.stage("lab.still/plain"), {}, {"video": [CLIP]}) == [
        PlannedWindow(0, 0)
    ]


def test_a_declaration_that_fails_is_the_fault_of_its_plugin(registry: Registry) -> None:
    with pytest.raises(PluginError, match=r"lab\.filter/plain") as caught:
        plan_style(registry, mode="broken")
    assert caught.value.code == "plugin.bad-declaration"


def test_a_window_that_cannot_advance_is_refused_with_the_stage(registry: Registry) -> None:
    with pytest.raises(ParameterError, match=r"lab\.filter/plain") as caught:
        plan_style(registry, window=2)
    assert caught.value.code == "windows.impossible"


@given(
    length=st.integers(1, 5000),
    size=st.integers(1, 300),
    overlap=st.integers(0, 299),
)
def test_windows_cover_the_whole_exactly(length: int, size: int, overlap: int) -> None:
    overlap = min(overlap, size - 1)
    if length > size + (size - overlap) * 19_000:
        length = size
    windows = cut_windows(length, size, overlap)
    assert windows[0].start == 0
    assert windows[-1].stop == length
    assert all(w.stop - w.start == size for w in windows[:-1])
    assert 0 < windows[-1].stop - windows[-1].start <= size
    for before, after in pairwise(windows):
        assert before.stop - after.start == overlap
        assert after.stop > before.stop
    covered = sorted({f for w in windows for f in range(w.start, w.stop)})
    assert covered == list(range(length))


@pytest.mark.parametrize(
    ("length", "size", "overlap"), [(0, 4, 0), (-3, 4, 0), (5, 0, 0), (5, 4, 4), (5, 4, -1)]
)
def test_what_cannot_be_cut_is_refused(length: int, size: int, overlap: int) -> None:
    with pytest.raises(ParameterError):
        cut_windows(length, size, overlap)


# --- first-party ---------------------------------------------------------------------------------


def test_every_example_can_be_planned(registry: Registry) -> None:
    examples = sorted((Path(__file__).parents[2] / "manifests" / "examples").iterdir())
    assert {path.suffix for path in examples} >= {".yaml", ".json", ".toml"}
    for path in examples:
        manifest = parse_manifest(path.read_bytes(), name=path.name)
        pipeline = registry.pipeline(manifest.pipeline)
        refs = input_refs(manifest, pipeline)
        files = {name: [file_of(ref.text or "") for ref in found] for name, found in refs.items()}
        made = plan(manifest, pipeline, registry, inputs=files, offers={})
        assert "video.mp4" in made.outputs
