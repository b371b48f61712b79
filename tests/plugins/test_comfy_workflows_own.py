"""``farm comfy``: what there is, what servers lack, and workflows that somebody else built."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from comfy.process import StandIn
from comfy_requests import PICTURE, assets, bound, needed

from farm import CommandContext, ConfigError, FarmError, MediaFacts
from farm_comfyui import commands, configured
from farm_comfyui.binding import bind
from farm_comfyui.descriptions import RECORDED
from farm_comfyui.importing import import_workflow
from farm_comfyui.requests import BindRequest
from farm_comfyui.templates import catalog, load


class Console:
    """What a command is given, and what it said."""

    def __init__(self, *arguments: str) -> None:
        self.arguments, self.said = arguments, ""

    @property
    def documents(self) -> Any:
        raise AssertionError("this command keeps nothing")

    def echo(self, text: str) -> None:
        self.said += text + "\n"


def say(*arguments: str) -> tuple[int, str]:
    console = Console(*arguments)
    context: CommandContext = console
    return commands.comfy(context), console.said


def exported(folder: Path, name: str) -> Path:
    """A workflow as ComfyUI exports it, titles and all."""
    graph = bound(name).graph
    for body in graph.values():
        body["_meta"] = {"title": body["class_type"]}
    for slot in bound(name).slots:
        graph[slot.node]["inputs"][slot.input] = "mine.png"
    path = folder / "exported.json"
    path.write_text(json.dumps(graph))
    return path


def test_an_exported_workflow_becomes_a_template_once_its_map_is_confirmed(tmp_path: Path) -> None:
    folder, doubts = import_workflow(
        exported(tmp_path, "start-end-frame"), tmp_path / "own", "ours"
    )
    assert doubts == []
    path = folder / "map.toml"
    found = catalog(tmp_path / "own")
    assert "ours" in found.names()
    with pytest.raises(ConfigError, match="confirmed"):
        found.get("ours")
    path.write_text(path.read_text().replace("confirm = true", "confirm = false"))
    template = catalog(tmp_path / "own").get("ours")
    assert set(template.map.inputs) >= {"prompt", "negative", "seed", "width", "height", "length"}
    assert list(template.map.assets) == ["image", "image_2"]
    request = BindRequest(prompt="mine", seed=9, assets={"image": PICTURE, "image_2": PICTURE})
    made = bind(template, request)
    assert made.graph["9"]["inputs"]["text"] == "mine"
    assert made.graph["14"]["inputs"]["noise_seed"] == 9
    assert (made.expected.width, made.expected.height, made.expected.frames) == (832, 480, 81)
    with pytest.raises(FarmError, match="already"):
        import_workflow(exported(tmp_path, "plumbing"), tmp_path / "own", "ours")


def test_an_export_can_become_a_further_version_of_a_mode(tmp_path: Path) -> None:
    path = exported(tmp_path, "start-end-frame")
    folder, doubts = import_workflow(path, tmp_path / "own", "start-end-frame", "1.1.0")
    assert doubts == ["start-end-frame takes first, last: name the assets so"]
    said = (folder / "map.toml").read_text()
    assert 'mode = "start-end-frame"' in said and doubts[0] in said
    for old, new in (
        ("image = {", "first = {"),
        ("image_2 = {", "last = {"),
        ("= true", "= false"),
    ):
        said = said.replace(old, new, 1)
    (folder / "map.toml").write_text(said)
    request = BindRequest(prompt="x", assets=assets("start-end-frame", 2), duration_s=2.0)
    made = bind(catalog(tmp_path / "own").get("start-end-frame"), request)
    assert made.version == "1.1.0" and made.expected.frames == 33
    assert made.assets == ("first", "last")


def test_what_an_import_cannot_tell_is_said(tmp_path: Path) -> None:
    graph = json.loads(exported(tmp_path, "plumbing").read_text())
    graph["50"] = {"class_type": "MagicSharpen", "inputs": {"images": ["5", 0], "model": "m.pth"}}
    graph["30"]["inputs"]["images"] = ["50", 0]
    path = tmp_path / "exported.json"
    path.write_text(json.dumps(graph))
    _, doubts = import_workflow(path, tmp_path / "own", "sharp")
    assert any("MagicSharpen" in one for one in doubts) and any("m.pth" in one for one in doubts)
    known = {
        "MagicSharpen": {
            "input": {"required": {"images": ["IMAGE"], "model": [["m.pth"]]}},
            "output": ["IMAGE"], "output_node": False,
        }
    }  # fmt: skip
    folder, doubts = import_workflow(path, tmp_path / "own", "sharp", "1.1.0", known)
    assert not any("MagicSharpen" in one for one in doubts)
    text = (folder / "map.toml").read_text()
    (folder / "map.toml").write_text(text.replace("confirm = true", "confirm = false"))
    template = load(folder)
    assert template.map.models["model"].files == {"any": "m.pth"}
    film = MediaFacts(width=320, height=240, duration_s=2.0)
    made = bind(template, BindRequest(assets={"image": PICTURE, "motion": film}))
    assert made.expected.frames == 32 and "MagicSharpen" in made.needs.nodes


def test_a_workflow_that_saves_nothing_is_not_taken(tmp_path: Path) -> None:
    graph = json.loads(exported(tmp_path, "plumbing").read_text())
    del graph["31"], graph["6"]
    (tmp_path / "exported.json").write_text(json.dumps(graph))
    with pytest.raises(FarmError, match="saves a video, a picture or a sound"):
        import_workflow(tmp_path / "exported.json", tmp_path / "own", "mute")
    assert not (tmp_path / "own").exists()


def test_the_command_lists_versions_and_hashes_and_imports(tmp_path: Path) -> None:
    code, said = say("ls")
    template = catalog().get("animate-move")
    assert code == 0 and template.version_id in said and "comfyui_controlnet_aux" in said
    _, told = say("ls", "--json")
    records = {one["workflow"]: one for one in json.loads(told)}
    assert records["animate-move"]["sha256"] == template.content_hash
    assert "loras/WanAnimate_relight_lora_fp16.safetensors" in records["animate-mix"]["models"]
    path = exported(tmp_path, "plumbing")
    code, said = say("import", str(path), "--name", "mine", "--into", str(tmp_path / "own"))
    assert code == 0 and "confirm = false" in said
    assert (tmp_path / "own" / "mine" / "1.0.0" / "map.toml").exists()


@pytest.fixture
def configure() -> Iterator[Callable[[dict[str, Any]], None]]:
    """Settings of the plugin for one test."""
    yield configured.configure
    configured.configure({})


def test_the_command_tells_what_each_server_lacks(
    tmp_path: Path, configure: Callable[[dict[str, Any]], None]
) -> None:
    without = {
        folder: [name for name in files if "animate_14B_bf16" not in name]
        for folder, files in needed().items()
    }
    big = StandIn(tmp_path / "big", models=needed(), nodes=[RECORDED])
    small = StandIn(tmp_path / "small", models=without, nodes=[RECORDED])
    bare = StandIn(
        tmp_path / "bare", models={}, version="0.3.40", without=["DWPreprocessor", "BlockifyMask"]
    )
    with big, small, bare:
        servers = {"big": big, "small": small, "bare": bare}
        configure({"servers": [{"name": name, "url": one.url} for name, one in servers.items()]})
        code, said = say("check", "animate-move")
        lines = said.splitlines()
        ready = f"  {catalog().get('animate-move').version_id}: draft, standard, high"
        # High is ready on the small one too: it has the other form of the weights.
        assert code == 0 and lines[:4] == ["big", ready, "small", ready]
        assert lines[4] == "bare" and lines[5].endswith(": not ready")
        told = "\n".join(lines[6:])
        assert "ComfyUI is 0.3.40, needs 0.3.59 or newer" in told
        assert "install the custom node pack comfyui_controlnet_aux" in told
        assert "put it into models/clip_vision" in told
        code, said = say("check", "--json")
        assert code == 0 and len(json.loads(said)) == 7 * 3 * 3
        configure({"servers": [{"name": "bare", "url": bare.url}]})
        code, said = say("check", "animate-mix")
        assert code == 1 and "BlockifyMask is missing" in said


def test_without_a_server_the_check_says_what_to_configure() -> None:
    configured.configure({})
    with pytest.raises(ConfigError, match=r"plugins\.farm_comfyui"):
        say("check")
