"""What this farm can do, gathered once: plugins, stages, pipelines, and which nodes offer what.

Invariant: what a machine cannot run is told in that machine's own words; nothing here guesses.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from farm.commands import Command
    from farm.config import Settings
    from farm.ledger.database import Database
    from farm.ledger.views_nodes import NodeLine
    from farm.pipelines import Pipeline
    from farm.registry import Registry
    from farm.stages import Stage


@dataclass(frozen=True, slots=True)
class StageEntry:
    """A stage and where it can run.

    offered : names of the nodes that offer this version. other : node to another version it offers.
    refused : machine to why it does not offer it; ``this machine`` is the console's.
    blocked : node to why the farm gives it none of them.
    """

    stage: Stage
    plugin: str
    plugin_version: str
    offered: Sequence[str]
    other: Mapping[str, int]
    refused: Mapping[str, str]
    blocked: Mapping[str, str]
    pipelines: Sequence[str]

    @property
    def ref(self) -> str:
        """``capability/provider@version``."""
        return f"{self.stage.id}@{self.stage.version}"


@dataclass(frozen=True, slots=True)
class PluginEntry:
    """A plugin with what it brings."""

    name: str
    version: str
    stages: Sequence[str]
    pipelines: Sequence[str]
    commands: Sequence[Command]


@dataclass(frozen=True, slots=True)
class PipelineEntry:
    """A pipeline. complaint : why it cannot be planned. unserved : capabilities that no node that is
    online offers now."""

    pipeline: Pipeline
    complaint: str | None
    unserved: Sequence[str]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything, by name. foreign : stage ids that nodes offer and this machine does not know.
    resident : model key to the engines that hold it warm."""

    plugins: Mapping[str, PluginEntry]
    stages: Mapping[str, StageEntry]
    pipelines: Mapping[str, PipelineEntry]
    foreign: Mapping[str, Sequence[str]]
    resident: Mapping[str, Sequence[str]]
    nodes: int


def load_registry(settings: Settings) -> Registry:
    """Load the plugins; a thread's work, for it imports them. Raises PluginError."""
    from farm.plugins import registry_of

    return registry_of(settings)


def offered(database: Database) -> tuple[dict[str, list[str]], int]:
    """Stage id to the nodes that offer it, and how many nodes there are; without any plugin."""
    from farm.ledger.views_nodes import NodeViews

    nodes = [node for node in NodeViews(database).nodes() if node.state != "offline"]
    found: dict[str, list[str]] = {}
    for node in nodes:
        for stage_id in node.offers:
            found.setdefault(stage_id, []).append(node.name)
    return found, len(nodes)


def gather(registry: Registry, database: Database) -> Catalogue:
    """Put what plugins declare beside what nodes offer."""
    from farm.ledger.views_nodes import NodeViews
    from farm.registry import answers_of

    nodes = [node for node in NodeViews(database).nodes() if node.state != "offline"]
    here = registry.checks()
    users: dict[str, list[str]] = {}
    for ref, pipeline in registry.pipelines.items():
        for spec in pipeline.stages.values():
            for stage in registry.by_capability(spec.capability):
                if ref not in users.setdefault(stage.id, []):
                    users[stage.id].append(ref)
    stages = {
        stage_id: _stage(registry, stage, nodes, here.get(stage_id), users.get(stage_id, []))
        for stage_id, stage in registry.stages.items()
    }
    foreign: dict[str, list[str]] = {}
    resident: dict[str, list[str]] = {}
    for node in nodes:
        for stage_id in sorted({*node.offers, *node.complaints}):
            if stage_id not in registry.stages:
                foreign.setdefault(stage_id, []).append(node.name)
        for engine in node.engines:
            for model in engine.resident:
                resident.setdefault(model, []).append(f"{node.name}/{engine.slot}")
    complaints = registry.pipeline_complaints()
    served = {e.stage.capability for e in stages.values() if e.offered}
    commands: dict[str, list[Any]] = dict(answers_of(registry.pm, "farm_commands"))
    return Catalogue(
        plugins=_plugins(registry, commands),
        stages=stages,
        pipelines={
            ref: PipelineEntry(
                pipeline,
                complaints.get(ref),
                sorted({s.capability for s in pipeline.stages.values()} - served),
            )
            for ref, pipeline in registry.pipelines.items()
        },
        foreign=foreign,
        resident=resident,
        nodes=len(nodes),
    )


def _stage(
    registry: Registry, stage: Stage, nodes: Sequence[NodeLine], here: str | None,
    users: Sequence[str],
) -> StageEntry:  # fmt: skip
    offers = {n.name: n.offers[stage.id] for n in nodes if stage.id in n.offers}
    refused = {n.name: n.complaints[stage.id] for n in nodes if stage.id in n.complaints}
    return StageEntry(
        stage=stage,
        plugin=registry.plugin_of(stage.id),
        plugin_version=registry.versions[registry.distribution_of(stage.id)],
        offered=[name for name, version in offers.items() if version == stage.version],
        other={name: version for name, version in offers.items() if version != stage.version},
        refused=refused if here is None else {"this machine": here, **refused},
        blocked={n.name: n.blocked[stage.id] for n in nodes if stage.id in n.blocked},
        pipelines=users,
    )


def _plugins(
    registry: Registry, commands: Mapping[str, Sequence[Command]]
) -> dict[str, PluginEntry]:
    names = {registry.plugin_of(stage_id) for stage_id in registry.stages} | set(commands)
    brought = _pipelines(registry)
    names |= set(brought)
    found = {}
    for name in sorted(names):
        stages = [s for s in sorted(registry.stages) if registry.plugin_of(s) == name]
        # One that brings no stage is found by its own name, which loose plugins have.
        distribution = registry.distribution_of(stages[0]) if stages else name
        version = registry.versions.get(distribution, "")
        found[name] = PluginEntry(
            name, version, stages, brought.get(name, []), commands.get(name, [])
        )
    return found


def _pipelines(registry: Registry) -> dict[str, list[str]]:
    """Plugin to the pipelines it brings, known by the names of its files."""
    from farm.pipelines import load_pipeline
    from farm.registry import answers_of

    return {
        plugin: sorted(load_pipeline(path).ref for path in paths)
        for plugin, paths in answers_of(registry.pm, "farm_pipelines")
    }
