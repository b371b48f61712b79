"""Workflow templates: folders with a graph and its node map, by name and immutable version.

Invariant: a template that is handed out fits its map, and its graph fits the recorded descriptions of
the nodes; a released version whose files changed is refused, so that a version means one content.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from farm import ConfigError
from farm.domain.errors import UnknownName, nearest
from farm_comfyui.bound import Graph
from farm_comfyui.descriptions import complaints, recorded
from farm_comfyui.maps import Extension, WorkflowMap, read_map
from farm_comfyui.misfits import misfits, unclaimed
from farm_comfyui.wiring import extended

OURS = Path(__file__).parent / "workflows"
RELEASED = OURS / "released.toml"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,47}")
_VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Template:
    """A workflow that can be bound. content_hash : SHA-256 of its files, hexadecimal. known : the
    descriptions of nodes that only this workflow uses, from its own ``nodes.json``."""

    name: str
    version: str
    content_hash: str
    folder: Path
    map: WorkflowMap
    graph: Graph
    extension: Extension | None
    known: Mapping[str, Mapping[str, Any]]

    @property
    def version_id(self) -> str:
        """``animate-move@1.0.0+3f9c2a71b0de``: what ran, for ever."""
        return f"{self.name}@{self.version}+{self.content_hash[:12]}"

    @property
    def mode(self) -> str:
        """``animate``, ``audio-performance`` …"""
        return self.map.mode


class Catalog:
    """Every template of some folders. pins : name to the version that stands for it when none is
    asked for; without one it is the newest."""

    def __init__(self, templates: list[Template], pins: Mapping[str, str] | None = None) -> None:
        self._templates: dict[str, dict[str, Template]] = {}
        for template in templates:
            self._templates.setdefault(template.name, {})[template.version] = template
        self._pins = dict(pins or {})
        for name, version in self._pins.items():
            self.get(name, version)

    def names(self) -> tuple[str, ...]:
        """The names of the templates."""
        return tuple(sorted(self._templates))

    def versions(self, name: str) -> tuple[str, ...]:
        """The versions of a template, oldest first."""
        return tuple(sorted(self._of(name), key=_order))

    def get(self, name: str, version: str = "") -> Template:
        """A template; without a version the pinned one, or the newest.

        Raises
        ------
        UnknownName : with the names or versions that there are.
        """
        found = self._of(name)
        ready = [one for one in self.versions(name) if not found[one].map.confirm]
        chosen = version or self._pins.get(name) or (ready or self.versions(name))[-1]
        if chosen not in found:
            raise UnknownName(
                "a workflow has no such version",
                where=f"workflow {name}",
                got=chosen,
                mend=nearest(chosen, found),
                code="comfy.unknown-version",
            )
        if found[chosen].map.confirm:
            raise ConfigError(
                "nobody has confirmed the map of this workflow",
                where=str(found[chosen].folder / "map.toml"),
                mend="Look at every line of it, then set confirm = false.",
                code="comfy.unconfirmed",
            )
        return found[chosen]

    def every(self) -> tuple[Template, ...]:
        """Every template of every version, those to be confirmed as well."""
        return tuple(
            self._templates[name][version]
            for name in self.names()
            for version in self.versions(name)
        )

    def _of(self, name: str) -> Mapping[str, Template]:
        if name not in self._templates:
            raise UnknownName(
                "there is no such workflow",
                where="workflow",
                got=name,
                mend=nearest(name, self._templates),
                code="comfy.unknown-workflow",
            )
        return self._templates[name]


def catalog(extra: Path | None = None, pins: Mapping[str, str] | None = None) -> Catalog:
    """Our templates, and those of an operator's folder beside them.

    Under a name of ours an operator's template is a further version of it, and what asks for that
    workflow runs it: it must take the same files.

    Raises
    ------
    ConfigError : a template that is wrong, or stands in for one of ours that it cannot replace.
    """
    templates = list(_ours())
    ours = {template.name: template for template in templates}
    versions = {(template.name, template.version) for template in templates}
    for folder in folders(extra) if extra is not None else ():
        template = load(folder)
        if (template.name, template.version) in versions:
            raise ConfigError(
                "a workflow has the name and version of one that comes with the farm",
                where=str(folder),
                mend="Give it another version.",
                code="comfy.workflow-name",
            )
        if template.name in ours and not template.map.confirm:
            _stands_in(template, ours[template.name])
        templates.append(template)
    return Catalog(templates, pins)


def _stands_in(template: Template, ours: Template) -> None:
    def takes(said: WorkflowMap) -> set[tuple[str, str]]:
        return {(name, asset.kind) for name, asset in said.assets.items()}

    if template.mode != ours.mode or takes(template.map) != takes(ours.map):
        raise ConfigError(
            "a version of a workflow does not take what the others do",
            where=str(template.folder),
            expected=f"mode {ours.mode} with {', '.join(ours.map.assets)}",
            got=f"mode {template.mode} with {', '.join(template.map.assets) or 'no assets'}",
            mend="Name its mode and assets like that in map.toml, or rename its folder.",
            code="comfy.workflow-name",
        )


@cache
def _ours() -> tuple[Template, ...]:
    released = tomllib.loads(RELEASED.read_text(encoding="utf-8"))["released"]
    found = []
    for folder in folders(OURS):
        template = load(folder)
        key = f"{template.name}@{template.version}"
        if released.get(key) != template.content_hash:
            raise ConfigError(
                "a released version of a workflow was changed",
                where=str(folder),
                expected=str(released.get(key, "a line in released.toml")),
                got=template.content_hash,
                mend="Restore its files, or make a new version of it.",
                code="comfy.released",
            )
        found.append(template)
    return tuple(found)


def folders(root: Path) -> list[Path]:
    """The template folders below ``root``: ``NAME/VERSION`` with a ``map.toml``."""
    return sorted(path.parent for path in root.glob("*/*/map.toml"))


def content_hash(folder: Path) -> str:
    """SHA-256 over the names and contents of a template's files."""
    told = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix in (".json", ".toml"):
            data = path.read_bytes()
            told.update(f"{path.name}\0{len(data)}\0".encode())
            told.update(data)
    return told.hexdigest()


def check_name(name: str, version: str, where: str) -> None:
    """Raises ConfigError for a name or version that no workflow can have."""
    if not _NAME.fullmatch(name) or not _VERSION.fullmatch(version):
        raise ConfigError(
            "a workflow's folders are not NAME/VERSION",
            where=where,
            expected="such as my-workflow/1.0.0: small letters, digits and hyphens; three numbers",
            got=f"{name}/{version}",
            code="comfy.workflow-name",
        )


def load(folder: Path) -> Template:
    """Read and check one template.

    Raises
    ------
    ConfigError : with all that is wrong with it.
    """
    name, version = folder.parent.name, folder.name
    check_name(name, version, str(folder))
    said = read_map((folder / "map.toml").read_text(encoding="utf-8"), str(folder / "map.toml"))
    graph = read_graph(folder / "graph.json")
    extension = None
    if said.extension is not None:
        extension = Extension(said.extension, read_graph(folder / said.extension.file))
    own = folder / "nodes.json"
    known = json.loads(own.read_text(encoding="utf-8")) if own.exists() else {}
    wrong = misfits(said, graph, extension)
    if not wrong and not said.confirm:
        descriptions = {**recorded(), **known}
        for chunks in (1, 2, 3) if extension else (1,):
            wrong += complaints(extended(graph, extension, chunks), descriptions)
        wrong += unclaimed(said, graph, descriptions)
    if wrong:
        raise ConfigError(
            "a workflow does not fit",
            where=str(folder),
            got="; ".join(dict.fromkeys(wrong)),
            code="comfy.workflow",
        )
    return Template(name, version, content_hash(folder), folder, said, graph, extension, known)


def read_graph(path: Path) -> Graph:
    """A graph in API format.

    Raises
    ------
    ConfigError : no JSON, or not in API format (an editor's format has ``nodes`` and ``links``).
    """
    try:
        graph = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(
            "a workflow's graph cannot be read", where=str(path), got=str(error), code="comfy.graph"
        ) from error
    if not isinstance(graph, dict) or not all(
        isinstance(body, dict)
        and isinstance(body.get("class_type"), str)
        and isinstance(body.get("inputs"), dict)
        for body in graph.values()
    ):
        raise ConfigError(
            "a workflow's graph is not in API format",
            where=str(path),
            expected='{"1": {"class_type": …, "inputs": {…}}, …}',
            mend="Export it from ComfyUI with Workflow > Export (API).",
            code="comfy.graph",
        )
    return {
        node: {"class_type": body["class_type"], "inputs": body["inputs"]}
        for node, body in graph.items()
    }


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
