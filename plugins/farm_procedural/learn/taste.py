"""Taste as rules that can be measured: each gives a score and says why.

Invariant: a rule looks at the analysis and at what was asked for, never at how the film was made; so
a film that was asked to flicker is not blamed for it, and a pretty script earns nothing.

Source of the colour harmony: Y. Matsuda's templates as in D. Cohen-Or et al., "Color harmonization"
(2006), here as sectors of the OKLab hue circle.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from farm_procedural.analyse.schema import Analysis
from farm_procedural.instruction import Axis, Instruction
from farm_procedural.learn.matching import match

TEMPLATES: Mapping[str, tuple[tuple[float, float], ...]] = {
    "one hue": ((0.0, 26.0),),
    "neighbours": ((0.0, 48.0),),
    "opposites": ((0.0, 30.0), (180.0, 30.0)),
    "split opposites": ((0.0, 26.0), (150.0, 22.0), (210.0, 22.0)),
    "three": ((0.0, 22.0), (120.0, 22.0), (240.0, 22.0)),
}
"""Sectors of the hue circle: middle and half width in degrees."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """score : 0 to 1. weight : how much the rule counts. reason : one sentence with the numbers."""

    rule: str
    score: float
    weight: float
    reason: str

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "rule": self.rule,
            "score": self.score,
            "weight": self.weight,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Rating:
    """A film's mark, 0 to 1, and how it came about."""

    score: float
    verdicts: tuple[Verdict, ...]

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {"score": self.score, "verdicts": [verdict.record() for verdict in self.verdicts]}


def rate(analysis: Analysis, instruction: Instruction | None = None) -> Rating:
    """The film's rating; without an instruction the prompt is not judged."""
    asked = instruction or Instruction("")
    verdicts = [
        _contrast(analysis, asked),
        _exposure(analysis, asked),
        _flicker(analysis, asked),
        _smoothness(analysis, asked),
        _harmony(analysis),
        _substance(analysis, asked),
        _balance(analysis),
    ]
    if instruction is not None:
        matched = match(analysis, instruction)
        if matched.checks:
            verdicts.append(Verdict("prompt match", _r(matched.score), 3.0, matched.reason))
    total = sum(verdict.weight for verdict in verdicts)
    score = sum(verdict.score * verdict.weight for verdict in verdicts) / total
    return Rating(_r(score), tuple(verdicts))


def _asks(instruction: Instruction, axis: Axis, *values: str) -> bool:
    phases = (None, *range(len(instruction.phases)))
    return any(d.value in values for phase in phases for d in instruction.wanted(axis, phase))


def _contrast(analysis: Analysis, asked: Instruction) -> Verdict:
    span = analysis.contrast.span
    best, wide = 0.62, 0.40
    if _asks(asked, Axis.CONTRAST, "low") or _asks(asked, Axis.WEATHER, "fog"):
        best, wide = 0.32, 0.30
    elif _asks(asked, Axis.CONTRAST, "high"):
        best, wide = 0.78, 0.40
    elif _asks(asked, Axis.BRIGHTNESS, "black", "dark", "blinding"):
        best, wide = 0.42, 0.40
    score = _bell(span - best, wide)
    return Verdict("contrast", _r(score), 1.5, f"luma spans {span:.2f}; {best:.2f} would be best")


def _exposure(analysis: Analysis, asked: Instruction) -> Verdict:
    own = analysis.brightness
    black = 0.0 if _asks(asked, Axis.BRIGHTNESS, "black", "dark") else max(0.0, own.black - 0.15)
    white = 0.0 if _asks(asked, Axis.BRIGHTNESS, "blinding") else max(0.0, own.white - 0.05)
    score = 1 - min(1.0, black / 0.4 + white / 0.2)
    reason = f"{own.black:.0%} crushed to black, {own.white:.0%} clipped to white"
    return Verdict("exposure", _r(score), 1.0, reason)


def _flicker(analysis: Analysis, asked: Instruction) -> Verdict:
    own = analysis.brightness
    wanted = (
        _asks(asked, Axis.LIGHT, "flicker", "candle", "lightning")
        or _asks(asked, Axis.MOTION, "flicker", "glitch", "pulse", "shake", "explode")
        or _asks(asked, Axis.GRADE, "vhs")
        or _asks(asked, Axis.WEATHER, "storm")
    )
    if wanted:
        return Verdict("flicker", 1.0, 0.5, "unsteady light was asked for")
    # Two grey levels in a thousand are seen on a calm picture.
    score = 1 / (1 + (own.flicker / 0.003) ** 1.5) / (1 + (own.shimmer / 0.03) ** 2)
    reason = f"the mean luma jumps by {own.flicker:.4f}, single places by {own.shimmer:.4f}"
    return Verdict("flicker", _r(score), 1.5, reason)


def _smoothness(analysis: Analysis, asked: Instruction) -> Verdict:
    own = analysis.motion
    if _asks(asked, Axis.MOTION, "shake", "glitch", "bounce", "explode", "flicker") or _asks(
        asked, Axis.CAMERA, "handheld"
    ):
        return Verdict("motion smoothness", 1.0, 0.5, "uneven motion was asked for")
    reason = f"speeds change with evenness {own.smoothness:.2f}"
    return Verdict("motion smoothness", _r(own.smoothness), 1.0, reason)


def _harmony(analysis: Analysis) -> Verdict:
    own = analysis.colour
    if own.saturation < 0.08:
        return Verdict("colour harmony", 1.0, 1.0, "hardly any colour, so nothing clashes")
    name, turn, inside = harmony(own.hue_histogram)
    score = min(1.0, max(0.0, (inside - 0.4) / 0.6))
    reason = f"{inside:.0%} of the colour lies in {name} from {turn:.0f} degrees"
    return Verdict("colour harmony", _r(score), 1.5, reason)


def harmony(histogram: tuple[float, ...]) -> tuple[str, float, float]:
    """The template and its turn (degrees) that hold most of the colour, and the share that it holds.
    Wider templates must hold more to win."""
    best = ("one hue", 0.0, 0.0)
    best_score = -1.0
    for name, sectors in TEMPLATES.items():
        wide = sum(half for _, half in sectors) / 180
        for turn in range(0, 360, 5):
            inside = sum(
                share
                for k, share in enumerate(histogram)
                if any(_apart(10 * k + 5, turn + middle) <= half for middle, half in sectors)
            )
            if inside - 0.35 * wide > best_score + 1e-9:
                best_score, best = inside - 0.35 * wide, (name, float(turn), inside)
    return best


def _substance(analysis: Analysis, asked: Instruction) -> Verdict:
    variance, busy = analysis.colour.variance, analysis.texture.busyness
    if _asks(asked, Axis.GRADIENT, "flat") or _asks(asked, Axis.BRIGHTNESS, "black"):
        return Verdict("substance", 1.0, 0.5, "little to see was asked for")
    score = 1 - math.exp(-(variance / 1.5 + busy / 0.5))
    score *= 1 - 0.6 * max(0.0, (busy - 0.7) / 0.3)
    reason = f"colours vary by {variance:.2f}, busyness is {busy:.2f}"
    return Verdict("substance", _r(score), 1.0, reason)


def _balance(analysis: Analysis) -> Verdict:
    x, y = analysis.balance.centre
    score = _bell(math.hypot((x - 0.5) / 0.20, (y - 0.5) / 0.30), 1.0)
    reason = f"the light's centre lies at {x:.2f}, {y:.2f} of width and height"
    return Verdict("balance", _r(score), 0.5, reason)


def _bell(away: float, wide: float) -> float:
    """1 at 0, 0.37 at ``wide``."""
    return math.exp(-((away / wide) ** 2))


def _apart(one: float, other: float) -> float:
    return abs((one - other + 180) % 360 - 180)


def _r(value: float) -> float:
    return round(float(value), 4)
