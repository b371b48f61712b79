"""The network of RIFE 4.25 and 4.26, which finds where each pixel of a moment came from.

Invariant: its result is flow and trust alone; pictures are never touched here, so that what is shown
keeps its own bit depth and colours.

Written from Z. Huang et al., "Real-Time Intermediate Flow Estimation for Video Frame Interpolation",
2022, and the widths of the published weights (MIT).
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDES_MULTIPLE = 64
"""Rows and columns the network takes are a multiple of this."""
_STEPS = ((192, 16), (128, 8), (96, 4), (64, 2), (32, 1))
"""Channels of each refinement, and by how much its pictures are shrunk."""
_FEATURES, _MEMORY = 4, 8


class _Residual(nn.Module):
    """A convolution whose share is learned, added to what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.beta = nn.Parameter(torch.ones(1, channels, 1, 1))

    def forward(self, values: Tensor) -> Tensor:
        return functional.leaky_relu(self.conv(values) * self.beta + values, 0.2)


class _Features(nn.Module):
    """Four planes of features of a picture, at its own size."""

    def __init__(self) -> None:
        super().__init__()
        self.cnn0 = nn.Conv2d(3, 16, 3, stride=2, padding=1)
        self.cnn1 = nn.Conv2d(16, 16, 3, padding=1)
        self.cnn2 = nn.Conv2d(16, 16, 3, padding=1)
        self.cnn3 = nn.ConvTranspose2d(16, _FEATURES, 4, stride=2, padding=1)

    def forward(self, picture: Tensor) -> Tensor:
        values = picture
        for layer in (self.cnn0, self.cnn1, self.cnn2):
            values = functional.leaky_relu(layer(values), 0.2)
        return self.cnn3(values).float()


class _Refinement(nn.Module):
    """One look at the pictures, coarser or finer: a change of flow, trust, and a memory."""

    def __init__(self, channels_in: int, channels: int) -> None:
        super().__init__()
        sizes = (channels_in, channels // 2, channels)
        self.conv0 = nn.Sequential(
            *(
                nn.Sequential(nn.Conv2d(a, b, 3, stride=2, padding=1), nn.LeakyReLU(0.2))
                for a, b in pairwise(sizes)
            )
        )
        self.convblock = nn.Sequential(*(_Residual(channels) for _ in range(8)))
        out = 4 * (4 + 1 + _MEMORY)
        self.lastconv = nn.Sequential(
            nn.ConvTranspose2d(channels, out, 4, stride=2, padding=1), nn.PixelShuffle(2)
        )

    def forward(self, seen: list[Tensor], flow: Tensor | None, shrink: int) -> list[Tensor]:
        parts = [_sized(part, 1 / shrink) for part in seen]
        if flow is not None:
            parts.append(_sized(flow, 1 / shrink) / shrink)
        made = self.lastconv(self.convblock(self.conv0(torch.cat(parts, 1))))
        change, trust, memory = _sized(made.float(), shrink).split((4, 1, _MEMORY), 1)
        return [change * shrink, trust, memory]


class FlowNet(nn.Module):
    """Flow and trust between two pictures at a moment.

    Takes float32 (1, 3, H, W) from 0 to 1, H and W multiples of ``SIDES_MULTIPLE``.
    """

    def __init__(self) -> None:
        super().__init__()
        both = 2 * (3 + _FEATURES) + 1
        for index, (channels, _) in enumerate(_STEPS):
            more = 1 + _MEMORY + 4 if index else 0
            setattr(self, f"block{index}", _Refinement(both + more, channels))
        self.encode = _Features()

    def features(self, picture: Tensor) -> Tensor:
        """What the network keeps of a picture, for any number of moments."""
        return self.encode(picture)

    def forward(
        self, first: Tensor, second: Tensor, features: tuple[Tensor, Tensor], moment: float
    ) -> tuple[Tensor, Tensor]:
        """Flow (1, 4, H, W) from the moment into both pictures, in pixels, across before down, and
        the share (1, 1, H, W) of the first."""
        time = torch.full_like(first[:, :1], moment)
        seen = [first, second, *features, time]
        flow: Tensor | None = None
        trust = time
        for index, (_, shrink) in enumerate(_STEPS):
            change, trust, memory = getattr(self, f"block{index}")(seen, flow, shrink)
            flow = change if flow is None else flow + change
            if index + 1 < len(_STEPS):
                there, back = flow.split(2, 1)
                seen = [warped(first, there), warped(second, back)]
                seen += [warped(features[0], there), warped(features[1], back)]
                seen += [time, trust, memory]
        assert flow is not None
        return flow, torch.sigmoid(trust)


def warped(planes: Tensor, flow: Tensor, mode: str = "bilinear") -> Tensor:
    """Planes (1, C, H, W) sampled at ``x + flow(x)``; outside, their edge."""
    height, width = planes.shape[-2:]
    rows = torch.linspace(-1, 1, height, device=planes.device).view(1, height, 1)
    columns = torch.linspace(-1, 1, width, device=planes.device).view(1, 1, width)
    x = columns + flow[:, 0] * (2 / max(width - 1, 1))
    y = rows + flow[:, 1] * (2 / max(height - 1, 1))
    return functional.grid_sample(
        planes, torch.stack((x, y), -1), mode, padding_mode="border", align_corners=True
    )


def _sized(planes: Tensor, scale: float) -> Tensor:
    if scale == 1:
        return planes
    return functional.interpolate(planes, scale_factor=scale, mode="bilinear", align_corners=False)
