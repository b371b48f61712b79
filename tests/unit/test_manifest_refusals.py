"""Manifests that are refused: each with a code, a place and a mend, and quickly."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings, strategies as st

from farm.domain.errors import ManifestError
from farm.manifest import Limits, RefusedManifest, parse_manifest

HEAD = "farm: 1\npipeline: p\n"
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
CASES: list[tuple[str, str, bytes]] = [
    ("manifest.unknown-format", "dusk.txt", b"farm: 1"),
    ("manifest.unknown-format", "dusk", b"farm: 1"),
    ("manifest.too-large", "dusk.yaml", b"#" * 600_000),
    ("manifest.not-utf8", "dusk.yaml", b"farm: 1\nname: caf\xe9\n"),
    ("manifest.not-utf8", "dusk.json", '{"farm": 1}'.encode("utf-16")),
    ("manifest.empty", "dusk.yaml", b""),
    ("manifest.empty", "dusk.yaml", b"# nothing but a remark\n"),
    ("manifest.empty", "dusk.json", b"  \n"),
    ("manifest.empty", "dusk.toml", b""),
    ("manifest.not-a-mapping", "dusk.yaml", b"- 1\n"),
    ("manifest.not-a-mapping", "dusk.json", b"3"),
    ("manifest.syntax", "dusk.yaml", b"farm: [1\n"),
    ("manifest.syntax", "dusk.yaml", b"farm: 1\n\tpipeline: p\n"),
    ("manifest.syntax", "dusk.yaml", b"a: \x07\n"),
    ("manifest.syntax", "dusk.yaml", b"? [a, b]\n: 1\n"),
    ("manifest.syntax", "dusk.json", b'{"farm": 1,}'),
    ("manifest.syntax", "dusk.toml", b"farm = \n"),
    ("manifest.duplicate-key", "dusk.yaml", b"farm: 1\nfarm: 1\n"),
    ("manifest.duplicate-key", "dusk.yaml", b"farm: 1\nparams: {a: 1, a: 2}\n"),
    ("manifest.duplicate-key", "dusk.json", b'{"farm": 1, "params": {"a": 1, "a": 2}}'),
    ("manifest.duplicate-key", "dusk.toml", b"farm = 1\nfarm = 1\n"),
    ("manifest.duplicate-key", "dusk.toml", b"[params]\na = 1\n[params]\nb = 1\n"),
    ("manifest.duplicate-key", "dusk.yaml", (HEAD + "prompt: a\ninputs: {prompt: b}").encode()),
    ("manifest.alias", "dusk.yaml", BOMB.encode()),
    ("manifest.alias", "dusk.yaml", b"a: &x 1\n"),
    ("manifest.alias", "dusk.yaml", b"a: !!python/object/apply:os.system [ls]\n"),
    ("manifest.alias", "dusk.yaml", b"a: !!int '3'\n"),
    ("manifest.many-documents", "dusk.yaml", b"farm: 1\n---\nfarm: 1\n"),
    ("manifest.too-deep", "dusk.yaml", b"a: " + b"[" * 40 + b"]" * 40),
    ("manifest.too-deep", "dusk.json", b'{"a":' + b"[" * 40 + b"]" * 40 + b"}"),
    ("manifest.too-deep", "dusk.json", b'{"a":' + b"[" * 200_000),
    ("manifest.too-deep", "dusk.yaml", b"a: " + b"[" * 200_000),
    ("manifest.too-deep", "dusk.toml", b"a = " + b"[" * 200_000),
    ("manifest.too-deep", "dusk.toml", b"a." * 200_000 + b"b = 1"),
    ("manifest.too-deep", "dusk.toml", b"[" + b"a." * 30 + b"b]\nc = 1"),
    ("manifest.too-many-values", "dusk.yaml", b"a: [" + b"1," * 240_000 + b"]"),
    ("manifest.too-many-values", "dusk.json", b'{"a": [' + b"1," * 240_000 + b"1]}"),
    ("manifest.not-finite", "dusk.yaml", b"a: .nan\n"),
    ("manifest.not-finite", "dusk.yaml", b"a: -.inf\n"),
    ("manifest.not-finite", "dusk.yaml", b"a: 1e999\n"),
    ("manifest.not-finite", "dusk.json", b'{"a": NaN}'),
    ("manifest.not-finite", "dusk.json", b'{"a": 1e999}'),
    ("manifest.not-finite", "dusk.toml", b"a = inf"),
    ("manifest.number-too-large", "dusk.yaml", b"a: " + b"9" * 5000),
    ("manifest.number-too-large", "dusk.yaml", b"a: 9223372036854775808"),
    ("manifest.number-too-large", "dusk.json", b'{"a": ' + b"9" * 5000 + b"}"),
    ("manifest.number-too-large", "dusk.toml", b"a = " + b"9" * 5000),
    ("manifest.bad-character", "dusk.json", b'{"a": "\\ud800"}'),
    ("manifest.bad-character", "dusk.json", b'{"\\ud800": 1}'),
    ("manifest.bad-character", "dusk.yaml", b'a: "x\\0y"'),
    ("manifest.missing-field", "dusk.yaml", b"pipeline: p\n"),
    ("manifest.unsupported-version", "dusk.yaml", b"farm: 2\npipeline: p\n"),
    ("manifest.unsupported-version", "dusk.yaml", b"farm: true\npipeline: p\n"),
]
FIELDS: list[tuple[str, str, str]] = [
    ("manifest.missing-field", "pipeline", "farm: 1\n"),
    ("manifest.unknown-field", "parms", HEAD + "parms: {}"),
    ("manifest.unknown-field", "inputs.a.pth", HEAD + "inputs: {a: {pth: x}}"),
    ("manifest.unknown-field", "notify.ur", HEAD + "notify: {ur: x}"),
    ("manifest.bad-value", "pipeline", "farm: 1\npipeline: A b\n"),
    ("manifest.wrong-type", "seed", HEAD + "seed: '7'"),
    ("manifest.wrong-type", "rerun", HEAD + "rerun: yes"),
    ("manifest.wrong-type", "priority", HEAD + "priority: 5.5"),
    ("manifest.wrong-type", "inputs.a", HEAD + "inputs: {a: 3}"),
    ("manifest.wrong-type", "inputs", HEAD + "inputs: [a]"),
    ("manifest.wrong-type", "tags[1]", HEAD + "tags: [a, 2]"),
    ("manifest.out-of-range", "seed", HEAD + "seed: -1"),
    ("manifest.out-of-range", "priority", HEAD + "priority: 101"),
    ("manifest.bad-choice", "quality", HEAD + "quality: best"),
    ("manifest.bad-choice", "notify.on[0]", HEAD + "notify: {on: [ended]}"),
    ("manifest.unsafe-path", "inputs.a.path", HEAD + "inputs: {a: {path: /etc/passwd}}"),
    ("manifest.unsafe-path", "inputs.a.path", HEAD + "inputs: {a: {path: a/../../b}}"),
    ("manifest.unsafe-path", "inputs.a.path", HEAD + "inputs: {a: {path: 'C:\\x'}}"),
    ("manifest.unsafe-path", "inputs.a.path", HEAD + "inputs: {a: {path: 'a\\b'}}"),
    ("manifest.unsafe-path", "inputs.a.path", HEAD + 'inputs: {a: {path: "a\\nb"}}'),
    ("manifest.unsafe-path", "output", HEAD + "output: ../elsewhere"),
    ("manifest.unsafe-path", "files[0].path", HEAD + "files: [{path: ~/x}]"),
    ("manifest.bad-input", "inputs.a", HEAD + "inputs: {a: {path: x, text: y}}"),
    ("manifest.bad-input", "inputs.a", HEAD + "inputs: {a: {}}"),
    ("manifest.bad-input", "inputs.a", HEAD + "inputs: {a: {path: x, kind: image}}"),
    ("manifest.bad-value", "inputs.a.sha256", HEAD + "inputs: {a: {sha256: abc}}"),
    ("manifest.bad-url", "inputs.a.url", HEAD + "inputs: {a: {url: 'file:///etc/passwd'}}"),
    ("manifest.bad-url", "inputs.a.url", HEAD + "inputs: {a: {url: 'https://u:pw@h/x'}}"),
    ("manifest.bad-url", "notify.url", HEAD + "notify: {url: 'http://h/x'}"),
    ("manifest.bad-time", "deadline", HEAD + "deadline: 2026-11-21T18:00:00"),
    ("manifest.bad-time", "deadline", HEAD + "deadline: tomorrow"),
    ("manifest.bad-time", "start_after", HEAD + "start_after: true"),
    ("manifest.bad-text", "name", HEAD + 'name: "two\\nlines"'),
]


@pytest.mark.parametrize(("code", "name", "data"), CASES, ids=lambda value: str(value)[:40])
def test_a_file_that_could_mean_two_things_or_cost_too_much_is_refused(
    code: str, name: str, data: bytes
) -> None:
    began = time.perf_counter()
    with pytest.raises(ManifestError) as caught:
        parse_manifest(data, name=name)
    assert caught.value.code == code
    assert caught.value.where.startswith(name)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(("code", "field", "text"), FIELDS, ids=lambda value: str(value)[:40])
def test_a_wrong_field_is_refused_by_its_path_and_line(code: str, field: str, text: str) -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(text.encode(), name="dusk.yaml")
    assert caught.value.code == code
    assert caught.value.where.endswith(f": {field}")
    if code != "manifest.missing-field":
        line = next(i for i, row in enumerate(text.splitlines(), 1) if row.startswith(field[:4]))
        assert caught.value.where == f"dusk.yaml:{line}: {field}"


def test_an_unknown_field_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest((HEAD + "promt: a sea").encode(), name="dusk.yaml")
    assert 'Did you mean "prompt"?' in caught.value.mend


def test_every_problem_is_reported_at_once_and_the_first_in_full() -> None:
    with pytest.raises(RefusedManifest) as caught:
        parse_manifest((HEAD + "seed: -1\nquality: best\npriority: x\n").encode(), name="dusk.yaml")
    assert [p["where"] for p in caught.value.problems] == [
        "dusk.yaml:4: quality",
        "dusk.yaml:3: seed",
        "dusk.yaml:5: priority",
    ]
    assert caught.value.record()["expected"] == "'draft', 'standard' or 'high'"
    assert "dusk.yaml:3: seed" in str(caught.value)


def test_a_problem_with_the_short_form_is_reported_where_it_was_written() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest((HEAD + "prompt: 3").encode(), name="dusk.yaml")
    assert caught.value.where == "dusk.yaml:3: prompt"


def test_the_operator_sets_the_limits() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_manifest(b"farm: 1\npipeline: p\n", name="a.yaml", limits=Limits(max_bytes=10))
    assert caught.value.code == "manifest.too-large"
    assert caught.value.expected == "at most 10 bytes"


@settings(max_examples=300)
@given(
    data=st.one_of(
        st.binary(max_size=200),
        st.text(alphabet="farm: 1\n\t-[]{}\"'&*!?|>#,=.~0x@%`é", max_size=200).map(
            lambda text: text.encode()
        ),
    ),
    suffix=st.sampled_from([".yaml", ".json", ".toml"]),
)
def test_no_bytes_make_the_reader_fail_in_another_way(data: bytes, suffix: str) -> None:
    try:
        manifest = parse_manifest(data, name=f"noise{suffix}")
    except ManifestError as error:
        assert error.code.startswith("manifest.")
    else:
        assert manifest.farm == 1
