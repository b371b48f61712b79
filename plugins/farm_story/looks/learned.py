"""How a picture looks to a network that learned to name what pictures show: EfficientNet-Lite0.

Invariant: the same weights and pixels give the same numbers; the network runs on the processor, so
that a node's GPU is left to those who need it.

Sources: M. Tan and Q. Le, "EfficientNet", 2019; R. Liu, "Higher accuracy on vision models with
EfficientNet-Lite", 2020 (no squeeze-and-excitation, ReLU6).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from farm_story.looks.measures import Pixels

NAME = "efficientnet-lite0@1"
FILE = "efficientnet-lite0.safetensors"
SIZE_MB = 40

_SIDE = 224
# Repeats and stride of the stages; kernels and widths are those of the weights.
_STAGES = ((1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1))


@dataclass(frozen=True, slots=True)
class Net:
    """The weights by name, with the normalisations folded into the convolutions before them."""

    weights: dict[str, Any]


def load(folder: Path) -> Net:
    """The network of a model's folder."""
    from safetensors.torch import load_file

    return Net(load_file(folder / FILE))


def look(net: Net, pixels: Pixels, threads: int) -> NDArray[np.float64]:
    """The embedding, 1280 numbers of length 1: means of the last features.

    pixels : squeezed to a square, because what stands at the edge counts too.
    """
    import torch

    squeezed = Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    values = (np.asarray(squeezed, np.float32) - 127) / 128
    torch.set_num_threads(max(1, threads))
    with torch.inference_mode():
        given = torch.from_numpy(values).permute(2, 0, 1).unsqueeze(0)
        means = features_of(net, given).double().mean(dim=(2, 3))
    features: NDArray[np.float64] = means[0].numpy()
    length = float(np.linalg.norm(features))
    return features / length if length else features


def features_of(net: Net, values: Any) -> Any:
    """The last features, (batch, 1280, 7, 7), of (batch, 3, 224, 224)."""
    values = _relu6(_convolved(net, "stem", values, stride=2))
    block = 0
    for repeats, first_stride in _STAGES:
        for repeat in range(repeats):
            stride = first_stride if repeat == 0 else 1
            inner = values
            if f"blocks.{block}.expand.weight" in net.weights:
                inner = _relu6(_convolved(net, f"blocks.{block}.expand", inner))
            inner = _relu6(_convolved(net, f"blocks.{block}.depthwise", inner, stride, deep=True))
            inner = _convolved(net, f"blocks.{block}.project", inner)
            values = values + inner if inner.shape == values.shape and stride == 1 else inner
            block += 1
    return _relu6(_convolved(net, "head", values))


def _convolved(net: Net, name: str, values: Any, stride: int = 1, *, deep: bool = False) -> Any:
    from torch.nn import functional

    weight, bias = net.weights[f"{name}.weight"], net.weights[f"{name}.bias"]
    reach = weight.shape[-1]
    sizes = values.shape[-2:]
    # As TensorFlow pads: the odd pixel goes to the right and below.
    spare = [max((-(-size // stride) - 1) * stride + reach - size, 0) for size in sizes]
    down, across = spare
    padded = functional.pad(
        values, (across // 2, across - across // 2, down // 2, down - down // 2)
    )
    return functional.conv2d(padded, weight, bias, stride, groups=weight.shape[0] if deep else 1)


def _relu6(values: Any) -> Any:
    return values.clamp(0, 6)
