"""Which models a stage needs, and what is wrong with them on this machine.

Invariant: a stage is offered by a node only while every model it always needs is there, verified
and allowed; what depends on a task's parameters becomes a tag that the node must carry.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from farm.domain.errors import ModelError, PluginError, nearest
from farm.models.manifest import ModelManifest
from farm.models.store import ModelStore
from farm.stages import Stage

Manifests = Mapping[str, ModelManifest]


def always_needed(stage: Stage) -> tuple[str, ...]:
    """The models that a stage needs whatever its parameters are."""
    return () if callable(stage.models) else stage.models


def needed(stage: Stage, params: Any, manifests: Manifests) -> dict[str, str]:
    """Model name to manifest digest for a task with these parameters.

    Raises
    ------
    PluginError : the stage names a model that no plugin declares.
    """
    names = stage.models(params) if callable(stage.models) else stage.models
    return {name: known(name, manifests, where=stage.id).digest for name in sorted(set(names))}


def known(name: str, manifests: Manifests, *, where: str) -> ModelManifest:
    """The manifest of a model. Raises PluginError."""
    if name not in manifests:
        raise PluginError(
            f'nobody declares a model "{name}"',
            where=where,
            mend=f"{nearest(name, manifests)} One of your own: farm models declare.",
            code="model.unknown",
        )
    return manifests[name]


def tag(name: str) -> str:
    """The tag of a node that has a model."""
    return f"model:{name}"


def complaints(
    stages: Mapping[str, Stage], manifests: Manifests, store: ModelStore
) -> dict[str, str]:
    """Stage id to why it cannot run here: a model that is missing, corrupt or not allowed."""
    found: dict[str, str] = {}
    standing: dict[str, str] = {}
    for stage_id, stage in stages.items():
        for name in always_needed(stage):
            if name not in standing:
                standing[name] = store.standing(manifests[name]).complaint
            if standing[name]:
                found.setdefault(stage_id, standing[name])
    return found


def tags(stages: Mapping[str, Stage], manifests: Manifests, store: ModelStore) -> list[str]:
    """Tags of this node: the models here, if a stage chooses its models by its parameters."""
    if not any(callable(stage.models) for stage in stages.values()):
        return []
    return [tag(n) for n, m in sorted(manifests.items()) if store.standing(m).state == "ok"]


def require_declared(stages: Mapping[str, Stage], manifests: Manifests) -> None:
    """Raise :class:`PluginError` when a stage names a model that no plugin declares."""
    for stage_id, stage in stages.items():
        for name in always_needed(stage):
            known(name, manifests, where=stage_id)


def promised(name: str, digest: str, manifests: Manifests, store: ModelStore) -> Path:
    """The folder of a model for a task that was planned with the manifest ``digest``.

    Raises
    ------
    ModelError : this node has another manifest, or the files are missing or corrupt.
    LicenceError : the licence was not accepted here.
    """
    manifest = manifests.get(name)
    if manifest is None or manifest.digest != digest:
        raise ModelError(
            f"this node knows the model {name} in another version",
            expected=digest[:16],
            got=manifest.digest[:16] if manifest else "none",
            mend="Install the same plugins on every node and restart it.",
            code="model.other-version",
        )
    return store.files(manifest)
