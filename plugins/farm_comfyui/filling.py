"""The values, models and choices of a request, written into the nodes that its map names.

Invariant: a value goes to every place that the map names for it, once for every chunk, and nowhere
else; what a choice leaves out goes whole, with nothing left that points at it.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any

from farm_comfyui.bound import Graph, ModelNeed
from farm_comfyui.fitting import placed_points
from farm_comfyui.lengths import Plan
from farm_comfyui.maps import WorkflowMap
from farm_comfyui.profiles import Settled
from farm_comfyui.requests import BindRequest
from farm_comfyui.wiring import bypass, drop, place_in, set_value
from farm_comfyui.words import Words

SHIFT = 8.0
"""Shift of the noise schedule, the same for every Wan 2.2 workflow."""


def chunk_seed(seed: int, chunk: int) -> int:
    """The seed of a chunk: the asked one for the first, one made from it for every further one."""
    return seed if chunk == 0 else zlib.crc32(f"{seed}:{chunk}".encode())


def fill(
    graph: Graph,
    said: WorkflowMap,
    request: BindRequest,
    words: Words,
    choice: Settled,
    length: Plan,
) -> None:
    """Write the values of a request into ``graph``."""
    short = min(choice.width, choice.height)
    values: dict[str, Any] = {
        "prompt": words.prompt,
        "negative": words.negative,
        "width": choice.width,
        "height": choice.height,
        "length": length.length,
        "overlap": said.length.overlap,
        "fps": float(said.length.fps),
        "shift": SHIFT,
        "pose_resolution": -(-short // 64) * 64,
        **choice.values,
    }
    if "points" in said.inputs:
        values["points"] = placed_points(
            request.subject, request.assets["motion"], choice.width, choice.height
        )
    for name, places in said.inputs.items():
        for node, wanted in places:
            for chunk in range(1, length.chunks) if node.startswith("+") else (0,):
                if name == "seed":
                    values["seed"] = chunk_seed(request.seed, chunk)
                if name in values:
                    set_value(graph, (place_in(node, chunk), wanted), values[name])


def fill_models(
    graph: Graph, said: WorkflowMap, precision: str
) -> tuple[tuple[str, ModelNeed], ...]:
    """Write the models' file names into ``graph``: each loader node, and what it then needs."""
    needs = []
    for model in said.models.values():
        node, wanted = model.place
        name = _form(model.files, precision)
        set_value(graph, model.place, name)
        needs.append((node, ModelNeed(graph[node]["class_type"], wanted, model.folder, name)))
    return tuple(needs)


def _form(files: Mapping[Any, str], precision: str) -> str:
    return files["any"] if "any" in files else files[precision]


def leave_out(graph: Graph, said: WorkflowMap, request: BindRequest, choice: Settled) -> None:
    """Take out what the request's choices and missing files leave out."""
    off = [switch for name, switch in said.switches.items() if name not in choice.switches]
    for switch in off:
        drop(graph, switch.drop)
    for switch in off:
        for node, through in switch.nodes:
            bypass(graph, node, through)
    for name, asset in said.assets.items():
        if name not in request.assets:
            drop(graph, asset.nodes)
