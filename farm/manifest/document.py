"""A document of plain data: its fields, where each stands, and the complaints about its form.

Invariant: a complaint about a file names the file and, where it is known, the line and the field.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from farm.domain.errors import ManifestError

Where = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a manifest may hold: bytes of text, values in all, levels of nesting."""

    max_bytes: int = 512_000
    max_nodes: int = 20_000
    max_depth: int = 20


@dataclass(frozen=True, slots=True)
class Document:
    """Plain data with the line on which each field stands (YAML only; lines count from 1)."""

    name: str
    fields: dict[str, Any]
    lines: Mapping[Where, int] = field(default_factory=dict)

    def place(self, path: Where = ()) -> str:
        """``dusk.yaml:7: params.size``, as near to ``path`` as is known."""
        line = 0
        for end in range(len(path), 0, -1):
            if line := self.lines.get(path[:end], 0):
                break
        file = f"{self.name}:{line}" if line else self.name
        return f"{file}: {dotted(path)}" if path else file


def dotted(path: Where) -> str:
    """A field's path as people write it: ``inputs.clips[2].path``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def syntax(where: str, form: str, problem: str) -> ManifestError:
    """Not readable at all."""
    return ManifestError(
        f"not readable as {form}: {problem}",
        where=where,
        mend="Mend that line; see docs/manifests.md for examples.",
        code="manifest.syntax",
    )


def duplicate(name: str, key: str, line: int = 0) -> ManifestError:
    """A field stands twice."""
    return ManifestError(
        "a field is given twice",
        where=f"{name}:{line}" if line else name,
        expected="each field once",
        got=key,
        mend="Keep one of the two.",
        code="manifest.duplicate-key",
    )


def not_finite(where: str, word: str) -> ManifestError:
    """NaN or an infinity."""
    return ManifestError(
        "a number must be finite", where=where, got=word, code="manifest.not-finite"
    )


def too_big(where: str, got: str) -> ManifestError:
    """A number of more than 64 bits."""
    return ManifestError(
        "a number is too large",
        where=where,
        expected="at most 64 bits",
        got=got,
        mend="Put quotes around it if it is text.",
        code="manifest.number-too-large",
    )


def too_deep(where: str) -> ManifestError:
    """Nested too deeply."""
    return ManifestError(
        "fields are nested too deeply", where=where, mend="Flatten it.", code="manifest.too-deep"
    )


def too_many(where: str, limits: Limits) -> ManifestError:
    """Too many values."""
    return ManifestError(
        "the file holds too many values",
        where=where,
        expected=f"at most {limits.max_nodes}",
        code="manifest.too-many-values",
    )
