"""Whether there is room to begin anything: on the disks of a machine, within the store's quota, and
in a store that lets the farm use it.

Invariant: a lack of room stops what has not begun, never what runs; it is said in one sentence, and
passes by itself as soon as there is room.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from farm.artifacts.retention import over_quota, room_to_work
from farm.artifacts.store import Store
from farm.config import Settings
from farm.ledger.artifacts import Artifacts
from farm.ledger.database import Database
from farm.stages import Service

_log = logging.getLogger(__name__)


class Headroom:
    """What :meth:`look` found last. ``full``: why this machine has no room; ``over``: why the store
    may not grow; each empty while there is room. ``services``: the store, while its
    service refuses the farm."""

    def __init__(self, settings: Settings, store: Store, database: Database) -> None:
        self._settings = settings
        self._store = store
        self._artifacts = Artifacts(database)
        self.full = ""
        self.over = ""
        self.services: Sequence[Service] = ()

    def look(self) -> None:
        """Measure both anew."""
        before = self.full
        self.full = room_to_work(self._store, self._settings, self._settings.spool_dir)
        if bool(self.full) != bool(before):
            if self.full:
                _log.warning("this machine begins nothing new: %s", self.full)
            else:
                _log.info("this machine begins new work again")
        self.over = self.quota()
        refusal = self._store.refusal()
        self.services = [Service("store", "fail", refusal)] if refusal else ()

    def quota(self) -> str:
        """Why the store may not grow now; asks the ledger only where there is a quota."""
        if not self._settings.quota_mb:
            return ""
        return over_quota(self._settings, self._artifacts.used_bytes())
