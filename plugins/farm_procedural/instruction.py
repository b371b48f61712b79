"""What a prompt asks for, as types: the one thing interpretation makes and creation reads.

Invariant: every decision says what decided it, and how sure that is; an axis that nothing was said
about has no decision, so that creation is free there and a reader can tell silence from a choice.
An instruction goes to JSON and back without loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import Enum
from typing import Any, Literal

SCHEMA = "farm.procedural.instruction/1"


class Axis(str, Enum):
    """What can be decided about a picture, its time or its sound."""

    SCENE = "scene"
    PALETTE = "palette"
    COLOUR = "colour"
    BRIGHTNESS = "brightness"
    SATURATION = "saturation"
    CONTRAST = "contrast"
    TEMPERATURE = "temperature"
    GRADIENT = "gradient"
    TEXTURE = "texture"
    MOTION = "motion"
    DIRECTION = "direction"
    INTENSITY = "intensity"
    CAMERA = "camera"
    SHAPE = "shape"
    PARTICLES = "particles"
    DEPTH = "depth"
    LIGHT = "light"
    GRADE = "grade"
    WEATHER = "weather"
    SHOT = "shot"
    TRANSITION = "transition"
    CUTS = "cuts"
    GENRE = "genre"
    MOOD = "mood"
    TEMPO = "tempo"
    SOUND = "sound"
    TITLE = "title"


By = Literal["words", "rule", "learned", "hint"]
"""words: the lexicon; rule: grammar (negation, degree, numbers); learned: a grown entry; hint: a
parameter of the job."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One thing that was decided.

    axis, value : what; the values of each axis are listed in ``vocabulary.py``.
    amount : strength, 1.0 plain, under 1 for "slightly", over 1 for "extremely"; 0 to 2.
    negated : the text asks for its absence ("no zoom").
    by, words, name : who decided; the words of the prompt; the concept, rule or learned entry.
    confidence : 0 to 1.
    start, stop : characters of the prompt that the words span.
    """

    axis: Axis
    value: str
    amount: float = 1.0
    negated: bool = False
    by: By = "words"
    words: str = ""
    name: str = ""
    confidence: float = 1.0
    start: int = 0
    stop: int = 0


@dataclass(frozen=True, slots=True)
class Phase:
    """One part of a sequence ("starts slow, then explodes into gold, ends calm").

    share : of the film's length; all phases sum to 1.
    """

    share: float
    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class Instruction:
    """A prompt, understood.

    decisions : those of the whole film. phases : what differs by time; empty for one mood
    throughout. A phase's decisions come before the whole film's on the same axis.
    duration_s, fps, width, height : only when the words say so, else ``None``.
    counts : asked numbers of things by axis value ("three circles" is ``{"circle": 3}``).
    titles : texts to show, in order (quoted in the prompt).
    unknown : words that nobody knew, in order.
    notes : what the reader should know ("bright and dark contradict; the later one counts").
    """

    text: str
    language: str = "en"
    decisions: tuple[Decision, ...] = ()
    phases: tuple[Phase, ...] = ()
    duration_s: float | None = None
    fps: int | None = None
    width: int | None = None
    height: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    titles: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def wanted(self, axis: Axis, phase: int | None = None) -> tuple[Decision, ...]:
        """What is asked for on an axis, those of the phase first, then by confidence and amount."""
        return self._on(axis, phase, negated=False)

    def refused(self, axis: Axis, phase: int | None = None) -> tuple[Decision, ...]:
        """What must not be there on an axis."""
        return self._on(axis, phase, negated=True)

    def _on(self, axis: Axis, phase: int | None, *, negated: bool) -> tuple[Decision, ...]:
        own = self.phases[phase].decisions if phase is not None and self.phases else ()

        def sort(decisions: tuple[Decision, ...]) -> list[Decision]:
            chosen = [d for d in decisions if d.axis is axis and d.negated is negated]
            return sorted(chosen, key=lambda d: (-d.confidence, -d.amount, d.start))

        return (*sort(own), *sort(self.decisions))

    def record(self) -> dict[str, Any]:
        """As JSON, with its schema's name."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Instruction:
        """The inverse of :meth:`record`."""
        values = {key: value for key, value in record.items() if key != "schema"}
        values["decisions"] = tuple(_decision(d) for d in values["decisions"])
        values["phases"] = tuple(
            Phase(p["share"], tuple(_decision(d) for d in p["decisions"])) for p in values["phases"]
        )
        for name in ("titles", "unknown", "notes"):
            values[name] = tuple(values[name])
        return cls(**values)


def _decision(record: Mapping[str, Any]) -> Decision:
    return Decision(**{**record, "axis": Axis(record["axis"])})
