"""The legal values of every axis: the contract between what is understood and what is made.

Invariant: a decision's value is listed here under its axis, or is a colour ``#rrggbb`` on
``Axis.COLOUR``; each value says in one sentence what the picture or the sound shall show. Names of
shapes, particles, gradients and transitions are those of ``script.py``.

Families: on camera, "zoom", "pan", "tilt", "rotate" and "dolly" mean the move in any direction; a
refused family refuses each of its members ("no zoom" refuses zoom-in and zoom-out).
Counts of an instruction are keyed by a value of SHAPE or PARTICLES, or by one of ``COUNTED``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from farm_procedural.instruction import Axis
from farm_procedural.interpret.palettes import PALETTES, Palette

__all__ = ["BRIGHTNESSES", "COUNTED", "INTENSITIES", "MOODS", "PALETTES", "SCENES", "TEMPOS",
           "VALUES", "Mood", "Palette", "Scene", "is_legal"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Scene:
    """A place. scenery is one of ``script.Scenery``; layers of land 0 to 6, rough 0 (dunes) to 2
    (peaks, treetops); water below the horizon; scale: factor on the size of forms. Its colours,
    light and particles are decisions of their own, implied by the words."""

    about: str
    scenery: str = "flow"
    layers: int = 0
    rough: float = 0.0
    water: bool = False
    scale: float = 1.0


SCENES: dict[str, Scene] = {
    "abstract": Scene("No place: forms that fold and flow.", "flow"),
    "gradient": Scene("Nothing but colours that turn into one another.", "gradient"),
    "sky": Scene("Open sky over a far horizon.", "sky"),
    "clouds": Scene("Among clouds, without ground.", "clouds"),
    "sea": Scene("Water to the horizon.", "sky", water=True),
    "beach": Scene("A low shore by the sea.", "sky", 1, 0.1, water=True),
    "lake": Scene("Still water between soft hills.", "sky", 2, 0.6, water=True),
    "river": Scene("Water winding between banks.", "sky", 3, 0.5, water=True),
    "waterfall": Scene("Water that falls past rock.", "sky", 4, 1.4, water=True),
    "underwater": Scene("Below the surface, light from above.", "flow", scale=0.9),
    "forest": Scene("Rows of treetops into the haze.", "sky", 4, 1.6),
    "jungle": Scene("Dense leaves, close and humid.", "sky", 5, 1.8),
    "meadow": Scene("Gentle green hills.", "sky", 3, 0.35),
    "garden": Scene("Flowers and leaves near by.", "sky", 2, 0.4),
    "desert": Scene("Dunes behind dunes.", "sky", 4, 0.3),
    "canyon": Scene("Steep walls of layered rock.", "sky", 5, 1.3),
    "mountains": Scene("Ridges behind ridges.", "sky", 5, 1.0),
    "volcano": Scene("A dark cone over glowing rock.", "sky", 3, 1.2),
    "island": Scene("Land alone in the sea.", "sky", 2, 0.5, water=True),
    "snowfield": Scene("White land under a pale sky.", "sky", 3, 0.6),
    "glacier": Scene("Walls and floes of ice.", "sky", 3, 1.1, water=True),
    "cave": Scene("Dark walls around a far light.", "flow", 3, 1.5),
    "city": Scene("A skyline of blocks with lit windows.", "sky", 3, 0.9),
    "street": Scene("A lane at eye level with lamps.", "flow", 2, 0.8),
    "room": Scene("Indoors, soft light on plain walls.", "gradient"),
    "space": Scene("Stars in empty black.", "nebula", scale=0.9),
    "nebula": Scene("Glowing clouds between stars.", "nebula", scale=0.9),
    "planet": Scene("A round world in the dark.", "nebula", scale=0.8),
    "aurora": Scene("Curtains of light over dark hills.", "aurora", 2, 0.7),
    "fire": Scene("Flames that fill the picture.", "flow", scale=1.1),
    "smoke": Scene("Smoke that curls in still air.", "clouds", scale=0.8),
    "cyberspace": Scene("A grid that runs to a glowing horizon.", "gradient"),
}


@dataclass(frozen=True, slots=True)
class Mood:
    """valence -1 (dark, minor) to 1 (bright, major); tension 0 (at rest) to 1; energy: factor on
    motion."""

    about: str
    valence: float
    tension: float
    energy: float = 1.0


MOODS: dict[str, Mood] = {
    "calm": Mood("At rest.", 0.4, 0.05, 0.5),
    "meditative": Mood("Slow breath, nothing happens.", 0.3, 0.0, 0.4),
    "happy": Mood("Light-hearted and open.", 0.9, 0.2, 1.2),
    "playful": Mood("Light steps, small surprises.", 0.8, 0.25, 1.3),
    "hopeful": Mood("A light that grows.", 0.7, 0.25, 0.9),
    "romantic": Mood("Warm and near.", 0.6, 0.2, 0.7),
    "cosy": Mood("Warm, small and safe.", 0.6, 0.05, 0.6),
    "dreamy": Mood("Floating, edges soft.", 0.4, 0.15, 0.7),
    "nostalgic": Mood("Warm and a little sad.", 0.1, 0.15, 0.7),
    "elegant": Mood("Measured and clean.", 0.4, 0.2, 0.7),
    "mysterious": Mood("Something is hidden.", -0.3, 0.5, 0.7),
    "melancholy": Mood("Quiet sorrow.", -0.6, 0.2, 0.6),
    "sad": Mood("Loss.", -0.8, 0.25, 0.55),
    "lonely": Mood("Wide and empty.", -0.5, 0.2, 0.5),
    "dark": Mood("Heavy and threatening.", -0.8, 0.6, 0.8),
    "scary": Mood("Fear.", -0.9, 0.9, 1.0),
    "tense": Mood("Something is about to happen.", -0.4, 0.8, 1.1),
    "angry": Mood("Force against something.", -0.7, 0.9, 1.7),
    "energetic": Mood("Full drive.", 0.6, 0.5, 1.7),
    "chaotic": Mood("No order holds.", -0.2, 0.9, 2.0),
    "epic": Mood("Large and rising.", 0.4, 0.6, 1.2),
    "triumphant": Mood("Arrived and bright.", 0.9, 0.5, 1.3),
    "sacred": Mood("Awe, wide and slow.", 0.3, 0.2, 0.5),
    "futuristic": Mood("Cool precision.", 0.1, 0.4, 1.1),
}

INTENSITIES: dict[str, float] = {
    "still": 0.0, "calm": 0.2, "moderate": 0.45, "lively": 0.65, "strong": 0.8, "frantic": 1.0,
}  # fmt: skip
"""How much moves; the level of ``script.Motion``."""

TEMPOS: dict[str, float] = {
    "very-slow": 48, "slow": 64, "moderate": 90, "fast": 124, "very-fast": 160,
}  # fmt: skip
"""Beats per minute; ``counts["bpm"]`` outranks them. Tempo is also the pace of the picture."""

BRIGHTNESSES: dict[str, float] = {
    "black": -1.0, "dark": -0.6, "dim": -0.3, "medium": 0.0, "bright": 0.5, "blinding": 1.0,
}  # fmt: skip
"""From darkest to lightest, -1 to 1."""

COUNTED: dict[str, str] = {
    "cuts": "Cuts of the film, dissolves and other transitions included.",
    "shots": "Shots of the film; one more than cuts.",
    "bpm": "Beats per minute.",
    "colours": "Different colours.",
    "layers": "Layers of land in depth.",
}

VALUES: Mapping[Axis, Mapping[str, str]] = {
    Axis.SCENE: {name: scene.about for name, scene in SCENES.items()},
    Axis.PALETTE: {name: palette.about for name, palette in PALETTES.items()},
    Axis.COLOUR: {},
    Axis.BRIGHTNESS: {
        "black": "Almost nothing is lit.", "dark": "Low key: most of the picture is in shadow.",
        "dim": "Subdued light.", "medium": "Neither dark nor bright.",
        "bright": "High key: most of the picture is light.", "blinding": "Light that overflows.",
    },
    Axis.SATURATION: {
        "grey": "No colour at all.", "muted": "Faint colours.", "natural": "Colours as they are.",
        "pastel": "Light, milky colours.", "vivid": "Strong, pure colours.",
    },
    Axis.CONTRAST: {
        "low": "Tones close together, soft.", "medium": "An even scale of tones.",
        "high": "Deep shadow against strong light.",
    },
    Axis.TEMPERATURE: {
        "cold": "Blue throughout.", "cool": "Leaning to blue.", "neutral": "Leaning nowhere.",
        "warm": "Leaning to orange.", "hot": "Orange and red throughout.",
    },
    Axis.GRADIENT: {
        "flat": "One colour, no gradient.", "vertical": "Colours change from top to bottom.",
        "horizontal": "Colours change from left to right.",
        "radial": "Colours change from the middle outward.",
        "angled": "Colours change along a diagonal.",
        "conic": "Colours turn around the middle.", "diamond": "Colours change in a diamond.",
    },
    Axis.TEXTURE: {
        "smooth": "No noise over the colours.", "cloudy": "Soft large fractal forms.",
        "silky": "Long warped folds.", "liquid": "Strongly warped, running forms.",
        "marbled": "Warped veins.", "smoky": "Fine curling wisps.", "rippled": "Small waves.",
        "rough": "Many fine octaves, like rock.", "crystalline": "Hard facets.",
        "painterly": "Broad strokes.", "cellular": "Round cells.", "fibrous": "Fine parallel lines.",
    },
    Axis.MOTION: {
        "still": "Nothing moves.", "drift": "Everything slides slowly.",
        "float": "Weightless up and down.", "flow": "Forms run along a stream.",
        "wave": "Forms roll in waves.", "swirl": "Forms turn into one another.",
        "spin": "Shapes turn fast.", "orbit": "Shapes circle the middle.",
        "pulse": "Swells with the beat.", "breathe": "Swells slowly, in and out.",
        "rise": "Goes up.", "fall": "Comes down.", "explode": "Bursts outward from the middle.",
        "implode": "Falls into the middle.", "grow": "Becomes larger.", "shrink": "Becomes smaller.",
        "bounce": "Springs back.", "shake": "Trembles.", "flicker": "Light comes and goes quickly.",
        "glitch": "Jumps out of order.", "morph": "One form becomes another.",
    },
    Axis.DIRECTION: {
        "right": "0 degrees.", "up-right": "45 degrees.", "up": "90 degrees.",
        "up-left": "135 degrees.", "left": "180 degrees.", "down-left": "225 degrees.",
        "down": "270 degrees.", "down-right": "315 degrees.", "in": "Towards the middle.",
        "out": "Away from the middle.", "clockwise": "Turning with the clock.",
        "counter-clockwise": "Turning against the clock.",
    },
    Axis.INTENSITY: {
        "still": "Nothing moves.", "calm": "Little moves, slowly.", "moderate": "Plain motion.",
        "lively": "Clearly in motion.", "strong": "Fast and forceful.", "frantic": "All at once.",
    },
    Axis.CAMERA: {
        "static": "The camera does not move.", "zoom": "Zooms, in or out.", "zoom-in": "Closer.",
        "zoom-out": "Wider.", "pan": "Slides sideways.", "pan-left": "Slides to the left.",
        "pan-right": "Slides to the right.", "tilt": "Moves up or down.", "tilt-up": "Moves up.",
        "tilt-down": "Moves down.", "rotate": "Turns about its axis.",
        "rotate-left": "Turns against the clock.", "rotate-right": "Turns with the clock.",
        "dolly": "Travels through the depth.", "dolly-in": "Travels forward.",
        "dolly-out": "Travels back.", "handheld": "Held by hand, a little unsteady.",
        "orbit": "Circles the subject.",
    },
    Axis.SHAPE: {
        "circle": "Discs.", "ring": "Rings.", "triangle": "Triangles.", "square": "Squares.",
        "hexagon": "Hexagons.", "star": "Stars as drawn shapes.", "heart": "Hearts.",
        "line": "Lines.", "wave": "A wave line.", "spiral": "Spirals.", "grid": "A grid.",
    },
    Axis.PARTICLES: {
        "stars": "Points that twinkle.", "embers": "Glowing sparks that rise slowly.",
        "snow": "Flakes that fall.", "rain": "Streaks that fall.", "dust": "Motes in the light.",
        "petals": "Petals that tumble.", "bokeh": "Large soft discs of light.",
        "bubbles": "Bubbles that rise.", "sparks": "Short bright streaks.",
        "confetti": "Coloured paper that falls.", "leaves": "Leaves that fall and turn.",
        "fireflies": "Small lights that wander and blink.",
    },
    Axis.DEPTH: {
        "flat": "One plane.", "layered": "Several planes at different distances.",
        "deep": "Many planes to a far horizon.", "shallow-focus": "One plane sharp, others blurred.",
        "deep-focus": "All planes sharp.", "blurred": "Out of focus altogether.",
    },
    Axis.LIGHT: {
        "sun": "A sun in the sky.", "moon": "A moon in the sky.", "soft": "Even, without shadow.",
        "hard": "One strong key light.", "backlit": "From behind: silhouettes and rims.",
        "rim": "Bright edges.", "beams": "Volumetric rays.", "bloom": "Bright parts glow.",
        "spotlight": "A pool of light in the dark.", "flicker": "Unsteady, as of fire or tubes.",
        "candle": "Small, warm, unsteady.", "lightning": "Sudden white flashes.",
        "reflections": "Glints on water and metal.",
    },
    Axis.GRADE: {
        "clean": "No film effects.", "film": "Soft curve, a little grain and halation.",
        "grain": "Visible grain.", "vignette": "Darker corners.",
        "halation": "Red glow round highlights.", "letterbox": "Bars of a wide screen.",
        "sepia": "Brown and cream only.", "noir": "Black and white, hard.",
        "bleach": "Silver left in: hard and pale.", "teal-orange": "Teal shadows, orange light.",
        "faded": "Lifted blacks.", "vintage": "Faded, warm, with grain and vignette.",
        "technicolor": "Rich primaries.", "vhs": "Soft, shifted, noisy tape.",
    },
    Axis.WEATHER: {
        "clear": "No cloud.", "cloudy": "Many clouds.", "fog": "Distance lost in white.",
        "drizzle": "Fine rain.", "rain": "Rain.", "storm": "Wind, dark cloud, rain, flashes.",
        "snow": "Snow.", "blizzard": "Driving snow.", "windy": "Everything leans and moves.",
        "heat": "Shimmering air.",
    },
    Axis.SHOT: {
        "wide": "All of the place.", "medium": "Part of the place.", "close": "Near to one form.",
        "macro": "Very near, large forms.", "aerial": "From high above, looking ahead.",
        "top-down": "Straight down.", "low-angle": "From the ground, looking up.",
    },
    Axis.TRANSITION: {
        "cut": "At once.", "dissolve": "One through the other.", "wipe": "An edge runs across.",
        "fade": "Through black.", "match": "A shape carries over.", "whip": "A blurred fast pan.",
    },
    Axis.CUTS: {
        "none": "One take.", "few": "Long shots.", "some": "A usual pace of shots.",
        "many": "Short shots.", "rapid": "Very short shots.",
    },
    Axis.GENRE: {
        "abstract": "Form and colour only.", "ambient": "A loop to leave on.",
        "nature": "A nature film.", "documentary": "Plain and observing.",
        "cinematic": "Composed as for the cinema.", "trailer": "Builds to a climax.",
        "music-video": "Cut to the beat.", "commercial": "Clean, quick, ends on a name.",
        "corporate": "Sober and clear.", "logo": "A short reveal of a name.",
        "title-sequence": "Opens a film.", "lyric": "Words lead.", "action": "Fast and hard.",
        "horror": "To frighten.", "thriller": "To keep in suspense.", "noir": "Crime in shadow.",
        "scifi": "Future and machines.", "fantasy": "Magic and far lands.", "western": "Dust.",
        "romance": "Love.", "comedy": "Fun.", "anime": "Drawn, clear colours.",
        "retro": "The eighties.", "vintage": "An old reel.", "party": "Club and lights.",
        "sport": "Speed and effort.", "news": "Graphic and factual.", "travel": "Places.",
        "children": "Round, bright, simple.", "meditation": "For breathing along.",
    },
    Axis.MOOD: {name: mood.about for name, mood in MOODS.items()},
    Axis.TEMPO: {
        "very-slow": "48 beats a minute.", "slow": "64.", "moderate": "90.", "fast": "124.",
        "very-fast": "160.",
    },
    Axis.SOUND: {
        "none": "Silence.", "wind": "A bed of wind.", "rain": "A bed of rain.",
        "sea": "A bed of waves.", "fire": "A bed of crackling.", "hum": "A bed of machine hum.",
        "night": "A bed of night insects.", "pad": "Long soft chords.",
        "pluck": "Plucked or struck strings, piano, guitar.", "bass": "Low notes.",
        "drums": "Beats.", "bells": "Bells and chimes.", "choir": "Voices without words.",
        "loud": "Dense and forward.", "quiet": "Sparse and far.", "major": "A bright key.",
        "minor": "A dark key.",
    },
    Axis.TITLE: {
        "title": "Large, in the middle.", "kinetic": "Words that move with the beat.",
        "lower-third": "Small, at the lower left.", "caption": "Small, at the bottom.",
        "none": "No text on screen.",
    },
}  # fmt: skip

_HEX = re.compile(r"#[0-9a-f]{6}\Z")


def is_legal(axis: Axis, value: str) -> bool:
    """Whether a decision may carry this value."""
    return bool(_HEX.match(value)) if axis is Axis.COLOUR else value in VALUES[axis]
