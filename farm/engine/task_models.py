"""What one task sees of the models: those its stage names, and the engine's cache.

Invariant: a task reads no model's files but those of the models that its stage names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from farm.domain.errors import PluginError, nearest
from farm.engine.models import ModelCache
from farm.engine.shelf import Act
from farm.models.facts import facts_of
from farm.models.manifest import ModelManifest
from farm.stages import ModelFacts


class TaskModels:
    """folders : of the named models, by name. manifests : of every model of the farm."""

    def __init__(
        self,
        cache: ModelCache,
        folders: Mapping[str, Path],
        stage_id: str,
        manifests: Mapping[str, ModelManifest] | None = None,
    ) -> None:
        self._cache = cache
        self._folders = folders
        self._stage_id = stage_id
        self._manifests = manifests or {}

    def get(
        self,
        key: str,
        load: Callable[[], Any],
        *,
        size_mb: int,
        pinned: bool = False,
        group: str = "",
        park: Act | None = None,
        wake: Act | None = None,
        host: bool = False,
    ) -> Any:
        """See :meth:`ModelCache.get`."""
        return self._cache.get(
            key,
            load,
            size_mb=size_mb,
            pinned=pinned,
            group=group,
            park=park,
            wake=wake,
            host=host,
        )

    def room_mb(self) -> int | None:
        """See :meth:`ModelCache.room_mb`."""
        return self._cache.room_mb()

    def make_room(self, mb: int) -> bool:
        """See :meth:`ModelCache.make_room`."""
        return self._cache.make_room(mb)

    def files(self, name: str) -> Path:
        """The folder with the verified, read-only files of a model.

        Raises
        ------
        PluginError : the stage does not name this model.
        """
        return self._folders[self._named(name)]

    def facts(self, name: str) -> ModelFacts:
        """What a model is made of.

        Raises
        ------
        PluginError : the stage does not name this model, or this engine does not know it.
        """
        manifest = self._manifests.get(self._named(name))
        if manifest is None:
            raise PluginError(
                f"this engine knows no model {name}",
                where=self._stage_id,
                mend="It was declared after the node started: restart the node.",
                code="stage.model-unknown",
            )
        return facts_of(manifest)

    def _named(self, name: str) -> str:
        if name not in self._folders:
            raise PluginError(
                f'the stage asked for a model "{name}" that it does not name',
                where=self._stage_id,
                mend=f"Name it in models of the stage. {nearest(name, self._folders)}",
                code="stage.model",
            )
        return name
