"""From a request to a job in the ledger.

Invariant: everything that can be refused is refused before the one transaction that makes the job,
and the same content makes a second job only when somebody asks for that.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from farm.artifacts.local import LocalStore
from farm.artifacts.store import Store
from farm.config import Settings
from farm.domain.errors import ManifestError
from farm.domain.ids import new_id
from farm.domain.plan import Plan
from farm.domain.wording import MB
from farm.intake.assets import Assets, with_texts
from farm.intake.downloads import Downloads
from farm.intake.requests import Request
from farm.ledger.artifacts import Artifacts
from farm.ledger.database import Database
from farm.ledger.jobs import Jobs
from farm.ledger.submissions import Submissions
from farm.planning import plan as make_plan
from farm.registry import Registry


@dataclass(frozen=True, slots=True)
class Accepted:
    """A job in the ledger. ``duplicate``: it was there before, for the same content.

    published : path of its finished folder, once there is one.
    """

    job_id: str
    number: int
    duplicate: bool = False
    published: str | None = None


class Acceptance:
    """Plans requests and writes them as jobs.

    downloads : passed in by tests; by default from the settings.
    """

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        store: Store,
        database: Database,
        *,
        clock: Callable[[], float],
        downloads: Downloads | None = None,
    ) -> None:
        self.settings = settings
        self.registry = registry
        self.store = store
        self.clock = clock
        self.known = Artifacts(database)
        self.jobs = Jobs(database)
        self.ledger = Submissions(database)
        self.downloads = downloads or Downloads(
            settings.url_hosts,
            max_bytes=settings.max_asset_mb * MB,
            s3_options=settings.store_options,
        )
        self.assets = Assets(settings, store, self.known, self.downloads)

    def plan(self, request: Request, *, submitter: str = "anonymous") -> Plan:
        """Put the inputs into the store and decide everything.

        Raises
        ------
        InputError : the submitter can mend it. StoreError : the store fails; worth another try.
        """
        return self._plan(request, self.assets, self.store, submitter)

    def check(self, request: Request, *, submitter: str = "anonymous") -> Plan:
        """The same without leaving anything in the store. Raises what :meth:`plan` raises."""
        with tempfile.TemporaryDirectory(prefix="farm-validate-") as folder:
            aside = LocalStore(Path(folder))
            assets = Assets(self.settings, aside, self.known, self.downloads, lookup=self.store)
            return self._plan(request, assets, aside, submitter)

    def same_as(self, plan: Plan, *, again: bool) -> dict[str, Any] | None:
        """The earlier job (id, number, state, published) that makes a new one needless."""
        return None if again else self.jobs.find_same(plan.content_key)

    def accept(
        self,
        plan: Plan,
        *,
        job_id: str = "",
        submission_id: str | None = None,
        actor: str = "intake",
    ) -> Accepted:
        """Write the job. Raises LostClaim when the submission is not claimed any more."""
        job_id = job_id or new_id(self.clock())
        number = self.jobs.accept(plan, job_id=job_id, submission_id=submission_id, actor=actor)
        return Accepted(job_id, number)

    def _plan(self, request: Request, assets: Assets, store: Store, submitter: str) -> Plan:
        self._check_notify(request)
        inputs = assets.gather(request.manifest, request.pipeline, request.roots)
        return make_plan(
            with_texts(request.manifest, request.pipeline, inputs, store),
            request.pipeline,
            self.registry,
            inputs=inputs,
            offers=self.ledger.offers(),
            name=request.title,
            submitter=submitter,
        )

    def _check_notify(self, request: Request) -> None:
        notify = request.manifest.notify
        if notify is None or notify.url is None:
            return
        host = urlsplit(notify.url).hostname or ""
        if host not in self.settings.notify_hosts:
            raise ManifestError(
                "nobody is told at this address",
                where="notify.url",
                expected=f"a host of `notify_hosts` ({', '.join(self.settings.notify_hosts)})",
                got=host,
                mend="Remove it, or ask the operator to allow the host.",
                code="manifest.notify-refused",
            )
