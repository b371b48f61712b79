"""Strict reading of YAML, JSON and TOML into plain data.

Invariant: what comes out is a small, finite tree of dicts, lists, strings, finite numbers, booleans
and nulls that means the same in all three formats; everything that could mean two things (duplicate
keys, aliases, tags, a second document) or cost too much (size, depth, count) is refused here.

YAML scalars follow the core schema of YAML 1.2: only ``true`` and ``false`` are booleans, so ``no``
and ``on`` stay words, and ``12:30`` and ``2026-11-01`` stay text.
"""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import PurePath
from typing import Any

import yaml

from farm.domain.errors import ManifestError

Where = tuple[str | int, ...]
SUFFIXES = (".yaml", ".yml", ".json", ".toml")


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


def read_document(data: bytes, *, name: str, limits: Limits | None = None) -> Document:
    """Read one manifest or pipeline file; the format follows from the suffix of ``name``.

    Raises
    ------
    ManifestError : anything that is not one small, unambiguous mapping, with code and place.
    """
    limits = limits or Limits()
    suffix = PurePath(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise ManifestError(
            "not a manifest format",
            where=name,
            expected="a name that ends with .yaml, .yml, .json or .toml",
            got=suffix or "no suffix",
            mend="Rename the file.",
            code="manifest.unknown-format",
        )
    if len(data) > limits.max_bytes:
        raise ManifestError(
            "the file is too large for a manifest",
            where=name,
            expected=f"at most {limits.max_bytes} bytes",
            got=f"{len(data)} bytes",
            mend="Put media in files of their own and name their paths.",
            code="manifest.too-large",
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(
            "the text is not UTF-8",
            where=name,
            expected="UTF-8",
            got=f"byte 0x{data[error.start]:02x} at offset {error.start}",
            mend="Save the file as UTF-8.",
            code="manifest.not-utf8",
        ) from error
    lines: dict[Where, int] = {}
    if suffix == ".json":
        content = _json(text, name)
    elif suffix == ".toml":
        content = _toml(text, name)
    else:
        content = _Yaml(name, limits, lines).read(text)
    document = Document(name, content if isinstance(content, dict) else {}, lines)
    if not isinstance(content, dict):
        empty = content is None
        raise ManifestError(
            "the file is empty" if empty else "the file does not hold a mapping of fields",
            where=name,
            expected="fields such as `pipeline: procedural`",
            got="nothing" if empty else f"a {type(content).__name__}",
            code="manifest.empty" if empty else "manifest.not-a-mapping",
        )
    _check_tree(document, limits)
    return document


# --- formats -------------------------------------------------------------------------------------


def _json(text: str, name: str) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(items)
        if len(result) != len(items):
            seen: set[str] = set()
            key = next(k for k, _ in items if k in seen or seen.add(k))  # type: ignore[func-returns-value]
            raise _duplicate(name, key)
        return result

    def constant(word: str) -> Any:
        raise _not_finite(name, word)

    if not text.strip():
        return None
    try:
        return json.loads(text, object_pairs_hook=pairs, parse_constant=constant)
    except json.JSONDecodeError as error:
        raise _syntax(f"{name}:{error.lineno}", "JSON", error.msg) from error
    except RecursionError as error:
        raise _too_deep(name) from error
    except ValueError as error:  # a number with thousands of digits
        raise _too_big(name, "a number with thousands of digits") from error


def _toml(text: str, name: str) -> Any:
    # A dotted key of thousands of parts takes the reader quadratic time before it can be measured.
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > 2000 and any(part.count(".") > 2000 for part in line.split("=")):
            raise _too_deep(f"{name}:{number}")
    try:
        return tomllib.loads(text) or None
    except tomllib.TOMLDecodeError as error:
        if "overwrite" in str(error) or "twice" in str(error):
            raise _duplicate(name, str(error)) from error
        raise _syntax(name, "TOML", str(error)) from error
    except RecursionError as error:
        raise _too_deep(name) from error
    except ValueError as error:
        raise _too_big(name, "a number with thousands of digits") from error


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
            raise _syntax(f"{self.name}{line}", "YAML", error.problem or str(error)) from error
        except yaml.YAMLError as error:
            raise _syntax(self.name, "YAML", str(error).splitlines()[0]) from error

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
                raise _too_many(place, self.limits)
            self._refuse_sharing(event, place)
            scalar = isinstance(event, yaml.ScalarEvent)
            top = open_[-1] if open_ else None
            if isinstance(top, dict) and keys[-1] is None:
                if not scalar:
                    raise ManifestError(
                        "a field's name must be a word",
                        where=place,
                        got="a list or a mapping as a name",
                        code="manifest.syntax",
                    )
                key = str(event.value)
                if key in top:
                    raise _duplicate(self.name, dotted((*path, key)), line)
                keys[-1] = key
                self.lines[(*path, key)] = line
                continue
            if scalar:
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
            if not scalar:
                open_.append(value)
                keys.append(None)
                path += step
                if len(open_) > self.limits.max_depth:
                    raise _too_deep(place)
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
                raise _too_big(place, text[:24] + "…")
            return int(text)
        if _OCT_HEX.fullmatch(text) and len(text) <= 20:
            return int(text, 0)
        if _FLOAT.fullmatch(text):
            return float(text)
        if _NOT_FINITE.fullmatch(text):
            raise _not_finite(place, text)
        return text


# --- the tree ------------------------------------------------------------------------------------


def _check_tree(document: Document, limits: Limits) -> None:
    """Walk the tree without recursion; dates of TOML become their ISO 8601 text."""
    nodes = 0
    todo: list[tuple[Where, Any]] = [((), document.fields)]
    while todo:
        path, container = todo.pop()
        if len(path) >= limits.max_depth:
            raise _too_deep(document.place(path[:3]))
        items = container.items() if isinstance(container, dict) else enumerate(container)
        for key, value in list(items):
            here = (*path, key)
            nodes += 1
            if nodes > limits.max_nodes:
                raise _too_many(document.name, limits)
            if isinstance(key, str):
                _check_text(document, here, key)
            if isinstance(value, str):
                _check_text(document, here, value)
            elif isinstance(value, dict | list):
                todo.append((here, value))
            elif isinstance(value, float) and not math.isfinite(value):
                raise _not_finite(document.place(here), repr(value))
            elif isinstance(value, int) and not -(2**63) <= value < 2**63:
                raise _too_big(document.place(here), f"a number of {value.bit_length()} bits")
            elif isinstance(value, datetime | date | time):
                container[key] = value.isoformat()


def _check_text(document: Document, path: Where, text: str) -> None:
    if text.isascii() and "\0" not in text:
        return
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ManifestError(
            "the text holds a character that no file name or film can have",
            where=document.place(tuple(ascii(p)[1:-1] if isinstance(p, str) else p for p in path)),
            got=ascii(text)[:60],
            mend="Remove NUL characters and lone surrogates.",
            code="manifest.bad-character",
        )


# --- refusals ------------------------------------------------------------------------------------


def _syntax(where: str, form: str, problem: str) -> ManifestError:
    return ManifestError(
        f"not readable as {form}: {problem}",
        where=where,
        mend="Mend that line; see docs/manifests.md for examples.",
        code="manifest.syntax",
    )


def _duplicate(name: str, key: str, line: int = 0) -> ManifestError:
    return ManifestError(
        "a field is given twice",
        where=f"{name}:{line}" if line else name,
        expected="each field once",
        got=key,
        mend="Keep one of the two.",
        code="manifest.duplicate-key",
    )


def _not_finite(where: str, word: str) -> ManifestError:
    return ManifestError(
        "a number must be finite", where=where, got=word, code="manifest.not-finite"
    )


def _too_big(where: str, got: str) -> ManifestError:
    return ManifestError(
        "a number is too large",
        where=where,
        expected="at most 64 bits",
        got=got,
        mend="Put quotes around it if it is text.",
        code="manifest.number-too-large",
    )


def _too_deep(where: str) -> ManifestError:
    return ManifestError(
        "fields are nested too deeply", where=where, mend="Flatten it.", code="manifest.too-deep"
    )


def _too_many(where: str, limits: Limits) -> ManifestError:
    return ManifestError(
        "the file holds too many values",
        where=where,
        expected=f"at most {limits.max_nodes}",
        code="manifest.too-many-values",
    )
