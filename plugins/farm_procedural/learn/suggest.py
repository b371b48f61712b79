"""A frozen snapshot of what was learned, and what it suggests.

Invariant: a snapshot's id is the hash of its content, and its suggestions follow from its content and
the keywords alone; each says how many films it was learned from and how they did.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from farm_procedural.create.knowledge import Suggestion
from farm_procedural.instruction import Axis
from farm_procedural.learn.registry import Entry
from farm_procedural.learn.tally import ALL, LEAST, UNIT, Group, Tally

SCHEMA = "farm.procedural.knowledge/1"
MOST = 5
"""Suggestions per axis."""
GAIN = 0.015
"""How much better films with a value must be rated than those without, to call it better."""

SURE = 2.3
"""Student's t from which a number is taken to matter: one in fifty such findings is chance."""

_KINDS: Mapping[Axis, str] = {
    Axis.PALETTE: "palette",
    Axis.GRADIENT: "gradient",
    Axis.TEXTURE: "texture",
    Axis.MOTION: "motion",
    Axis.DIRECTION: "motion",
    Axis.TEMPO: "rhythm",
    Axis.CUTS: "rhythm",
    Axis.CAMERA: "camera",
}
_NUMBERS: Mapping[Axis, tuple[str, ...]] = {
    Axis.GRADIENT: ("angle", "strength"),
    Axis.TEXTURE: ("amount", "scale", "warp"),
    Axis.MOTION: ("level", "swell"),
    Axis.DIRECTION: ("degrees",),
    Axis.TEMPO: ("bpm",),
    Axis.CUTS: ("shot_s",),
    Axis.LIGHT: ("bloom", "beams", "rim", "key"),
    Axis.GRADE: ("grain", "vignette", "halation"),
}
_CHOICES = (Axis.GRADIENT, Axis.CAMERA, Axis.SHAPE, Axis.PARTICLES, Axis.TRANSITION)
_CONTENT = (Axis.SHAPE, Axis.PARTICLES)
"""What is in the picture is a matter of its subject: never suggested for films in general."""
_LEANING = (Axis.TEXTURE, Axis.MOTION, Axis.TEMPO, Axis.CUTS, Axis.LIGHT, Axis.GRADE)
_LEVELS: Mapping[Axis, tuple[str, str, float, float]] = {
    Axis.BRIGHTNESS: ("brightness", "shift", -0.15, 0.15),
    Axis.SATURATION: ("saturation", "factor", 0.5, 1.5),
    Axis.CONTRAST: ("contrast", "factor", 0.7, 1.4),
}
"""The measured feature, the number that moves it, and how far it may."""


class Snapshot:
    """Implements ``create.knowledge.Knowledge`` over entries and a tally."""

    def __init__(self, entries: Sequence[Entry], tally: Tally) -> None:
        self.entries = tuple(sorted(entries, key=lambda entry: entry.name))
        self.tally = tally
        self._id = ""

    @property
    def id(self) -> str:
        """Hash of the content; empty when nothing was learned yet."""
        if not self._id and (self.entries or self.tally.films):
            content = json.dumps(self._content(), sort_keys=True).encode()
            self._id = hashlib.blake2b(content, digest_size=10).hexdigest()
        return self._id

    def suggest(self, axis: Axis, keywords: Sequence[str]) -> list[Suggestion]:
        """What was learned on an axis about films with these keywords, best first."""
        found: list[Suggestion] = []
        for key in (*keywords, ALL):
            group = self.tally.groups.get(key)
            if group is None or group.films < (LEAST if key else 5):
                continue
            found.extend(self._from_group(axis, key, group))
        found.extend(self._from_entries(axis, keywords))
        kept: dict[str, Suggestion] = {}
        for suggestion in sorted(found, key=lambda s: (-s.weight, s.value, s.name)):
            kept.setdefault(suggestion.value, suggestion)
        liked = [s for s in kept.values() if s.weight > 0][:MOST]
        return [*liked, *(s for s in kept.values() if s.weight < 0)]

    def _from_group(self, axis: Axis, key: str, group: Group) -> Iterator[Suggestion]:
        about = f"films about {key}" if key else "films"
        found: list[Suggestion] = []
        if axis in _CHOICES:
            found.extend(_choices(axis, key, group, about))
        if axis in _LEANING:
            found.extend(_leanings(axis, key, group, about))
        if axis in _LEVELS:
            found.extend(_shifts(axis, key, group, about))
        for suggestion in found:
            # What holds for every film says less than what holds for films like this one.
            general = not key and suggestion.weight > 0
            weight = round(0.6 * suggestion.weight, 4) if general else suggestion.weight
            yield replace(suggestion, weight=weight)

    def _from_entries(self, axis: Axis, keywords: Sequence[str]) -> Iterator[Suggestion]:
        kind = _KINDS.get(axis)
        for entry in self.entries:
            if entry.kind != kind:
                continue
            numbers = {
                name: entry.trait.numbers[name]
                for name in _NUMBERS.get(axis, ())
                if name in entry.trait.numbers
            }
            if axis is not Axis.PALETTE and not numbers and not entry.trait.value:
                continue
            films, rating = self.tally.count(f"{entry.kind}:{entry.name}")
            rating = rating or entry.rating
            shared = [word for word in keywords if word in entry.keywords]
            # What is shared decides where it fits; what has been seen often makes room for others.
            fits = min(0.6, 0.25 + 0.15 * len(shared)) if shared else 0.08
            usual = self.tally.groups[ALL].mean if self.tally.films else 0.0
            better = max(0.0, min(1.0, 0.5 + 8 * (rating - usual)))
            weight = fits * better / (1 + films / 12)
            if weight < 0.01:
                continue
            seen = f"{max(1, films)} {'film' if films <= 1 else 'films'}"
            learned = f"learned from {seen} rated {rating:.2f}"
            reason = f"{learned}, which shared {', '.join(shared)}" if shared else learned
            yield Suggestion(
                axis=axis,
                value=entry.trait.value or entry.name,
                weight=round(weight, 4),
                name=entry.name,
                reason=reason,
                colours=entry.trait.colours,
                numbers=numbers,
            )

    def _content(self) -> dict[str, Any]:
        return {
            "entries": [entry.record() for entry in self.entries],
            "tally": self.tally.record(),
        }

    def record(self) -> dict[str, Any]:
        """As JSON, with its schema's name and id."""
        return {"schema": SCHEMA, "id": self.id, **self._content()}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Snapshot:
        """The inverse of :meth:`record`."""
        entries = [Entry.from_record(entry) for entry in record["entries"]]
        return cls(entries, Tally.from_record(record["tally"]))


def _choices(axis: Axis, key: str, group: Group, about: str) -> Iterator[Suggestion]:
    """Values that did better than the rest of the group, and those that were seen too often."""
    prefix = f"{axis.value}:"
    for name in group.values:
        if not name.startswith(prefix):
            continue
        films, rating = group.value(name)
        value = name.removeprefix(prefix)
        others = group.films - films
        rest = (group.rating - rating * UNIT * films) / UNIT / others if others else rating
        gain = rating - rest
        if films >= 6 and films > 0.6 * group.films and gain < 0.02:
            reason = f"seen in {films} of {group.films} {about}"
            yield Suggestion(axis, value, -0.3, f"worn {key or 'everywhere'}", reason)
        elif (key or axis not in _CONTENT) and films >= LEAST and others and gain > GAIN:
            weight = min(0.6, 0.15 + 4 * gain) * films / (films + 2)
            reason = (
                f"{films} of {group.films} {about} had it and were rated {rating:.2f}, "
                f"the others {rest:.2f}"
            )
            name = f"better {key or 'everywhere'}"
            yield Suggestion(axis, value, round(weight, 4), name, reason)


def _leanings(axis: Axis, key: str, group: Group, about: str) -> Iterator[Suggestion]:
    """Numbers of the script that go with the rating: a deviation towards the better side."""
    numbers: dict[str, float] = {}
    said: list[str] = []
    strongest = 0.0
    for name in _NUMBERS[axis]:
        lean = group.lean(f"{axis.value}.{name}")
        if abs(lean.t) < SURE:
            continue
        numbers[name] = round(lean.mean + math.copysign(lean.deviation, lean.correlation), 4)
        strongest = max(strongest, abs(lean.correlation))
        said.append(
            f"{name} {lean.mean:.2f} on average, and the {'more' if lean.t > 0 else 'less'} the "
            f"better (correlation {lean.correlation:+.2f} with the rating)"
        )
    if numbers:
        name = f"leaning {key or 'of all'}"
        reason = f"{group.films} {about} had {' and '.join(said)}"
        yield Suggestion(axis, name, round(min(0.7, strongest), 4), name, reason, numbers=numbers)


def _shifts(axis: Axis, key: str, group: Group, about: str) -> Iterator[Suggestion]:
    """Lighter, more colourful or more contrasted, when films that were so did better."""
    feature, name, low, high = _LEVELS[axis]
    lean = group.lean(feature)
    if abs(lean.t) < SURE:
        return
    step = lean.correlation * lean.deviation
    number = step if name == "shift" else 1 + step / (lean.mean + 0.1)
    title = f"leaning {key or 'of all'}"
    reason = (
        f"{group.films} {about} had a {feature} of {lean.mean:.2f}, and the "
        f"{'more' if lean.t > 0 else 'less'} the better (correlation {lean.correlation:+.2f} "
        "with the rating)"
    )
    numbers = {name: round(max(low, min(high, number)), 4)}
    weight = round(min(0.7, abs(lean.correlation)), 4)
    yield Suggestion(axis, title, weight, title, reason, numbers=numbers)
