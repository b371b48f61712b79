"""Turns what pydantic found wrong into the farm's own complaints.

Invariant: every problem of a file is reported in one go, each with the place, what was expected,
what was found and, for an unknown name, the nearest known one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from farm.domain.errors import ManifestError, nearest
from farm.manifest.document import Document, Where, dotted
from farm.manifest.model import SHORT_FORMS, Manifest

# Names of union branches that pydantic puts into a path; `<` keeps them apart from field names.
BRANCH = "<"


class RefusedManifest(ManifestError):
    """Raised when fields of a manifest are wrong; ``problems`` holds one record per problem."""

    problems: list[dict[str, str]]


def refusal(error: ValidationError, model: type[BaseModel], document: Document) -> RefusedManifest:
    """The complaint about ``document``: its first problem in full, the others named after it."""
    problems = [_problem(item, model, document) for item in error.errors(include_url=False)]
    first = problems[0]
    others = "; ".join(f"{p.where}: {p.what}" for p in problems[1:6])
    if len(problems) > 6:
        others += f"; and {len(problems) - 6} more"
    refused = RefusedManifest(
        first.what,
        where=first.where,
        expected=first.expected,
        got=first.got,
        mend=f"{first.mend} Also: {others}." if others else first.mend,
        code=first.code,
    )
    refused.problems = [p.record() for p in problems]
    return refused


def _problem(item: Mapping[str, Any], model: type[BaseModel], document: Document) -> ManifestError:
    path = tuple(step for step in item["loc"] if not str(step).startswith(BRANCH))
    if path[-1:] == ("[key]",):  # pydantic's way to say that it is about the name itself
        path = path[:-1]
    kind, context = str(item["type"]), item.get("ctx") or {}
    what, expected, mend = "the value is not acceptable", str(item["msg"]), ""
    got = _short(item.get("input"))
    code = "manifest.bad-value"
    if kind == "extra_forbidden":
        known = _fields_at(model, path[:-1])
        what, expected, mend = f'no field is called "{path[-1]}"', "", nearest(str(path[-1]), known)
        code, got = "manifest.unknown-field", ""
    elif kind == "missing":
        what, expected, got = f'the field "{path[-1]}" is missing', "", ""
        code = "manifest.missing-field"
        mend = f"Add `{dotted(path)}`."
    elif kind.startswith("farm."):
        what, code = str(item["msg"]), f"manifest.{kind.removeprefix('farm.')}"
        expected, mend = str(context.get("expected", "")), str(context.get("mend", ""))
    elif kind == "value_error":
        what, expected = expected.removeprefix("Value error, "), ""
    else:
        expected = expected.removeprefix("Input should be ").removeprefix("a valid ")
        expected = expected.replace("String should match pattern", "text that matches")
        if kind.endswith(("_type", "_parsing")):
            what, code = "the value has the wrong type", "manifest.wrong-type"
        elif kind.startswith(("greater_than", "less_than")):
            what, code = "the value is out of range", "manifest.out-of-range"
        elif kind == "literal_error":
            what, code = "the value is not one of the choices", "manifest.bad-choice"
    return ManifestError(
        what, where=_place(document, path), expected=expected, got=got, mend=mend, code=code
    )


def _place(document: Document, path: Where) -> str:
    # `prompt: …` is short for `inputs.prompt`; complain about what was written.
    if path[:2] == ("inputs", "prompt") and "prompt" in document.fields:
        path = path[1:]
    return document.place(path)


def _fields_at(model: type[BaseModel], path: Where) -> list[str]:
    for step in path:
        field = model.model_fields.get(str(step))
        inner = _model_in(field.annotation) if field else None
        model = inner or model
    return [*model.model_fields, *(SHORT_FORMS if model is Manifest else ())]


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        if found := _model_in(inner):
            return found
    return None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
