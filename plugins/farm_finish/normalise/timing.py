"""When each picture is shown: the constant rate, and which frame stands in which slot of it.

Invariant: slot ``n`` of the result shows what the source showed at the moment nearest to
``origin + n / fps``; a source of constant rate that keeps its rate keeps every frame exactly once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

STANDARD = tuple(
    Fraction(rate)
    for rate in (
        "12", "12.5", "15", "24000/1001", "24", "25", "30000/1001", "30", "48000/1001", "48", "50",
        "60000/1001", "60", "100", "120000/1001", "120", "240",
    )
)  # fmt: skip
STILL_FPS = Fraction(25)
_SMOOTHEST = Fraction(60)
_COARSEST = Fraction(20)

Picture = TypeVar("Picture")


@dataclass(frozen=True, slots=True)
class Pace:
    """fps : of the source, or the best constant rate for it. steady : it was constant before."""

    fps: Fraction
    steady: bool


def found_pace(moments_s: NDArray[np.float64], tick_s: float, told: Sequence[Fraction]) -> Pace:
    """The rate of frames shown at ``moments_s`` (seconds, rising).

    tick_s : how coarse the time stamps are. told : rates that the file claims, best first; a claim
    counts only when the time stamps agree with it.
    """
    plausible = [rate for rate in told if 1 <= rate <= 1000]
    if len(moments_s) < 2:
        standard = [rate for rate in plausible if rate in STANDARD]
        return Pace((standard or plausible or [STILL_FPS])[0], True)
    passed = moments_s - moments_s[0]
    number = np.arange(len(moments_s))
    measured = float((len(moments_s) - 1) / passed[-1]) if passed[-1] > 0 else 0.0
    near = sorted(STANDARD, key=lambda rate: abs(float(rate) - measured))
    trusted = [rate for rate in plausible if rate in STANDARD]
    for rate in dict.fromkeys([*trusted, *near, *plausible]):
        # Two roundings to the time base, but never so much that a hole could hide in them.
        slack = max(0.05 / rate, min(1.01 * tick_s, 0.45 / rate))
        if np.abs(passed - number / float(rate)).max() <= slack:
            return Pace(rate, True)
    if 0 < measured <= 1000:
        plain = Fraction(measured).limit_denominator(1001)
        if np.abs(passed - number / float(plain)).max() <= 0.05 / plain:
            return Pace(plain, True)
    usual = float(np.median(np.diff(passed)))
    rate = Fraction(1 / usual).limit_denominator(1001) if usual > 0 else STILL_FPS
    nearest = min(STANDARD, key=lambda known: abs(known / rate - 1))
    if abs(nearest / rate - 1) < Fraction(4, 100):
        rate = nearest
    if rate < _COARSEST:
        # Every moment is met within half a frame: slow pictures need short frames.
        rate = STILL_FPS
    return Pace(min(rate, _SMOOTHEST), False)


def nearest_slot(passed_s: Fraction, fps: Fraction) -> int:
    """The slot nearest to a moment; the later one of two."""
    return floor(passed_s * fps + Fraction(1, 2))


@dataclass(slots=True)
class Paced:
    """How the frames fell into the slots."""

    shown: int = 0
    repeated: int = 0
    dropped: int = 0


def paced(
    frames: Iterable[tuple[Fraction, Picture]],
    origin_s: Fraction,
    fps: Fraction,
    total: int,
    tally: Paced,
) -> Iterator[Picture]:
    """Exactly ``total`` pictures at a constant rate from ``(moment in seconds, picture)``.

    A picture is shown until the next one's slot; the last of several in one slot is shown, and the
    first and the last picture are held to fill the ends. Gives nothing when there are no pictures.
    """
    held: Picture | None = None
    uses = 0
    for moment, picture in frames:
        if tally.shown >= total:
            tally.dropped += 1
            continue
        until = min(nearest_slot(moment - origin_s, fps), total)
        if held is not None:
            for _ in range(tally.shown, until):
                yield held
                uses += 1
                tally.shown += 1
            _count(tally, uses)
        held, uses = picture, 0
    if held is None:
        return
    while tally.shown < total:
        yield held
        uses += 1
        tally.shown += 1
    _count(tally, uses)


def _count(tally: Paced, uses: int) -> None:
    if uses == 0:
        tally.dropped += 1
    else:
        tally.repeated += uses - 1
