"""Probing text, data, models and archives."""

from __future__ import annotations

import json
import struct
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from farm.artifacts.probe import ProbeLimits, probe, probe_output
from farm.domain.errors import AssetError
from farm.domain.media import MediaKind


def refusal(path: Path, limits: ProbeLimits | None = None) -> AssetError:
    with pytest.raises(AssetError) as caught:
        probe(path, limits=limits)
    assert caught.value.where.startswith(path.name)
    assert caught.value.mend
    return caught.value


@pytest.mark.parametrize(
    "text", ["A red fox.\n", "\ufeffBOM", "日本語 🎬", "é" * 5000, "x" * 4095 + "é"]
)
def test_utf8_is_text(tmp_path: Path, text: str) -> None:
    for name in ("prompt.txt", "prompt"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        kind, facts = probe(tmp_path / name)
        assert kind is MediaKind.TEXT
        assert facts.extra["characters"] == len(text.removeprefix("\ufeff"))
    assert probe_output(tmp_path / "prompt.txt")[0] is MediaKind.TEXT


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ("Füchse".encode("latin-1"), "asset.not-utf8"),
        ("a fox".encode("utf-16"), "asset.not-utf8"),
        (b"a\0fox", "asset.not-text"),
        (b"x" * 6000 + b"\0", "asset.not-text"),
        (b"x" * 6000 + b"\xff", "asset.not-utf8"),
        (b"  \n\t\n", "asset.empty"),
        (b"", "asset.empty"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes, code: str) -> None:
    (tmp_path / "prompt.txt").write_bytes(data)
    assert refusal(tmp_path / "prompt.txt").code == code


def test_text_has_a_limit_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "prompt.txt").write_text("x" * 101)
    assert refusal(tmp_path / "prompt.txt", ProbeLimits(max_text_bytes=100)).code == (
        "asset.too-large"
    )
    assert probe(tmp_path / "prompt.txt", limits=ProbeLimits(max_text_bytes=101))


def test_a_timeline_may_be_longer_than_a_prompt(tmp_path: Path) -> None:
    long = "x" * 1_200_000
    for name, text, kind in (
        ("cut.edl", f"TITLE: Cut\n* {long}\n", MediaKind.TEXT),
        ("cut.xml", f"<xmeml>{long}</xmeml>\n", MediaKind.TEXT),
        ("cut.otio", json.dumps({"OTIO_SCHEMA": "Timeline.1", "name": long}), MediaKind.DATA),
    ):
        path = tmp_path / name
        path.write_text(text)
        assert probe(path)[0] is kind


def test_json_and_json_lines_are_data_with_their_records_and_schema(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"schema": "farm/poses@1", "frames": []}')
    (tmp_path / "a.jsonl").write_text('{"$schema": "farm/pose@1"}\n\n{"b": 2}\n[3]\n')
    kind, facts = probe(tmp_path / "a.json")
    assert (kind, dict(facts.extra)) == (
        MediaKind.DATA,
        {"records": 1, "schema": "farm/poses@1"},
    )
    kind, facts = probe(tmp_path / "a.jsonl")
    assert (kind, dict(facts.extra)) == (MediaKind.DATA, {"records": 3, "schema": "farm/pose@1"})
    for name, codec in (("a.json", "json"), ("a.jsonl", "jsonl")):
        cheap_kind, cheap = probe_output(tmp_path / name)
        assert (cheap_kind, cheap.codec) == (MediaKind.DATA, codec)


def test_data_that_describes_media_has_its_facts(tmp_path: Path) -> None:
    script = tmp_path / "script.json"
    media = {"frames": 48, "fps": "24", "width": 64, "height": 36, "duration_s": 2.0}
    script.write_text(json.dumps({"media": media}))
    for _, facts in (probe(script), probe_output(script)):
        assert (facts.frames, facts.fps, facts.width, facts.duration_s) == (48, 24, 64, 2.0)
    odd = {"frames": -1, "fps": "1/0", "width": True, "height": 2.5, "duration_s": "2"}
    script.write_text(json.dumps({"media": odd}))
    assert probe(script)[1].record() == {"codec": "json", "extra": {"records": 1}}


@pytest.mark.parametrize(
    ("name", "text", "got"),
    [
        ("a.json", '{"a": 1', "line 1"),
        ("a.json", "a red fox", "line 1"),
        ("a.json", '{"a": NaN}', "NaN is not JSON"),
        ("a.json", "[" * 200_000, "nested too deeply"),
        ("a.json", '{"a": ' + "9" * 10_000 + "}", "digits"),
        ("a.json", "{} {}", "Extra data"),
        ("a.jsonl", '{"a": 1}\n{"b": \n', "line 1"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path: Path, name: str, text: str, got: str) -> None:
    (tmp_path / name).write_text(text)
    error = refusal(tmp_path / name)
    assert error.code == "asset.not-json"
    assert got in error.got
    assert error.where == (name if name == "a.json" else "a.jsonl: line 2")


def test_text_that_is_called_a_picture_is_refused(tmp_path: Path) -> None:
    (tmp_path / "character.png").write_text("a red fox")
    error = refusal(tmp_path / "character.png")
    assert (error.code, error.expected, error.got) == ("asset.mislabelled", "image", "text")
    assert ".txt" in error.mend


def safetensors(path: Path, header: object, weights: bytes) -> Path:
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + weights)
    return path


def test_a_model_is_whole_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "lora.safetensors"
    header = {
        "__metadata__": {"format": "pt"},
        "w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]},
    }
    kind, facts = probe(safetensors(path, header, bytes(16)))
    assert (kind, dict(facts.extra)) == (MediaKind.MODEL, {"tensors": 1})
    assert probe_output(path)[0] is MediaKind.MODEL
    for weights in (bytes(15), bytes(17)):
        assert refusal(safetensors(path, header, weights)).code == "asset.broken"
    for broken in ([], {"w": 1}, {"w": {"data_offsets": [0]}}, "x"):
        assert refusal(safetensors(path, broken, b"")).code == "asset.broken"
    path.write_bytes(b"\x80\x04\x95pickle")
    assert refusal(path).code == "asset.broken"
    path.write_bytes(struct.pack("<Q", 2**60) + b"{}")
    assert refusal(path).code == "asset.broken"


def test_an_archive_is_whole_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "frames.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("0001.txt", "one")
        archive.writestr("0002.txt", "two")
    kind, facts = probe(path)
    assert (kind, facts.extra["files"]) == (MediaKind.ARCHIVE, 2)
    assert probe_output(path)[0] is MediaKind.ARCHIVE
    path.write_bytes(path.read_bytes()[:-10])
    assert refusal(path).code == "asset.broken"


def test_an_output_of_an_unknown_ending_is_of_any_kind(tmp_path: Path) -> None:
    (tmp_path / "state.bin").write_bytes(bytes(range(256)))
    assert probe_output(tmp_path / "state.bin")[0] is MediaKind.ANY


def test_a_pdf_is_an_archive_of_pages_whole_and_called_so(tmp_path: Path) -> None:
    path = tmp_path / "deck.pdf"
    Image.new("RGB", (8, 8)).save(path)
    kind, facts = probe(path)
    assert (kind, facts.codec) == (MediaKind.ARCHIVE, "pdf")
    assert probe_output(path)[0] is MediaKind.ARCHIVE
    with pytest.raises(AssetError) as misnamed:
        probe(path, declared="deck.zip")
    assert misnamed.value.code == "asset.mislabelled"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(AssetError) as cut:
        probe(path)
    assert cut.value.code == "asset.truncated"
