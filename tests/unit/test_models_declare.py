"""``farm models declare``: a model from a folder, and an adapter from a file, become the farm's own."""

from __future__ import annotations

import json
import pickle
import struct
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from farm.cli.outcomes import OK, REFUSED, USAGE
from farm.cli.start import run
from farm.config import Settings
from farm.domain.errors import PluginError, UnknownName
from farm.manifest import manifest_from
from farm.models.manifest import load_manifest
from farm.models.part import sha256_of
from farm.pipelines import parse_pipeline
from farm.planning import plan
from farm.plugins import registry_of

Farm = Callable[..., tuple[int, str, str]]
SAID = ("--family", "sdxl", "--licence", "MIT")
USED = (*SAID, "--provides", "image.generate")


def safetensors(path: Path, names: Mapping[str, int], *, cut: int = 0) -> Path:
    """A real file of this format: float32 tensors of these lengths; ``cut`` bytes are missing."""
    header, at = {}, 0
    for name, length in names.items():
        header[name] = {"dtype": "F32", "shape": [length], "data_offsets": [at, at + 4 * length]}
        at += 4 * length
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    whole = struct.pack("<Q", len(text)) + text + bytes(at)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(whole[: len(whole) - cut])
    return path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty farm."""
    monkeypatch.setenv("FARM_ROOT", str(tmp_path / "farm"))
    (tmp_path / "farm").mkdir()
    return tmp_path / "farm"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model in parts, as its makers give it away: with pictures and a read-me file."""
    here = tmp_path / "given"
    safetensors(here / "unet" / "diffusion_pytorch_model.safetensors", {"conv.weight": 64})
    safetensors(here / "vae" / "diffusion_pytorch_model.safetensors", {"conv.weight": 16})
    for name in ("model_index.json", "unet/config.json", "tokenizer/vocab.txt", "README.md"):
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_text("{}")
    (here / ".cache").mkdir()
    (here / ".cache" / "left.json").write_text("{}")
    return here


@pytest.fixture
def farm(root: Path, capsys: pytest.CaptureFixture[str]) -> Farm:
    """Run one command line; returns exit code, standard output and standard error."""

    def act(*arguments: str | Path) -> tuple[int, str, str]:
        capsys.readouterr()
        code = run(list(map(str, arguments)))
        out, err = capsys.readouterr()
        return code, out, err

    return act


def test_a_folder_becomes_a_model_that_is_fetched_and_found(
    farm: Farm, root: Path, folder: Path
) -> None:
    more = ("--hub", "me/mine@1a2b3c", "--variant", "bf16:vram=24000,ram=30000", "--restricted")
    code, out, _ = farm("models", "declare", folder, "--name", "my-xl", *USED, *more)
    assert code == OK
    assert "left out: README.md" in out
    assert "farm models fetch my-xl" in out
    manifest = load_manifest(root / "manifests" / "models" / "my-xl.toml")
    parts = {file.path: file.component for file in manifest.files}
    assert parts == {
        "model_index.json": "",
        "tokenizer/vocab.txt": "tokenizer",
        "unet/config.json": "unet",
        "unet/diffusion_pytorch_model.safetensors": "unet",
        "vae/diffusion_pytorch_model.safetensors": "vae",
    }
    for file in manifest.files:
        assert file.sha256 == sha256_of(folder / file.path)
        assert file.bytes == (folder / file.path).stat().st_size
    assert [source.kind for source in manifest.sources] == ["path", "hub"]
    assert manifest.variants["bf16"].vram_mb == 24_000
    assert manifest.variants["bf16"].dtype == "bfloat16"
    assert manifest.restricted
    assert farm("models", "fetch", "my-xl")[0] == REFUSED
    assert farm("models", "fetch", "my-xl", "--accept-licence")[0] == OK
    code, out, _ = farm("models", "where", "my-xl")
    assert (Path(out.strip()) / "unet" / "config.json").read_text() == "{}"


def test_a_folder_on_a_shared_disk_is_used_where_it_lies(
    farm: Farm, root: Path, folder: Path
) -> None:
    (root / "farm.toml").write_text(f'models_shared_dirs = ["{folder.parent}"]\n')
    code, out, _ = farm("models", "declare", folder, "--name", "given", *USED)
    assert code == OK
    assert "fetch" not in out
    assert farm("models", "where", "given")[1].strip() == str(folder)


@pytest.mark.parametrize(
    ("name", "said", "served"),
    [
        ("mine", "StableDiffusionXLPipeline", ("image.control", "image.generate")),
        ("svd-xt", "", ("character.animate", "video.image_to_video")),
        ("poses", "ControlNetModel", ("character.animate", "image.control")),
    ],
)
def test_what_a_model_provides_is_known_by_its_name_or_by_what_its_folder_says(
    farm: Farm, root: Path, folder: Path, name: str, said: str, served: tuple[str, ...]
) -> None:
    (folder / "model_index.json").write_text(json.dumps({"_class_name": said}))
    code, out, _ = farm("models", "declare", folder, "--name", name, *SAID)
    assert code == OK
    assert f"provides {', '.join(served)}" in out
    assert registry_of(Settings(root=root)).model(name).provides == served
    assert farm("models", "declare", folder, "--name", "b", *USED)[0] == OK
    assert registry_of(Settings(root=root)).model("b").provides == ("image.generate",)


def test_every_process_reads_what_was_declared(farm: Farm, root: Path, folder: Path) -> None:
    assert "my-xl" not in registry_of(Settings(root=root)).models
    farm("models", "declare", folder, "--name", "my-xl", *USED)
    registry = registry_of(Settings(root=root))
    assert registry.model("my-xl").provides == ("image.generate",)
    other = registry_of(Settings(root=root, models_manifests_dir=Path("elsewhere")))
    assert "my-xl" not in other.models


def test_a_broken_manifest_stops_the_start_with_its_name(
    farm: Farm, root: Path, folder: Path
) -> None:
    farm("models", "declare", folder, "--name", "my-xl", *USED)
    path = root / "manifests" / "models" / "my-xl.toml"
    path.write_text(path.read_text().replace("licence =", "license ="))
    with pytest.raises(PluginError) as caught:
        registry_of(Settings(root=root))
    assert str(path) in caught.value.where
    assert farm("models", "ls")[0] == REFUSED


def test_a_name_stands_once_in_a_farm(farm: Farm, root: Path, folder: Path) -> None:
    first = ("models", "declare", folder, "--name", "my-xl", *USED)
    assert farm(*first)[0] == OK
    code, _, err = farm(*first)
    assert code == REFUSED
    assert "--replace" in err
    (folder / "model_index.json").write_text('{"new": 1}')
    assert farm(*first, "--replace", "--json")[0] == OK
    manifest = load_manifest(root / "manifests" / "models" / "my-xl.toml")
    assert manifest.files[0].sha256 == sha256_of(folder / "model_index.json")
    copy = root / "manifests" / "models" / "copy.toml"
    copy.write_text(manifest.origin.read_text())
    with pytest.raises(PluginError, match="my-xl"):
        registry_of(Settings(root=root))
    copy.unlink()
    code, _, err = farm("models", "declare", folder, "--name", "rife-4", *USED)
    assert code == USAGE
    assert "a plugin has a model rife-4" in err


def test_a_lora_is_a_model_of_one_file(farm: Farm, root: Path, tmp_path: Path) -> None:
    path = safetensors(tmp_path / "ink.safetensors", {"unet.to_q.lora_A.weight": 8})
    safetensors(tmp_path / "other.safetensors", {"x": 1})
    code, out, _ = farm("models", "declare", path, "--name", "ink", *SAID, "--json")
    assert code == OK
    entry = json.loads(out)
    assert entry["provides"] == ["lora"]
    assert entry["files"] == ["ink.safetensors"]
    farm("models", "fetch", "ink")
    found = Path(farm("models", "where", "ink")[1].strip())
    assert [file.name for file in found.iterdir()] == ["ink.safetensors"]


def test_whoever_declares_no_lora_says_what_it_is_for(
    farm: Farm, tmp_path: Path, folder: Path
) -> None:
    path = safetensors(tmp_path / "net.safetensors", {"conv.weight": 8})
    for source in (path, folder):
        code, _, err = farm("models", "declare", source, "--name", "net", *SAID)
        assert code == REFUSED
        assert "--provides" in err


def test_a_pickle_is_refused_by_its_name_and_by_its_content(
    farm: Farm, root: Path, folder: Path
) -> None:
    (folder / "old.ckpt").write_bytes(b"whatever")
    code, _, err = farm("models", "declare", folder, "--name", "my-xl", *USED)
    assert code == REFUSED
    assert "--without 'old.ckpt'" in err
    with zipfile.ZipFile(folder / "weights.bin", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps([1]))
    code, _, err = farm("models", "declare", folder, "--name", "m", *USED, "--without", "*.ckpt")
    assert code == REFUSED
    assert "weights.bin" in err
    assert not (root / "manifests").exists()
    both = ("--without", "*.ckpt", "--without", "weights.bin")
    code, out, _ = farm("models", "declare", folder, "--name", "m", *USED, *both)
    assert code == OK
    assert "left out: README.md, old.ckpt, weights.bin" in out


def test_a_file_that_was_cut_short_is_refused(farm: Farm, root: Path, folder: Path) -> None:
    path = folder / "unet" / "diffusion_pytorch_model.safetensors"
    safetensors(path, {"conv.weight": 64}, cut=10)
    code, _, err = farm("models", "declare", folder, "--name", "my-xl", *USED)
    assert code == REFUSED
    assert str(path) in err
    for text in (b"", b"no such thing at all", struct.pack("<Q", 5) + b"[1,2]"):
        path.write_bytes(text or b"\0")
        assert farm("models", "declare", folder, "--name", "my-xl", *USED)[0] == REFUSED
    assert not (root / "manifests").exists()


@pytest.mark.parametrize(
    ("wrong", "code", "said"),
    [
        (("--variant", "bf16:vram=much"), USAGE, "vram=MB"),
        (("--variant", "bf16:room=5"), USAGE, "vram=MB"),
        (("--hub", "me/mine"), USAGE, "ID@REVISION"),
        (("--hub", "me/mine/more@1"), REFUSED, "sources.1"),
        (("--family", "SD XL"), REFUSED, "family"),
        (("--name", "../out"), REFUSED, "name"),
    ],
)
def test_what_is_typed_wrongly_is_refused_and_nothing_written(
    farm: Farm, root: Path, folder: Path, wrong: tuple[str, ...], code: int, said: str
) -> None:
    got, _, err = farm("models", "declare", folder, "--name", "my-xl", *USED, *wrong)
    assert got == code
    assert said in err
    assert list(root.rglob("*.toml")) == []


def test_an_empty_folder_and_none_at_all_are_said(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / "void").mkdir()
    code, _, err = farm("models", "declare", tmp_path / "void", "--name", "void", *USED)
    assert code == REFUSED
    assert "no file of a model" in err
    code, _, err = farm("models", "declare", tmp_path / "none", "--name", "void", *USED)
    assert code == USAGE


def test_any_text_survives_the_manifest(farm: Farm, root: Path, folder: Path) -> None:
    said = 'Zoë\'s "model" \\ line\nbreak \U0001f3a5 \x7f'
    code, _, err = farm(
        "models", "declare", folder, "--name", "my-xl", *USED, "--description", said
    )
    assert code == OK, err
    assert load_manifest(root / "manifests" / "models" / "my-xl.toml").description == said


PLUGIN = """
from farm import MediaKind, Port, Resources, Stage, StageParams, hookimpl
from pydantic import Field

class Params(StageParams):
    model: str = Field("never-declared", description="Which.")

class Usual(StageParams):
    model: str = Field("my-xl", description="Which.")

@hookimpl
def farm_stages():
    for provider, params, gpus, preference in (
        ("best", Params, 0, 30), ("card", Usual, 1, 20), ("plain", Usual, 0, 10),
    ):
        yield Stage("lab.paint", provider, 1, "lab_paint:run", {},
                    {"image": Port(MediaKind.IMAGE)}, params=params, preference=preference,
                    resources=Resources(gpus=gpus), description="Paints.",
                    models=lambda params: (params.model,))
"""
PIPELINE = """
pipeline: paint
version: 1
stages: {paint: {capability: lab.paint}}
outputs: {image.png: paint.image}
"""


def test_before_the_first_node_is_up_a_job_waits_for_no_card_and_no_undeclared_model(
    farm: Farm, root: Path, folder: Path
) -> None:
    plugins = root / "spool" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "lab_paint.py").write_text(PLUGIN)
    farm("models", "declare", folder, "--name", "my-xl", *USED)
    made = plan(
        manifest_from({"pipeline": "paint"}, name="test"),
        parse_pipeline(PIPELINE.encode(), name="paint.yaml"),
        registry_of(Settings(root=root)),
        inputs={},
        offers={},
    )
    assert [stage.provider for stage in made.stages] == ["plain"]


def test_a_model_that_nobody_declared_is_said_with_the_command_that_declares_it(
    root: Path,
) -> None:
    plugins = root / "spool" / "plugins"
    plugins.mkdir(parents=True)
    (plugins / "lab_paint.py").write_text(PLUGIN)
    with pytest.raises(UnknownName, match="farm models declare"):
        plan(
            manifest_from({"pipeline": "paint"}, name="test"),
            parse_pipeline(PIPELINE.encode(), name="paint.yaml"),
            registry_of(Settings(root=root)),
            inputs={},
            offers={},
        )
