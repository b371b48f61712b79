"""Named lights, and how they move while the film runs.

Invariant: the light of a frame follows from its moment, the sound's loudness there and the seed;
``none`` leaves every colour as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, radians, sin

import numpy as np

from farm_motion_weave.chance import wandering
from farm_motion_weave.drawing import Lamps
from farm_motion_weave.params import LIGHTS

Colour = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Light:
    """A set-up. side, height : degrees of the key light to the right and up, 0 at the camera.

    fill : a second lamp, opposite. wrap : how far the key reaches around. pool : radius of the light
    on the plate, in heights of the picture, 0 for all of it; floor : what is left outside.
    """

    key: Colour
    side: float
    height: float
    ambient: Colour
    fill: Colour = (0.0, 0.0, 0.0)
    rim: Colour = (0.0, 0.0, 0.0)
    rim_side: float = 150.0
    wrap: float = 0.3
    backdrop: Colour = (1.0, 1.0, 1.0)
    pool: float = 0.0
    floor: float = 1.0


PRESETS = {
    "none": Light((0.85, 0.85, 0.85), -30, 30, (0.42, 0.42, 0.42)),
    "studio": Light(
        (0.80, 0.78, 0.75), -40, 35, (0.34, 0.35, 0.37), (0.14, 0.15, 0.17), (0.6, 0.6, 0.62),
        backdrop=(0.9, 0.9, 0.92), pool=1.1, floor=0.7,
    ),
    "rembrandt": Light(
        (1.15, 1.0, 0.82), -58, 42, (0.15, 0.15, 0.17), rim=(0.35, 0.33, 0.3), wrap=0.12,
        backdrop=(0.42, 0.4, 0.4), pool=0.9, floor=0.45,
    ),
    "sunset": Light(
        (1.45, 0.78, 0.36), 62, 12, (0.27, 0.27, 0.38), rim=(1.6, 0.75, 0.3), rim_side=120,
        backdrop=(1.0, 0.74, 0.58),
    ),
    "moon": Light(
        (0.34, 0.45, 0.72), -45, 55, (0.09, 0.12, 0.22), rim=(0.45, 0.6, 0.95),
        backdrop=(0.20, 0.27, 0.44),
    ),
    "neon": Light(
        (1.25, 0.22, 0.85), -70, 10, (0.13, 0.10, 0.20), (0.10, 0.85, 1.05), (0.2, 0.9, 1.1),
        rim_side=130, wrap=0.2, backdrop=(0.42, 0.30, 0.60),
    ),
    "stage": Light(
        (1.3, 1.22, 1.05), -12, 58, (0.10, 0.10, 0.13), rim=(0.5, 0.55, 0.8), rim_side=165,
        backdrop=(0.8, 0.75, 0.7), pool=0.55, floor=0.12,
    ),
    "candle": Light(
        (1.25, 0.70, 0.28), 35, -12, (0.12, 0.08, 0.06), wrap=0.25,
        backdrop=(0.55, 0.33, 0.18), pool=0.8, floor=0.25,
    ),
}  # fmt: skip
"""Light by name; ``none`` is here for the moves, which need a lamp."""
_PULSE = 0.65


@dataclass(frozen=True, slots=True)
class Setting:
    """A light and its moves, ready for any moment. words : of the parameter ``light``."""

    words: tuple[str, ...]
    seed: int
    duration_s: float

    @property
    def lit(self) -> bool:
        """Whether it changes anything."""
        return self.words != ("none",)

    def at(
        self, time_s: float, loudness: float, width: int, height: int, middle: tuple[float, float]
    ) -> Lamps:
        """The lamps of a moment. loudness : 0 to 1. middle : of the character, pixels."""
        preset = PRESETS[next((word for word in self.words if word in LIGHTS), "studio")]
        if "candle" in self.words and "flicker" not in self.words:
            strength = self._flicker(time_s, 0.5)
        else:
            strength = self._flicker(time_s, 1.0) if "flicker" in self.words else 1.0
        if "pulse" in self.words:
            strength *= 1.0 - _PULSE / 2 + _PULSE * loudness
        side, share = preset.side, time_s / max(self.duration_s, 1e-6)
        if "sweep" in self.words:
            side = -75.0 + 150.0 * (0.5 - 0.5 * cos(pi * min(share, 1.0)))
        if "orbit" in self.words:
            side += 360.0 * time_s / 8.0
        key = _towards(side, preset.height)
        fill = _towards(-side if preset.fill[0] + preset.fill[2] > 1 else -0.8 * side, 5.0)
        rim_side = preset.rim_side if side <= 0 else -preset.rim_side
        if preset.rim_side < 140:  # The light comes from behind on its own side.
            rim_side = preset.rim_side if side > 0 else -preset.rim_side
        rows = [[*key, *(strength * part for part in preset.key), preset.wrap]]
        if any(preset.fill):
            rows.append([*fill, *preset.fill, preset.wrap])
        rim = [*_towards(rim_side, 25.0), *(strength * part for part in preset.rim)]
        radius = preset.pool * height if preset.pool else 1e6
        wall = [part * (0.35 + 0.65 * strength) for part in preset.backdrop]
        drift = key[0] * 0.15 * width if preset.pool else 0.0
        return Lamps(
            self.lit,
            np.array(preset.ambient, np.float32),
            np.array(rows, np.float32),
            np.array(rim, np.float32),
            np.array([*wall, middle[0] + drift, middle[1], radius, preset.floor], np.float32),
        )

    def _flicker(self, time_s: float, amount: float) -> float:
        slow = wandering(self.seed, "candle", time_s * 2.3)
        quick = wandering(self.seed, "flame", time_s * 9.0)
        return 1.0 + amount * (0.14 * slow + 0.12 * quick)


def _towards(side: float, height: float) -> tuple[float, float, float]:
    """The direction to a lamp: right, down, to the camera."""
    across, up = radians(side), radians(height)
    return sin(across) * cos(up), -sin(up), cos(across) * cos(up)
