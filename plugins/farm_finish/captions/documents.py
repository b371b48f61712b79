"""JSON documents between the stages of captions, checked when they are read.

Invariant: what :func:`read_document` returns has its schema's fields, in range; who made the file
does not matter.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from farm import InputError

T = TypeVar("T")


def read_document(path: Path, schema: str, kind: type[T], label: str) -> T:
    """The document at ``path`` as ``kind``, a dataclass.

    Raises
    ------
    InputError : it is no JSON, of another schema, or a field is missing or out of range.
    """
    try:
        fields = json.loads(path.read_bytes())
    except ValueError as error:
        raise _refused("is not JSON", label, f"JSON, schema {schema}", str(error)) from error
    got = fields.get("schema") if isinstance(fields, dict) else None
    if got != schema:
        raise _refused("is another kind of document", label, schema, str(got))
    del fields["schema"]
    try:
        return TypeAdapter(kind).validate_json(json.dumps(fields))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise _refused(f"{where}: {first['msg']}", label, schema, repr(first["input"])) from error


def write_document(path: Path, schema: str, document: Any) -> None:
    """Write a dataclass as JSON with its schema."""
    record = {"schema": schema, **asdict(document)}
    path.write_text(json.dumps(record, ensure_ascii=False) + "\n", encoding="utf-8")


def _refused(what: str, label: str, expected: str, got: str) -> InputError:
    return InputError(
        what,
        where=label,
        expected=expected,
        got=got[:200],
        mend="Take the file as the stage before wrote it.",
        code="captions.bad-document",
    )
