"""Fetching what a manifest names by URL, from hosts and buckets that the operator allows.

Invariant: bytes come only from an allowed host over ``https`` (or an allowed bucket), also after a
redirect; they are counted while they come, and a connection that stalls is given up.
"""

from __future__ import annotations

import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection, Iterator, Mapping
from http.client import HTTPMessage
from pathlib import PurePosixPath
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from farm.artifacts.buckets import client_errors, failure
from farm.domain.errors import AssetError
from farm.intake.bucket_objects import BucketObject, why_no_key

_CHUNK = 1 << 20
_MOST_SHOWN = 200


class Downloads:
    """Fetches from ``hosts`` (host names, ``host:port``, or bucket names).

    timeout_s : longest silence; total_s : longest download; s3_options : for the S3 client.
    """

    def __init__(
        self,
        hosts: Collection[str],
        *,
        max_bytes: int,
        timeout_s: float = 30.0,
        total_s: float = 900.0,
        s3_options: Mapping[str, Any] | None = None,
        tls: ssl.SSLContext | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.hosts = frozenset(host.lower() for host in hosts)
        self.max_bytes = max_bytes
        self.timeout_s = timeout_s
        self.total_s = total_s
        self.s3_options = dict(s3_options or {})
        self.tls = tls
        self.monotonic = monotonic

    def check(self, url: str) -> None:
        """Refuse a URL of another scheme or host, and one of a bucket that names no object in it.
        Raises AssetError ``asset.url-refused``."""
        parts = urlsplit(url)
        if parts.scheme not in ("https", "s3"):
            raise self._refused(url, "an https:// or s3:// address", f"{parts.scheme}://")
        host = (parts.hostname or "").lower()
        names = {host, parts.netloc.lower()}
        if not host or parts.username or not names & self.hosts:
            allowed = ", ".join(sorted(self.hosts)) or "none"
            raise self._refused(url, f"an allowed host ({allowed})", host or "no host")
        wrong = why_no_key(url) if parts.scheme == "s3" else None
        if wrong is not None:
            raise self._refused(url, *wrong, mend="Mend the address and submit again.")

    def chunks(self, url: str) -> Iterator[bytes]:
        """The bytes behind an allowed URL, piece by piece.

        Raises
        ------
        AssetError : refused, not there, too large or cut off (``asset.url-…``).
        MissingExtra : from a bucket, without the packages for that.
        """
        self.check(url)
        start_s = self.monotonic()
        received = 0
        try:
            with self._open(url) as (stream, length):
                if length is not None and length > self.max_bytes:
                    raise self._too_large(url, length)
                # What has arrived, not a full piece: one byte now and then is no progress.
                while chunk := stream.read1(_CHUNK):
                    received += len(chunk)
                    if received > self.max_bytes:
                        raise self._too_large(url, received)
                    if self.monotonic() - start_s > self.total_s:
                        raise self._failed(url, f"more than {self.total_s:g} s for all of it")
                    yield chunk
                if length is not None and received != length:
                    raise self._failed(url, f"{received} of {length} bytes, then the end")
        except self._errors(url) as error:
            if urlsplit(url).scheme == "s3":
                why = failure(error, self.s3_options)
                raise self._failed(url, why.got, why.mend) from error
            if isinstance(error, urllib.error.HTTPError):
                raise self._failed(url, f"the answer {error.code} {error.reason}") from error
            raise self._failed(url, str(getattr(error, "reason", error))) from error

    def _errors(self, url: str) -> tuple[type[Exception], ...]:
        return client_errors() if urlsplit(url).scheme == "s3" else (OSError, ValueError)

    def _open(self, url: str) -> _Source:
        if urlsplit(url).scheme == "s3":
            found = BucketObject(url, self.s3_options, timeout_s=self.timeout_s)
            return _Source(found, found.length)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler(),
            urllib.request.HTTPSHandler(context=self.tls or ssl.create_default_context()),
            _AllowedRedirects(self.check),
        )
        request = urllib.request.Request(url, headers={"User-Agent": "farm"})
        answer = opener.open(request, timeout=self.timeout_s)
        length = answer.headers.get("Content-Length")
        return _Source(answer, int(length) if length and length.isdecimal() else None)

    def _refused(self, url: str, expected: str, got: str, mend: str = "") -> AssetError:
        return AssetError(
            "nothing is fetched from this address",
            where=_shown(url),
            expected=expected,
            got=got,
            mend=mend
            or "Put the file beside the manifest, or ask the operator to add the host to "
            "`url_hosts`.",
            code="asset.url-refused",
        )

    def _failed(self, url: str, got: str, mend: str = "") -> AssetError:
        return AssetError(
            "the file could not be fetched",
            where=_shown(url),
            got=got,
            mend=f"{mend} Then submit again." if mend else "Check the address and submit again.",
            code="asset.url-failed",
        )

    def _too_large(self, url: str, size: int) -> AssetError:
        return AssetError(
            "the file is too large",
            where=_shown(url),
            expected=f"at most {self.max_bytes} bytes",
            got=f"{size} or more",
            mend="Send a smaller file, or ask the operator to raise `max_asset_mb`.",
            code="asset.too-large",
        )


def name_in(url: str) -> str:
    """The file name at the end of a URL's path."""
    return PurePosixPath(unquote(urlsplit(url).path)).name


class _Source:
    """A stream that is closed at the end, with its length in bytes if that is known."""

    def __init__(self, stream: Any, length: int | None) -> None:
        self.stream, self.length = stream, length

    def __enter__(self) -> tuple[Any, int | None]:
        return self.stream, self.length

    def __exit__(self, *_: object) -> None:
        self.stream.close()


class _AllowedRedirects(urllib.request.HTTPRedirectHandler):
    """Follows a redirect only to where the manifest itself might have pointed."""

    max_redirections = 5

    def __init__(self, check: Callable[[str], None]) -> None:
        self.check = check

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        self.check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _shown(url: str) -> str:
    """Without the query, which may hold a signature, and without a password."""
    parts = urlsplit(url)
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    return shown if len(shown) <= _MOST_SHOWN else f"{shown[:_MOST_SHOWN]}…"
