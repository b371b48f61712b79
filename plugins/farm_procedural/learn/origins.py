"""The static origins: what was known before anything was learned.

Invariant: origins never change at run time and are never forgotten; a learned entry is new only when
it lies far from all of them.
"""

from __future__ import annotations

from functools import lru_cache

from farm_procedural.analyse.oklab import from_hex
from farm_procedural.interpret.vocabulary import INTENSITIES, PALETTES, TEMPOS
from farm_procedural.learn.traits import (
    Trait,
    camera_point,
    colour_point,
    gradient_point,
    motion_point,
    palette_point,
    rhythm_point,
    texture_point,
)

_COLOURS = {
    "black": "#101010", "grey": "#808080", "white": "#f5f5f5", "red": "#d22020",
    "orange": "#f08020", "yellow": "#f0d030", "green": "#30a040", "teal": "#109080",
    "cyan": "#30c0d8", "blue": "#2850c8", "navy": "#101c50", "violet": "#7030b0",
    "magenta": "#c830a0", "pink": "#f0a0b8", "brown": "#6a4020", "cream": "#f4e6c8",
}  # fmt: skip
_CAMERAS = {
    "static": (0.0, 0.0, 0.0, 0.0), "zoom-in": (0.1, 0.0, 0.0, 0.0),
    "zoom-out": (-0.1, 0.0, 0.0, 0.0), "rotate-left": (0.0, -10.0, 0.0, 0.0),
    "rotate-right": (0.0, 10.0, 0.0, 0.0), "pan-left": (0.0, 0.0, 0.15, 0.0),
    "pan-right": (0.0, 0.0, -0.15, 0.0), "tilt-up": (0.0, 0.0, 0.0, -0.15),
    "tilt-down": (0.0, 0.0, 0.0, 0.15),
}  # fmt: skip
_TEXTURES = {"smooth": (0.02, 0.002, 0.0), "cloudy": (0.15, 0.008, 0.02),
             "rough": (0.5, 0.03, 0.2)}  # fmt: skip


@lru_cache(maxsize=1)
def origins() -> dict[str, dict[str, Trait]]:
    """By kind and name."""
    colours = {name: from_hex(code) for name, code in _COLOURS.items()}
    palettes = {
        name: tuple(from_hex(code) for code in palette.colours)
        for name, palette in PALETTES.items()
    }
    gradients = {
        "vertical": 90.0, "vertical-down": 270.0, "horizontal": 0.0, "horizontal-left": 180.0,
        "angled": 45.0, "angled-down": 315.0, "radial": 0.0, "diamond": 0.0, "conic": 0.0,
    }  # fmt: skip
    return {
        "colour": {
            name: Trait("colour", colour_point(lab), colours=(lab,))
            for name, lab in colours.items()
        },
        "palette": {
            name: Trait("palette", palette_point(labs), name, labs)
            for name, labs in palettes.items()
        },
        "gradient": {
            name: Trait("gradient", gradient_point(name.split("-")[0], angle, 0.35))
            for name, angle in gradients.items()
        },
        "motion": {
            name: Trait("motion", motion_point(0.85 * level, 0.0, 0.85, 0.3, 0.0))
            for name, level in INTENSITIES.items()
        },
        "texture": {
            name: Trait("texture", texture_point(*numbers), name)
            for name, numbers in _TEXTURES.items()
        },
        "rhythm": {
            name: Trait("rhythm", rhythm_point(bpm, 240 / bpm)) for name, bpm in TEMPOS.items()
        },
        "camera": {
            name: Trait("camera", camera_point(*numbers), name)
            for name, numbers in _CAMERAS.items()
        },
    }
