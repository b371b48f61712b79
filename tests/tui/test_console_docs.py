"""The console's page: its pictures are there, and its table of keys is that of the bindings.

``FARM_SNAPSHOTS=write pytest tests/tui/test_console_docs.py`` writes the table anew.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from textual.keys import format_key

from farm.tui.keys import catalogue
from farm.tui.tabs import TABS

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "console.md"
MOST_BYTES = 150_000


def test_the_table_of_keys_is_that_of_the_bindings() -> None:
    text = PAGE.read_text(encoding="utf-8")
    wanted = f"<!-- keys -->\n{_keys()}\n<!-- /keys -->"
    made = re.sub(r"<!-- keys -->.*<!-- /keys -->", lambda _: wanted, text, flags=re.DOTALL)
    if os.environ.get("FARM_SNAPSHOTS") == "write":
        PAGE.write_text(made, encoding="utf-8")
        return
    assert made == text


def test_every_picture_that_is_shown_is_there_and_none_is_forgotten() -> None:
    text = PAGE.read_text(encoding="utf-8")
    shown = set(re.findall(r"\((console/[\w-]+\.svg)\)", text))
    kept = {f"console/{path.name}" for path in (DOCS / "console").glob("*.svg")}
    assert shown == kept
    assert all((DOCS / name).stat().st_size <= MOST_BYTES for name in kept)


def test_every_tab_has_a_section() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for tab in TABS:
        assert f"## {tab.key} {tab.name.capitalize()}" in text


def _keys() -> str:
    rows = ["| id | key | does |", "|---|---|---|"]
    for id, (_, binding) in sorted(catalogue().items()):
        keys = " ".join(f"`{_shown(key)}`" for key in binding.key.split(","))
        rows.append(f"| `{id}` | {keys} | {binding.tooltip} |")
    return "\n".join(rows)


def _shown(key: str) -> str:
    """As a person would type it; the console's arrows and signs mean nothing in a document."""
    return key.replace("+", " + ") if "+" in key else format_key(key)
