"""Which provider runs a stage.

Invariant: an explicit choice is kept or refused, never replaced; everything else is decided from
what is on offer, the same way every time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from farm.domain.errors import ParameterError, PluginError, UnknownName, nearest
from farm.domain.wording import shortened
from farm.manifest import Manifest
from farm.models.needs import needed, tag
from farm.pipelines import Pipeline, misfit
from farm.planning.values import stage_params
from farm.registry import Registry
from farm.stages import Resources, Stage

# Stage id to the tags of each online node that offers it.
Offers = Mapping[str, Sequence[Collection[str]]]


def check_choices(manifest: Manifest, pipeline: Pipeline) -> None:
    """Check that ``providers`` and ``approve`` speak of this pipeline. Raises UnknownName."""
    capabilities = {spec.capability for spec in pipeline.stages.values()}
    for name in manifest.providers:
        if name not in capabilities and name not in pipeline.stages:
            raise UnknownName(
                f'the pipeline {pipeline.ref} has no capability or stage "{name}"',
                where=f"providers.{name}",
                mend=nearest(name, {*capabilities, *pipeline.stages}),
                code="provider.unknown-stage",
            )
    for name in manifest.approve:
        if name not in pipeline.stages:
            raise UnknownName(
                f'the pipeline {pipeline.ref} has no stage "{name}"',
                where="approve",
                mend=nearest(name, pipeline.stages),
                code="stage.unknown",
            )


def choose_provider(
    manifest: Manifest,
    pipeline: Pipeline,
    name: str,
    registry: Registry,
    offers: Offers,
    values: dict[str, Any],
) -> Stage:
    """The implementation of the stage ``name``.

    In this order: the manifest's choice for the stage, then for its capability; the quality
    profile's, unless only others are on offer; the preferred one of those on offer; while nobody
    offers any, the preferred one that needs neither models nor a graphics card, else that needs no
    card and whose models somebody declared, else the preferred one whose models are declared. Equal
    preference: the first by name.

    values : the job's parameters. A stage that chooses its models by them is on offer where a node
    has those models.

    Raises
    ------
    UnknownName : nobody provides the capability, or not the provider that was chosen, or nobody
    declares a model for it.
    """
    capability = pipeline.stages[name].capability
    candidates = {stage.provider: stage for stage in registry.by_capability(capability)}
    chosen = manifest.providers.get(name) or manifest.providers.get(capability)
    if chosen is not None:
        return _chosen(pipeline, name, candidates, chosen, manifest, values)
    complaints = {s: misfit(pipeline, name, stage, values) for s, stage in candidates.items()}
    fitting = [stage for provider, stage in candidates.items() if not complaints[provider]]
    if not fitting:
        raise UnknownName(
            f'no plugin provides "{capability}" as the pipeline needs it',
            where=f"{pipeline.ref}: stages.{name}",
            got="; ".join(complaints.values()),
            mend=nearest(capability, registry.capabilities) if not candidates else "",
            code="pipeline.unknown-capability",
        )
    offered = (
        [stage for stage in fitting if _on_offer(pipeline, name, stage, registry, offers, values)]
        # A job planned before the first node is up must not wait for what nobody has.
        or [stage for stage in fitting if not stage.models and not _needs_card(stage)]
        or [
            stage
            for stage in fitting
            if not _needs_card(stage)
            and _models_of(pipeline, name, stage, registry, values) is not None
        ]
        or [
            stage
            for stage in fitting
            if not callable(stage.models)
            or _models_of(pipeline, name, stage, registry, values) is not None
        ]
    )
    if not offered:
        raise UnknownName(
            f'nobody declares a model that "{capability}" can run with',
            where=f"{pipeline.ref}: stages.{name}",
            expected=f"one of {shortened(_asked_for(pipeline, name, fitting, values))}",
            mend="Declare it: farm models declare FOLDER --name NAME (docs/models.md).",
            code="model.none-declared",
        )
    profile = pipeline.quality.get(manifest.quality)
    preferred = profile.providers if profile else {}
    for stage in offered:
        if stage.provider == (preferred.get(name) or preferred.get(capability)):
            return stage
    return min(offered, key=lambda stage: (-preference(stage, manifest.quality), stage.id))


def _on_offer(
    pipeline: Pipeline,
    name: str,
    stage: Stage,
    registry: Registry,
    offers: Offers,
    values: dict[str, Any],
) -> bool:
    nodes = offers.get(stage.id, ())
    if not nodes or not callable(stage.models):
        return bool(nodes)
    wanted = _models_of(pipeline, name, stage, registry, values)
    if wanted is None:
        return False
    return any({tag(model) for model in wanted}.issubset(tags) for tags in nodes)


def _models_of(
    pipeline: Pipeline, name: str, stage: Stage, registry: Registry, values: dict[str, Any]
) -> Collection[str] | None:
    """The models that a stage would choose; ``None`` where one of them is declared by nobody."""
    try:
        return needed(stage, stage_params(pipeline, name, stage, values), registry.models)
    except (ParameterError, PluginError):
        return None


def _asked_for(
    pipeline: Pipeline, name: str, stages: Sequence[Stage], values: dict[str, Any]
) -> list[str]:
    """The models that stages would choose, in the order of the stages."""
    found: dict[str, None] = {}
    for stage in stages:
        try:
            params = stage_params(pipeline, name, stage, values)
        except ParameterError:
            continue
        found |= dict.fromkeys(stage.models(params) if callable(stage.models) else stage.models)
    return list(found)


def _needs_card(stage: Stage) -> bool:
    return isinstance(stage.resources, Resources) and stage.resources.gpus > 0


def preference(stage: Stage, quality: str) -> int:
    """How much a stage recommends itself for a quality profile; higher wins."""
    if isinstance(stage.preference, int):
        return stage.preference
    return stage.preference.get(quality, stage.preference.get("standard", 0))


def _chosen(
    pipeline: Pipeline,
    name: str,
    candidates: Mapping[str, Stage],
    chosen: str,
    manifest: Manifest,
    values: dict[str, Any],
) -> Stage:
    capability = pipeline.stages[name].capability
    field = name if name in manifest.providers else capability
    stage = candidates.get(chosen)
    problem = misfit(pipeline, name, stage, values) if stage else ""
    if stage is None or problem:
        raise UnknownName(
            problem or f'"{chosen}" does not provide "{capability}"',
            where=f"providers.{field}",
            mend=nearest(chosen, candidates),
            code="provider.unknown",
        )
    return stage
