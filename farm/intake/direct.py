"""Submitting without a folder: ``farm submit``, ``farm validate``, and ``farm approve --master``.

Invariant: what is submitted stays where it is; it is refused for the same reasons as in a folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from farm.domain.errors import AssetError, FarmError, StoreFull
from farm.domain.ids import new_id
from farm.intake.acceptance import Acceptance, Accepted
from farm.intake.requests import Request, Requests
from farm.intake.scan import look
from farm.ledger.masters import Approved, Masters

What = Path | Mapping[str, Any]


class Direct:
    """Reads from anywhere. no_room : why nothing may be accepted now, or ``None``."""

    def __init__(
        self, requests: Requests, acceptance: Acceptance, no_room: Callable[[], str | None]
    ) -> None:
        self.requests = requests
        self.acceptance = acceptance
        self._no_room = no_room

    def submit(
        self,
        what: What,
        *,
        pipeline: str,
        fields: Mapping[str, Any] | None,
        submitter: str,
        root: Path | None = None,
    ) -> Accepted:
        """See :meth:`farm.intake.desk.Intake.submit`."""
        self._need_room()
        request = self.read(what, pipeline=pipeline, fields=fields, root=root)
        plan = self.acceptance.plan(request, submitter=submitter or "cli")
        same = self.acceptance.same_as(plan, again=request.again)
        if same is not None:
            return Accepted(same["id"], same["number"], True, same["published"])
        return self.acceptance.accept(plan, actor=f"cli {submitter}".strip())

    def approve(self, draft_id: str, *, quality: str, actor: str) -> Approved:
        """See :meth:`farm.intake.desk.Intake.approve`."""
        self._need_room()
        masters = Masters(self.acceptance.jobs.database)
        fields = masters.manifest_for(draft_id, quality)
        plan = self.acceptance.plan(self.requests.from_fields(fields, Path("/")))
        return masters.approve(plan, job_id=new_id(self.acceptance.clock()), actor=actor)

    def validate(
        self,
        what: What,
        *,
        pipeline: str,
        fields: Mapping[str, Any] | None,
        root: Path | None = None,
    ) -> list[dict[str, str]]:
        """See :meth:`farm.intake.desk.Intake.validate`."""
        try:
            self.acceptance.check(self.read(what, pipeline=pipeline, fields=fields, root=root))
        except FarmError as error:
            return list(getattr(error, "problems", None) or [error.record()])
        return []

    def read(
        self,
        what: What,
        *,
        pipeline: str,
        fields: Mapping[str, Any] | None,
        root: Path | None = None,
    ) -> Request:
        """The request that a file, a folder or manifest fields make (their paths relative to
        ``root``, default: the working folder). Raises InputError."""
        if not isinstance(what, Path):
            defaults = {"pipeline": pipeline} if pipeline else {}
            request = self.requests.from_fields({**defaults, **what}, root or Path.cwd())
            return self.requests.changed(request, fields or {})
        path = what.absolute()
        seen = look(path)
        if seen is None or seen.odd:
            raise AssetError(
                "there is no such file or folder" if seen is None else "it is not a file",
                where=str(what),
                got="" if seen is None else seen.odd,
                mend="Name a manifest, a prompt, a picture, a clip or a folder of them.",
                code="submission.missing",
            )
        return self.requests.changed(
            self.requests.read(path, seen, pipeline=pipeline), fields or {}
        )

    def _need_room(self) -> None:
        full = self._no_room()
        if full is not None:
            raise StoreFull("nothing new is accepted", where="store", got=full, code="farm.full")
