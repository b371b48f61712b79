"""Taking things from a submitter and giving them back.

Invariant: each rename is recorded before it is done, and each method can be called again after a
crash at any point in it: what was done is found and not done twice, and no original is ever lost.

    claiming: recorded -> renamed -> looked at again -> claimed (or renamed back and forgotten)
    rejecting, duplicating: recorded -> explained -> renamed -> rejected, duplicate
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from farm.domain.errors import LostClaim
from farm.domain.ids import new_id
from farm.domain.states import SubmissionState
from farm.intake.doors import ERROR, QUEUE, Door, beside
from farm.intake.explaining import (
    error_record,
    explain_duplicate,
    explain_rejection,
    remove_error,
    write_error,
)
from farm.intake.files import move_new, remove_claim, sync_folder, write_json
from farm.intake.names import free_path, printable
from farm.intake.scan import Seen, look, same_content, was_folder
from farm.ledger.submissions import Submission, Submissions


class Custody:
    """Moves submissions between the states in which they change place.

    clock : seconds since 1970.
    """

    def __init__(
        self,
        ledger: Submissions,
        clock: Callable[[], float],
    ) -> None:
        self.ledger = ledger
        self.clock = clock

    def claim(self, door: Door, seen: Seen) -> Submission | None:
        """Take an entry; ``None`` when it changed or vanished meanwhile.

        Raises
        ------
        OSError : the folder does not let itself be written to; nothing was changed.
        """
        id = new_id(self.clock())
        arrived, location = door.folder / seen.name, door.claim_path(id, seen.name)
        row = self.ledger.begin_claim(
            id,
            origin=door.origin,
            name=seen.name,
            arrived=arrived,
            location=location,
            fingerprint=seen.fingerprint,
            returned_to=door.accepted_path(seen.name) if door.is_queue else None,
        )
        try:
            location.parent.mkdir(parents=True)
            arrived.rename(location)
        except OSError as error:
            self.ledger.forget(id, f"it could not be claimed: {error.strerror}")
            remove_claim(location.parent.parent)
            if isinstance(error, FileNotFoundError):
                return None
            raise
        return self.finish_claim(row)

    def finish_claim(self, row: Submission) -> Submission | None:
        """From ``claiming`` to ``claimed``, or back to where it arrived."""
        folder = row.location.parent.parent
        if not os.path.lexists(row.location):
            self.ledger.forget(row.id, "it was not renamed")
            remove_claim(folder)
            return None
        sync_folder(row.location.parent)
        sync_folder(row.arrived.parent)
        now = look(row.location)
        unchanged = now is not None and same_content(now.fingerprint, row.fingerprint)
        if unchanged and not _same_file(row.arrived, row.location):
            if self.ledger.claimed(row.id):
                return self.ledger.get(row.id)
            if self.ledger.get(row.id) is not None:
                return None  # Another daemon goes on with it.
            # Another daemon saw the intent before the rename, and took it back.
        back = row.arrived
        if not _same_file(back, row.location):
            back = free_path(row.arrived, is_folder=was_folder(row.fingerprint))
        move_new(row.location, back)
        self.ledger.forget(row.id, "it changed while it was claimed")
        remove_claim(folder)
        return None

    def reject(self, row: Submission, error: Mapping[str, Any]) -> None:
        """Give it back with the reason."""
        door = door_of(row)
        if door.is_queue:
            target = door.queue_rejected_path(row.returned_to or row.arrived)
        elif _was_returned(row):
            target = parcel_of(row)
        else:
            target = door.rejected_path(row.name, is_folder=was_folder(row.fingerprint))
        try:
            self.ledger.reject(row.id, error, target)
        except LostClaim:
            return  # Its job was retried, or somebody else is returning it.
        self.resume(row.id)

    def duplicate(self, row: Submission, *, of: Mapping[str, Any], content_key: str) -> None:
        """Put it aside: ``of`` (id, number, published) made or makes the same."""
        door = door_of(row)
        if door.is_queue:
            target = row.returned_to or door.accepted_path(row.name)
        else:
            target = door.duplicate_path(row.name, is_folder=was_folder(row.fingerprint))
        self.ledger.duplicate(row.id, of=of["id"], content_key=content_key, returned_to=target)
        self.resume(row.id, of)

    def resume(self, id: str, of: Mapping[str, Any] | None = None) -> None:
        """Finish a return that was recorded."""
        row = self.ledger.get(id)
        if row is None or row.returned_to is None:
            return
        if row.state is SubmissionState.REJECTING:
            self._give_back(row, lambda place: explain_rejection(row, place))
        elif row.state is SubmissionState.DUPLICATING:
            of = of or self.ledger.job_in_short(str(row.job_id))
            known = of
            self._give_back(row, lambda place: explain_duplicate(row, known, place))

    def reclaim(self, row: Submission) -> Submission:
        """Bring back what was returned, because its job was retried; where it is gone, so be it."""
        wanted = door_of(row).claim_path(row.id, row.name)
        home = wanted if was_folder(row.fingerprint) else wanted.parent
        if row.origin == QUEUE or os.path.lexists(home):
            return row
        rejected = door_of(row).folder / "_rejected"
        known = [path for path in (row.returned_to, parcel_of(row)) if path is not None]
        found = next((p for p in known if p.is_relative_to(rejected) and p.is_dir()), None)
        if found is None:
            return row
        # `returned_to` still says where it is, should the next step not be reached.
        self.ledger.aim(row.id, location=wanted, returned_to=found)
        remove_error(found)
        home.parent.mkdir(parents=True, exist_ok=True)
        move_new(found, home)
        return self.ledger.get(row.id) or row

    def sweep(self, door: Door) -> None:
        """Clear what a crash, or the loss of the ledger, left in ``_claimed``."""
        if not door.claimed.is_dir():
            return
        for folder in sorted(door.claimed.iterdir()):
            unknown = self.ledger.get(folder.name) is None
            if unknown and not (folder / "source").is_dir():
                continue  # not the farm's
            if unknown:
                for original in sorted((folder / "source").iterdir()):
                    is_folder = original.is_dir()
                    back = free_path(door.folder / original.name, is_folder=is_folder)
                    move_new(original, back)
            remove_claim(folder)

    def refuse_name(self, door: Door, seen: Seen, error: Mapping[str, Any]) -> None:
        """Return an entry whose name cannot be written down, under a name that can.

        The ledger keeps text, so it knows nothing of it: one rename does all that matters.
        """
        safe = printable(seen.name)
        if door.is_queue:
            target = door.queue_rejected_path(door.accepted_path(safe))
            target.parent.mkdir(parents=True, exist_ok=True)
            write_json(beside(target, ERROR), error_record(seen.name, error))
            move_new(door.folder / seen.name, target)
            return
        folder = door.folder / "_rejected" / safe
        taken = os.path.lexists(folder / safe)
        if taken and not _same_file(folder / safe, door.folder / seen.name):
            folder = free_path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_error(folder, seen.name, error)
        move_new(door.folder / seen.name, folder / safe)

    def _give_back(self, row: Submission, explain: Callable[[Path], None]) -> None:
        target = row.returned_to
        assert target is not None
        single = row.origin == QUEUE
        parcel = manifest_at(row) if single else parcel_of(row)
        target.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(parcel):
            explain(target if single else parcel)
            if parcel != target:
                if os.path.lexists(target) and not _same_file(parcel, target):
                    target = free_path(target, is_folder=not single)
                    self.ledger.aim(row.id, returned_to=target)
                move_new(parcel, target)
                sync_folder(target.parent)
        elif not os.path.lexists(target):
            # The submitter took the originals away; the reason is still theirs to read.
            if not single:
                target.mkdir()
            explain(target)
        is_file = not single and not was_folder(row.fingerprint)
        located = target / row.name if is_file else target
        self.ledger.returned(row.id, located)
        remove_claim(claim_folder(row))


def door_of(row: Submission) -> Door:
    """The door a submission came through, also when it is not configured any more."""
    return Door(row.origin, row.arrived.parent)


def claim_folder(row: Submission) -> Path:
    """``_claimed/<id>`` of a submission, whether or not it is there."""
    return door_of(row).claimed / row.id


def manifest_at(row: Submission) -> Path:
    """Where a manifest of the queue is: the publisher may have begun to file it as accepted."""
    accepted = door_of(row).folder.parent / "accepted" / (row.returned_to or row.arrived).name
    places = (row.location, door_of(row).claim_path(row.id, row.name), accepted)
    return next((path for path in places if os.path.lexists(path)), row.location)


def parcel_of(row: Submission) -> Path:
    """The folder that is moved when a submission to a drop folder is returned."""
    return row.location if was_folder(row.fingerprint) else row.location.parent


def _was_returned(row: Submission) -> bool:
    return row.location.is_relative_to(door_of(row).folder / "_rejected")


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.lstat().st_ino == other.lstat().st_ino and one.samefile(other)
    except OSError:
        return False
