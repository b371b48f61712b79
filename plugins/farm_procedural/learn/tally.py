"""The log, added up: by keyword, by palette and altogether.

Invariant: adding up is commutative, in whole ten-thousandths, so that the sum does not depend on the
order in which nodes finished their films.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

UNIT = 10_000
MOST_KEYWORDS = 200
LEAST = 3
ALL = ""
"""The group of every film."""


@dataclass(frozen=True, slots=True)
class Lean:
    """How a number of films goes with their rating: films, mean, deviation, correlation, and Student's
    t of the correlation, by which chance is told from a cause."""

    films: int
    mean: float
    deviation: float
    correlation: float
    t: float


@dataclass(slots=True)
class Group:
    """Films that have something in common; sums are in ten-thousandths.

    values : ``axis:value`` to ``[films, sum of ratings]``. numbers : by name, measured features and
    ``axis.name`` of scripts, to ``[films, sum, sum of squares, ratings, squares, products]``.
    """

    films: int = 0
    rating: int = 0
    values: dict[str, list[int]] = field(default_factory=dict)
    numbers: dict[str, list[int]] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """Mean rating, 0-1."""
        return self.rating / self.films / UNIT if self.films else 0.0

    def value(self, key: str) -> tuple[int, float]:
        """Films that used ``axis:value``, and their mean rating."""
        films, total = self.values.get(key, (0, 0))
        return films, total / films / UNIT if films else 0.0

    def lean(self, name: str) -> Lean:
        """How a number goes with the rating; all 0 when nobody ever had it."""
        films, *sums = self.numbers.get(name, (0, 0, 0, 0, 0, 0))
        if not films:
            return Lean(0, 0.0, 0.0, 0.0, 0.0)
        x, xx, y, yy, xy = (value / UNIT / films for value in sums)
        deviation = math.sqrt(max(0.0, xx - x * x))
        spread = math.sqrt(max(0.0, yy - y * y))
        if deviation < 1e-3 or spread < 1e-3 or films < 3:
            return Lean(films, x, deviation, 0.0, 0.0)
        together = max(-0.999, min(0.999, (xy - x * y) / deviation / spread))
        t = together * math.sqrt((films - 2) / (1 - together * together))
        return Lean(films, x, deviation, together, t)

    def add(self, run: Mapping[str, Any]) -> None:
        """Add one film's record."""
        rating = round(run["rating"]["score"] * UNIT)
        self.films += 1
        self.rating += rating
        for axis, names in run["choices"].items():
            for name in names:
                films, total = self.values.get(f"{axis}:{name}", (0, 0))
                self.values[f"{axis}:{name}"] = [films + 1, total + rating]
        numbers = dict(run["features"])
        for axis, own in run["numbers"].items():
            numbers.update({f"{axis}.{name}": value for name, value in own.items()})
        y = run["rating"]["score"]
        for name, x in numbers.items():
            sums = self.numbers.get(name, (0, 0, 0, 0, 0, 0))
            more = (1, *(round(v * UNIT) for v in (x, x * x, y, y * y, x * y)))
            self.numbers[name] = [a + b for a, b in zip(sums, more, strict=True)]

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "films": self.films,
            "rating": self.rating,
            "values": {key: list(pair) for key, pair in sorted(self.values.items())},
            "numbers": {key: list(sums) for key, sums in sorted(self.numbers.items())},
        }


@dataclass(slots=True)
class Tally:
    """groups : by keyword, with :data:`ALL`. palettes, met : ``[films, sum of ratings]`` by name."""

    groups: dict[str, Group] = field(default_factory=dict)
    palettes: dict[str, list[int]] = field(default_factory=dict)
    met: dict[str, list[int]] = field(default_factory=dict)

    @property
    def films(self) -> int:
        """Films so far."""
        return self.groups[ALL].films if ALL in self.groups else 0

    def add(self, run: Mapping[str, Any]) -> None:
        """Add one film's record (schema ``farm.procedural.run/1``)."""
        rating = round(run["rating"]["score"] * UNIT)
        for key in (ALL, *dict.fromkeys(run["keywords"])):
            self.groups.setdefault(key, Group()).add(run)
        counted = [(self.palettes, run["palette"])]
        counted += [(self.met, name) for name in (*run["met"], *run["grown"])]
        for counts, name in counted:
            films, total = counts.get(name, (0, 0))
            counts[name] = [films + 1, total + rating]

    def common(self) -> Tally:
        """Without what is too rare to suggest anything: keywords of fewer than three films, and
        those beyond the two hundred commonest."""
        ordered = sorted(self.groups.items(), key=lambda item: (-item[1].films, item[0]))
        groups = [(key, group) for key, group in ordered if key == ALL or group.films >= LEAST]
        return Tally(dict(groups[: MOST_KEYWORDS + 1]), self.palettes, self.met)

    def count(self, name: str) -> tuple[int, float]:
        """Films that showed ``kind:name``, and their mean rating."""
        films, total = self.met.get(name, (0, 0))
        return films, total / films / UNIT if films else 0.0

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "groups": {key: group.record() for key, group in sorted(self.groups.items())},
            "palettes": dict(sorted(self.palettes.items())),
            "met": dict(sorted(self.met.items())),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Tally:
        """The inverse of :meth:`record`."""
        own = deepcopy(dict(record))  # A record may be somebody's document; sums change in place.
        groups = {key: Group(**group) for key, group in own["groups"].items()}
        return cls(groups, own["palettes"], own["met"])
