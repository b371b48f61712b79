"""The intake: looks at every door, takes what has settled, and makes jobs of it.

Invariant: an entry becomes at most one job, and is at any time in the submitter's folder, in
``_claimed``, or back with a reason. After a crash :meth:`Intake.recover` finishes or takes back what
was begun; nothing here trusts memory.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from farm.artifacts.retention import room
from farm.artifacts.store import Store
from farm.config import Settings
from farm.domain.errors import AssetError, InputError
from farm.intake.acceptance import Acceptance, Accepted
from farm.intake.custody import Custody, door_of
from farm.intake.direct import Direct
from farm.intake.doors import Door, doors_of, queue_door
from farm.intake.downloads import Downloads
from farm.intake.names import check_name, printable
from farm.intake.requests import Requests
from farm.intake.scan import Seen, scan
from farm.intake.settling import Settling
from farm.intake.statuses import Statuses
from farm.intake.taking import Taking
from farm.intake.watching import Watching
from farm.ledger.database import Database
from farm.ledger.masters import Approved
from farm.ledger.submissions import Submission, Submissions
from farm.registry import Registry

_log = logging.getLogger(__name__)

_RETRY_S = 2.0
_LOOK_S = 0.5
_NO_NODE = "the farm's first node is not up yet; `farm nodes` lists them"


class Intake:
    """Call :meth:`recover` once, then :meth:`tick` whenever ``wake`` rang or the time it returned
    has passed. One thread.

    clock : seconds since 1970, for ids and people. monotonic : seconds, for waiting.
    wake : called from other threads when something may have arrived.
    first_node_s : how long what arrives in a folder waits for the first node that this farm ever
    had, because what nodes offer decides who renders.
    """

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        store: Store,
        database: Database,
        *,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        wake: Callable[[], None] = lambda: None,
        downloads: Downloads | None = None,
        first_node_s: float = 0.0,
    ) -> None:
        self.settings = settings
        self.registry = registry
        self.store = store
        self.clock = clock
        self.monotonic = monotonic
        self.ledger = Submissions(database)
        self.acceptance = Acceptance(
            settings, registry, store, database, clock=clock, downloads=downloads
        )
        self.requests = Requests(
            registry,
            max_bytes=settings.max_manifest_kb * 1000,
            asset_roots=self.acceptance.assets.asset_roots,
        )
        self.custody = Custody(self.ledger, clock)
        self.taking = Taking(
            self.ledger,
            self.requests,
            self.acceptance,
            self.custody,
            clock=clock,
            door_of=self._door_of,
            complain=lambda what: self._complain("claims", what),
        )
        self._direct = Direct(self.requests, self.acceptance, self._no_room)
        self.watching = Watching(wake, poll_s=min(1.0, settings.rescan_s))
        self._settling: dict[str, Settling] = {}
        self._statuses: dict[str, Statuses] = {}
        self._complaints: dict[str, str] = {}
        self._watches = False
        self._closed = False
        self._alone_until_s = monotonic() + first_node_s

    # --- the daemon's calls ----------------------------------------------------------------------

    def recover(self) -> None:
        """Finish or take back what an earlier process began."""
        self._make_queue()
        self._resume()
        for door in self.doors():
            try:
                self.custody.sweep(door)
            except OSError as error:
                self._complain(door.origin, f"{door.folder}: {error.strerror or error}")
        for row in self.ledger.queued():
            self.taking.write_receipt(row)

    def watch(self) -> None:
        """Start to watch the folders; until then, and without it, only looks find things."""
        self._watches = True
        self.watching.refresh(self.doors())

    def close(self) -> None:
        """Stop watching; a tick that runs ends soon."""
        self._closed = True
        self.watching.close()

    def tick(self) -> float:
        """Look at every door and take what has settled; returns the seconds until it wants to
        look again."""
        wait_s = self.settings.rescan_s
        doors = self.doors()
        if self._watches and not self._closed:
            self.watching.refresh(doors)
        wait_s = min(wait_s, self._resume())
        held = self._no_room()
        if held is None and self._no_node():
            held, wait_s = _NO_NODE, min(wait_s, _LOOK_S)
        for door in doors:
            if self._closed:
                break
            try:
                wait_s = min(wait_s, self._look_at(door, held))
            except OSError as error:
                # Gone, not readable or read-only: said, and tried again at the next look.
                self._complain(door.origin, f"{door.folder}: {error.strerror or error}")
        return wait_s

    def doors(self) -> list[Door]:
        """The watched folders as of now; a new folder in ``dropbox/`` becomes a door."""
        return doors_of(self.settings, (p.name for p in self.registry.pipelines.values()))

    def complaints(self) -> dict[str, str]:
        """Drop folder (or ``store``) to what is wrong with it now."""
        return {**self.watching.complaints, **self._complaints}

    def status(self) -> dict[str, Any]:
        """Doors, what waits at them and complaints, for the console and ``farm doctor``."""
        return {
            "doors": [
                {
                    "origin": door.origin,
                    "folder": str(door.folder),
                    "pipeline": door.pipeline,
                    "waiting": statuses.records()
                    if (statuses := self._statuses.get(door.origin))
                    else [],
                }
                for door in self.doors()
            ],
            "complaints": self.complaints(),
        }

    # --- one door --------------------------------------------------------------------------------

    def _look_at(self, door: Door, held: str | None) -> float:
        settling = self._settling.setdefault(door.origin, Settling(self.settings.settle_s))
        statuses = self._statuses.setdefault(door.origin, Statuses(door, self.clock))
        wait_s = self.settings.rescan_s
        found = scan(door.folder)
        settling.keep(seen.name for seen in found)
        waiting: list[str] = []
        trouble = ""
        for seen in found:
            if self._closed:
                break
            try:
                state, waits_for, again_s = self._consider(door, seen, settling, held)
            except OSError as error:
                # One entry that cannot be taken does not keep the others waiting.
                why = f"it cannot be taken: {error.strerror or error}"
                state, waits_for, again_s = "waiting", [why], self.settings.rescan_s
                trouble = f"{door.folder / printable(seen.name)}: {why}"
            wait_s = min(wait_s, again_s)
            if state:
                waiting.append(seen.name)
                if _writable(seen.name):
                    statuses.say(seen.name, state, waits_for)
        statuses.keep(waiting)
        if trouble:
            self._complain(door.origin, trouble)
        else:
            self._complaints.pop(door.origin, None)
        return wait_s

    def _consider(
        self, door: Door, seen: Seen, settling: Settling, held: str | None
    ) -> tuple[str, list[str], float]:
        """What becomes of one entry: a state for its status file (empty: it was taken), what it
        waits for, and the seconds until it should be looked at again."""
        never = self.settings.rescan_s
        if seen.odd:
            why = f"{seen.odd} is not taken; put the file itself here"
            return "refused", [why], never
        now_s = self.monotonic()
        wait_s = settling.observe(seen, now_s)
        if wait_s > 0:
            return "settling", list(seen.waits_for), wait_s
        if not _writable(seen.name):
            self._refuse_name(door, seen)
            return "", [], never
        waits_for = list(seen.waits_for) or self.requests.waits_for(
            door.folder / seen.name, seen, pipeline=door.pipeline, defaults=door.defaults
        )
        late = settling.waiting_s(seen.name, now_s) > self.settings.incomplete_s
        if waits_for and not (late and seen.is_folder):
            return "waiting", waits_for, never
        if held is not None:
            return "waiting", [held], never
        row = self.custody.claim(door, seen)
        if row is None:
            return "settling", ["it changed while it was taken"], self.settings.settle_s
        if waits_for:
            self.custody.reject(row, _incomplete(row, waits_for).record())
            return "", [], never
        if not self.taking.take(row):
            return "", [], _RETRY_S
        return "", [], never

    def _refuse_name(self, door: Door, seen: Seen) -> None:
        try:
            check_name(seen.name)
        except AssetError as error:
            self.custody.refuse_name(door, seen, error.record())

    def _resume(self) -> float:
        """Go on with submissions between two states; returns the seconds until the next try."""
        self._complaints.pop("claims", None)
        wait_s = self.settings.rescan_s
        for row in self.ledger.unfinished():
            if self._closed:
                break
            try:
                if not self.taking.resume(row):
                    wait_s = min(wait_s, _RETRY_S)
            except OSError as error:
                self._complain("claims", f"{row.name}: {error.strerror or error}")
        return wait_s

    def _door_of(self, row: Submission) -> Door:
        return next((d for d in self.doors() if d.origin == row.origin), door_of(row))

    # --- nodes, room and complaints --------------------------------------------------------------

    def _no_node(self) -> bool:
        if self.monotonic() >= self._alone_until_s:
            return False
        if self.ledger.offers():
            self._alone_until_s = float("-inf")
            return False
        return True

    def _no_room(self) -> str | None:
        used = self.acceptance.known.used_bytes() if self.settings.quota_mb else 0
        full = room(self.store, self.settings, used_bytes=used)
        if full is None:
            self._complaints.pop("store", None)
        else:
            self._complain("store", full)
        return full

    def _complain(self, about: str, what: str) -> None:
        if self._complaints.get(about) != what:
            _log.warning("%s: %s", about, what)
        self._complaints[about] = what

    def _make_queue(self) -> None:
        inbox = queue_door(self.settings).folder
        try:
            for folder in (inbox, inbox.parent / "accepted", inbox.parent / "rejected"):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self._complain("queue", f"{inbox}: {error.strerror or error}")

    # --- without a folder ------------------------------------------------------------------------

    def submit(
        self,
        what: Path | Mapping[str, Any],
        *,
        pipeline: str = "",
        fields: Mapping[str, Any] | None = None,
        submitter: str = "",
        root: Path | None = None,
    ) -> Accepted:
        """Make a job of a file, a folder or the fields of a manifest, which stay where they are.

        pipeline : for what is not a manifest. fields : manifest fields that replace its own.
        root : folder that the paths of given fields are relative to; default: the working folder.

        Raises
        ------
        FarmError : it cannot be accepted; nothing was made.
        """
        return self._direct.submit(
            what, pipeline=pipeline, fields=fields, submitter=submitter, root=root
        )

    def approve(self, draft_id: str, *, quality: str = "high", actor: str) -> Approved:
        """Make the master of a finished draft: the same inputs, seed and wishes, another profile.
        A draft that has one of that quality keeps it.

        Raises
        ------
        FarmError : it is no finished draft, or its master cannot be accepted; nothing was made.
        """
        return self._direct.approve(draft_id, quality=quality, actor=actor)

    def validate(
        self,
        what: Path | Mapping[str, Any],
        *,
        pipeline: str = "",
        fields: Mapping[str, Any] | None = None,
        root: Path | None = None,
    ) -> list[dict[str, str]]:
        """Every problem that would keep it from being accepted; empty when it would be."""
        return self._direct.validate(what, pipeline=pipeline, fields=fields, root=root)


def _writable(name: str) -> bool:
    try:
        check_name(name)
    except InputError:
        return False
    return True


def _incomplete(row: Submission, waits_for: list[str]) -> AssetError:
    return AssetError(
        "the folder was not completed in time",
        where=row.name,
        expected=", ".join(waits_for[:20]),
        mend="Add what is missing and drop the folder again.",
        code="set.incomplete",
    )
