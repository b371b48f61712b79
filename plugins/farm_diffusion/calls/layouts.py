"""Framings that film makers have names for, as boxes for the subjects of a picture.

Invariant: a layout places exactly the subjects that it has boxes for, in the order they are named.
Boxes are (left, top, right, bottom) from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one subject is, and words that are added to its description."""

    box: Box
    words: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """A framing: ``words`` for the prompt, and a place for each subject."""

    words: str
    places: tuple[Place, ...]


LAYOUTS: Mapping[str, Layout] = {
    "over-the-shoulder": Layout(
        "over-the-shoulder shot",
        (
            Place((0.55, 0.22, 1.0, 1.0), "seen from behind, head and shoulder, out of focus"),
            Place((0.12, 0.14, 0.54, 0.96), "facing the camera, in focus"),
        ),
    ),
    "wide-two-shot": Layout(
        "wide two-shot, full figures, eye level",
        (Place((0.12, 0.28, 0.42, 0.96)), Place((0.58, 0.28, 0.88, 0.96))),
    ),
    "low-angle-hero": Layout(
        "low-angle shot from below, heroic, tall against the sky",
        (Place((0.26, 0.04, 0.74, 1.0), "towering, seen from below"),),
    ),
    "close-up": Layout("close-up, shallow depth of field", (Place((0.22, 0.06, 0.78, 0.98)),)),
    "establishing": Layout(
        "establishing shot, extreme wide", (Place((0.44, 0.58, 0.56, 0.86), "small, far away"),)
    ),
}
"""By the name that a job gives."""
