"""A film on paper: shots in time and what each looks like, ready to be rendered and scored.

Invariant: a script holds everything that a frame or a sample of sound depends on besides its
number, so that rendering needs no prompt, no knowledge and no lexicon; shots cover the film exactly,
in order. A script goes to JSON and back without loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

SCHEMA = "farm.procedural.script/1"

Scenery = Literal["flow", "sky", "aurora", "gradient", "clouds", "nebula"]
GradientKind = Literal["vertical", "horizontal", "radial", "angled", "conic", "diamond"]
Easing = Literal["linear", "in", "out", "in-out", "bounce", "elastic", "pulse"]
Move = Literal["zoom", "pan", "tilt", "rotate", "dolly", "handheld"]
ShapeKind = Literal["circle", "ring", "triangle", "square", "hexagon", "star", "heart", "line",
                    "wave", "spiral", "grid"]  # fmt: skip
ParticleKind = Literal["stars", "embers", "snow", "rain", "dust", "petals", "bokeh", "bubbles",
                       "sparks", "confetti", "leaves", "fireflies"]  # fmt: skip
TransitionKind = Literal["cut", "dissolve", "wipe", "fade", "match", "whip"]
TitleStyle = Literal["title", "kinetic", "lower-third", "caption"]

Oklab = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Gradient:
    """kind; angle of an angled one in degrees, 0 to the right, counter-clockwise; centre (x, y) of
    round ones in frame heights from the middle; strength 0 (flat) to 1 (full palette)."""

    kind: GradientKind = "vertical"
    angle: float = 90.0
    centre: tuple[float, float] = (0.0, 0.0)
    strength: float = 0.8


@dataclass(frozen=True, slots=True)
class Texture:
    """Noise over the gradient. amount 0 to 1; scale: forms per frame height; warp: how far the
    domain is bent, 0 to 1; flow: how fast it moves, in frame heights per second; octaves 1 to 6."""

    amount: float = 0.4
    scale: float = 1.0
    warp: float = 0.5
    flow: float = 0.1
    octaves: int = 4


@dataclass(frozen=True, slots=True)
class Motion:
    """level: how much moves, 0 (still) to 1 (frantic); direction in degrees (0 right, 90 up),
    ``None`` for none in particular; easing of what comes and goes; pulse in beats per minute, 0 for
    none."""

    level: float = 0.4
    direction: float | None = None
    easing: Easing = "in-out"
    pulse: float = 0.0


@dataclass(frozen=True, slots=True)
class CameraMove:
    """amount over the whole shot: zoom as a factor minus 1 (0.2 goes in to 120 %, negative out),
    pan and tilt in frame heights (to the right, up), rotate in degrees, dolly as parallax 0 to 1,
    handheld as shake 0 to 1."""

    move: Move
    amount: float
    easing: Easing = "in-out"


@dataclass(frozen=True, slots=True)
class Overlay:
    """Shapes over the field. size: radius in frame heights; soft: edge 0 (crisp) to 1 (glow);
    turn: degrees per second; orbit: radius of their path in frame heights; filled or outlined."""

    kind: ShapeKind
    count: int = 1
    size: float = 0.18
    colour: Oklab = (0.95, 0.0, 0.0)
    opacity: float = 0.8
    soft: float = 0.02
    turn: float = 0.0
    orbit: float = 0.0
    filled: bool = True


@dataclass(frozen=True, slots=True)
class Particles:
    """density: factor on the kind's usual number, 0 to 3; speed: factor; direction in degrees, or
    ``None`` for the kind's own."""

    kind: ParticleKind
    density: float = 1.0
    speed: float = 1.0
    direction: float | None = None


@dataclass(frozen=True, slots=True)
class Depth:
    """2.5-D. layers of land or forms in front, 0 to 6; rough 0 (dunes) to 2 (peaks, treetops);
    water below the horizon; blur: depth of field, 0 (all sharp) to 1; focus: the layer that is
    sharp, 0 far to 1 near."""

    layers: int = 0
    rough: float = 0.5
    water: bool = False
    blur: float = 0.0
    focus: float = 0.5


@dataclass(frozen=True, slots=True)
class Light:
    """orb: a disc in the sky; key: strength and direction in degrees of the main light; rim: edge
    light on layers and shapes; beams: volumetric rays; bloom; every strength 0 to 1; flicker 0 to 1
    is wanted unrest (fire, neon)."""

    orb: Literal["none", "sun", "moon"] = "none"
    key: float = 0.3
    angle: float = 120.0
    rim: float = 0.2
    beams: float = 0.0
    bloom: float = 0.5
    flicker: float = 0.0


@dataclass(frozen=True, slots=True)
class Grade:
    """lift, gamma, gain: (r, g, b), neutral (0, 0, 0), (1, 1, 1), (1, 1, 1); contrast and
    saturation: factors; grain, vignette, halation: 0 to 1; letterbox: aspect, 0 for none."""

    lift: tuple[float, float, float] = (0.0, 0.0, 0.0)
    gamma: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    contrast: float = 1.0
    saturation: float = 1.0
    grain: float = 0.0
    vignette: float = 0.25
    halation: float = 0.0
    letterbox: float = 0.0


@dataclass(frozen=True, slots=True)
class Title:
    """Text on screen; start and length in seconds from the shot's start; place: fractions of width
    and height of its middle; size: of a letter, in frame heights."""

    text: str
    style: TitleStyle = "title"
    start_s: float = 0.3
    length_s: float = 3.0
    place: tuple[float, float] = (0.5, 0.5)
    size: float = 0.11
    colour: Oklab = (0.97, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Transition:
    """How a shot becomes the next one; it takes the last ``frames`` frames of this shot, in which
    the next one already moves. A cut has 0 frames."""

    kind: TransitionKind = "cut"
    frames: int = 0
    angle: float = 0.0


@dataclass(frozen=True, slots=True)
class Shot:
    """frames: its length. role: its part in the story. palette: five OKLab colours, dark to light.
    key: 32-bit seed of every noise. energy_from, energy_to: how the shot swells, factors on
    motion. ``clock_s``: film time that its own time starts at, so that forms flow on over a cut
    between shots of one scene."""

    frames: int
    key: int
    palette: tuple[Oklab, ...]
    ground: tuple[Oklab, ...] = ()
    scenery: Scenery = "flow"
    role: str = "whole"
    clock_s: float = 0.0
    energy_from: float = 1.0
    energy_to: float = 1.0
    gradient: Gradient = Gradient()
    texture: Texture = Texture()
    motion: Motion = Motion()
    camera: tuple[CameraMove, ...] = ()
    overlays: tuple[Overlay, ...] = ()
    particles: tuple[Particles, ...] = ()
    depth: Depth = Depth()
    light: Light = Light()
    grade: Grade = Grade()
    titles: tuple[Title, ...] = ()
    transition: Transition = Transition()


@dataclass(frozen=True, slots=True)
class Score:
    """What the sound follows. mood: valence -1 (dark, minor) to 1 (bright, major); tension 0 to 1;
    bpm: pulse of the film; bed: kinds of noise bed by level 0 to 1 (wind, rain, sea, fire, hum,
    night); instruments: levels 0 to 1 of pad, pluck, bass, drums, bells, choir."""

    valence: float = 0.2
    tension: float = 0.3
    bpm: float = 84.0
    root: int = 45
    bed: Mapping[str, float] = field(default_factory=dict)
    instruments: Mapping[str, float] = field(default_factory=dict)
    silent: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """A film. seed: the job's. explained: for each choice that neither words nor defaults made, one
    sentence. knowledge: id of the snapshot it was made with, empty for none."""

    width: int
    height: int
    fps: int
    seed: int
    shots: tuple[Shot, ...]
    score: Score = Score()
    title: str = ""
    explained: tuple[str, ...] = ()
    knowledge: str = ""

    @property
    def frames(self) -> int:
        """Frames of the whole film."""
        return sum(shot.frames for shot in self.shots)

    def record(self) -> dict[str, Any]:
        """As JSON, with its schema's name and the facts that cut the film into windows."""
        media = {
            "frames": self.frames,
            "fps": str(self.fps),
            "width": self.width,
            "height": self.height,
            "duration_s": self.frames / self.fps,
        }
        return {"schema": SCHEMA, "media": media, **asdict(self)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Script:
        """The inverse of :meth:`record`."""
        values = {k: v for k, v in record.items() if k not in ("schema", "media")}
        values["shots"] = tuple(_shot(shot) for shot in values["shots"])
        values["score"] = Score(**values["score"])
        values["explained"] = tuple(values["explained"])
        return cls(**values)


_PARTS = {
    "gradient": Gradient,
    "texture": Texture,
    "motion": Motion,
    "depth": Depth,
    "light": Light,
    "grade": Grade,
    "transition": Transition,
}
_LISTS = {"camera": CameraMove, "overlays": Overlay, "particles": Particles, "titles": Title}


def _shot(record: Mapping[str, Any]) -> Shot:
    values = dict(record)
    for name, kind in _PARTS.items():
        values[name] = kind(**_tuples(values[name]))
    for name, kind in _LISTS.items():
        values[name] = tuple(kind(**_tuples(item)) for item in values[name])
    for name in ("palette", "ground"):
        values[name] = tuple(tuple(colour) for colour in values[name])
    return Shot(**values)


def _tuples(record: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in record.items()}


def choices(kind: Any) -> tuple[str, ...]:
    """The values of one of the literals above."""
    return get_args(kind)
