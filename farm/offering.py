"""What a node can do: its plugins' stages but for those that lack a package or a model here.

Invariant: a stage is offered only while nothing speaks against it, and what speaks against it is said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from farm.models import needs
from farm.models.store import ModelStore
from farm.registry import Registry
from farm.stages import Service


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


ASK_EVERY_S = 10.0
"""Between two questions to the plugins; a service may have come or gone."""


class Offering:
    """Looks over a node: the models at every look, the plugins' own checks now and then."""

    def __init__(
        self,
        registry: Registry,
        models: ModelStore,
        tags: Sequence[str],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._registry = registry
        self._models = models
        self._tags = tags
        self._monotonic = monotonic
        self._asked_at = float("-inf")
        self._checks: Mapping[str, str] = {}
        self.services: Sequence[Service] = ()

    def look(self) -> Offer:
        """What can be offered now; reads a model's files whole if they changed."""
        if self._monotonic() - self._asked_at >= ASK_EVERY_S:
            self._checks, self.services = self._registry.checks(), self._registry.services()
            self._asked_at = self._monotonic()
        stages, manifests = self._registry.stages, self._registry.models
        complaints = {**needs.complaints(stages, manifests, self._models), **self._checks}
        return Offer(
            {k: stage.version for k, stage in stages.items() if k not in complaints},
            complaints,
            [*self._tags, *needs.tags(stages, manifests, self._models)],
        )
