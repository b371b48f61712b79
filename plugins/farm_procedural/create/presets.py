"""Twenty-four films to begin with: names and prompts, across moods and genres.

Invariant: every preset is an ordinary prompt; nothing in here can be had by no other words.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Preset:
    """name: of the preset, also a file name. prompt: its words. seed: of the film in the gallery."""

    name: str
    prompt: str
    seed: int = 7


PRESETS: tuple[Preset, ...] = (
    Preset("harbour-at-dusk", "sunset over a calm sea, slow zoom in, warm light, 8 seconds"),
    Preset(
        "northern-lights", "aurora over snowy mountains, drifting stars, serene and slow, 8 seconds"
    ),
    Preset("blue-ridges", "misty mountains at dawn, slow pan right, soft light rays, 8 seconds"),
    Preset("deep-reef", "underwater coral reef with rising bubbles, dreamy, beams of light"),
    Preset("ember-night", "glowing embers rising from a bonfire at night, flickering, film grain"),
    Preset("first-snow", "gentle snow falling on a quiet forest at twilight, melancholy"),
    Preset(
        "cherry-wind",
        "cherry blossom petals in the wind over a lake at dawn, soft pink light, romantic",
    ),
    Preset("monsoon-neon", "neon city in the rain at night, cyberpunk, bokeh, handheld"),
    Preset("silk", "flowing crimson silk, elegant, slow, soft light, shallow focus"),
    Preset("liquid-gold", "liquid gold and black, swirling, luxurious"),
    Preset("nebula-drift", "a purple and teal nebula full of stars, slow dolly in, epic choir"),
    Preset(
        "golden-canyon", "a western desert canyon in the golden hour, dust, letterbox, 12 seconds"
    ),
    Preset(
        "storm-front",
        "epic trailer: a storm over mountains at dusk, lightning, fast cuts, drums, 15 seconds",
    ),
    Preset("club-pulse", "party visuals, pulsing magenta and cyan rings, 128 bpm, energetic"),
    Preset("geometry", "minimal abstract: three white circles orbiting on deep blue, clean"),
    Preset(
        "paper-hills",
        "children's animation: green hills under a bright blue sky, confetti, playful, happy",
    ),
    Preset("noir-moon", "film noir: a harbour by moonlight, fog, black and white, film grain"),
    Preset("old-reel", "vintage home movie of an autumn meadow, leaves falling, nostalgic, sepia"),
    Preset("breathe", "a breathing radial gradient of lavender and peach, meditation, very slow"),
    Preset("lagoon", "a tropical lagoon with palm hills at noon, vivid, travel film"),
    Preset("signal", 'corporate intro with the title "SIGNAL", navy and ice blue, clean, slow'),
    Preset(
        "the-arc",
        "starts slow and dark blue, then explodes into gold, ends calm in soft white, 12 seconds",
    ),
    Preset("fireflies", "fireflies over a meadow at twilight, magical, quiet night sounds"),
    Preset(
        "haunted",
        "horror: a cold dark blue cave, slow push in, flickering light, film grain, 10 seconds",
    ),
)


def preset(name: str) -> Preset | None:
    """The preset of a name."""
    return next((item for item in PRESETS if item.name == name), None)
