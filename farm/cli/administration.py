"""``farm doctor``, ``farm db upgrade`` and ``farm config show``: looking after a farm."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from typing import Any

import typer

from farm.cli.arguments import Json
from farm.cli.outcomes import REFUSED
from farm.cli.rendering import print_json, print_table
from farm.cli.session import session


def doctor(context: typer.Context, as_json: Json = False) -> None:
    """Check everything and say how to mend what is wrong; exit code 1 if something is."""
    from farm.doctor import examine

    here = session(context)
    checks = examine(here.settings, clock=time.time)
    failed = sum(check.status == "fail" for check in checks)
    if as_json:
        print_json({"ok": not failed, "checks": [asdict(check) for check in checks]})
    else:
        print_table(
            ("CHECK", "RESULT", "FOUND"),
            [(check.name, check.status, check.detail) for check in checks],
            empty="",
        )
        for check in checks:
            if check.mend:
                typer.echo(f"\n{check.name}: {check.mend}")
        warned = sum(check.status == "warn" for check in checks)
        typer.echo(f"\n{len(checks)} checks: {failed} failed, {warned} to know about.")
    if failed:
        raise typer.Exit(REFUSED)


def upgrade_ledger(context: typer.Context, as_json: Json = False) -> None:
    """Bring the ledger's tables to this version; creates them in an empty database."""
    from farm.ledger.database import Database
    from farm.ledger.upgrade import revision, upgrade

    database = Database(session(context).settings.database_url, time.time)
    try:
        before = revision(database)
        changed = upgrade(database)
        after = revision(database)
    finally:
        database.close()
    if as_json:
        print_json({"changed": changed, "before": before, "after": after})
    elif changed:
        typer.echo(f"The ledger was brought from {before or 'nothing'} to revision {after}.")
    else:
        typer.echo(f"The ledger is at revision {after} already.")


def show_config(context: typer.Context, as_json: Json = False) -> None:
    """Show every setting, its value and where it came from; secrets are masked."""
    from farm.config import Settings

    here = session(context)
    settings, origins = here.loaded
    values = settings.model_dump(mode="json")
    shown: dict[str, dict[str, Any]] = {}
    for name, field in Settings.model_fields.items():
        shown[name] = {
            "value": _masked(name, values[name]),
            "origin": "--root" if name == "root" and here.root else origins[name],
            "description": field.description or "",
        }
    if as_json:
        print_json(shown)
        return
    print_table(
        ("SETTING", "VALUE", "FROM"),
        [(name, _text(entry["value"]), entry["origin"]) for name, entry in shown.items()],
        empty="",
    )


def _masked(name: str, value: Any) -> Any:
    """A setting that may be printed; the same types, with secrets and passwords masked."""
    from farm.config import shown_value

    if isinstance(value, dict):
        return {key: _masked(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_masked(name, inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return "***" if value and shown_value(name, "x") == "***" else value
    return shown_value(name, value)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
