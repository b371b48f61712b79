"""What can be learned of a film: traits, each a point in a space where equal distances look alike.

Invariant: a trait follows from the analysis, and from the script where there is one; every
coordinate is scaled so that a distance of 1 is as far as two films of that kind usually get.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from farm_procedural.analyse.schema import Analysis, Colour
from farm_procedural.script import Script

Lab = tuple[float, float, float]

NOVEL: Mapping[str, float] = {
    "colour": 0.15,
    "palette": 0.16,
    "gradient": 0.16,
    "motion": 0.16,
    "texture": 0.12,
    "rhythm": 0.14,
    "camera": 0.16,
}
"""How far from everything known a trait must lie to be new, by kind."""


@dataclass(frozen=True, slots=True)
class Trait:
    """point : in the space of its kind. value : a word of the vocabulary, if one fits.
    colours : OKLab. numbers : what creation can use, named as in ``create.knowledge``."""

    kind: str
    point: tuple[float, ...]
    value: str = ""
    colours: tuple[Lab, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)

    @property
    def content(self) -> str:
        """Hash of what it is; coordinates count to three places."""
        rounded = [self.kind, self.value, [round(v, 3) + 0.0 for v in self.point]]
        return hashlib.blake2b(json.dumps(rounded).encode(), digest_size=12).hexdigest()

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "kind": self.kind,
            "point": list(self.point),
            "value": self.value,
            "colours": [list(colour) for colour in self.colours],
            "numbers": dict(self.numbers),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Trait:
        """The inverse of :meth:`record`."""
        return cls(
            str(record["kind"]),
            tuple(float(v) for v in record["point"]),
            str(record["value"]),
            tuple((float(c[0]), float(c[1]), float(c[2])) for c in record["colours"]),
            {str(k): float(v) for k, v in record["numbers"].items()},
        )


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Between two points of one kind; infinite between different spaces."""
    return math.dist(one, other) if len(one) == len(other) else math.inf


def traits_of(analysis: Analysis, script: Script | None = None) -> list[Trait]:
    """Every trait that the film shows clearly enough."""
    found = [*_colours(analysis), _palette(analysis), _motion(analysis), _texture(analysis, script)]
    for trait in (_gradient(analysis, script), _rhythm(analysis, script), _camera(analysis)):
        if trait is not None:
            found.append(trait)
    return found


def colour_point(lab: Sequence[float]) -> tuple[float, ...]:
    """Chroma counts more than its number says: half of the wheel is only 0.3 wide."""
    return _rounded(lab[0] * 0.8, lab[1] * 2.0, lab[2] * 2.0)


def palette_point(colours: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Five colours, dark to light, as one point: the distance is that of the mean colour."""
    return _rounded(*(v / math.sqrt(5) for colour in colours for v in colour_point(colour)))


def gradient_point(kind: str, angle: float, strength: float) -> tuple[float, ...]:
    """Straight ones lie on a circle of angles, round ones each on an axis of its own."""
    straight = kind in ("vertical", "horizontal", "angled")
    turn = math.radians(angle)
    return _rounded(
        0.5 * math.cos(turn) if straight else 0.0,
        0.5 * math.sin(turn) if straight else 0.0,
        *(0.7 if kind == name else 0.0 for name in ("radial", "diamond", "conic")),
        min(1.0, strength * 1.5) * 0.6,
    )


def motion_point(
    level: float, trend: float, smoothness: float, coherence: float, direction: float
) -> tuple[float, ...]:
    """Level, its course and evenness, and where to."""
    turn, aimed = math.radians(direction), 0.35 * coherence * min(1.0, level * 4)
    return _rounded(level, trend, 0.4 * smoothness, aimed * math.cos(turn), aimed * math.sin(turn))


def rhythm_point(bpm: float, shot_s: float) -> tuple[float, ...]:
    """Octaves of tempo and of the length of shots; no tempo lies apart."""
    pace = math.log2(bpm / 30) / 3 if bpm > 0 else -0.5
    return _rounded(pace, math.log2(max(0.25, min(60.0, shot_s)) / 0.25) / 8)


def camera_point(zoom: float, turn: float, east: float, north: float) -> tuple[float, ...]:
    """Per second: growth, degrees, and the picture's drift in frame heights."""
    return _rounded(*(math.tanh(v) for v in (zoom / 0.25, turn / 25.0, east / 0.35, north / 0.35)))


def texture_point(busyness: float, detail: float, edges: float) -> tuple[float, ...]:
    """How much there is to see, fine and coarse."""
    return _rounded(busyness, min(1.0, detail / 0.10), min(1.0, edges / 0.5))


def _colours(analysis: Analysis) -> list[Trait]:
    """The film's clear colours: not grey, not rare."""
    return [
        Trait("colour", colour_point(colour.lab), colours=(_lab(colour),))
        for colour in analysis.colour.dominant[:2]
        if colour.chroma > 0.05 and colour.share > 0.12
    ]


def _palette(analysis: Analysis) -> Trait:
    colours = five_of(analysis.colour.dominant)
    return Trait("palette", palette_point(colours), colours=colours)


def five_of(dominant: Sequence[Colour]) -> tuple[Lab, ...]:
    """Dominant colours as five stops, dark to light; fewer are spread, the rarest is left out."""
    largest = sorted(dominant, key=lambda colour: -colour.share)[:5]
    stops = sorted((_lab(colour) for colour in largest), key=lambda lab: lab[0])
    if len(stops) == 1:
        lightness, a, b = stops[0]
        return tuple(
            (round(min(0.98, max(0.04, lightness + step)), 5), a, b)
            for step in (-0.2, -0.1, 0.0, 0.1, 0.2)
        )
    spread: list[Lab] = []
    for k in range(5):
        at = k * (len(stops) - 1) / 4
        low = min(int(at), len(stops) - 2)
        share = at - low
        one, other = stops[low], stops[low + 1]
        mixed = [round(x + (y - x) * share, 5) for x, y in zip(one, other, strict=True)]
        spread.append((mixed[0], mixed[1], mixed[2]))
    return tuple(spread)


def _gradient(analysis: Analysis, script: Script | None) -> Trait | None:
    own = analysis.gradient
    if own.kind == "none" or own.fit < 0.5:
        return None
    strength = min(1.0, own.strength * 1.4)
    if script is not None and (made := longest_shot(script).gradient).kind == own.kind:
        strength = made.strength
    numbers = {"angle": round(own.angle, 1), "strength": round(strength, 3)}
    point = gradient_point(own.kind, own.angle, own.strength)
    return Trait("gradient", point, own.kind, numbers=numbers)


def _motion(analysis: Analysis) -> Trait:
    own = analysis.motion
    swell = max(0.5, min(2.0, 1 + own.trend / max(0.1, own.level)))
    numbers = {"level": round(own.level, 3), "swell": round(swell, 3)}
    if own.coherence > 0.4:
        numbers["degrees"] = round(own.direction, 1)
    point = motion_point(own.level, own.trend, own.smoothness, own.coherence, own.direction)
    return Trait("motion", point, numbers=numbers)


def _texture(analysis: Analysis, script: Script | None) -> Trait:
    own = analysis.texture
    numbers = {"amount": round(own.busyness, 3)}
    if script is not None:
        made = longest_shot(script).texture
        numbers = {"amount": made.amount, "scale": made.scale, "warp": made.warp}
    return Trait(
        "texture",
        texture_point(own.busyness, own.detail, own.edge_density),
        numbers={name: round(value, 4) for name, value in numbers.items()},
    )


def _rhythm(analysis: Analysis, script: Script | None) -> Trait | None:
    own = analysis.rhythm
    bpm = own.bpm if own.pulse > 0.45 else 0.0
    if not own.cuts and not bpm:
        return None
    numbers = {"shot_s": round(own.shot_s, 2)} if own.cuts else {}
    if bpm or script is not None:
        numbers["bpm"] = round(bpm or (script.score.bpm if script is not None else 0.0), 1)
    return Trait("rhythm", rhythm_point(bpm, own.shot_s), numbers=numbers)


def _camera(analysis: Analysis) -> Trait | None:
    own = analysis.motion
    east, north = (v if own.coherence > 0.6 else 0.0 for v in own.drift)
    point = camera_point(own.zoom, own.turn, east, north)
    if max(abs(v) for v in point) < 0.25:
        return None
    # The picture moves against the camera.
    moves = (
        ("zoom-in", "zoom-out", own.zoom),
        ("rotate-right", "rotate-left", own.turn),
        ("pan-left", "pan-right", east),
        ("tilt-down", "tilt-up", north),
    )
    k = max(range(4), key=lambda n: abs(point[n]))
    forward, back, speed = moves[k]
    return Trait("camera", point, forward if speed > 0 else back)


def longest_shot(script: Script) -> Any:
    """The shot that a film is remembered by."""
    return max(script.shots, key=lambda shot: shot.frames)


def _lab(colour: Colour) -> Lab:
    lightness, a, b = colour.lab
    return lightness, a, b


def _rounded(*values: float) -> tuple[float, ...]:
    return tuple(round(value, 5) + 0.0 for value in values)
