"""The registry: static origins and learned entries, and what counts as new.

Invariant: an entry's name and content never change; how often it was met and how well it did are
counted from the log of runs, never written into it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from farm_procedural.learn.naming import name_for
from farm_procedural.learn.origins import origins
from farm_procedural.learn.traits import NOVEL, Trait, distance

SCHEMA = "farm.procedural.entry/1"


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that was learned.

    run, prompt : where it was first seen; keywords of that film. rating : of that film, 0-1.
    near, away : the nearest thing that was known before, and how far it was.
    """

    name: str
    trait: Trait
    content: str
    run: str = ""
    prompt: str = ""
    keywords: tuple[str, ...] = ()
    rating: float = 0.0
    near: str = ""
    away: float = 0.0

    @property
    def kind(self) -> str:
        """Of the trait."""
        return self.trait.kind

    def record(self) -> dict[str, Any]:
        """As JSON, with its schema's name."""
        return {
            "schema": SCHEMA,
            "name": self.name,
            "trait": self.trait.record(),
            "content": self.content,
            "run": self.run,
            "prompt": self.prompt,
            "keywords": list(self.keywords),
            "rating": self.rating,
            "near": self.near,
            "away": self.away,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Entry:
        """The inverse of :meth:`record`."""
        return cls(
            name=str(record["name"]),
            trait=Trait.from_record(record["trait"]),
            content=str(record["content"]),
            run=str(record.get("run", "")),
            prompt=str(record.get("prompt", "")),
            keywords=tuple(str(word) for word in record.get("keywords", ())),
            rating=float(record.get("rating", 0.0)),
            near=str(record.get("near", "")),
            away=float(record.get("away", 0.0)),
        )


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an entry comes from: the run that showed it."""

    run: str
    prompt: str
    keywords: tuple[str, ...]
    rating: float


@dataclass(slots=True)
class Registry:
    """entries : learned ones by name. reserved : content by name, of forgotten ones."""

    entries: dict[str, Entry] = field(default_factory=dict)
    reserved: dict[str, str] = field(default_factory=dict)

    def nearest(self, trait: Trait) -> tuple[str, float]:
        """The known name that lies nearest, and how far; learned names win a tie."""
        known: Iterable[tuple[str, Trait]] = (
            *((e.name, e.trait) for e in self.entries.values() if e.kind == trait.kind),
            *origins()[trait.kind].items(),
        )
        return min(
            ((name, distance(trait.point, other.point)) for name, other in known),
            key=lambda pair: pair[1],
        )

    def grow(self, traits: Iterable[Trait], source: Origin) -> tuple[list[str], list[Entry]]:
        """Names that were met, and the entries that are new; the new ones join at once.

        A forgotten thing stays forgotten: it is neither met nor learned again.
        """
        met: list[str] = []
        new: list[Entry] = []
        forgotten = set(self.reserved.values())
        for trait in traits:
            if trait.content in forgotten:
                continue
            near, away = self.nearest(trait)
            if away <= NOVEL[trait.kind]:
                met.append(f"{trait.kind}:{near}")
                continue
            taken = {**self.reserved, **{e.name: e.content for e in self.entries.values()}}
            entry = Entry(
                name=name_for(trait.kind, trait.content, taken),
                trait=trait,
                content=trait.content,
                run=source.run,
                prompt=source.prompt[:200],
                keywords=source.keywords,
                rating=round(source.rating, 4),
                near=near,
                away=round(away, 4),
            )
            self.entries[entry.name] = entry
            new.append(entry)
        return met, new
