"""Downloads over HTTP that go on where they broke off.

Invariant: a byte that has arrived is not asked for again while the server can give a range, and a
credential goes to the host it is meant for and to no other.
"""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from http.client import HTTPMessage
from typing import IO, Any
from urllib.parse import urlsplit

from farm.domain.errors import LicenceError, ModelError
from farm.models.access import Access
from farm.models.part import Part

_TRIES = 5
"""Attempts in a row without a single new byte."""


def download(url: str, part: Part, access: Access, *, token: str = "") -> None:
    """Add what ``part`` still lacks.

    Raises
    ------
    ModelError : the server does not have it, or keeps breaking off.
    LicenceError : the server wants a (better) token.
    """
    idle = 0
    while not part.complete:
        before = part.at
        try:
            _go_on(url, part, token, access.timeout_s)
            trouble = "the connection ended early"
        except urllib.error.HTTPError as error:
            with error:
                if error.code == 416:
                    part.restart()
                elif error.code < 500 and error.code not in (408, 429):
                    raise _refused(url, error.code) from error
            trouble = f"HTTP {error.code}"
        except (OSError, http.client.HTTPException) as error:
            trouble = f"{type(error).__name__}: {error}"
        idle = 0 if part.at > before else idle + 1
        if part.complete or idle < _TRIES:
            time.sleep(access.wait_s * idle)
        else:
            raise ModelError(
                "the download broke off",
                where=url,
                expected=f"{part.wanted.bytes} bytes",
                got=f"{part.at}, then {trouble}",
                mend="Fetch it again: it goes on where it broke off.",
                code="model.broken-off",
            )


def _go_on(url: str, part: Part, token: str, timeout_s: float) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "farm"})
    if part.at:
        request.add_header("Range", f"bytes={part.at}-")
    if token:
        # Not one of the headers that follow a redirection to another host.
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    opener = urllib.request.build_opener(_NoDowngrade())
    with opener.open(request, timeout=timeout_s) as answer:
        if part.at and not _continues(answer, part.at):
            part.restart()
        part.copy(answer)


def _continues(answer: Any, at: int) -> bool:
    """Whether the server gives the range that was asked for, and not the whole file again."""
    given = str(answer.headers.get("Content-Range", ""))
    return answer.status == 206 and given.startswith(f"bytes {at}-")


def _refused(url: str, code: int) -> ModelError | LicenceError:
    if code in (401, 403):
        return LicenceError(
            "the server gives this file to members only",
            where=url,
            got=f"HTTP {code}",
            mend="Accept the licence on the model's page, and set `models_hub_token`.",
            code="model.members-only",
        )
    return ModelError(
        "the server does not have this file",
        where=url,
        got=f"HTTP {code}",
        mend="Compare the manifest's source with the model's page.",
        code="model.no-file",
    )


class _NoDowngrade(urllib.request.HTTPRedirectHandler):
    """What was asked for over ``https`` is not fetched in the open."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        if urlsplit(req.full_url).scheme == "https" and urlsplit(newurl).scheme != "https":
            raise OSError("the server sends this download to an address without TLS")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
