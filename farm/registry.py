"""The registry: what the loaded plugins declared, looked up by name.

Invariant: it is complete and immutable; an unknown name is refused with the nearest known one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from farm.domain.errors import FarmError, PluginError, UnknownName, nearest
from farm.models.manifest import ModelManifest
from farm.stages import Service, Stage

if TYPE_CHECKING:
    from farm.pipelines import Pipeline


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that plugins declared; immutable.

    stages : by stage id ``capability/provider``. models : by name.
    versions : plugin distribution (or loose plugin) to version.
    pm : for the other hooks.
    """

    pm: pluggy.PluginManager
    stages: Mapping[str, Stage]
    _read_pipelines: Callable[[], Mapping[str, Pipeline]] = field(repr=False)
    versions: Mapping[str, str]
    _plugins: Mapping[str, str] = field(repr=False)
    _distributions: Mapping[str, str] = field(repr=False)
    _capabilities: Mapping[str, tuple[Stage, ...]] = field(repr=False)
    models: Mapping[str, ModelManifest] = field(default_factory=dict)

    def stage(self, stage_id: str, version: int | None = None) -> Stage:
        """The stage with this id, and this version if one is given. Raises UnknownName."""
        stage = self.stages.get(stage_id)
        if stage is None:
            raise UnknownName(
                f'no stage is called "{stage_id}"',
                mend=nearest(stage_id, self.stages),
                code="stage.unknown",
            )
        if version is not None and stage.version != version:
            raise UnknownName(
                f"{stage_id} is installed in another version",
                expected=f"version {version}",
                got=f"version {stage.version}",
                mend="Install the version of the plugin that the job was planned with, or resubmit.",
                code="stage.unknown-version",
            )
        return stage

    def by_capability(self, capability: str) -> list[Stage]:
        """Every provider of a capability, sorted by stage id; empty when nobody provides it."""
        return list(self._capabilities.get(capability, ()))

    @property
    def capabilities(self) -> Mapping[str, tuple[Stage, ...]]:
        """Providers by capability."""
        return self._capabilities

    def plugin_of(self, stage_id: str) -> str:
        """Name of the plugin that declares a stage. Raises UnknownName."""
        self.stage(stage_id)
        return self._plugins[stage_id]

    def distribution_of(self, stage_id: str) -> str:
        """The key of :attr:`versions` for the plugin that declares a stage. Raises UnknownName."""
        return self._distributions[self.plugin_of(stage_id)]

    @property
    def pipelines(self) -> Mapping[str, Pipeline]:
        """By ``name@version``; read when they are first asked for, which no engine does.
        Raises PluginError."""
        return self._read_pipelines()

    def latest(self, name: str) -> Pipeline:
        """The highest version of a pipeline. Raises UnknownName."""
        found = [p for p in self.pipelines.values() if p.name == name]
        if not found:
            raise UnknownName(
                f'no pipeline is called "{name}"',
                where="pipeline",
                mend=nearest(name, {p.name for p in self.pipelines.values()}),
                code="pipeline.unknown",
            )
        return max(found, key=lambda pipeline: pipeline.version)

    def pipeline(self, ref: str) -> Pipeline:
        """The pipeline ``name@version``, or the latest ``name``. Raises UnknownName."""
        name, _, version = ref.partition("@")
        latest = self.latest(name)
        if not version:
            return latest
        if ref not in self.pipelines:
            known = sorted(p.version for p in self.pipelines.values() if p.name == name)
            raise UnknownName(
                f'the pipeline "{name}" has no version {version}',
                where="pipeline",
                expected="version " + " or ".join(map(str, known)),
                mend=f'Write "{name}" for the latest, or "{latest.ref}".',
                code="pipeline.unknown-version",
            )
        return self.pipelines[ref]

    def model(self, name: str) -> ModelManifest:
        """The manifest of a model. Raises UnknownName."""
        if name not in self.models:
            raise UnknownName(
                f'no model is called "{name}"',
                mend=nearest(name, self.models),
                code="model.unknown",
            )
        return self.models[name]

    def pipeline_complaints(self) -> dict[str, str]:
        """``name@version`` to why a pipeline cannot be planned with the plugins that are here."""
        from farm.pipelines import check_against

        complaints = {}
        for ref, pipeline in self.pipelines.items():
            try:
                check_against(pipeline, self._capabilities)
            except FarmError as error:
                complaints[ref] = error.sentence()
        return complaints

    def serves(self, model: Path, name: str) -> list[str]:
        """The capabilities that a model which is to be called ``name`` can serve, as plugins know.
        Raises PluginError."""
        answers = answers_of(self.pm, "farm_serves", model=model, name=name)
        return sorted({capability for _, told in answers for capability in told})

    def checks(self) -> dict[str, str]:
        """Stage id to why it cannot run on this machine. Raises PluginError."""
        complaints: dict[str, str] = {}
        for plugin, answers in answers_of(self.pm, "farm_checks"):
            for stage_id, complaint in answers:
                if stage_id not in self.stages:
                    raise PluginError(
                        f'farm_checks speaks of an unknown stage "{stage_id}"',
                        where=f"plugin {plugin}",
                        mend=nearest(stage_id, self.stages),
                        code="plugin.bad-hook",
                    )
                complaints[stage_id] = complaint
        return complaints

    def limits(self) -> dict[str, int]:
        """Sizes of limits that plugins know. Raises PluginError."""
        sizes: dict[str, int] = {}
        for plugin, answers in answers_of(self.pm, "farm_limits", dict.items):
            for name, size in answers:
                if not isinstance(size, int) or size < 0:
                    raise PluginError(
                        f'farm_limits gives "{name}" no size',
                        where=f"plugin {plugin}",
                        expected="a whole number from 0",
                        got=repr(size),
                        code="plugin.bad-hook",
                    )
                sizes[name] = max(size, sizes.get(name, 0))
        return sizes

    def services(self) -> list[Service]:
        """How the services are that plugins use, by name. Raises PluginError."""
        found = [service for _, told in answers_of(self.pm, "farm_services") for service in told]
        return sorted(found, key=lambda service: service.name)


def answers_of(
    pm: pluggy.PluginManager,
    hook: str,
    items: Callable[[Any], Iterable[Any]] = iter,
    **given: Any,
) -> list[tuple[str, list[Any]]]:
    """The answers of a hook, plugin by plugin, so that a failure has a name.

    items : what makes a list of an answer. given : the hook's arguments.
    """
    answers = []
    for implementation in getattr(pm.hook, hook).get_hookimpls():
        plugin = implementation.plugin_name
        try:
            taken = {name: given[name] for name in implementation.argnames}
            answers.append((plugin, list(items(implementation.function(**taken) or {}))))
        except Exception as error:
            raise PluginError(
                f"the hook {hook} failed",
                where=f"plugin {plugin}",
                got=f"{type(error).__name__}: {error}",
                mend="Mend or uninstall the plugin.",
                code="plugin.hook-failed",
            ) from error
    return sorted(answers, key=lambda answer: answer[0])
