"""The memory bank of a project: one document a shot, one a kept picture; the shots form a tree.

Invariant: a shot writes documents of its own only, so shots that end at once never lose each other's
memories; what one attempt writes is seen whole or not at all. A branch is the way from a shot back to
where its story began, and holds no shot of another branch.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

from farm import Documents, InputError

SCHEMA = "farm.story.shot/1"
PROJECTS = "projects"


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture that was kept of a shot.

    frame : its number in the film. sharpness : variance of the Laplacian; exposure, face, quality :
    0 to 1, ``face`` is ``None`` where faces were not looked at. look : the embedding, of length 1.
    """

    frame: int
    time_s: float
    sharpness: float
    exposure: float
    face: float | None
    quality: float
    look: Sequence[float]


@dataclass(frozen=True, slots=True)
class Shot:
    """A remembered shot. looks_by : what made the embeddings; only equal ones can be compared."""

    project: str
    name: str
    parent: str
    prompt: str
    film: str
    looks_by: str
    kept: Sequence[Kept]

    def record(self) -> dict[str, Any]:
        """As JSON, schema ``farm.story.shot/1``."""
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> Shot:
        """The inverse of :meth:`record`."""
        fields = {name: record[name] for name in cls.__slots__ if name != "kept"}
        return cls(**fields, kept=[Kept(**kept) for kept in record["kept"]])


class Bank:
    """The memory of one project."""

    def __init__(self, documents: Documents, project: str) -> None:
        self.project = project
        self._documents = documents
        self._shots, self._pictures = f"shots.{project}", f"pictures.{project}"

    def keep(self, shot: Shot, pictures: Sequence[bytes]) -> None:
        """Remember a shot in place of an earlier one of its name. pictures : JPEG, as ``kept``."""
        before = self._documents.get(self._shots, shot.name)
        for spare in range(len(pictures), len(before["kept"]) if before else 0):
            self._documents.put(self._pictures, f"{shot.name}.{spare}", None)
        for at, picture in enumerate(pictures):
            text = base64.b64encode(picture).decode()
            self._documents.put(self._pictures, f"{shot.name}.{at}", {"jpeg": text})
        self._documents.put(self._shots, shot.name, shot.record())
        self._documents.put(PROJECTS, self.project, {"project": self.project})

    def shots(self) -> list[Shot]:
        """Every shot, by name."""
        found = (self._find(name) for name in self._documents.keys(self._shots))
        return [shot for shot in found if shot is not None]

    def shot(self, name: str) -> Shot:
        """One shot. Raises InputError."""
        found = self._find(name)
        if found is None:
            near = get_close_matches(name, self._documents.keys(self._shots), 3)
            raise InputError(
                f'the project has no shot "{name}"',
                where=f"story {self.project}",
                mend=f"Did you mean {' or '.join(near)}?" if near else "Remember that shot first.",
                code="story.unknown-shot",
            )
        return found

    def branch(self, name: str, reach: int = 0) -> Iterator[Shot]:
        """The shot, the one it goes on from, and so on; at most ``reach`` of them, 0: all.

        Raises
        ------
        InputError : a shot on the way is not remembered, or goes on from itself.
        """
        seen: list[str] = []
        while name and (not reach or len(seen) < reach):
            if name in seen:
                raise self._circle([*seen, name])
            seen.append(name)
            shot = self.shot(name)
            yield shot
            name = shot.parent

    def history(self, shot: Shot) -> list[str]:
        """Names of the shots before a new one, the newest first. Raises InputError as ``branch``."""
        names = [before.name for before in self.branch(shot.parent)]
        if shot.name in names:
            raise self._circle([shot.name, *names[: names.index(shot.name) + 1]])
        return names

    def picture(self, shot: str, at: int) -> bytes:
        """The picture ``kept[at]`` of a shot, as JPEG. Raises InputError."""
        found = self._documents.get(self._pictures, f"{shot}.{at}")
        if found is None:
            raise InputError(
                "a kept picture is not in the memory any more",
                where=f"story {self.project}: {shot}",
                mend="Remember that shot once more.",
                code="story.lost-picture",
            )
        return base64.b64decode(found["jpeg"])

    def forget(self, name: str) -> None:
        """Remove a shot that no other goes on from. Raises InputError."""
        shot = self.shot(name)
        later = [other.name for other in self.shots() if other.parent == name]
        if later:
            raise InputError(
                "other shots go on from it",
                where=f"story {self.project}: {name}",
                got=", ".join(later),
                mend="Forget those first.",
                code="story.has-branches",
            )
        for at in range(len(shot.kept)):
            self._documents.put(self._pictures, f"{name}.{at}", None)
        self._documents.put(self._shots, name, None)
        if not self._documents.keys(self._shots):
            self._documents.put(PROJECTS, self.project, None)

    def _circle(self, names: Sequence[str]) -> InputError:
        return InputError(
            "the shots go on from each other in a circle",
            where=f"story {self.project}",
            got=" <- ".join(names),
            mend="Remember one of them again with another parent.",
            code="story.circle",
        )

    def _find(self, name: str) -> Shot | None:
        record = self._documents.get(self._shots, name)
        return None if record is None else Shot.from_record(record)


def projects(documents: Documents) -> list[str]:
    """Every project that remembers a shot."""
    return documents.keys(PROJECTS)
