"""Whether a node map and its graph belong together.

Invariant: a map without misfits names only what is there, and every input that a server's own files
fill is claimed by an asset or a model of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from farm_comfyui.bound import Graph
from farm_comfyui.descriptions import allowed, inputs_of, is_link
from farm_comfyui.maps import Extension, WorkflowMap


def misfits(said: WorkflowMap, graph: Graph, extension: Extension | None) -> list[str]:
    """What a map names that its graph does not have, or that the map itself lacks."""
    nodes = set(graph) | set(extension.nodes if extension else ())
    wrong = []
    places = {f"inputs.{name}": places for name, places in said.inputs.items()}
    places |= {f"assets.{name}": asset.places for name, asset in said.assets.items()}
    places |= {f"models.{name}": (model.place,) for name, model in said.models.items()}
    places |= {f"switches.{name}": switch.nodes for name, switch in said.switches.items()}
    for owner, found in places.items():
        for node, name in found:
            body = graph.get(node) or (extension.nodes.get(node) if extension else None)
            if body is None:
                wrong.append(f"{owner}: there is no node {node}")
            elif name not in body["inputs"]:
                wrong.append(f"{owner}: node {node} has no input {name}")
    named = [("outputs." + name, one.node) for name, one in said.outputs.items()]
    named += [
        (f"switches.{name}", node) for name, one in said.switches.items() for node in one.drop
    ]
    named += [(f"assets.{name}", node) for name, one in said.assets.items() for node in one.nodes]
    wrong += [f"{owner}: there is no node {node}" for owner, node in named if node not in nodes]
    if not {"video", "picture", "sound"} & set(said.outputs):
        wrong.append("outputs: none is called video, picture or sound")
    wrong += [
        f"outputs.{name}: its media is not {media}"
        for name, media in (("video", "video"), ("picture", "image"), ("sound", "audio"))
        if name in said.outputs and said.outputs[name].media != media
    ]
    leads = said.length.asset
    if leads and leads not in said.assets:
        wrong.append(f"length: there is no asset {leads}")
    elif leads and not said.assets[leads].required:
        wrong.append(f"length: the asset {leads} must be required, because all lengths follow it")
    if said.sound and said.sound not in said.assets:
        wrong.append(f"sound: there is no asset {said.sound}")
    if "points" in said.inputs and "motion" not in said.assets:
        wrong.append("inputs.points: they lie on the asset motion, which is not there")
    for quality, profile in said.profiles.items():
        wrong += [
            f"profiles.{quality}: there is no input {name}"
            for name in profile.values
            if name not in said.inputs
        ]
        wrong += [
            f"profiles.{quality}: there is no switch {name}"
            for name in profile.switches
            if name not in said.switches
        ]
        for model_name, model in said.models.items():
            if "any" not in model.files and not set(profile.precision) <= set(model.files):
                wrong.append(f"models.{model_name}: no file for {quality}")
    return wrong


def unclaimed(said: WorkflowMap, graph: Graph, known: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Inputs that a server's own files fill and that the map does not name."""
    claimed = {place for asset in said.assets.values() for place in asset.places}
    claimed |= {model.place for model in said.models.values()}
    return [
        f"node {node} ({body['class_type']}): {name} is in no assets or models of the map"
        for node, body in graph.items()
        for name, spec in inputs_of(known[body["class_type"]]).items()
        if allowed(spec) == []
        and name in body["inputs"]
        and not is_link(body["inputs"][name])
        and (node, name) not in claimed
    ]
