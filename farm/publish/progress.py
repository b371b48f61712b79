"""Live progress in the claimed folder of a running job: ``status.json``, and a preview if there is one.

Invariant: both are written whole, at most once a second, and only into a folder that is still there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from farm.intake.custody import claim_folder
from farm.intake.doors import QUEUE
from farm.intake.files import write_bytes, write_json
from farm.ledger.previews import Previews
from farm.ledger.publishing import Publishing
from farm.ledger.submissions import Submission, Submissions
from farm.publish.records import moment

_log = logging.getLogger(__name__)
_EVERY_S = 1.0
_AT_ONCE = 200


class Progress:
    """Writes what :meth:`Publishing.progress` knows. Times: see :class:`Publisher`."""

    def __init__(
        self,
        submissions: Submissions,
        ledger: Publishing,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._submissions = submissions
        self._ledger = ledger
        self._previews = Previews(ledger.database)
        self._clock = clock
        self._monotonic = monotonic
        self._last_s: float | None = None
        self._written: dict[str, dict[str, Any]] = {}
        self._shown: dict[str, float] = {}
        self._held: dict[str, Submission] = {}

    def write(self) -> None:
        """Write the status of every job from a drop folder that has begun, or that lacks something
        to begin, if it changed."""
        now_s = self._monotonic()
        if self._last_s is not None and now_s - self._last_s < _EVERY_S:
            return
        self._last_s = now_s
        held = {row.id: row for row in self._submissions.held_up(_AT_ONCE)}
        # What is not held up any more is told so once, whether or not it has begun.
        under_way = {row.id: row for row in self._submissions.accepted()}
        found = {**self._held, **held, **under_way}.values()
        self._held = held
        rows = [row for row in found if row.origin != QUEUE]
        known: dict[str, dict[str, Any]] = {}
        previewed: dict[str, float] = {}
        ids = [row.job_id for row in rows if row.job_id is not None]
        for at in range(0, len(ids), _AT_ONCE):
            known.update(self._ledger.progress(ids[at : at + _AT_ONCE]))
            previewed.update(self._previews.times(ids[at : at + _AT_ONCE]))
        written: dict[str, dict[str, Any]] = {}
        for row in rows:
            record = self._record(str(row.job_id), known[str(row.job_id)])
            written[row.id] = record
            if self._written.get(row.id) != record:
                self._tell(row, record)
            if previewed.get(str(row.job_id)) != self._shown.get(str(row.job_id)):
                self._show(row)
        self._written, self._shown = written, previewed

    def _tell(self, row: Submission, record: dict[str, Any]) -> None:
        try:
            timed = {**record, "updated": moment(self._clock())}
            write_json(claim_folder(row) / "status.json", timed)
        except OSError as error:
            # The folder may have been taken away; the job goes on without it.
            _log.debug("no status for %s: %s", row.name, error)

    def _show(self, row: Submission) -> None:
        newest = self._previews.newest(str(row.job_id))
        if newest is None:
            return
        png = newest.picture.startswith(b"\x89PNG")
        try:
            folder = claim_folder(row)
            write_bytes(folder / f"preview.{'png' if png else 'jpg'}", newest.picture)
            (folder / f"preview.{'jpg' if png else 'png'}").unlink(missing_ok=True)
        except OSError as error:
            _log.debug("no preview for %s: %s", row.name, error)

    def _record(self, job_id: str, known: dict[str, Any]) -> dict[str, Any]:
        share, started = known["share"], known["started_at"]
        eta_s = None
        if started is not None and 0.02 < share < 1:
            eta_s = round((self._clock() - started) * (1 - share) / share)
        return {
            "job": job_id,
            "number": known["number"],
            "state": known["state"],
            "percent": round(share * 100, 1),
            "stage": known["stage"],
            "eta_s": eta_s,
            "waits_for": known["waits_for"],
        }
