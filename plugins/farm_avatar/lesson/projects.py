"""Projects in the ledger: a lesson, its scenes and its assets as documents; their files stay in the
store.

Invariant: what is written of a project is that of one reading of its lesson: a scene or asset that
went is gone, and every file is named by its hash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from farm import Documents, InputError

SCHEMA = "farm.lesson.project/1"
PROJECTS = "projects"


class Project:
    """The documents of one project."""

    def __init__(self, documents: Documents, name: str) -> None:
        self.name = name
        self._documents = documents
        self._scenes, self._assets = f"scenes.{name}", f"assets.{name}"

    def keep(
        self,
        record: Mapping[str, Any],
        scenes: Sequence[Mapping[str, Any]],
        assets: Sequence[Mapping[str, Any]],
    ) -> None:
        """Write the project in place of what was known of it. Scenes have an ``id``, assets a
        ``name``."""
        for collection, key, found in (
            (self._scenes, "id", scenes),
            (self._assets, "name", assets),
        ):
            names = {each[key] for each in found}
            for gone in set(self._documents.keys(collection)) - names:
                self._documents.put(collection, gone, None)
            for place, each in enumerate(found):
                self._documents.put(collection, each[key], {**each, "place": place})
        self._documents.put(PROJECTS, self.name, {"schema": SCHEMA, "project": self.name, **record})

    def record(self) -> dict[str, Any]:
        """The project. Raises InputError, with the nearest name."""
        found = self._documents.get(PROJECTS, self.name)
        if found is None:
            names = self._documents.keys(PROJECTS)
            close = get_close_matches(self.name, names, 1, 0.4)
            raise InputError(
                "no project has this name",
                where=f"project {self.name}",
                expected=", ".join(names[:8]) or "a lesson that was sent in once",
                mend=f'Did you mean "{close[0]}"?' if close else "`farm project ls` lists them.",
                code="lesson.unknown-project",
            )
        return dict(found)

    def scenes(self) -> list[dict[str, Any]]:
        """Its scenes, in order."""
        return self._all(self._scenes)

    def assets(self) -> list[dict[str, Any]]:
        """Its files, in the order they were given."""
        return self._all(self._assets)

    def scene(self, name: str) -> dict[str, Any]:
        """One scene. Raises InputError."""
        found = {scene["id"]: scene for scene in self.scenes()}
        if name not in found:
            close = get_close_matches(name, list(found), 1, 0.4)
            raise InputError(
                f'it has no scene "{name}"',
                where=f"project {self.name}",
                expected=", ".join(found)[:200],
                mend=f'Did you mean "{close[0]}"?' if close else "",
                code="lesson.unknown-scene",
            )
        return found[name]

    def _all(self, collection: str) -> list[dict[str, Any]]:
        found = [self._documents.get(collection, key) for key in self._documents.keys(collection)]
        return sorted((dict(each) for each in found if each), key=lambda each: each["place"])


def projects(documents: Documents) -> list[dict[str, Any]]:
    """All projects, by name."""
    return [Project(documents, name).record() for name in documents.keys(PROJECTS)]
