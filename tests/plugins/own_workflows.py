"""Workflows of an operator's own: exported from ComfyUI, imported, and confirmed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from farm_comfyui.importing import import_workflow
from farm_comfyui.templates import OURS


class Imported(NamedTuple):
    """A workflow's folder, and what the import could not tell."""

    folder: Path
    doubts: list[str]


def graph_of(name: str) -> dict[str, Any]:
    """The graph of a workflow that comes with the farm."""
    graph: dict[str, Any] = json.loads((OURS / name / "1.0.0" / "graph.json").read_text("utf-8"))
    return graph


def imported(
    root: Path,
    name: str,
    graph: Mapping[str, Any],
    *,
    version: str = "1.0.0",
    confirm: bool = True,
) -> Imported:
    """An exported graph that somebody imported and, unless told otherwise, confirmed."""
    source = root.parent / f"{name}.json"
    source.write_text(json.dumps(graph), encoding="utf-8")
    made = Imported(*import_workflow(source, root, name, version))
    if confirm:
        confirmed(made.folder)
    return made


def confirmed(folder: Path) -> None:
    """Confirm the map of a workflow."""
    said = folder / "map.toml"
    said.write_text(said.read_text("utf-8").replace("confirm = true", "confirm = false"), "utf-8")
