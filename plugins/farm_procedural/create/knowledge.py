"""What creation may ask of what was learned: suggestions by axis and keyword.

Invariant: words win. A suggestion fills a choice that the prompt left open, never one that it made;
one that was used leaves a sentence in the script, with its name and its reason.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from farm_procedural.instruction import Axis, Instruction

LEARNABLE: Mapping[Axis, str] = {
    Axis.PALETTE: "five OKLab colours, dark to light, in ``colours``",
    Axis.GRADIENT: "a kind in ``value``; numbers: angle (degrees), strength (0 to 1)",
    Axis.TEXTURE: "a vocabulary value, or numbers: amount, scale, warp, flow (as in the script)",
    Axis.MOTION: "numbers: level (0 to 1), swell (energy at the end of a shot, factor)",
    Axis.DIRECTION: "numbers: degrees (0 right, 90 up)",
    Axis.TEMPO: "numbers: bpm",
    Axis.CUTS: "numbers: shot_s, the usual length of a shot in seconds",
    Axis.BRIGHTNESS: "numbers: shift of OKLab lightness, -0.15 to 0.15",
    Axis.SATURATION: "numbers: factor on chroma, 0.5 to 1.5",
    Axis.CONTRAST: "numbers: factor on contrast, 0.7 to 1.4",
    Axis.CAMERA: "a vocabulary value; numbers: amount",
    Axis.LIGHT: "a vocabulary value, or numbers: bloom, beams, rim, key (0 to 1)",
    Axis.GRADE: "a vocabulary value, or numbers: grain, vignette, halation (0 to 1)",
    Axis.SHAPE: "a vocabulary value; numbers: size, count",
    Axis.PARTICLES: "a vocabulary value; numbers: density, speed",
    Axis.SHOT: "a vocabulary value",
    Axis.TRANSITION: "a vocabulary value",
}
"""The axes that creation asks about, and what a suggestion on each of them carries."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One thing that was learned.

    axis, value : what to use; a value of the axis's vocabulary or the name of a learned entry.
    weight : 0 to 1, how often it is followed where it fits; under 0 the value has been seen too
        often and is passed over in free choices.
    name : of the learned entry or rule. reason : one sentence that says what it was learned from.
    colours, numbers : its substance, as ``LEARNABLE`` says by axis.
    """

    axis: Axis
    value: str
    weight: float
    name: str
    reason: str
    colours: tuple[tuple[float, float, float], ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "axis": self.axis.value}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Suggestion:
        """The inverse of :meth:`record`."""
        colours = tuple(tuple(float(v) for v in colour) for colour in record.get("colours", ()))
        return cls(**{**record, "axis": Axis(record["axis"]), "colours": colours})


class Knowledge(Protocol):
    """A frozen snapshot of what was learned."""

    @property
    def id(self) -> str:
        """The snapshot's id; it goes into the script."""

    def suggest(self, axis: Axis, keywords: Sequence[str]) -> Sequence[Suggestion]:
        """What was learned on an axis about films with these keywords, best first.

        Pure: the same snapshot and keywords give the same suggestions. The keywords are those of
        :func:`keywords_of`, most telling first; none may fit, then what holds in general.
        """


_TELLING = (Axis.SCENE, Axis.PALETTE, Axis.WEATHER, Axis.MOOD, Axis.GENRE, Axis.COLOUR, Axis.MOTION)


def keywords_of(instruction: Instruction) -> tuple[str, ...]:
    """What a film is about, for learning and for asking: wanted values, then unknown words.

    Values stand with their axis (``"mood:calm"``), unknown words as they are; most telling first,
    each once.
    """
    found = [
        f"{axis.value}:{decision.value}"
        for axis in _TELLING
        for phase in (None, *range(len(instruction.phases)))
        for decision in instruction.wanted(axis, phase)
    ]
    return tuple(dict.fromkeys([*found, *(word.casefold() for word in instruction.unknown)]))
