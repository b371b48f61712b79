"""What a workflow cannot do is refused by name; a template that does not fit never loads."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from comfy_requests import PICTURE, assets, bound

from farm import ConfigError, FarmError, MediaFacts
from farm_comfyui.binding import bind
from farm_comfyui.bound import ModelNeed, Needs
from farm_comfyui.checking import lacks, older, sample
from farm_comfyui.descriptions import complaints, recorded
from farm_comfyui.requests import BindRequest
from farm_comfyui.templates import OURS, Catalog, catalog, load


@pytest.mark.parametrize(
    ("name", "asked", "code", "mend"),
    [
        ("animate-move", {"relight": True}, "comfy.conflict", "animate-mix"),
        ("animate-move", {"background": True}, "comfy.conflict", "animate-mix"),
        ("animate-mix", {"background": False}, "comfy.conflict", "animate-move"),
        ("animate-move", {"framing": "portrait"}, "comfy.wrong-mode", "audio-performance"),
        ("animate-move", {"adherence": "strict"}, "comfy.wrong-mode", "adherence"),
        ("animate-move", {"control": "canny"}, "comfy.wrong-mode", "pose-control"),
        ("audio-performance", {"segments": 2}, "comfy.conflict", "duration_s"),
        (
            "audio-performance",
            {"adherence": "strict", "quality": "draft"},
            "comfy.conflict",
            "high",
        ),
        ("animate-move", {"duration_s": 4.2}, "comfy.too-long", "longer file"),
        ("start-end-frame", {"duration_s": 5.2}, "comfy.too-long", "shorter"),
        ("plumbing", {"precision": "fp8", "framing": "portrait"}, "comfy.wrong-mode", "framing"),
    ],
)
def test_what_a_workflow_cannot_honour_is_refused_with_what_can(
    name: str, asked: dict[str, Any], code: str, mend: str
) -> None:
    with pytest.raises(FarmError) as refused:
        bound(name, **asked)
    assert refused.value.code == code and mend in refused.value.sentence()


def test_a_film_longer_than_its_quality_allows_is_refused() -> None:
    with pytest.raises(FarmError, match="at most 30 s"):
        bound("animate-move", 31.0, quality="high")
    assert bound("animate-move", 31.0, quality="high", duration_s=30.0).after.duration_s == 30.0


def test_a_missing_file_an_empty_prompt_and_an_unknown_length_are_refused() -> None:
    template = catalog().get("animate-move")
    for request, text in (
        (BindRequest(prompt="x", assets={"image": PICTURE}), "motion"),
        (BindRequest(prompt=" \n", assets=assets("animate-move", 2)), "prompt is empty"),
        (BindRequest(prompt="x", assets={"image": PICTURE, "motion": PICTURE}), "length"),
        (
            BindRequest(prompt="x", assets={**assets("animate-move", 2), "audio": MediaFacts()}),
            "does not take this file",
        ),
    ):
        with pytest.raises(FarmError, match=text):
            bind(template, request)


@pytest.mark.parametrize(
    "asked",
    [
        {"aspect": "4:3"}, {"quality": "best"}, {"seed": -1}, {"seed": 2**64}, {"fps": 0},
        {"duration_s": float("nan")}, {"duration_s": 0.0}, {"segments": 0}, {"precision": "int8"},
        {"control": "depth"}, {"subject": ((0.5, 1.5),)},
    ],
)  # fmt: skip
def test_a_request_out_of_range_is_never_made(asked: dict[str, Any]) -> None:
    with pytest.raises(FarmError) as refused:
        BindRequest(prompt="x", **asked)
    assert refused.value.code == "comfy.parameter"


def test_a_point_that_is_cut_away_is_refused() -> None:
    with pytest.raises(FarmError, match="outside the picture"):
        bound("animate-mix-sam", aspect="9:16", subject=((0.05, 0.5),))


def test_a_graph_is_checked_as_a_server_checks_it() -> None:
    def with_(node: str, **inputs: Any) -> list[str]:
        graph = json.loads(json.dumps(bound("plumbing").graph))
        graph[node]["inputs"].update(inputs)
        return complaints(graph, recorded())

    assert with_("2") == []
    assert "is above 16384" in with_("2", width=99_999)[0]
    assert "is no INT" in with_("2", width="wide")[0] and "is no INT" in with_("2", width=True)[0]
    assert "is not one of" in with_("2", upscale_method="magic")[0]
    assert "takes IMAGE, node 1 gives MASK" in with_("2", image=["1", 1])[0]
    assert "not there" in with_("2", image=["99", 0])[0]
    assert "has no output 7" in with_("2", image=["1", 7])[0]
    assert any("cycle" in one for one in with_("2", image=["2", 0]))
    assert "there is no input widht" in with_("2", widht=3)[0]
    assert "must be linked" in with_("2", image="picture.png")[0]
    assert "is not one of" in with_("31", format="gif")[0]
    assert "is not one of" in with_("31", **{"format.codec": "mpeg"})[0]
    animate = json.loads(json.dumps(bound("animate-move").graph))
    animate["16"]["inputs"]["length"] = 78
    assert "1 plus a multiple of 4" in complaints(animate, recorded())[0]
    del animate["16"]["inputs"]["vae"], animate["31"], animate["33"]
    told = "\n".join(complaints(animate, recorded()))
    assert "vae is missing" in told and "no node saves anything" in told


def copied(folder: Path, name: str = "animate-move", version: str = "1.0.0") -> Path:
    target = folder / f"our-{name}" / version
    shutil.copytree(OURS / name / "1.0.0", target)
    return target


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('["8", "text"]', '["80", "text"]', "inputs.prompt: there is no node 80"),
        ('["8", "text"]', '["8", "words"]', "node 8 has no input words"),
        ('["10", "image"]', '["11", "crop"]', "node 10 .LoadImage.: image is in no assets"),
        ("steps = 6,", "stpes = 6,", "there is no input stpes"),
        ('video = { node = "31"', 'film = { node = "31"', "none is called video"),
        ('rule = "chunks"', 'rule = "sometimes"', "length.rule"),
        ('mode = "animate"', 'mode = "animate"\ncolour = "red"', "colour"),
        ('first = ["19", 0]', 'first = ["17", 0]', "takes IMAGE, node 17 gives LATENT"),
        ("[models]", "[models", "no TOML"),
    ],
)
def test_a_template_that_does_not_fit_never_loads(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    folder = copied(tmp_path)
    text = (folder / "map.toml").read_text()
    assert old in text
    (folder / "map.toml").write_text(text.replace(old, new, 1))
    with pytest.raises(ConfigError, match=told):
        load(folder)


def test_a_graph_in_the_editors_format_is_refused_with_how_to_export_it(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "graph.json").write_text('{"nodes": [], "links": []}')
    with pytest.raises(ConfigError, match="Export"):
        load(folder)


def test_a_released_version_is_its_content_and_another_version_is_a_rollback(
    tmp_path: Path,
) -> None:
    old = copied(tmp_path)
    new = copied(tmp_path, version="1.10.0")
    (new / "map.toml").write_text(
        (new / "map.toml").read_text().replace("steps = 20", "steps = 24")
    )
    (copied(tmp_path, version="1.2.0") / "note.txt").write_text("not part of it")
    found = catalog(tmp_path)
    assert found.versions("our-animate-move") == ("1.0.0", "1.2.0", "1.10.0")
    newest, first = found.get("our-animate-move"), found.get("our-animate-move", "1.0.0")
    assert newest.version == "1.10.0" and first.folder == old
    assert newest.content_hash != first.content_hash
    assert first.content_hash == found.get("our-animate-move", "1.2.0").content_hash
    assert first.version_id == f"our-animate-move@1.0.0+{first.content_hash[:12]}"
    request = BindRequest(prompt="x", assets=assets("animate-move", 2))
    assert bind(newest, request).graph["17"]["inputs"]["steps"] == 24
    assert bind(first, request).graph == bind(catalog().get("animate-move"), request).graph
    pinned = catalog(tmp_path, {"our-animate-move": "1.2.0"})
    assert pinned.get("our-animate-move").version == "1.2.0"
    with pytest.raises(FarmError, match="no such version"):
        catalog(tmp_path, {"our-animate-move": "3.0.0"})
    with pytest.raises(FarmError, match="animate-move"):
        found.get("animat-move")


def test_a_changed_file_of_a_released_version_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from farm_comfyui import templates

    copy = tmp_path / "workflows"
    shutil.copytree(OURS, copy)
    path = copy / "plumbing" / "1.0.0" / "map.toml"
    path.write_text(path.read_text() + "\n")
    monkeypatch.setattr(templates, "OURS", copy)
    templates._ours.cache_clear()
    try:
        with pytest.raises(ConfigError, match="released version of a workflow was changed"):
            catalog()
    finally:
        monkeypatch.undo()
        templates._ours.cache_clear()
    assert "plumbing" in catalog().names()


def test_an_operators_version_of_one_of_ours_takes_what_ours_takes(tmp_path: Path) -> None:
    theirs = tmp_path / "animate-move" / "1.0.0"
    shutil.copytree(OURS / "animate-move" / "1.0.0", theirs)
    with pytest.raises(ConfigError, match="another version"):
        catalog(tmp_path)
    path = theirs.rename(theirs.with_name("1.4.0")) / "map.toml"
    path.write_text(path.read_text().replace("steps = 20", "steps = 25"))
    found = catalog(tmp_path)
    request = BindRequest(prompt="x", assets=assets("animate-move", 2))
    made = bind(found.get("animate-move"), request)
    assert made.version == "1.4.0" and made.graph["17"]["inputs"]["steps"] == 25
    ours = bind(catalog(tmp_path, {"animate-move": "1.0.0"}).get("animate-move"), request)
    assert ours.graph["17"]["inputs"]["steps"] == 20
    path.write_text(
        path.read_text().replace("motion = {", "film = {").replace('"motion"', '"film"')
    )
    with pytest.raises(ConfigError, match=r"image, motion.*got mode animate with image, film"):
        catalog(tmp_path)


def test_what_a_server_lacks_is_told_with_where_it_goes() -> None:
    needs = Needs(
        ("DWPreprocessor", "KSampler", "UNETLoader"),
        (ModelNeed("UNETLoader", "unet_name", "diffusion_models", "wan.safetensors"),),
        {"DWPreprocessor": "comfyui_controlnet_aux"},
        "0.3.59",
    )
    loader = {"input": {"required": {"unet_name": [["other.safetensors"]]}}, "output": ["MODEL"]}
    has = {"KSampler": {"input": {}}, "UNETLoader": loader, "DWPreprocessor": {}}
    assert lacks(needs, "0.3.40", has) == (
        "ComfyUI is 0.3.40, needs 0.3.59 or newer",
        "node DWPreprocessor is missing: install the custom node pack comfyui_controlnet_aux",
        "model wan.safetensors is missing: put it into models/diffusion_models",
    )
    newer = ["COMBO", {"options": ["wan.safetensors"]}]
    has |= {"DWPreprocessor": {"input": {}}}
    has["UNETLoader"] = {"input": {"required": {"unet_name": newer}}, "output": ["MODEL"]}
    assert lacks(needs, "0.33.0", has) == () == lacks(needs, "", has)
    assert older("0.3.9", "0.3.59") and not older("0.33.0", "0.3.59") and not older("git", "0.3.59")


@pytest.mark.parametrize("name", catalog().names())
def test_a_sample_tells_what_every_quality_needs(name: str) -> None:
    for quality in catalog().get(name).map.profiles:
        for made in sample(catalog().get(name), quality):
            assert made.needs.nodes and set(made.needs.packs) <= set(made.needs.nodes)


def test_a_catalogue_of_nothing_says_so() -> None:
    with pytest.raises(FarmError, match="None are known"):
        Catalog([]).get("animate")
