"""What a bucket's service lets the farm do there, and the words for what it does not.

Invariant: a refusal names the bucket, what was refused and who mends it how, and never a secret. It
stands until the service itself was asked again; while nothing is refused nobody asks.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from farm.artifacts.buckets import Failure, client_errors, failure, open_client
from farm.domain.errors import StoreError

Act = Literal["read", "write", "list", "delete"]

RIGHTS: Mapping[Act, str] = {
    # Without the right to list, a service answers "denied" for an object that is not there.
    "read": "s3:GetObject, s3:ListBucket",
    "write": "s3:PutObject",
    "list": "s3:ListBucket",
    "delete": "s3:DeleteObject",
}
_ACTS: Mapping[Act, str] = {
    "read": "read from",
    "write": "write to",
    "list": "list",
    "delete": "delete from",
}
_SILENCE_S = 5.0
_AGAIN_S, _AWAY_S = 5.0, 30.0
_NOTE = b"The farm writes and reads this file to learn whether it may use the bucket.\n"


def refused(url: str, act: Act, why: Failure) -> StoreError:
    """The complaint about a request of the store at ``url`` that failed.

    Its code is ``store.unreachable`` where it may pass by itself, else ``store.refused``.
    """
    bucket = url.removeprefix("s3://").partition("/")[0]
    whats = {
        "service": "the S3 service failed a request",
        "access": f"the S3 service does not let the farm {_ACTS[act]} the bucket {bucket}",
        "bucket": f"the S3 service has no bucket {bucket} for the farm to {_ACTS[act]}",
    }
    return StoreError(
        whats.get(why.kind, f"the S3 client cannot {_ACTS[act]} the bucket {bucket}"),
        where=url,
        got=why.got,
        mend=why.mend,
        code="store.unreachable" if why.kind == "service" else "store.refused",
    )


class Rights:
    """Whether the farm may read and write under ``prefix`` (``bucket`` or ``bucket/folder``)."""

    def __init__(
        self,
        prefix: str,
        options: Mapping[str, Any],
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._prefix, self._options = prefix, options
        self._monotonic = monotonic
        self._turn = threading.Lock()
        self._client: Any = None
        self._refusal = ""
        self._ask_at_s: float | None = float("-inf")

    def doubt(self, refusal: str) -> None:
        """A request was refused: :meth:`refusal` says so, once it has asked for itself."""
        self._refusal = refusal
        self._ask_at_s = float("-inf")

    def refusal(self) -> str:
        """What is refused and how to mend it, or nothing.

        Asks the service at first and after a refusal, at most every 5 s and for seconds.
        """
        due_s = self._ask_at_s
        if due_s is not None and self._monotonic() >= due_s and self._turn.acquire(blocking=False):
            try:
                self._ask()
            finally:
                self._turn.release()
        return self._refusal

    def _ask(self) -> None:
        url = f"s3://{self._prefix}"
        act: Act = "write"
        try:
            if self._client is None:
                self._client = open_client(
                    url,
                    self._options,
                    timeout_s=_SILENCE_S,
                    repeats=0,
                    code="store.missing-extra",
                )
            # Written first: only the answer to a request with a body says why it is refused.
            self._client.pipe_file(f"{self._prefix}/rights.txt", _NOTE)
            act = "read"
            with contextlib.suppress(FileNotFoundError):
                self._client.cat_file(f"{self._prefix}/rights.txt")
                self._client.info(f"{self._prefix}/objects/00/{'0' * 64}", refresh=True)
        except client_errors() as error:
            why = failure(error, self._options, rights=RIGHTS[act])
            away = why.kind == "service"
            # A service that is away refuses nobody; those who need it wait for it.
            self._refusal = "" if away else refused(url, act, why).sentence()
            self._ask_at_s = self._monotonic() + (_AWAY_S if away else _AGAIN_S)
        else:
            self._refusal, self._ask_at_s = "", None
