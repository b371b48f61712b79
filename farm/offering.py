"""What a node can do: its plugins' stages but for those that lack a package or a model here.

Invariant: a stage is offered only while nothing speaks against it, and what speaks against it is said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from farm.models import needs
from farm.models.store import ModelStore
from farm.registry import Registry


@dataclass(frozen=True, slots=True)
class Offer:
    """stages : id to version. complaints : id to why not. tags : labels the node carries."""

    stages: Mapping[str, int]
    complaints: Mapping[str, str]
    tags: Sequence[str]

    @property
    def versions(self) -> frozenset[str]:
        """``<stage id>@<version>`` of every stage."""
        return frozenset(f"{stage_id}@{version}" for stage_id, version in self.stages.items())


class Offering:
    """Looks over a node. The plugins' own checks are asked once, the models at every look."""

    def __init__(self, registry: Registry, models: ModelStore, tags: Sequence[str]) -> None:
        self._registry = registry
        self._models = models
        self._tags = tags
        self._checks = registry.checks()

    def look(self) -> Offer:
        """What can be offered now; reads a model's files whole if they changed."""
        stages, manifests = self._registry.stages, self._registry.models
        complaints = {**needs.complaints(stages, manifests, self._models), **self._checks}
        return Offer(
            {k: stage.version for k, stage in stages.items() if k not in complaints},
            complaints,
            [*self._tags, *needs.tags(stages, manifests, self._models)],
        )
