"""What is asked of a workflow, and the refusals that need only the request.

Invariant: a request is a value of plain facts: the same request and the same template always bind to
the same graph, on any machine, with no file opened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from fractions import Fraction
from typing import Any

from farm import MediaFacts, ParameterError

ASPECTS = ("16:9", "9:16", "1:1")
QUALITIES = ("draft", "standard", "high")
CONTROLS = ("ready", "canny", "dwpose")
_SEEDS = 2**64


@dataclass(frozen=True, slots=True)
class BindRequest:
    """A piece of work for a workflow.

    assets : name to the facts of the submitted file. duration_s : ``None`` follows the video or the
    sound. fps : of the result; ``None`` is the driving video's, else the workflow's own. precision :
    ``""`` is the profile's choice. relight, background : ``None`` is what the mode does anyway. poses :
    name of a pose sheet to what it shows, ``""`` when nobody said. references : names of further
    pictures. segments : at most so many chunks, ``None`` for no limit. control : what is done to a
    control video. subject : points on the subject in the first frame of ``motion``, from 0 to 1.
    """

    prompt: str = ""
    negative: str = ""
    assets: Mapping[str, MediaFacts] = field(default_factory=dict)
    duration_s: float | None = None
    fps: Fraction | None = None
    aspect: str = "16:9"
    quality: str = "standard"
    seed: int = 0
    precision: str = ""
    relight: bool | None = None
    background: bool | None = None
    framing: str = ""
    adherence: str = ""
    poses: Mapping[str, str] = field(default_factory=dict)
    references: tuple[str, ...] = ()
    segments: int | None = None
    control: str = "ready"
    subject: tuple[tuple[float, float], ...] = ((0.5, 0.5),)

    def __post_init__(self) -> None:
        _among("aspect", self.aspect, ASPECTS)
        _among("quality", self.quality, QUALITIES)
        _among("precision", self.precision, ("", "fp8", "bf16"))
        _among("control", self.control, CONTROLS)
        _within("seed", self.seed, 0, _SEEDS - 1)
        if self.duration_s is not None:
            _within("duration_s", self.duration_s, 0.05, 3600)
        if self.fps is not None:
            _within("fps", self.fps, 1, 120)
        if self.segments is not None:
            _within("segments", self.segments, 1, 99)
        for point in self.subject:
            for value in point:
                _within("subject", value, 0, 1)

    def record(self) -> dict[str, Any]:
        """As JSON; the inverse is :meth:`from_record`."""
        told: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        told["assets"] = {name: facts.record() for name, facts in self.assets.items()}
        told["fps"] = None if self.fps is None else str(self.fps)
        told["poses"] = dict(self.poses)
        told["references"] = list(self.references)
        told["subject"] = [list(point) for point in self.subject]
        return told

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> BindRequest:
        """The inverse of :meth:`record`."""
        told = dict(record)
        told["assets"] = {
            name: MediaFacts.from_record(facts) for name, facts in record["assets"].items()
        }
        told["fps"] = None if record["fps"] is None else Fraction(record["fps"])
        told["references"] = tuple(record["references"])
        told["subject"] = tuple((x, y) for x, y in record["subject"])
        return cls(**told)


def _among(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ParameterError(
            "a value is not one of those there are",
            where=name,
            expected=", ".join(one or '""' for one in known),
            got=repr(value),
            code="comfy.parameter",
        )


def _within(name: str, value: float | Fraction, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ParameterError(
            "a value is out of range",
            where=name,
            expected=f"{low} to {high}",
            got=str(value),
            code="comfy.parameter",
        )
