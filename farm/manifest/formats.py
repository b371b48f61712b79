"""JSON, TOML and YAML as plain data, each without what could mean two things.

Invariant: nothing is expanded or built before it is checked, so no text of permitted size costs
more than a moment. YAML scalars follow the core schema of YAML 1.2: only ``true`` and ``false`` are
booleans, so ``no`` and ``on`` stay words, and ``12:30`` and ``2026-11-01`` stay text.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import yaml

from farm.domain.errors import ManifestError
from farm.manifest.document import (
    Limits,
    Where,
    dotted,
    duplicate,
    not_finite,
    syntax,
    too_big,
    too_deep,
    too_many,
)


def read_yaml(text: str, name: str, limits: Limits, lines: dict[Where, int]) -> Any:
    """Plain data from YAML; ``lines`` is filled with the line of each field. Raises ManifestError."""
    return _Yaml(name, limits, lines).read(text)


def read_json(text: str, name: str) -> Any:
    """Plain data from JSON. Raises ManifestError."""

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) != len(items):
            seen: set[str] = set()
            key = next(k for k, _ in items if k in seen or seen.add(k))  # type: ignore[func-returns-value]
            raise duplicate(name, key)
        return result

    def constant(word: str) -> Any:
        raise not_finite(name, word)

    if not text.strip():
        return None
    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise syntax(f"{name}:{error.lineno}", "JSON", error.msg) from error
    except RecursionError as error:
        raise too_deep(name) from error
    except ValueError as error:  # a number with thousands of digits
        raise too_big(name, "a number with thousands of digits") from error


def read_toml(text: str, name: str) -> Any:
    """Plain data from TOML. Raises ManifestError."""
    # A dotted key of thousands of parts takes the reader quadratic time before it can be measured.
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > 2000 and any(part.count(".") > 2000 for part in line.split("=")):
            raise too_deep(f"{name}:{number}")
    try:
        return tomllib.loads(text) or None
    except tomllib.TOMLDecodeError as error:
        if "overwrite" in str(error) or "twice" in str(error):
            raise duplicate(name, str(error)) from error
        raise syntax(name, "TOML", str(error)) from error
    except RecursionError as error:
        raise too_deep(name) from error
    except ValueError as error:
        raise too_big(name, "a number with thousands of digits") from error


_NULL = re.compile(r"|~|null|Null|NULL")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+")
_OCT_HEX = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class _Yaml:
    """Builds the tree from parser events, so that nothing is expanded before it is checked."""

    def __init__(self, name: str, limits: Limits, lines: dict[Where, int]) -> None:
        self.name, self.limits, self.lines = name, limits, lines

    def read(self, text: str) -> Any:
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            return self._build(yaml.parse(text, Loader=loader))
        except yaml.MarkedYAMLError as error:
            line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
            raise syntax(f"{self.name}{line}", "YAML", error.problem or str(error)) from error
        except yaml.YAMLError as error:
            raise syntax(self.name, "YAML", str(error).splitlines()[0]) from error

    def _build(self, events: Iterator[Any]) -> Any:
        root: Any = None
        documents = nodes = 0
        open_: list[Any] = []  # containers that are being filled
        keys: list[str | None] = []  # the pending key of each
        path: list[str | int] = []
        for event in events:
            line = event.start_mark.line + 1
            place = f"{self.name}:{line}"
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise ManifestError(
                        "a second document starts here",
                        where=place,
                        expected="one document in one file",
                        mend="Put each manifest in a file of its own.",
                        code="manifest.many-documents",
                    )
            if isinstance(event, yaml.CollectionEndEvent):
                open_.pop()
                keys.pop()
                if path:
                    path.pop()
                continue
            if not isinstance(event, yaml.NodeEvent):
                continue
            nodes += 1
            if nodes > 2 * self.limits.max_nodes:
                raise too_many(place, self.limits)
            self._refuse_sharing(event, place)
            text = event.value if isinstance(event, yaml.ScalarEvent) else None
            top = open_[-1] if open_ else None
            if isinstance(top, dict) and keys[-1] is None:
                if text is None:
                    raise ManifestError(
                        "a field's name must be a word",
                        where=place,
                        got="a list or a mapping as a name",
                        code="manifest.syntax",
                    )
                if text in top:
                    raise duplicate(self.name, dotted((*path, text)), line)
                keys[-1] = text
                self.lines[(*path, text)] = line
                continue
            if text is not None:
                value = self._scalar(event, place)
            else:
                value = {} if isinstance(event, yaml.MappingStartEvent) else []
            step: list[str | int] = []
            if isinstance(top, dict):
                step, keys[-1] = [str(keys[-1])], None
                top[step[0]] = value
            elif isinstance(top, list):
                step = [len(top)]
                self.lines[(*path, len(top))] = line
                top.append(value)
            else:
                root = value
            if text is None:
                open_.append(value)
                keys.append(None)
                path += step
                if len(open_) > self.limits.max_depth:
                    raise too_deep(place)
        return root

    @staticmethod
    def _refuse_sharing(event: Any, place: str) -> None:
        tag = getattr(event, "tag", None)
        found = (
            f"alias *{event.anchor}"
            if isinstance(event, yaml.AliasEvent)
            else f"anchor &{event.anchor}"
            if event.anchor
            else f"tag {tag}"
            if tag
            else ""
        )
        if found:
            raise ManifestError(
                "anchors, aliases and tags are not taken",
                where=place,
                expected="plain values",
                got=found,
                mend="Write the value out; put quotes around text that starts with & * or !.",
                code="manifest.alias",
            )

    def _scalar(self, event: Any, place: str) -> Any:
        text = str(event.value)
        if not event.implicit[0]:  # quoted, or a block of text
            return text
        if _NULL.fullmatch(text):
            return None
        if _BOOL.fullmatch(text):
            return text.lower() == "true"
        if _INT.fullmatch(text):
            if len(text) > 20:
                raise too_big(place, text[:24] + "…")
            return int(text)
        if _OCT_HEX.fullmatch(text) and len(text) <= 20:
            return int(text, 0)
        if _FLOAT.fullmatch(text):
            return float(text)
        if _NOT_FINITE.fullmatch(text):
            raise not_finite(place, text)
        return text
