"""The publisher: finished folders, returned submissions, progress, and who is told of an end.

Invariant: from acceptance on a submission's claimed folder is the publisher's alone. The path of a
finished folder is recorded before it is composed, and its ``receipt.json`` names its job; so after
a crash at any point the folder is found and kept, or composed again, and never there twice.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from farm.artifacts.store import Store
from farm.config import Settings
from farm.domain.errors import ArtifactMissing, ErrorClass, FarmError, NotLeader
from farm.domain.states import JobState
from farm.intake.custody import Custody, claim_folder, door_of, manifest_at
from farm.intake.doors import QUEUE, RECEIPT, beside
from farm.intake.files import move_new, remove_claim, sync_folder, write_json
from farm.intake.names import free_path, printable
from farm.intake.scan import was_folder
from farm.ledger.database import Database
from farm.ledger.publishing import Publishing
from farm.ledger.submissions import Submission, Submissions
from farm.publish.composing import compose, outputs_of
from farm.publish.progress import Progress
from farm.publish.records import Job, debug_of, public_error, receipt
from farm.publish.telling import Telling
from farm.registry import Registry

_log = logging.getLogger(__name__)
_MAX_BACKOFF_S = 60.0


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a job's folder is composed and where it will be renamed to."""

    composed: Path
    target: Path
    row: Submission | None


class Publisher:
    """Call :meth:`tick` about once a second, and when a job may have ended. One thread.

    clock : seconds since 1970. monotonic : seconds. tls : for telling; default: the system's.
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
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.settings = settings
        self.store = store
        self.clock = clock
        self.monotonic = monotonic
        self.ledger = Publishing(database)
        self.submissions = Submissions(database)
        self.custody = Custody(self.submissions, clock)
        self.progress = Progress(self.submissions, self.ledger, clock, monotonic)
        secret = settings.notify_secret
        self.telling = Telling(
            registry, self.ledger, settings.notify_hosts,
            secret=secret.get_secret_value() if secret else "", clock=clock, tls=tls,
        )  # fmt: skip
        self._not_before: dict[str, tuple[float, float]] = {}
        self._told: dict[str, str] = {}

    def tick(self) -> None:
        """Publish, return and tell whatever waits for it."""
        for job_id in self.ledger.waiting():
            self._attempt(job_id, self._publish)
        for row in self.submissions.to_return():
            assert row.job_id is not None  # only submissions with a job are listed
            self._attempt(row.job_id, lambda _, row=row: self._give_back(row))  # type: ignore[misc]
        self.progress.write()
        self._tell_all()

    # --- publishing ------------------------------------------------------------------------------

    def _publish(self, job_id: str) -> None:
        job = self.ledger.record(job_id)
        if job["state"] != JobState.PUBLISHING.value:
            return
        place = self._place(job)
        try:
            if not _is_of(place.target, job_id):
                compose(place.composed, job, self.store, target=place.target, now_s=self.clock())
                place = self._rename(job, place)
            outputs = outputs_of(job)
        except FarmError as error:
            if error.error_class is not ErrorClass.BUG and not isinstance(error, ArtifactMissing):
                raise
            _log.error("job #%s cannot be published: %s", job["number"], error)
            self.ledger.fail(job_id, error.record())
            return
        self._tell_draft(job, place.target)
        location = self._close_queue(job, place)
        if self.ledger.finish(job_id, outputs, location=location):
            _log.info("job #%s is in %s", job["number"], place.target)

    def _place(self, job: Job) -> _Place:
        """Decide, or find recorded, where the finished folder goes."""
        row = self.submissions.get(job["submission_id"]) if job["submission_id"] else None
        recorded = None if job["published"] is None else Path(job["published"])
        if recorded is not None and _is_of(recorded, job["id"]):
            return _Place(recorded, recorded, row)
        if row is not None and row.origin != QUEUE:
            row = self.custody.reclaim(row)
        target = recorded
        if target is None or os.path.lexists(target):
            target = self._target(job, row)
            self.ledger.set_published(job["id"], target)
        if row is not None and row.origin != QUEUE:
            return _Place(claim_folder(row), target, row)
        return _Place(_aside(target, job["id"]), target, row)

    def _target(self, job: Job, row: Submission | None) -> Path:
        date = datetime.fromtimestamp(self.clock(), UTC).strftime("%Y-%m-%d")
        if row is not None and row.origin != QUEUE:
            is_folder = was_folder(row.fingerprint)
            return door_of(row).done_path(row.name, date, is_folder=is_folder)
        outputs = self.settings.under_root(self.settings.outputs)
        wanted = job["output_dir"] or f"{date}/{printable(job['name'])}"
        return free_path(outputs / wanted)

    def _rename(self, job: Job, place: _Place) -> _Place:
        target = place.target
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(target):
            target = free_path(target)
            self.ledger.set_published(job["id"], target)
        move_new(place.composed, target)
        sync_folder(target.parent)
        return _Place(place.composed, target, place.row)

    def _tell_draft(self, master: Job, target: Path) -> None:
        """Name a master in the receipt of its draft, wherever that was left."""
        draft = master["draft"]
        folder = Path(draft["published"]) if draft and draft["published"] else None
        record = None if folder is None else _read_receipt(folder)
        if folder is None or record is None or record.get("job") != draft["job"]:
            return
        record["master"] = {
            "job": master["id"],
            "number": master["number"],
            "quality": master["quality"],
            "folder": str(target),
        }
        try:
            write_json(folder / "receipt.json", record, sync=True)
        except OSError as error:
            # The draft's folder is its submitter's by now; the master is none the worse for it.
            _log.warning("the receipt in %s cannot name its master: %s", folder, error)

    def _close_queue(self, job: Job, place: _Place) -> Path | None:
        """The queue: write the final receipt, and put the manifest beside it; returns where."""
        row = place.row
        if row is None or row.origin != QUEUE:
            return None
        accepted = door_of(row).folder.parent / "accepted" / (row.returned_to or row.arrived).name
        accepted.parent.mkdir(parents=True, exist_ok=True)
        record = {
            "name": row.name,
            "submission": row.id,
            "job": job["id"],
            "number": job["number"],
            "state": "done",
            "outputs": str(place.target),
        }
        write_json(beside(accepted, RECEIPT), record, sync=True)
        manifest = manifest_at(row)
        if manifest != accepted and os.path.lexists(manifest):
            move_new(manifest, accepted)
        remove_claim(claim_folder(row))
        return accepted

    # --- jobs that did not end well --------------------------------------------------------------

    def _give_back(self, row: Submission) -> None:
        assert row.job_id is not None
        job = self.ledger.record(row.job_id)
        self._withdraw(job, row)
        if row.state.value == "accepted":
            self._write_debug(job)
            self.custody.reject(row, public_error(job["error"]) or {"what": "the job was stopped"})
        else:
            self.custody.resume(row.id)

    def _withdraw(self, job: Job, row: Submission | None) -> None:
        """Take back a folder whose job was stopped between its rename and its end."""
        if job["published"] is None or job["state"] == JobState.DONE.value:
            return
        target = Path(job["published"])
        shutil.rmtree(_aside(target, job["id"]), ignore_errors=True)
        if not _is_of(target, job["id"]):
            return
        if row is not None and row.origin != QUEUE:
            if not os.path.lexists(claim_folder(row)):
                move_new(target, claim_folder(row))
            return
        target.rename(_aside(target, job["id"]))
        shutil.rmtree(_aside(target, job["id"]), ignore_errors=True)

    def _write_debug(self, job: Job) -> None:
        """What operators want to know about a failure, beside the logs of its attempts."""
        folder = self.settings.spool_dir / "logs" / str(job["id"])
        folder.mkdir(parents=True, exist_ok=True)
        write_json(folder / "debug_metadata.json", {**debug_of(job), "error": job["error"]})

    # --- telling ---------------------------------------------------------------------------------

    def _tell_all(self) -> None:
        quiet = []
        for row in self.ledger.untold():
            if row.state is JobState.DONE and not self.telling.concerns_anybody(row.notify):
                quiet.append(row.id)
            elif not self.telling.is_busy(row.id):
                self._attempt(row.id, lambda _, row=row: self._tell(row))  # type: ignore[misc]
        if quiet:
            self.ledger.told(*quiet)

    def _tell(self, ended: Any) -> None:
        record = None
        if ended.state is JobState.DONE:
            record = _read_receipt(Path(ended.published))
        if record is None or record.get("job") != ended.id:
            job = self.ledger.record(ended.id)
            row = self.submissions.get(ended.submission_id) if ended.submission_id else None
            if ended.state is not JobState.DONE:
                self._withdraw(job, row)
            if row is not None and row.state.value in ("accepted", "rejecting"):
                return  # It is told when the originals are back.
            record = receipt(
                job, state=ended.state.value, now_s=self.clock(), folder=None, files=()
            )
        self.telling.tell(ended.id, record, ended.notify)

    # --- errors ----------------------------------------------------------------------------------

    def _attempt(self, job_id: str, act: Callable[[str], None]) -> None:
        """Run ``act``; one job that cannot be published now must not keep the others waiting."""
        not_before_s, wait_s = self._not_before.get(job_id, (0.0, 0.5))
        if self.monotonic() < not_before_s:
            return
        try:
            act(job_id)
            self._not_before.pop(job_id, None)
            self._told.pop(job_id, None)
        except NotLeader:
            raise
        except Exception as error:
            wait_s = min(wait_s * 2, _MAX_BACKOFF_S)
            self._not_before[job_id] = (self.monotonic() + wait_s, wait_s)
            known = isinstance(error, (OSError, FarmError))
            _log.warning(
                "job %s is tried again in %g s: %s", job_id, wait_s, error, exc_info=not known
            )
            self._say(job_id, error)

    def _say(self, job_id: str, error: Exception) -> None:
        """Let ``farm why`` know what a job waits for; once, not at every try."""
        what = str(error)
        if isinstance(error, OSError):
            what = f"{error.filename}: {error.strerror}" if error.filename else what
        if self._told.get(job_id) == what:
            return
        try:
            self.ledger.note_waiting(job_id, what)
            self._told[job_id] = what
        except Exception as trouble:
            # The ledger may lie on the disk that is full; the next try says it again.
            _log.warning("what job %s waits for cannot be written: %s", job_id, trouble)

    def complaints(self) -> dict[str, str]:
        """Jobs that cannot be published or returned at the moment."""
        return {
            job_id: f"tried again every {wait_s:g} s"
            for job_id, (_, wait_s) in self._not_before.items()
        }


def _aside(target: Path, job_id: str) -> Path:
    return target.parent / f".{job_id}.publishing"


def _is_of(folder: Path, job_id: str) -> bool:
    """Whether this is the finished folder of that job."""
    record = _read_receipt(folder)
    return record is not None and record.get("job") == job_id


def _read_receipt(folder: Path) -> dict[str, Any] | None:
    try:
        record = json.loads((folder / "receipt.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) else None
