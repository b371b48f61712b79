"""What a quality profile decided, and deciding it anew for another one.

Invariant: what somebody gave stays as it was given; what a profile decided for them is decided again
by the profile that is asked for, and by nothing else. So a master differs from its draft only in
what the profiles differ in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from farm.manifest import Manifest
from farm.pipelines import Pipeline
from farm.registry import Registry
from farm.stages import Stage

DRAFT = "draft"


def undecided(manifest: Manifest) -> Manifest:
    """The manifest to plan by: without what the profile of a finished job decided, if it asks for
    the same in another quality; else as it is."""
    if not manifest.remakes:
        return manifest
    params, providers = _given(manifest)
    return manifest.model_copy(update={"params": params, "providers": providers})


def decided(
    manifest: Manifest,
    pipeline: Pipeline,
    values: Mapping[str, Any],
    chosen: Mapping[str, Stage],
    registry: Registry,
) -> dict[str, Any]:
    """What the profile decided, for the normalised manifest: parameters that some profile of the
    pipeline sets, and providers that depend on the profile, unless somebody gave them.

    manifest : as it was asked for. values : the job's parameters. chosen : provider by stage.
    """
    given, named = _given(manifest)
    profiles = pipeline.quality.values()
    preset = {name for profile in profiles for name in profile.params}
    return {
        "quality": manifest.quality,
        "params": {
            name: value
            for name, value in values.items()
            # The names of files say what they say in every quality.
            if name in preset and name not in given and not pipeline.params[name].names_of
        },
        "providers": {
            key: stage.provider
            for key, stage in chosen.items()
            if key not in named
            and stage.capability not in named
            and _depends(pipeline, key, stage.capability, registry)
        },
    }


def draft_of(manifest: Manifest) -> str | None:
    """The draft that the manifest asks the master of, if it does."""
    if manifest.decided is None or not manifest.remakes or manifest.decided.quality != DRAFT:
        return None
    return manifest.decided.job


def _given(manifest: Manifest) -> tuple[dict[str, Any], dict[str, str]]:
    """Parameters and providers that somebody gave: all but those still as a profile decided."""
    before = manifest.decided
    if before is None:
        return dict(manifest.params), dict(manifest.providers)
    absent = object()
    return (
        {k: v for k, v in manifest.params.items() if before.params.get(k, absent) != v},
        {k: v for k, v in manifest.providers.items() if before.providers.get(k) != v},
    )


def _depends(pipeline: Pipeline, stage: str, capability: str, registry: Registry) -> bool:
    """Whether another profile might choose another provider for the stage."""
    for profile in pipeline.quality.values():
        if stage in profile.providers or capability in profile.providers:
            return True
    return any(
        not isinstance(candidate.preference, int)
        for candidate in registry.by_capability(capability)
    )
