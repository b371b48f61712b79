"""Published weights brought to the form that engines load, once, when they are fetched.

Invariant: a checkpoint is read as plain tensors only, and the same checkpoint gives the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from farm_story.looks.learned import FILE

_EPS = 1e-3


def efficientnet_lite0(raw: Path, made: Path) -> None:
    """``efficientnet-lite0.pth`` without its classifier, normalisations folded into convolutions."""
    import torch
    from safetensors.torch import save_file

    weights = torch.load(raw / "efficientnet-lite0.pth", map_location="cpu", weights_only=True)
    folded: dict[str, Any] = {}
    _fold(weights, "_conv_stem", "_bn0", "stem", folded)
    _fold(weights, "_conv_head", "_bn1", "head", folded)
    blocks = {name.split(".")[1] for name in weights if name.startswith("_blocks.")}
    for block in sorted(blocks, key=int):
        for part, norm in (("expand", "_bn0"), ("depthwise", "_bn1"), ("project", "_bn2")):
            source = f"_blocks.{block}._{part}_conv"
            if f"{source}.weight" in weights:
                target = f"blocks.{block}.{part}"
                _fold(weights, source, f"_blocks.{block}.{norm}", target, folded)
    save_file(folded, made / FILE)


def _fold(
    weights: dict[str, Any], convolution: str, norm: str, name: str, folded: dict[str, Any]
) -> None:
    # The first block has no expansion, and so its norms are called _bn1 and _bn2 all the same.
    weight = weights[f"{convolution}.weight"].double()
    spread = (weights[f"{norm}.running_var"].double() + _EPS).sqrt()
    gain = weights[f"{norm}.weight"].double() / spread
    shift = weights[f"{norm}.bias"].double() - weights[f"{norm}.running_mean"].double() * gain
    folded[f"{name}.weight"] = (weight * gain[:, None, None, None]).float().contiguous()
    folded[f"{name}.bias"] = shift.float().contiguous()
