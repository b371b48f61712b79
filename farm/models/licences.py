"""Who accepted which licence, and when.

Invariant: a restricted model is neither fetched nor handed to a stage before somebody accepted the
licence its manifest names now; the record is a file in the store that a person can read.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from farm.domain.errors import LicenceError
from farm.models.manifest import ModelManifest


@dataclass(frozen=True, slots=True)
class Acceptance:
    """``at_s``: seconds since 1970. ``by``: a user's name on the machine."""

    licence: str
    by: str
    at_s: float


class Licences:
    """The records of the stores; new ones go into the first of ``folders``."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = folders

    def accepted(self, manifest: ModelManifest) -> Acceptance | None:
        """Who accepted the licence that the manifest names."""
        for folder in self._folders:
            with contextlib.suppress(OSError, ValueError, TypeError):
                text = (folder / f"{manifest.name}.json").read_text(encoding="utf-8")
                found = Acceptance(**json.loads(text))
                if found.licence == manifest.licence:
                    return found
        return None

    def accept(self, manifest: ModelManifest, *, by: str, at_s: float) -> None:
        """Record that ``by`` accepted the licence."""
        folder = self._folders[0]
        folder.mkdir(parents=True, exist_ok=True)
        record = asdict(Acceptance(manifest.licence, by, at_s))
        partial = folder / f"{manifest.name}.tmp"
        partial.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        partial.replace(folder / f"{manifest.name}.json")

    def complaint(self, manifest: ModelManifest) -> str:
        """What a person must do first; empty when the model may be used."""
        if not manifest.restricted or self.accepted(manifest):
            return ""
        return (
            f"the licence of the model {manifest.name} ({manifest.licence}) was not accepted; "
            f"run: farm models fetch {manifest.name} --accept-licence"
        )

    def require(self, manifest: ModelManifest) -> None:
        """Raise :class:`LicenceError` when the licence must be accepted first."""
        if self.complaint(manifest):
            raise LicenceError(
                f"its licence must be accepted once: {manifest.licence}",
                where=f"model {manifest.name}",
                mend=" ".join(
                    filter(
                        None,
                        (
                            manifest.licence_url and f"Read {manifest.licence_url}.",
                            f"Run: farm models fetch {manifest.name} --accept-licence",
                        ),
                    )
                ),
                code="model.licence",
            )
