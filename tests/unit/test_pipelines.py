"""Pipeline templates: what they may say, and what is refused when they are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from farm.domain.errors import InputError, ManifestError, ParameterError, UnknownName
from farm.domain.media import MediaKind
from farm.pipelines import Pipeline, check_against, checked, load_pipeline, order, parse_pipeline
from farm.pipelines.parameters import ParamSpec, Written, meant
from farm.stages import Port, Stage

TEMPLATE = """
pipeline: reel
version: 3
title: A reel
inputs:
  prompt: {kind: text}
  voice: {kind: audio, required: false}
params:
  duration_s: {type: number, default: 6.0, minimum: 0.5, maximum: 600, unit: s}
  size: {type: string, default: 64x36, choices: [64x36, 128x72]}
  loops: {type: integer, default: null}
quality:
  draft: {params: {duration_s: 1}, providers: {lab.make: quick}}
stages:
  mix: {capability: lab.mix, inputs: {parts: [make.part], voice: inputs.voice}}
  make:
    capability: lab.make
    inputs: {prompt: inputs.prompt}
    params: {duration_s: $duration_s}
outputs:
  reel.mp4: mix.video
"""


def read(text: str = TEMPLATE) -> Pipeline:
    return parse_pipeline(text.encode(), name="reel.yaml")


def changed(old: str, new: str) -> str:
    assert old in TEMPLATE
    return TEMPLATE.replace(old, new)


def test_a_template_knows_its_name_version_and_order() -> None:
    pipeline = read()
    assert (pipeline.name, pipeline.ref) == ("reel", "reel@3")
    assert order(pipeline) == ["make", "mix"]
    assert pipeline.used_ports == {"make": {"part"}, "mix": {"video"}}


def test_one_source_is_short_for_a_list_of_one() -> None:
    assert read().stages["make"].inputs == {"prompt": ["inputs.prompt"]}


def test_the_hash_names_the_content_and_not_its_layout() -> None:
    same = read(TEMPLATE.replace("{kind: text}", "\n    kind: text   # a remark"))
    assert same.content_hash == read().content_hash
    other = read(changed("maximum: 600", "maximum: 500"))
    assert other.content_hash != read().content_hash


def test_a_template_is_loaded_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "reel.yaml"
    path.write_text(TEMPLATE)
    assert load_pipeline(path) == read()


@pytest.mark.parametrize(
    ("code", "field", "old", "new"),
    [
        ("manifest.unknown-field", "stages.mix.input", "mix, inputs:", "mix, input:"),
        ("manifest.missing-field", "version", "version: 3\n", ""),
        ("manifest.bad-value", "outputs.a b", "reel.mp4:", "a b:"),
        ("manifest.bad-value", "outputs.../x.mp4", "reel.mp4:", "../x.mp4:"),
        ("manifest.bad-choice", "inputs.prompt.kind", "{kind: text}", "{kind: txt}"),
        ("pipeline.bad-reference", "stages.mix.inputs.parts", "[make.part]", "[make]"),
        ("pipeline.unknown-stage", "stages.mix.inputs.parts", "[make.part]", "[mak.part]"),
        ("pipeline.unknown-input", "stages.mix.inputs.voice", "inputs.voice}", "inputs.voic}"),
        ("pipeline.unknown-stage", "outputs.reel.mp4", "mix.video", "mixx.video"),
        ("pipeline.bad-reference", "outputs.reel.mp4", "mix.video", "inputs.voice"),
        ("pipeline.unknown-parameter", "stages.make.params.duration_s", "$duration_s", "$duration"),
        ("pipeline.unknown-parameter", "quality.draft.params.dur", "{duration_s: 1}", "{dur: 1}"),
        ("pipeline.unknown-capability", "quality.draft.providers.lab", "lab.make: q", "lab: q"),
        ("pipeline.cycle", "stages", "prompt: inputs.prompt}", "prompt: mix.video}"),
        ("pipeline.duplicate-output", "outputs.reel.mp4", "  reel", "  Reel.mp4: mix.a\n  reel"),
        ("pipeline.duplicate-output", "outputs.receipt.json", "reel.mp4:", "receipt.json:"),
        (
            "pipeline.reserved-name",
            "stages.inputs",
            "  mix:",
            "  inputs: {capability: a.b}\n  mix:",
        ),
        ("pipeline.unknown-stage", "stages.make.after", "  make:", "  make:\n    after: [nix]"),
        ("pipeline.bad-condition", "stages.make.when", "  make:", "  make:\n    when: voice"),
        ("pipeline.unknown-input", "stages.make.when", "  make:", "  make:\n    when: inputs.x"),
        ("pipeline.bad-pattern", "params.size.pattern", "choices: [", "pattern: '(', choices: ["),
        (
            "pipeline.unknown-input",
            "params.files.names_of",
            "params:\n",
            "params:\n  files: {type: list, default: [], names_of: voices}\n",
        ),
        ("parameter.range", "params.duration_s.default", "default: 6.0", "default: 0.1"),
        ("parameter.choice", "params.size.default", "default: 64x36", "default: 1x1"),
        ("parameter.type", "quality.draft.params.duration_s", "duration_s: 1}", "duration_s: x}"),
    ],
)
def test_a_template_that_does_not_hang_together_is_refused_by_its_place(
    code: str, field: str, old: str, new: str
) -> None:
    text = changed(old, new)
    with pytest.raises(InputError) as caught:
        read(text)
    assert caught.value.code == code
    assert caught.value.where.startswith("reel.yaml")
    assert caught.value.where.endswith(f": {field}")


def test_an_unknown_reference_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ManifestError) as caught:
        read(changed("[make.part]", "[make2.part]"))
    assert 'Did you mean "make"?' in caught.value.mend


def test_ranges_and_patterns_are_only_for_what_they_apply_to() -> None:
    with pytest.raises(ManifestError) as caught:
        read(changed("default: 64x36,", "default: 64x36, minimum: 3,"))
    assert "go with numbers" in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "value", "code"),
    [
        ("duration_s", True, "parameter.type"),
        ("duration_s", "6", "parameter.type"),
        ("duration_s", 0.4, "parameter.range"),
        ("duration_s", 601, "parameter.range"),
        ("duration_s", float("nan"), "parameter.range"),
        ("size", "1x1", "parameter.choice"),
        ("size", 64, "parameter.type"),
        ("loops", 2.0, "parameter.type"),
        ("loops", True, "parameter.type"),
    ],
)
def test_a_value_outside_its_declaration_is_refused(spec: str, value: Any, code: str) -> None:
    with pytest.raises(ParameterError) as caught:
        checked(spec, read().params[spec], value)
    assert caught.value.code == code
    assert caught.value.where == f"params.{spec}"


def test_a_refusal_tells_range_and_unit() -> None:
    with pytest.raises(ParameterError) as caught:
        checked("duration_s", read().params["duration_s"], 601)
    assert caught.value.expected == "a number from 0.5 to 600 s"
    assert caught.value.got == "601"


def test_a_whole_number_is_a_number() -> None:
    value = checked("duration_s", read().params["duration_s"], 6)
    assert isinstance(value, float)
    assert value == 6.0


def stages(**changes: Any) -> dict[str, list[Stage]]:
    """Providers that fit the template, one of them changed."""
    text, video = Port(MediaKind.TEXT), Port(MediaKind.VIDEO)
    parts, voice = Port(MediaKind.VIDEO, many=True), Port(MediaKind.AUDIO, required=False)
    make: dict[str, Any] = {"inputs": {"prompt": text}, "outputs": {"part": video}}
    mix: dict[str, Any] = {"inputs": {"parts": parts, "voice": voice}, "outputs": {"video": video}}
    mix |= changes
    found = {
        "lab.make": Stage("lab.make", "quick", 1, "lab:make", **make),
        "lab.mix": Stage("lab.mix", "quick", 1, "lab:mix", **mix),
    }
    return {capability: [stage] for capability, stage in found.items()}


PLAIN = changed("    params: {duration_s: $duration_s}\n", "")


def test_a_template_that_fits_the_registered_stages_is_accepted() -> None:
    providers = stages()
    check_against(read(PLAIN), providers)
    assert set(providers) == {"lab.make", "lab.mix"}


def test_a_capability_that_nobody_provides_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(UnknownName) as caught:
        check_against(read(PLAIN.replace("lab.mix", "lab.mixx")), stages())
    assert caught.value.code == "pipeline.unknown-capability"
    assert 'Did you mean "lab.mix"?' in caught.value.mend


@pytest.mark.parametrize(
    ("text", "changes", "words"),
    [
        (PLAIN, {"inputs": {"part": Port(MediaKind.VIDEO)}}, 'no input "parts"'),
        (PLAIN, {"outputs": {"film": Port(MediaKind.VIDEO)}}, 'no output "video"'),
        (TEMPLATE, {}, 'no parameter "duration_s"'),
    ],
)
def test_a_port_or_parameter_that_no_provider_has_is_refused(
    text: str, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(UnknownName) as caught:
        check_against(read(text), stages(**changes))
    assert caught.value.code == "pipeline.unknown-port"
    assert words in str(caught.value)


def test_joined_ports_of_different_kinds_are_refused() -> None:
    ports = {"parts": Port(MediaKind.IMAGE, many=True), "voice": Port(MediaKind.AUDIO)}
    with pytest.raises(ManifestError) as caught:
        check_against(read(PLAIN), stages(inputs=ports))
    assert caught.value.code == "pipeline.kind-mismatch"
    assert (caught.value.expected, caught.value.got) == ("image", "video")


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        ("string", "25", "25"),
        ("string", "on", "on"),
        ("string", "1e3", "1e3"),
        ("string", "'25'", "25"),
        ("string", "", ""),
        ("string", "a: b: c", "a: b: c"),
        ("string", "null", None),
        ("integer", "010", 10),
        ("integer", "25.5", 25.5),
        ("number", "1e3", 1000.0),
        ("number", "25", 25.0),
        ("number", "wide", "wide"),
        ("boolean", "true", True),
        ("boolean", "1", 1),
        ("list", "[1, 2]", [1, 2]),
        ("object", "{a: 1}", {"a": 1}),
    ],
)
def test_a_written_value_is_what_the_declaration_says(kind: Any, written: str, value: Any) -> None:
    found = meant(ParamSpec(type=kind), Written(written))
    assert (found, type(found)) == (value, type(value))


def test_what_cannot_be_read_as_a_value_is_refused_with_what_was_expected() -> None:
    with pytest.raises(ParameterError, match="a whole number") as caught:
        meant(ParamSpec(type="integer"), "[1")
    assert caught.value.code == "parameter.type"
