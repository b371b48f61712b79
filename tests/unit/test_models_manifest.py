"""Model manifests: what is read, what is refused, and what the digest depends on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from model_lab import content, manifest_of, record, toml, write_manifest

from farm.domain.errors import PluginError
from farm.models.manifest import load_manifest
from farm.plugins import load_plugins

FILES = {"net.safetensors": content(100), "tokens/vocab.json": b"{}"}
HERE = {"kind": "path", "path": "."}
HUB = {"kind": "hub", "id": "lab/net", "revision": "main"}


def test_a_manifest_keeps_files_sources_in_order_and_variants(tmp_path: Path) -> None:
    variants = {"fp16": {"dtype": "float16", "vram_mb": 900}}
    manifest = manifest_of(tmp_path, FILES, HERE, HUB, variants=variants)
    assert [file.path for file in manifest.files] == ["net.safetensors", "tokens/vocab.json"]
    assert [source.kind for source in manifest.sources] == ["path", "hub"]
    assert manifest.variants["fp16"].vram_mb == 900
    assert manifest.size_bytes == 102
    assert manifest.origin == tmp_path / "lab-net.toml"


def test_a_package_may_be_written_short_and_a_member_alone(tmp_path: Path) -> None:
    take = {"net.onnx": "lab/net.onnx"}
    source = {"kind": "package", "packages": ["lab-net==1.0"], "take": take}
    manifest = manifest_of(tmp_path, {"net.onnx": b"x"}, source)
    [read] = manifest.sources
    assert read.model_dump()["packages"][0]["version"] == "1.0"
    assert read.take == {"net.onnx": ("lab/net.onnx",)}


def test_the_digest_follows_the_files_and_nothing_else(tmp_path: Path) -> None:
    first = manifest_of(tmp_path, FILES, HERE).digest
    assert manifest_of(tmp_path, FILES, HUB, licence="BSD-3-Clause").digest == first
    assert manifest_of(tmp_path, {**FILES, "net.safetensors": b"other"}, HERE).digest != first
    assert manifest_of(tmp_path, FILES, HERE, name="lab-net-2").digest != first


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"provide": ["lab.work"]}, "provide"),
        ({"name": "Lab Net"}, "name"),
        ({"sources": []}, "sources"),
        ({"files": []}, "files"),
        ({"files": [record("../net.onnx", b"x")]}, "a path is relative"),
        ({"files": [record("/net.onnx", b"x")]}, "a path is relative"),
        ({"files": [record("a\\b.onnx", b"x")]}, "a path is relative"),
        ({"files": [record("net.onnx", b"x")] * 2}, "stands twice"),
        ({"files": [record("net.pth", b"x")]}, "may be a pickle"),
        ({"files": [{**record("net.onnx", b"x"), "sha256": "abc"}]}, "sha256"),
        ({"files": [{**record("net.onnx", b"x"), "bytes": 0}]}, "bytes"),
        ({"sources": [{"kind": "magnet", "url": "x"}]}, "sources"),
        ({"sources": [{**HUB, "branch": "main"}]}, "branch"),
        ({"sources": [{**HUB, "id": "../net"}]}, "id"),
        ({"sources": [{"kind": "https", "url": "https://me:pw@host/x"}]}, "url"),
        ({"sources": [{**HERE, "take": {"nothing.onnx": "x"}}]}, "names nothing.onnx"),
        ({"sources": [{**HERE, "convert": "lab:convert"}]}, "belong together"),
        ({"sources": [{**HERE, "raw": [record("net.pth", b"x")]}]}, "belong together"),
        ({"sources": [{"kind": "package", "packages": ["a==1"]}]}, "lacks net.safetensors"),
        ({"sources": [{"kind": "package", "packages": ["a"], "take": {}}]}, "version"),
        (
            {"sources": [{"kind": "package", "packages": [
                {"name": "a", "version": "1", "sdist": True}]}]},
            "needs its sha256",
        ),
    ],
)  # fmt: skip
def test_a_wrong_manifest_is_refused_with_file_and_field(
    tmp_path: Path, change: dict[str, Any], complaint: str
) -> None:
    path = write_manifest(tmp_path, FILES, HERE)
    lines = [line for line in path.read_text().splitlines() if line.split(" =")[0] not in change]
    path.write_text("\n".join([*lines, *(f"{k} = {toml(v)}" for k, v in change.items())]))
    with pytest.raises(PluginError) as refused:
        load_manifest(path)
    assert complaint in refused.value.sentence()
    assert str(path) in refused.value.where


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text("name = ")
    with pytest.raises(PluginError, match="not readable as a model manifest"):
        load_manifest(tmp_path / "x.toml")


PLUGIN = """
from pathlib import Path
from farm import MediaKind, Port, Stage, hookimpl

@hookimpl
def farm_models():
    return sorted(Path(__file__).parent.glob("*.toml"))

@hookimpl
def farm_stages():
    yield Stage("lab.work", "lab", 1, "lab_models:run", {{}}, {{"out": Port(MediaKind.DATA)}},
                models={models})
"""


def test_a_registry_has_the_models_of_all_plugins_by_name(tmp_path: Path) -> None:
    write_manifest(tmp_path, FILES, HERE)
    (tmp_path / "lab_models.py").write_text(PLUGIN.format(models=("lab-net",)))
    registry = load_plugins(tmp_path)
    assert registry.model("lab-net").licence == "MIT"
    assert registry.stage("lab.work/lab").models == ("lab-net",)


def test_a_stage_that_names_an_unknown_model_stops_the_start(tmp_path: Path) -> None:
    write_manifest(tmp_path, FILES, HERE)
    (tmp_path / "lab_models.py").write_text(PLUGIN.format(models=("lab-nett",)))
    with pytest.raises(PluginError, match='Did you mean "lab-net"'):
        load_plugins(tmp_path)


def test_models_of_a_stage_are_a_tuple_of_names(tmp_path: Path) -> None:
    (tmp_path / "lab_models.py").write_text(PLUGIN.format(models="'lab-net'"))
    with pytest.raises(PluginError, match="models is a tuple of names"):
        load_plugins(tmp_path)


def test_two_models_of_one_name_stop_the_start(tmp_path: Path) -> None:
    write_manifest(tmp_path, FILES, HERE)
    (tmp_path / "lab_models.py").write_text(PLUGIN.format(models=("lab-net",)))
    more = "from farm import hookimpl\n@hookimpl\ndef farm_models():\n    return [{!r}]\n"
    other = write_manifest(tmp_path / "_other", FILES, HUB)
    (tmp_path / "lab_second.py").write_text(more.format(str(other)))
    with pytest.raises(PluginError, match="declared by lab_models and by lab_second"):
        load_plugins(tmp_path)
