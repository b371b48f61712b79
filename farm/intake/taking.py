"""A claimed submission becomes a job, or goes back with a reason.

Invariant: a submission leaves the state ``claimed`` once. What may pass by itself (a store that does
not answer, a file somebody still writes to) is tried again; everything else is decided at once.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from farm.domain.errors import AssetError, ErrorClass, FarmError, LostClaim, NotLeader
from farm.domain.ids import new_id
from farm.domain.plan import Plan
from farm.domain.states import SubmissionState
from farm.intake.acceptance import Acceptance
from farm.intake.custody import Custody, claim_folder
from farm.intake.doors import QUEUE, RECEIPT, Door, beside
from farm.intake.files import write_json
from farm.intake.requests import Requests
from farm.intake.scan import look
from farm.ledger.submissions import Submission, Submissions

_log = logging.getLogger(__name__)

_MOST_TRIES = 30


class Taking:
    """Takes one submission at a time.

    door_of : the door a submission came through, with its present pipeline and defaults.
    complain : said when something must be tried again.
    """

    def __init__(
        self,
        ledger: Submissions,
        requests: Requests,
        acceptance: Acceptance,
        custody: Custody,
        *,
        clock: Callable[[], float],
        door_of: Callable[[Submission], Door],
        complain: Callable[[str], None],
    ) -> None:
        self.ledger = ledger
        self.requests = requests
        self.acceptance = acceptance
        self.custody = custody
        self.clock = clock
        self._door_of = door_of
        self._complain = complain
        self._tries: dict[str, int] = {}

    def resume(self, row: Submission) -> bool:
        """Go on with a submission between two states; false when it must be tried again."""
        if row.state is SubmissionState.CLAIMING:
            claimed = self.custody.finish_claim(row)
            return claimed is None or self.take(claimed)
        if row.state is SubmissionState.CLAIMED:
            return self.take(row)
        if row.job_state is None or row.state is SubmissionState.DUPLICATING:
            # The publisher returns what had a job.
            self.custody.resume(row.id)
        return True

    def take(self, row: Submission) -> bool:
        """From claimed to accepted, rejected or duplicate; false when it must be tried again."""
        try:
            plan, again = self._plan(row)
            same = self.acceptance.same_as(plan, again=again)
            if same is not None:
                self.custody.duplicate(row, of=same, content_key=plan.content_key)
            else:
                self._accept(row, plan)
        except LostClaim:
            _log.info("%s was taken by another daemon", row.id)
        except NotLeader:
            raise
        except FarmError as error:
            if self._may_pass(error) and self._try_again(row, error.sentence(), error.code):
                return False
            self.custody.reject(row, _for_submitter(error))
        except OSError as error:
            self._complain(f"{row.name}: {error.strerror or error}")
            return False
        except Exception as error:
            # A plugin's or our own fault must not stop what comes after it.
            _log.exception("taking %s", row.name)
            if self._try_again(row, f"{type(error).__name__}: {error}"):
                return False
            self.custody.reject(row, _fault(row).record())
        self._tries.pop(row.id, None)
        return True

    def write_receipt(self, row: Submission) -> None:
        """The queue's answer to an accepted manifest, if it is not there yet."""
        if row.returned_to is None or row.job_id is None:
            return
        path = beside(row.returned_to, RECEIPT)
        if path.exists():
            return
        job = self.ledger.job_in_short(row.job_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        record = {
            "name": row.name,
            "submission": row.id,
            "job": job["id"],
            "number": job["number"],
            "state": "accepted",
            "outputs": job["published"],
        }
        write_json(path, record)

    def _plan(self, row: Submission) -> tuple[Plan, bool]:
        seen = look(row.location)
        if seen is None:
            raise AssetError(
                "it was taken away while it was read",
                where=row.name,
                mend="Drop it again.",
                code="submission.gone",
            )
        door = self._door_of(row)
        request = self.requests.read(
            row.location,
            replace(seen, name=row.name),
            pipeline=door.pipeline,
            defaults=door.defaults,
            roots=(door.folder.parent,) if door.is_queue else (),
        )
        return self.acceptance.plan(request, submitter=door.origin), request.again

    def _accept(self, row: Submission, plan: Plan) -> None:
        job_id = new_id(self.clock())
        if row.origin != QUEUE:
            # Before the job exists: afterwards the folder belongs to the publisher.
            record = {"job": job_id, "state": "queued", "percent": 0.0}
            write_json(claim_folder(row) / "status.json", record)
        accepted = self.acceptance.accept(plan, job_id=job_id, submission_id=row.id)
        _log.info("%s: %s is job #%s", row.origin, row.name, accepted.number)
        taken = self.ledger.get(row.id)
        if taken is not None and taken.origin == QUEUE:
            self.write_receipt(taken)

    def _may_pass(self, error: FarmError) -> bool:
        passing = (ErrorClass.TRANSIENT, ErrorClass.RESOURCE, ErrorClass.DISK)
        return error.error_class in passing or error.code == "asset.changed"

    def _try_again(self, row: Submission, why: str, code: str = "") -> bool:
        tries = self._tries[row.id] = self._tries.get(row.id, 0) + 1
        self._complain(f"{row.name}: {why}")
        # The farm's own store may be away for as long as it likes.
        return tries < _MOST_TRIES or code.startswith("store.")


def _fault(row: Submission) -> FarmError:
    return FarmError(
        "the farm could not plan this",
        where=row.name,
        mend="This is a fault of the farm or of a plugin: tell the operator, whose log has it.",
        code="farm.fault",
    )


def _for_submitter(error: FarmError) -> dict[str, Any]:
    record: dict[str, Any] = dict(error.record())
    problems = getattr(error, "problems", None)
    return {**record, "problems": problems} if problems else record
