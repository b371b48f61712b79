"""One object of a bucket as a stream.

Invariant: all bytes are of one version of the object: an answer that breaks off is gone on with only
while the object is the same, and one that ends before its length is an error and no shorter file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from farm.artifacts.buckets import Replaced, client_errors, failure, open_client

_LONGEST_KEY_BYTES = 1024
_MOST_RESUMPTIONS = 3


class BucketObject:
    """Opens ``s3://bucket/key``; ``length``: its bytes, if the service tells.

    Raises (also while it is read) what :func:`farm.artifacts.buckets.client_errors` names, and
    MissingExtra.
    """

    def __init__(self, url: str, options: Mapping[str, Any], *, timeout_s: float) -> None:
        parts = urlsplit(url)
        # One repetition: the intake looks at nothing else meanwhile.
        self._client = open_client(
            url, options, timeout_s=timeout_s, repeats=1, code="asset.url-failed"
        )
        self._options = options
        self._named = {"Bucket": parts.netloc, "Key": unquote(parts.path).removeprefix("/")}
        self._at, self._resumptions = 0, 0
        answer = self._client.call_s3("get_object", **self._named)
        self._body: Any = answer["Body"]
        self._etag: str = answer.get("ETag", "")
        self.length: int | None = answer.get("ContentLength")

    def read1(self, size: int) -> bytes:
        """What has arrived, at most ``size`` bytes; empty at the end."""
        from fsspec.asyn import sync

        while True:
            try:
                chunk: bytes = sync(self._client.loop, self._body.read, size)
            except client_errors() as error:
                passing = failure(error, self._options).kind == "service"
                if not (passing and self._etag) or self._resumptions == _MOST_RESUMPTIONS:
                    raise
                self._resume(error)
                continue
            self._at += len(chunk)
            return chunk

    def close(self) -> None:
        """End the connection."""
        self._client.loop.call_soon_threadsafe(self._body.close)

    def _resume(self, broken: Exception) -> None:
        """Go on from where the answer broke off, if the object is still the same."""
        self._resumptions += 1
        self.close()
        try:
            answer = self._client.call_s3(
                "get_object", **self._named, IfMatch=self._etag, Range=f"bytes={self._at}-"
            )
        except OSError as error:
            said = getattr(error.__cause__, "response", {}).get("Error", {})
            if said.get("Code") in ("PreconditionFailed", "412"):
                raise Replaced("it was replaced while it was read") from error
            raise
        self._body = answer["Body"]
        if not str(answer.get("ContentRange")).startswith(f"bytes {self._at}-"):
            raise broken  # The service does not know how to go on.


def why_no_key(url: str) -> tuple[str, str] | None:
    """What was expected of an ``s3://`` address and what it has instead; ``None`` when it names an
    object."""
    parts = urlsplit(url)
    key = unquote(parts.path, errors="replace").removeprefix("/")
    if parts.netloc != parts.hostname and parts.netloc.lower() != parts.hostname:
        return "s3://bucket/key", "a user or port before the key"
    if parts.query or parts.fragment or "?" in url or "#" in url:
        return "a key without `?` and `#` (in a key they are written %3F and %23)", "one of them"
    if not key or key.endswith("/"):
        return "the key of a file", "a folder" if key else "a bucket without a key"
    # The service takes a key as it is; what is between may resolve it, out of the bucket.
    if any(part in ("", ".", "..") for part in key.split("/")):
        return "a key without empty, `.` and `..` parts", repr(key[:80])
    if not key.isprintable() or "\ufffd" in key:
        return "a key of printable characters", repr(key[:80])
    size = len(key.encode())
    if size > _LONGEST_KEY_BYTES:
        return f"a key of at most {_LONGEST_KEY_BYTES} bytes", f"{size} bytes"
    return None
