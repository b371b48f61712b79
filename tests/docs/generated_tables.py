"""The tables of the documentation that are made from the code.

Run ``python tests/docs/generated_tables.py`` after changing a state, a setting or the failure policy.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from farm.config import CommandChannel, DropFolder, EmailChannel, Settings, WebhookChannel
from farm.domain import errors
from farm.domain.errors import FarmError
from farm.domain.policy import FAILURE_POLICY
from farm.domain.states import (
    MOVES,
    AttemptState,
    JobState,
    NodeState,
    SubmissionState,
    TaskState,
)

DOCS = Path(__file__).parents[2] / "docs"
KINDS: dict[str, type[Enum]] = {
    "Job": JobState,
    "Task": TaskState,
    "Attempt": AttemptState,
    "Node": NodeState,
    "Submission": SubmissionState,
}
# Defaults that depend on the machine.
_OF_THE_MACHINE = {"node_name": "the machine's name", "cpu_slots": "its number of processors"}


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, *rows]
    shown = ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join([shown[0], "|" + "---|" * len(head), *shown[1:]])


def moves(kind: type[Enum]) -> str:
    """Every transition of one kind of state."""
    rows = (
        (f"`{m.source.value}`", f"`{m.target.value}`", m.cause)
        for m in MOVES
        if isinstance(m.source, kind)
    )
    return _table(("from", "to", "because"), rows)


def failure_policy() -> str:
    """One row for each error class."""
    rows = (
        (
            f"`{error_class.value}`",
            str(rule.retries),
            f"{rule.backoff_s:g} s" if rule.backoff_s else "none",
            "another, if there is one" if rule.other_node else "any",
            "yes" if rule.charged else "no",
            "yes" if rule.quarantine else "no",
            str(rule.blocks_node_after) if rule.blocks_node_after else "never",
        )
        for error_class, rule in FAILURE_POLICY.items()
    )
    head = ("class", "further tries", "first wait", "node", "charged", "quarantine", "blocks after")
    return _table(head, rows)


def error_tree() -> str:
    """Every error with its class."""
    known = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, FarmError)
    ]
    rows = (
        (f"`{kind.__name__}`", f"`{kind.error_class.value}`", _said(kind))
        for kind in sorted(known, key=lambda kind: inspect.getsourcelines(kind)[1])
    )
    return _table(("error", "class", "meaning"), rows)


def _said(kind: type[FarmError]) -> str:
    first = (kind.__doc__ or "").strip().splitlines()[0]
    return first.replace("Raised when", "When").replace("Root of the tree", "Any of the below")


def settings(model: Any) -> str:
    """Every setting with its default and meaning."""
    rows = (
        (f"`{name}`", _default(name, field), (field.description or "").replace("|", "\\|"))
        for name, field in model.model_fields.items()
    )
    return _table(("setting", "default", "meaning"), rows)


def _default(name: str, field: FieldInfo) -> str:
    if name in _OF_THE_MACHINE:
        return _OF_THE_MACHINE[name]
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value == "" or value in ([], {}):
        return "none"
    return f"`{value}`"


TABLES: dict[str, dict[str, str]] = {
    "states.md": {
        **{f"moves {name}": moves(kind) for name, kind in KINDS.items()},
        "failure policy": failure_policy(),
        "errors": error_tree(),
    },
    "deploy.md": {"settings": settings(Settings), "drop folder": settings(DropFolder)},
    "observability/notifications.md": {
        "webhook": settings(WebhookChannel),
        "email": settings(EmailChannel),
        "command": settings(CommandChannel),
    },
}


def filled_in(page: str, text: str) -> str:
    """``text`` with each of the page's tables put between its two marks."""
    for name, table in TABLES[page].items():
        marks = re.compile(
            rf"(<!-- {re.escape(name)} -->\n).*?(<!-- /{re.escape(name)} -->)", re.DOTALL
        )
        text, count = marks.subn(lambda m, t=table: f"{m[1]}{t}\n{m[2]}", text)  # type: ignore[misc]
        assert count == 1, f"{page} needs one pair of marks for {name}"
    return text


if __name__ == "__main__":
    for page in TABLES:
        path = DOCS / page
        path.write_text(filled_in(page, path.read_text(encoding="utf-8")), encoding="utf-8")
