"""Whether a film shows what was asked for, on measured pixels.

Invariant: only what an analysis can tell is judged; an axis that it cannot see (a title, a kind of
particle) is left out instead of being taken for granted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from farm_procedural.analyse.oklab import from_hex, hue_of
from farm_procedural.analyse.schema import Analysis
from farm_procedural.instruction import Axis, Decision, Instruction
from farm_procedural.interpret.vocabulary import PALETTES

Range = tuple[float, float, float]
"""Low, high, and how far outside of them the score falls to 0."""

_BRIGHT: Mapping[str, Range] = {
    "black": (0.0, 0.15, 0.15), "dark": (0.0, 0.36, 0.2), "dim": (0.08, 0.45, 0.2),
    "medium": (0.25, 0.7, 0.2), "bright": (0.5, 1.0, 0.2), "blinding": (0.6, 1.0, 0.25),
}  # fmt: skip
_SATURATED: Mapping[str, Range] = {
    "grey": (0.0, 0.06, 0.1), "muted": (0.0, 0.32, 0.2), "natural": (0.08, 0.7, 0.2),
    "pastel": (0.05, 0.5, 0.2), "vivid": (0.38, 1.0, 0.25),
}  # fmt: skip
_SPANS: Mapping[str, Range] = {
    "low": (0.0, 0.5, 0.2), "medium": (0.2, 0.85, 0.2), "high": (0.5, 1.0, 0.25),
}  # fmt: skip
_WARM: Mapping[str, Range] = {
    "cold": (-1.0, -0.3, 0.5), "cool": (-1.0, 0.1, 0.5), "neutral": (-0.6, 0.6, 0.5),
    "warm": (-0.1, 1.0, 0.5), "hot": (0.3, 1.0, 0.5),
}  # fmt: skip
_LEVELS: Mapping[str, Range] = {
    "still": (0.0, 0.05, 0.1), "calm": (0.0, 0.35, 0.25), "moderate": (0.06, 0.65, 0.2),
    "lively": (0.15, 1.0, 0.15), "strong": (0.2, 1.0, 0.2), "frantic": (0.3, 1.0, 0.25),
}  # fmt: skip
_DEGREES = {"right": 0.0, "up-right": 45.0, "up": 90.0, "up-left": 135.0, "left": 180.0,
            "down-left": 225.0, "down": 270.0, "down-right": 315.0}  # fmt: skip
_CALM_MOODS = ("calm", "meditative", "sad", "lonely", "melancholy", "sacred", "cosy")
_LOUD_MOODS = ("energetic", "chaotic", "angry")


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was asked for and how well the film shows it, 0 to 1."""

    asked: str
    score: float
    shown: str


@dataclass(frozen=True, slots=True)
class Match:
    """All checks; the score is their mean by confidence."""

    score: float
    checks: tuple[Check, ...]

    @property
    def reason(self) -> str:
        """One sentence: how many hold, and the worst that does not."""
        held = sum(check.score >= 0.5 for check in self.checks)
        worst = min(self.checks, key=lambda check: check.score)
        text = f"{held} of {len(self.checks)} things asked for are there"
        return text if worst.score >= 0.5 else f"{text}; {worst.asked}: {worst.shown}"


def match(analysis: Analysis, instruction: Instruction) -> Match:
    """Compare the film with what was asked of the whole of it."""
    checks: list[Check] = []
    total = weights = 0.0
    for decision in instruction.decisions:
        judge = _JUDGES.get(decision.axis)
        judged = judge(analysis, decision) if judge else None
        if judged is None:
            continue
        score, shown = judged
        if decision.negated:
            score = 1 - score
        asked = f"{'no ' if decision.negated else ''}{decision.axis.value} {decision.value}"
        checks.append(Check(asked, round(score, 4), shown))
        total += score * decision.confidence
        weights += decision.confidence
    return Match(round(total / weights, 4) if weights > 0 else 1.0, tuple(checks))


Judged = tuple[float, str] | None


def _ranged(
    ranges: Mapping[str, Range], name: str, value: Callable[[Analysis], float]
) -> Callable[[Analysis, Decision], Judged]:
    def judge(analysis: Analysis, decision: Decision) -> Judged:
        if decision.value not in ranges:
            return None
        low, high, soft = ranges[decision.value]
        seen = value(analysis)
        away = max(low - seen, seen - high, 0.0)
        return max(0.0, 1 - away / soft), f"{name} {seen:.2f}"

    return judge


def _colour(analysis: Analysis, decision: Decision) -> Judged:
    lab = from_hex(decision.value)
    chroma = (lab[1] ** 2 + lab[2] ** 2) ** 0.5
    own = analysis.colour
    if chroma < 0.04:
        near = sum(
            c.share for c in own.dominant if c.chroma < 0.06 and abs(c.lab[0] - lab[0]) < 0.35
        )
        return min(1.0, near / 0.25), f"{near:.0%} of the picture is near it"
    hue = hue_of(lab[1], lab[2])
    inside = sum(
        share
        for k, share in enumerate(own.hue_histogram)
        if abs((10 * k + 5 - hue + 180) % 360 - 180) <= 32
    )
    tinted = min(1.0, own.saturation / 0.12)
    return min(1.0, inside / 0.35) * tinted, f"{inside:.0%} of the colour is of this hue"


def _palette(analysis: Analysis, decision: Decision) -> Judged:
    if decision.value not in PALETTES:
        return None
    stops = np.array([from_hex(code) for code in PALETTES[decision.value].colours])
    own = np.array([c.lab for c in analysis.colour.dominant])
    shares = np.array([c.share for c in analysis.colour.dominant])
    # Lightness is another axis's business; the hues of the palette are this one's.
    gaps = (own[:, None, :] - stops[None, :, :]) * np.array([0.5, 1.0, 1.0])
    away = float((np.sqrt((gaps**2).sum(axis=2)).min(axis=1) * shares).sum() / shares.sum())
    return max(0.0, min(1.0, 1 - (away - 0.05) / 0.08)), f"its colours are {away:.2f} away"


def _gradient(analysis: Analysis, decision: Decision) -> Judged:
    own = analysis.gradient
    shown = f"{own.kind} with fit {own.fit:.2f}"
    if decision.value == "flat":
        return (1.0 if own.kind == "none" or own.strength < 0.08 else 0.0), shown
    alike = {"angled": ("angled", "vertical", "horizontal"), "radial": ("radial", "diamond"),
             "diamond": ("diamond", "radial")}  # fmt: skip
    if own.kind == decision.value:
        return 1.0, shown
    return (0.5 if own.kind in alike.get(decision.value, ()) else 0.0), shown


def _direction(analysis: Analysis, decision: Decision) -> Judged:
    own = analysis.motion
    if decision.value in ("in", "out"):
        seen = own.zoom if decision.value == "out" else -own.zoom
        return min(1.0, max(0.0, 0.5 + seen / 0.04)), f"growth {own.zoom:.3f}/s"
    if decision.value not in _DEGREES:
        return None
    away = abs((own.direction - _DEGREES[decision.value] + 180) % 360 - 180)
    shown = f"{own.direction:.0f} degrees with coherence {own.coherence:.2f}"
    return max(0.0, min(1.0, (100 - away) / 55)) * min(1.0, 0.3 + own.coherence / 0.3), shown


def _camera(analysis: Analysis, decision: Decision) -> Judged:
    own = analysis.motion
    east, north = own.drift
    seen = {
        "zoom": abs(own.zoom), "zoom-in": own.zoom, "zoom-out": -own.zoom,
        "dolly-in": own.zoom, "dolly-out": -own.zoom,
        "rotate": abs(own.turn) / 40, "rotate-left": -own.turn / 40, "rotate-right": own.turn / 40,
        "pan": abs(east), "pan-left": east, "pan-right": -east,
        "tilt": abs(north), "tilt-up": -north, "tilt-down": north,
    }  # fmt: skip
    if decision.value == "static":
        moved = max(abs(own.zoom), abs(own.turn) / 40)
        return max(0.0, 1 - moved / 0.06), f"growth {own.zoom:.3f}/s, turn {own.turn:.1f}/s"
    if decision.value not in seen:
        return None
    shown = f"growth {own.zoom:.3f}/s, turn {own.turn:.1f}/s, drift {east:.2f}, {north:.2f}"
    return min(1.0, max(0.0, seen[decision.value] / 0.02)), shown


def _cuts(analysis: Analysis, decision: Decision) -> Judged:
    cuts, rate = analysis.rhythm.cuts, 60 / max(0.1, analysis.rhythm.shot_s)
    shown = f"{cuts} cuts"
    if decision.value == "none":
        return (1.0 if cuts == 0 else 0.0), shown
    if decision.value in ("many", "rapid"):
        return min(1.0, rate / 20) if cuts else 0.0, shown
    return None


def _mood(analysis: Analysis, decision: Decision) -> Judged:
    level = analysis.motion.level
    if decision.value in _CALM_MOODS:
        return max(0.0, min(1.0, 1 - (level - 0.4) / 0.3)), f"motion {level:.2f}"
    if decision.value in _LOUD_MOODS:
        return max(0.0, min(1.0, level / 0.15)), f"motion {level:.2f}"
    return None


def _motion(analysis: Analysis, decision: Decision) -> Judged:
    own = analysis.motion
    if decision.value == "still":
        return max(0.0, 1 - max(0.0, own.level - 0.04) / 0.1), f"motion {own.level:.2f}"
    if decision.value in ("rise", "fall"):
        up = own.drift[1] if decision.value == "rise" else -own.drift[1]
        return min(1.0, max(0.0, 0.5 + up / 0.02)), f"drift upward {own.drift[1]:.3f}"
    return min(1.0, own.level / 0.03), f"motion {own.level:.2f}"


_JUDGES: Mapping[Axis, Callable[[Analysis, Decision], Judged]] = {
    Axis.COLOUR: _colour,
    Axis.PALETTE: _palette,
    Axis.BRIGHTNESS: _ranged(_BRIGHT, "mean luma", lambda a: a.brightness.mean),
    Axis.SATURATION: _ranged(_SATURATED, "saturation", lambda a: a.colour.saturation),
    Axis.CONTRAST: _ranged(_SPANS, "luma span", lambda a: a.contrast.span),
    Axis.TEMPERATURE: _ranged(_WARM, "warmth", lambda a: a.colour.warmth),
    Axis.INTENSITY: _ranged(_LEVELS, "motion", lambda a: a.motion.level),
    Axis.GRADIENT: _gradient,
    Axis.DIRECTION: _direction,
    Axis.CAMERA: _camera,
    Axis.CUTS: _cuts,
    Axis.MOOD: _mood,
    Axis.MOTION: _motion,
}
