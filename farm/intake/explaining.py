"""What is written beside a submission that is given back.

Invariant: a submitter's own file is never overwritten, also when it is called ``error.txt``; and
writing the same explanation again changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from farm.artifacts.intake_copy import shown
from farm.intake.doors import ERROR, QUEUE, RECEIPT, beside
from farm.intake.files import write_json, write_text
from farm.intake.names import free_path
from farm.ledger.submissions import Submission

_FIRST_LINE = "The farm could not make this."
_JSON_MARK = '"farm_error"'
_DUPLICATE_LINE = "The same thing was asked for before"


def explain_rejection(row: Submission, place: Path) -> None:
    """Say why. ``place`` is the returned folder; of the queue, the path of the manifest."""
    if row.origin != QUEUE:
        write_error(place, row.name, row.error or {}, row)
        return
    record = error_record(row.name, row.error or {}, row)
    write_json(beside(place, ERROR), record)
    receipt = beside(place.parent.parent / "accepted" / place.name, RECEIPT)
    if receipt.exists():
        write_json(receipt, record)


def explain_duplicate(row: Submission, of: Mapping[str, Any], place: Path) -> None:
    """Point to the earlier job ``of`` (id, number, published). ``place``: as above."""
    if row.origin == QUEUE:
        _point_in_queue(row, of, place)
    else:
        _point(of, place)


def remove_error(folder: Path) -> None:
    """Take away what :func:`explain_rejection` wrote."""
    for name, mark in (("error.txt", _FIRST_LINE), ("error.json", _JSON_MARK)):
        if _is_own(folder / name, mark):
            (folder / name).unlink()


def _end_of(row: Submission) -> str:
    return "rejected" if row.job_id is None or row.job_state is None else row.job_state.value


def error_record(
    name: str, error: Mapping[str, Any], row: Submission | None = None
) -> dict[str, Any]:
    """The content of ``error.json``."""
    record: dict[str, Any] = {"farm_error": 1, "name": shown(name)}
    if row is not None:
        record |= {"submission": row.id, "job": row.job_id, "state": _end_of(row)}
    return record | {"error": dict(error)}


def write_error(
    folder: Path, name: str, error: Mapping[str, Any], row: Submission | None = None
) -> None:
    """Write ``error.txt`` for people and ``error.json`` for programs."""
    record = error_record(name, error, row)
    lines = [_FIRST_LINE, ""]
    for label, key in (
        ("What", "what"),
        ("Where", "where"),
        ("Expected", "expected"),
        ("Got", "got"),
        ("How to mend it", "mend"),
    ):
        if error.get(key):
            lines.append(f"{label}: {error[key]}")
    lines += ["", "Mend it and drag this back into the folder; this file may stay in it.", ""]
    write_json(_own(folder / "error.json", _JSON_MARK), record)
    write_text(_own(folder / "error.txt", _FIRST_LINE), "\n".join(lines))


def _own(path: Path, mark: str) -> Path:
    """``path``, unless the submitter has a file of that name, which is left alone."""
    if not os.path.lexists(path) or _is_own(path, mark):
        return path
    return free_path(path, is_folder=False)


def _is_own(path: Path, mark: str) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    with path.open("rb") as file:
        return mark.encode() in file.read(4096)


def _point(of: Mapping[str, Any], folder: Path) -> None:
    place = of.get("published") or "not finished yet; it appears where that job was dropped"
    text = (
        f"{_DUPLICATE_LINE}, as job #{of.get('number')} ({of.get('id')}).\n"
        f"Its result: {place}\n\n"
        "To make it once more, change something, or use a manifest with `rerun: true`.\n"
    )
    write_text(_own(folder / "duplicate-of.txt", _DUPLICATE_LINE), text)


def _point_in_queue(row: Submission, of: Mapping[str, Any], target: Path) -> None:
    record = {
        "name": row.name,
        "submission": row.id,
        "state": "duplicate",
        "job": of.get("id"),
        "number": of.get("number"),
        "outputs": of.get("published"),
    }
    write_json(beside(target, RECEIPT), record)
