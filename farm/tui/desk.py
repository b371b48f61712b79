"""The console's own way to the intake: what stands at the doors, and submitting without a folder.

Invariant: what the console accepts, the intake accepted; nothing here decides by itself. Plugins are
loaded once for the whole console, when first asked for, and never in the UI's thread.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from farm.domain.errors import FarmError
from farm.tui.catalogue import load_registry

if TYPE_CHECKING:
    from farm.config import Settings
    from farm.intake import Accepted, Intake
    from farm.intake.standing import Rejected, Standing
    from farm.ledger.database import Database
    from farm.ledger.masters import Approved
    from farm.registry import Registry

ROOT = Path("/")
"""What the paths of a form are relative to: an operator may name any file of this machine."""


class Desk:
    """Any thread may call it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._registry: Registry | None = None
        self._lock = threading.Lock()

    def registry(self) -> Registry:
        """Everything the plugins declare. Raises PluginError."""
        with self._lock:
            if self._registry is None:
                self._registry = load_registry(self.settings)
            return self._registry

    @property
    def known(self) -> Registry | None:
        """Everything the plugins declare, if they were loaded already; never waits for it."""
        return self._registry

    @property
    def sure(self) -> bool:
        """Whether it is known which folders are doors."""
        return bool(self.settings.drop_folders) or self._registry is not None

    def standing(self) -> list[Standing]:
        """Every door and what stands there; until :attr:`sure` each folder passes for a door."""
        from farm.intake.standing import standing

        return standing(self.settings, self._names() if self.sure else self._folders())

    def resubmit(self, item: Rejected) -> Path:
        """Put what was refused at its door again. Raises InputError."""
        from farm.intake.standing import resubmit

        return resubmit(self.settings, self._names(), item)

    def validate(self, database: Database, fields: Mapping[str, Any]) -> list[dict[str, str]]:
        """Every problem that would keep a manifest's fields from being accepted."""
        return self._intake(database).validate(fields, root=ROOT)

    def submit(self, database: Database, fields: Mapping[str, Any], submitter: str) -> Accepted:
        """Make a job of a manifest's fields. Raises FarmError."""
        return self._intake(database).submit(fields, submitter=submitter, root=ROOT)

    def approve(self, database: Database, draft_id: str, actor: str) -> Approved:
        """Make the master of a finished draft. Raises FarmError."""
        return self._intake(database).approve(draft_id, actor=actor)

    def _intake(self, database: Database) -> Intake:
        from farm.artifacts.store import open_store
        from farm.intake import Intake

        store = open_store(
            self.settings.store_url,
            cache_dir=self.settings.spool_dir / "cache" / "cli",
            options=self.settings.store_options,
        )
        return Intake(self.settings, self.registry(), store, database)

    def _names(self) -> Sequence[str]:
        """Names that make a folder of the drop box a door; with configured doors none is needed."""
        if self.settings.drop_folders:
            return ()
        try:
            return sorted({pipeline.name for pipeline in self.registry().pipelines.values()})
        except FarmError:
            # A broken plugin is told elsewhere; the folders are still worth a look.
            return self._folders()

    def _folders(self) -> list[str]:
        dropbox = self.settings.under_root(self.settings.dropbox)
        if not dropbox.is_dir():
            return []
        return [path.name for path in dropbox.iterdir() if not path.name.startswith(("_", "."))]
