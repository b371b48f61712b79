"""How a run's time divides among its nodes, for a progress bar that moves evenly.

Invariant: the shares of a graph's nodes sum to one. They are rough by intent: a sampler's cost follows
its steps and the frames it makes, everything else is measured against one step of one chunk.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from farm_comfyui.descriptions import Graph, is_link

_COST = {
    "VAEDecode": 2.0,
    "DWPreprocessor": 4.0,
    "Sam2Segmentation": 4.0,
    "WanAnimateToVideo": 2.0,
    "WanFunInpaintToVideo": 1.5,
    "Wan22FunControlToVideo": 1.5,
    "WanSoundImageToVideo": 0.5,
    "WanSoundImageToVideoExtend": 0.5,
    "UNETLoader": 2.0,
    "CLIPLoader": 1.5,
    "CLIPTextEncode": 0.5,
    "SaveVideo": 0.5,
}
_LEAST = 0.05


def weights_of(graph: Graph) -> dict[str, float]:
    """Node to its share of the time."""
    costs = {node: _cost(body) for node, body in graph.items()}
    whole = sum(costs.values())
    return {node: cost / whole for node, cost in costs.items()}


def _cost(body: Mapping[str, Any]) -> float:
    name, inputs = body["class_type"], body["inputs"]
    if name not in ("KSampler", "KSamplerAdvanced"):
        return _COST.get(name, _LEAST)
    steps = inputs["steps"]
    if is_link(steps):
        return 20.0
    first = inputs.get("start_at_step", 0)
    last = inputs.get("end_at_step", steps)
    guided = 1.0 if inputs["cfg"] == 1.0 else 2.0
    return max(1.0, float(min(last, steps) - first)) * guided
