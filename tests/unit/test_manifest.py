"""Manifests that are accepted: the three formats, short forms, defaults, and the replay."""

from __future__ import annotations

import hashlib
import json

import pytest

from farm.domain.errors import ManifestError
from farm.manifest import InputRef, Manifest, job_manifest, manifest_from, parse_manifest


def read(text: str, name: str = "dusk.yaml", **more: object) -> Manifest:
    return parse_manifest(text.encode(), name=name, **more)  # type: ignore[arg-type]


def test_the_three_formats_mean_the_same() -> None:
    yaml = read("farm: 1\npipeline: p@2\ninputs: {a: x.png}\nparams: {n: 3, on: true}\ntags: [t]\n")
    toml = read(
        'farm = 1\npipeline = "p@2"\ntags = ["t"]\n[inputs]\na = "x.png"\n[params]\nn = 3\non = true',
        "dusk.toml",
    )
    as_json = read(
        '{"farm": 1, "pipeline": "p@2", "inputs": {"a": "x.png"},'
        ' "params": {"n": 3, "on": true}, "tags": ["t"]}',
        "dusk.json",
    )
    assert yaml == toml == as_json


def test_a_prompt_is_short_for_the_input_of_that_name() -> None:
    assert read("farm: 1\npipeline: p\nprompt: a calm sea").inputs == {"prompt": "a calm sea"}


def test_yaml_words_and_dates_stay_text_and_only_true_and_false_are_booleans() -> None:
    params = read(
        "farm: 1\npipeline: p\nparams: {a: no, b: on, c: 12:30, d: 2026-11-01, e: False, f: 1e3,"
        " g: 0x10, h: null, i: '5', j: 1_000}\n"
    ).params
    assert params == {
        "a": "no",
        "b": "on",
        "c": "12:30",
        "d": "2026-11-01",
        "e": False,
        "f": 1000.0,
        "g": 16,
        "h": None,
        "i": "5",
        "j": "1_000",
    }


def test_a_byte_order_mark_is_not_part_of_the_text() -> None:
    manifest = parse_manifest(b"\xef\xbb\xbffarm: 1\npipeline: p\n", name="dusk.yml")
    assert manifest.pipeline == "p"


@pytest.mark.parametrize(
    "moment",
    ["2026-11-21T18:00:00+01:00", "2026-11-21T17:00:00Z", "1795280400", "1795280400.0"],
)
def test_a_moment_is_iso_8601_with_an_offset_or_seconds(moment: str) -> None:
    assert read(f"farm: 1\npipeline: p\ndeadline: {moment}").deadline == 1795280400.0


def test_a_toml_date_with_an_offset_is_a_moment() -> None:
    text = 'farm = 1\npipeline = "p"\nstart_after = 2026-11-21T18:00:00+01:00'
    assert read(text, "dusk.toml").start_after == 1795280400.0


def test_an_input_may_be_given_in_every_form_and_in_lists() -> None:
    digest = "0" * 63 + "f"
    manifest = read(
        "farm: 1\npipeline: p\ninputs:\n"
        f"  a: {{sha256: {digest}, kind: image, suffix: .png}}\n"
        "  b: [x/y.png, {url: 'https://assets.example.com/z.png'}, {path: w.png}]\n"
        "  c: {text: hello}\n"
    )
    assert manifest.inputs["a"] == InputRef.model_validate(
        {"sha256": digest, "kind": "image", "suffix": ".png"}
    )
    assert isinstance(manifest.inputs["b"], list)
    assert manifest.inputs["b"][0] == "x/y.png"
    assert manifest.inputs["b"][2] == InputRef.model_validate({"path": "w.png"})


def test_a_text_may_stand_beside_its_own_hash_only() -> None:
    digest = hashlib.sha256(b"hello").hexdigest()
    form = "farm: 1\npipeline: p\ninputs: {{a: {{text: {}, sha256: {}}}}}"
    assert read(form.format("hello", digest)).inputs["a"].text == "hello"  # type: ignore[union-attr]
    with pytest.raises(ManifestError) as caught:
        read(form.format("goodbye", digest))
    assert caught.value.code == "manifest.hash-mismatch"


def test_defaults_fill_in_what_is_missing_also_inside_params() -> None:
    manifest = read(
        "farm: 1\nparams: {a: 1}\npriority: 10",
        defaults={"pipeline": "p", "params": {"a": 2, "b": 3}, "priority": 90, "prompt": "sea"},
    )
    assert manifest.pipeline == "p"
    assert manifest.params == {"a": 1, "b": 3}
    assert manifest.priority == 10
    assert manifest.inputs == {"prompt": "sea"}


@pytest.mark.parametrize("ours", ["prompt: hill", "inputs: {prompt: hill}"])
@pytest.mark.parametrize("theirs", [{"prompt": "sea"}, {"inputs": {"prompt": "sea"}}])
def test_a_prompt_replaces_a_default_prompt_whichever_way_either_is_written(
    ours: str, theirs: dict[str, object]
) -> None:
    assert read(f"farm: 1\npipeline: p\n{ours}", defaults=theirs).inputs == {"prompt": "hill"}


def test_the_farm_itself_need_not_write_the_version() -> None:
    assert manifest_from({"pipeline": "p", "seed": 3}, name="note.txt").seed == 3


def test_a_manifest_written_out_reads_back_as_itself() -> None:
    manifest = read(
        "farm: 1\npipeline: p\nprompt: sea\nseed: 9223372036854775807\n"
        "notify: {url: 'https://hooks.example.com/x', on: [failed]}\noutput: a/b\n"
        "files: [{path: a.png, size_bytes: 3}]\ndeadline: 1795280400\n"
    )
    assert read(json.dumps(manifest.record_fields()), "again.json") == manifest


def test_the_record_of_a_finished_job_is_a_manifest_that_stays_small_enough() -> None:
    content = job_manifest(
        {"farm": 1, "pipeline": "p@1", "inputs": {}, "params": {"n": 1}, "seed": 5},
        inputs={"a": [{"hash": "0" * 64, "size_bytes": 3}]},
        pipeline_hash="1" * 64,
        plugins={"farm": "0.1.0"},
        seeds={"render": 77},
        timings={"render": {"run_s": 1.5}},
        nodes=["one"],
        attempts=[{"task": f"j.render.{i}", "node": "one", "outcome": "done"} for i in range(5000)],
        more={"job": "j"},
    )
    manifest = read(json.dumps(content), "job_manifest.json")
    assert manifest.seed == 5
    assert manifest.record["seeds"] == {"render": 77}
    assert manifest.record["attempts_left_out"] == 4500
    assert manifest.record["job"] == "j"
