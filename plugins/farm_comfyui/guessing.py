"""Reads off an exported graph which inputs seem to take the prompt, the seed, a file, a model.

Invariant: every guess follows a rule that is written here; what no rule tells is a doubt, not a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from farm_comfyui.bound import PREVIEWS_SOUND, Graph
from farm_comfyui.descriptions import allowed, inputs_of, is_link, links

_LOADERS = {
    ("LoadImage", "image"): "image",
    ("LoadImageMask", "image"): "image",
    ("LoadVideo", "file"): "video",
    ("LoadAudio", "audio"): "audio",
    ("VHS_LoadVideo", "video"): "video",
}
_FOLDERS = {
    "unet_name": "diffusion_models",
    "clip_name": "text_encoders",
    "vae_name": "vae",
    "lora_name": "loras",
    "ckpt_name": "checkpoints",
    "control_net_name": "controlnet",
    "audio_encoder_name": "audio_encoders",
    "style_model_name": "style_models",
    "model_name": "upscale_models",
}
_VALUES = {
    "seed": "seed",
    "noise_seed": "seed",
    "steps": "steps",
    "cfg": "cfg",
    "width": "width",
    "height": "height",
    "length": "length",
    "fps": "fps",
}
_SOUNDING = ("CreateVideo", "VHS_VideoCombine")
SAVING = {
    "SaveVideo": "video",
    "SaveWEBM": "video",
    "VHS_VideoCombine": "video",
    "SaveImage": "image",
    "SaveAudio": "audio",
    "SaveAudioMP3": "audio",
    "SaveAudioOpus": "audio",
    "SaveAudioAdvanced": "audio",
}
"""Saving nodes, and what they save."""
_ROLES = {"video": "video", "image": "picture", "audio": "sound"}
_TEXTS = ("text", "prompt", "tags", "lyrics")
_MODEL_FILE = re.compile(r".+\.(safetensors|ckpt|pt|pth|gguf|sft|onnx)$")


@dataclass(slots=True)
class Guess:
    """What was read off a graph. sound : the asset whose sound the film has. doubts : sentences for
    the person who confirms."""

    inputs: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    assets: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    models: dict[str, tuple[str, str, str, str]] = field(default_factory=dict)
    outputs: dict[str, tuple[str, str]] = field(default_factory=dict)
    sound: str = ""
    doubts: list[str] = field(default_factory=list)


def guess_map(graph: Graph, known: Mapping[str, Mapping[str, Any]]) -> Guess:
    """Which inputs seem to take what."""
    guess = Guess()
    for node, body in sorted(graph.items(), key=lambda item: _number(item[0])):
        for wanted, value in body["inputs"].items():
            if is_link(value):
                continue
            kind = _LOADERS.get((body["class_type"], wanted))
            if kind is not None:
                _add_asset(guess, kind, node, wanted)
            elif isinstance(value, str) and _MODEL_FILE.match(value):
                _add_model(guess, body["class_type"], node, wanted, value)
            elif wanted in _VALUES:
                guess.inputs.setdefault(_VALUES[wanted], []).append((node, wanted))
            elif _server_choice(known.get(body["class_type"]), wanted):
                guess.doubts.append(f"node {node}: {wanted} = {value!r} is a file of that server")
        media = SAVING.get(body["class_type"])
        if media is not None:
            _name(guess.outputs, _ROLES[media], (node, media))
    if not guess.outputs:
        # Beside a node that saves, a preview is the same sound once more.
        for node in sorted(graph, key=_number):
            if graph[node]["class_type"] == PREVIEWS_SOUND:
                _name(guess.outputs, "sound", (node, "audio"))
    _texts(graph, guess)
    _differences(graph, guess)
    guess.sound = _sound(graph, guess)
    saved = [media for _, media in guess.outputs.values()]
    if saved.count("video") > 1:
        guess.doubts.append("several nodes save a video: the one called video is the result")
    if set(saved) == {"audio"}:
        if len(saved) > 1:
            guess.doubts.append("several nodes save a sound: the one called sound is the result")
        _spoken(graph, guess)
    return guess


def _texts(graph: Graph, guess: Guess) -> None:
    """Prompt and negative prompt, by where a text node's output leads."""
    reached: dict[str, set[str]] = {}
    for _, wanted, source, _ in links(graph):
        if wanted in ("positive", "negative"):
            reached.setdefault(source, set()).add(wanted)
    texts = [
        node
        for node, body in graph.items()
        if body["class_type"] == "CLIPTextEncode" and isinstance(body["inputs"].get("text"), str)
    ]
    for node in texts:
        ways = reached.get(node, set())
        if len(ways) == 1:
            name = "prompt" if ways == {"positive"} else "negative"
            guess.inputs.setdefault(name, []).append((node, "text"))
        else:
            guess.doubts.append(f"node {node}: is its text the prompt or the negative prompt?")


def _spoken(graph: Graph, guess: Guess) -> None:
    """Doubts about texts that nodes of other packs speak, sing or follow."""
    guess.doubts += [
        f'node {node}: if its {wanted} is what people write, say prompt = [["{node}", "{wanted}"]] '
        "under [inputs]"
        for node, body in graph.items()
        for wanted in _TEXTS
        if "prompt" not in guess.inputs
        and body["class_type"] != "CLIPTextEncode"
        and isinstance(body["inputs"].get(wanted), str)
    ]


def _differences(graph: Graph, guess: Guess) -> None:
    """Doubts about values that one setting would make the same and the graph has otherwise."""
    for name in ("width", "height", "length", "fps"):
        places = guess.inputs.get(name, [])
        values = [graph[node]["inputs"][wanted] for node, wanted in places]
        if len(set(values)) > 1:
            told = ", ".join(
                f"{value} in node {node}" for value, (node, _) in zip(values, places, strict=True)
            )
            guess.doubts.append(
                f"{name} is {told}: all get one value; take out the places that shall keep theirs"
            )


def _sound(graph: Graph, guess: Guess) -> str:
    """The asset whose sound a node puts under the film; empty for silence."""
    heard = {node: name for name, (kind, node, _) in guess.assets.items() if kind != "image"}
    sources: dict[str, list[str]] = {}
    for node, _, source, _ in links(graph):
        sources.setdefault(node, []).append(source)
    behind = [
        source
        for node, wanted, source, _ in links(graph)
        if wanted == "audio" and graph[node]["class_type"] in _SOUNDING
    ]
    seen: set[str] = set()
    while behind:
        node = behind.pop()
        if node in heard:
            return heard[node]
        if node not in seen:
            seen.add(node)
            behind += sources.get(node, [])
    return ""


def _add_asset(guess: Guess, kind: str, node: str, wanted: str) -> None:
    name = {"image": "image", "video": "motion", "audio": "audio"}[kind]
    _name(guess.assets, name, (kind, node, wanted))


def _add_model(guess: Guess, loader: str, node: str, wanted: str, value: str) -> None:
    folder = "clip_vision" if loader == "CLIPVisionLoader" else _FOLDERS.get(wanted, "")
    if not folder:
        guess.doubts.append(f"node {node}: in which folder below models/ is {value}?")
    _name(guess.models, wanted.removesuffix("_name"), (node, wanted, folder or "unknown", value))


def _name(into: dict[str, Any], name: str, value: Any) -> None:
    number, free = 2, name
    while free in into:
        free, number = f"{name}_{number}", number + 1
    into[free] = value


def _server_choice(description: Mapping[str, Any] | None, wanted: str) -> bool:
    spec = inputs_of(description).get(wanted) if description else None
    return spec is not None and allowed(spec) == []


def _number(node: str) -> tuple[int, str]:
    return (int(node), "") if node.isdigit() else (10**9, node)
