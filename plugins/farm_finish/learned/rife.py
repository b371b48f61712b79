"""Pictures between two: by optical flow where both show the same thing, by RIFE everywhere else.

Invariant: every sample of the result is a weighted mean of what the two pictures show where a flow
leads, taken from their own planes at their own bit depth; only what the network looks at is converted.

Neither alone is enough. Optical flow hits what both pictures show to hundredths of a pixel, where the
network is a quarter of one off and softens it; the network knows what becomes of things that are
covered, uncovered or too fast, where flow guesses.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional

from farm.media.between import Motion
from farm.media.light import light_of, signal_of
from farm.media.planes import Layout, Picture
from farm_finish.learned.rife_net import SIDES_MULTIPLE, FlowNet, warped

WORKING_SIDE = 1920
"""Longer side of the pictures that the network looks at; larger ones are shrunk for it."""
WEIGHTS = "flownet.safetensors"
_SURE = 0.1
"""Agreement of the flow from both sides above which it is believed."""


class Rife:
    """Makes pictures between two; keeps what it saw of the last two."""

    def __init__(self, folder: Path, device: str) -> None:
        """Load the weights from a folder of the model store onto ``cpu`` or ``cuda:0``."""
        self._device = torch.device(device)
        self._net = FlowNet()
        self._net.load_state_dict(load_file(folder / WEIGHTS))
        self._net.eval().requires_grad_(False).to(self._device)
        self._seen: list[tuple[Picture, Tensor, Tensor]] = []

    def picture(self, motion: Motion, moment: float) -> Picture:
        """What was seen at ``moment``, between 0 (the first) and 1 (the second)."""
        first, second = motion.first, motion.second
        classical, sure = motion.weighed(moment)
        with torch.inference_mode():
            flow, share = self._flow(first, second, moment)
            believed = (self._tensor(sure) > _SURE).float()
            believed = functional.avg_pool2d(believed, 3, 1, 1, count_include_pad=False)
            planes = []
            for index, known in enumerate(classical.planes):
                pair = first.planes[index], second.planes[index]
                made = self._mixed(*pair, flow, share, first.layout, chroma=index > 0)
                weight = _resized(believed, known.shape)
                made += weight * (self._tensor(known) - made)
                rounded = made[0, 0].add_(0.5).clamp_(0, 2**first.layout.depth - 1)
                planes.append(rounded.cpu().numpy().astype(known.dtype))
        return Picture(first.layout, (planes[0], planes[1], planes[2]))

    def forget(self) -> None:
        """Let go of the pictures that were seen."""
        self._seen.clear()

    def _flow(self, first: Picture, second: Picture, moment: float) -> tuple[Tensor, Tensor]:
        height, width = _working_size(first.layout)
        # Half the precision is enough for convolutions; flow and pictures stay whole.
        with torch.autocast(self._device.type, torch.float16, self._device.type == "cuda"):
            _, one, of_one = self._look(first)
            _, two, of_two = self._look(second)
            flow, share = self._net(one, two, (of_one, of_two), moment)
        self._seen = self._seen[-2:]
        return flow.float()[..., :height, :width], share.float()[..., :height, :width]

    def _look(self, picture: Picture) -> tuple[Picture, Tensor, Tensor]:
        """The picture as the network takes it, and its features."""
        for known in self._seen:
            if known[0] is picture:
                return known
        signal = np.clip(signal_of(light_of(picture)), 0, 1)
        values = torch.from_numpy(signal)[None].to(self._device)
        height, width = _working_size(picture.layout)
        if values.shape[-2:] != (height, width):
            values = functional.interpolate(values, (height, width), mode="area")
        padding = (0, -width % SIDES_MULTIPLE, 0, -height % SIDES_MULTIPLE)
        values = functional.pad(values, padding, mode="replicate")
        self._seen.append((picture, values, self._net.features(values)))
        return self._seen[-1]

    def _mixed(
        self,
        one: NDArray[Any],
        two: NDArray[Any],
        flow: Tensor,
        share: Tensor,
        layout: Layout,
        *,
        chroma: bool,
    ) -> Tensor:
        """One plane by the network's flow, float32 (1, 1, H, W)."""
        across, down = layout.halving if chroma else (0, 0)
        scale_x = layout.width / flow.shape[-1] / (1 << across)
        scale_y = layout.height / flow.shape[-2] / (1 << down)
        scale = torch.tensor([scale_x, scale_y] * 2, device=flow.device).view(1, 4, 1, 1)
        there, back = (_resized(flow, one.shape) * scale).split(2, 1)
        share = _resized(share, one.shape)
        first, second = warped(self._tensor(one), there), warped(self._tensor(two), back)
        return share * first + (1 - share) * second

    def _tensor(self, plane: NDArray[Any]) -> Tensor:
        return torch.from_numpy(plane.astype(np.float32))[None, None].to(self._device)


def _working_size(layout: Layout) -> tuple[int, int]:
    scale = min(1.0, WORKING_SIDE / max(layout.width, layout.height))
    return max(1, round(layout.height * scale)), max(1, round(layout.width * scale))


def _resized(planes: Tensor, shape: tuple[int, ...]) -> Tensor:
    if planes.shape[-2:] == shape:
        return planes
    if shape[0] < planes.shape[-2]:
        return functional.interpolate(planes, shape, mode="area")
    return functional.interpolate(planes, shape, mode="bilinear", align_corners=False)
