"""Media kinds: the types of a stage's ports, and the facts the farm keeps about a file.

Invariant: two ports may be joined only when their kinds are equal or the receiver takes ``any``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any


class MediaKind(str, Enum):
    """What a file is. Inter-stage forms: see ``docs/write-a-plugin.md``."""

    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DATA = "data"
    MODEL = "model"
    ARCHIVE = "archive"
    ANY = "any"

    def accepts(self, other: MediaKind) -> bool:
        """Whether a port of this kind takes a file of the other kind."""
        return self in (MediaKind.ANY, other)


@dataclass(frozen=True, slots=True)
class MediaFacts:
    """What probing a file by decoding told. Absent facts are ``None``.

    frames: exact number of video frames; fps: a rational; duration_s: seconds;
    width, height: pixels; sample_rate: Hz.
    """

    frames: int | None = None
    fps: Fraction | None = None
    duration_s: float | None = None
    width: int | None = None
    height: int | None = None
    sample_rate: int | None = None
    channels: int | None = None
    codec: str | None = None
    audio_codec: str | None = None
    pixel_format: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def record(self) -> dict[str, Any]:
        """As JSON; absent facts are left out, ``fps`` is a string such as ``30000/1001``."""
        facts: dict[str, Any] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if value is None or value == {}:
                continue
            facts[name] = str(value) if isinstance(value, Fraction) else value
        return facts

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> MediaFacts:
        """The inverse of :meth:`record`."""
        facts = dict(record)
        if "fps" in facts:
            facts["fps"] = Fraction(facts["fps"])
        return cls(**facts)


@dataclass(frozen=True, slots=True)
class Artifact:
    """An immutable file in the store.

    hash : lower-case hex SHA-256 of its bytes, which is also its name in the store.
    suffix : file name ending with its dot, so that tools that look at names work.
    """

    hash: str
    kind: MediaKind
    size_bytes: int
    suffix: str = ""
    facts: MediaFacts = field(default_factory=MediaFacts)

    def record(self) -> dict[str, Any]:
        """As JSON (ledger columns, engine messages, receipts)."""
        return {
            "hash": self.hash,
            "kind": self.kind.value,
            "size_bytes": self.size_bytes,
            "suffix": self.suffix,
            "facts": self.facts.record(),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Artifact:
        """The inverse of :meth:`record`."""
        return cls(
            hash=record["hash"],
            kind=MediaKind(record["kind"]),
            size_bytes=record["size_bytes"],
            suffix=record.get("suffix", ""),
            facts=MediaFacts.from_record(record.get("facts", {})),
        )
