"""Strict reading of YAML, JSON and TOML into plain data.

Invariant: what comes out is a small, finite tree of dicts, lists, strings, finite numbers, booleans
and nulls that means the same in all three formats; everything that could mean two things (duplicate
keys, aliases, tags, a second document) or cost too much (size, depth, count) is refused.
"""

from __future__ import annotations

import math
from datetime import date, datetime, time
from pathlib import PurePath
from typing import Any

from farm.domain.errors import ManifestError
from farm.manifest.document import (
    Document,
    Limits,
    Where,
    not_finite,
    too_big,
    too_deep,
    too_many,
)
from farm.manifest.formats import read_json, read_toml, read_yaml

SUFFIXES = (".yaml", ".yml", ".json", ".toml")


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
        content = read_json(text, name)
    elif suffix == ".toml":
        content = read_toml(text, name)
    else:
        content = read_yaml(text, name, limits, lines)
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


def _check_tree(document: Document, limits: Limits) -> None:
    """Walk the tree without recursion; dates of TOML become their ISO 8601 text."""
    nodes = 0
    todo: list[tuple[Where, Any]] = [((), document.fields)]
    while todo:
        path, container = todo.pop()
        if len(path) >= limits.max_depth:
            raise too_deep(document.place(path[:3]))
        items = container.items() if isinstance(container, dict) else enumerate(container)
        for key, value in list(items):
            here = (*path, key)
            nodes += 1
            if nodes > limits.max_nodes:
                raise too_many(document.name, limits)
            if isinstance(key, str):
                _check_text(document, here, key)
            if isinstance(value, str):
                _check_text(document, here, value)
            elif isinstance(value, dict | list):
                todo.append((here, value))
            elif isinstance(value, float) and not math.isfinite(value):
                raise not_finite(document.place(here), repr(value))
            elif isinstance(value, int) and not -(2**63) <= value < 2**63:
                raise too_big(document.place(here), f"a number of {value.bit_length()} bits")
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
