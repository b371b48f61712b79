"""The artifact store: what every store promises, and which one a URL names.

Invariant: an artifact's name is the SHA-256 of its bytes, and a name appears only once all of its
bytes are durable. So a reader never sees half a file, and a writer may die at any moment.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from farm.domain.errors import ConfigError, FarmError

_HASH = re.compile(r"[0-9a-f]{64}")
_SUFFIX = re.compile(r"(\.[A-Za-z0-9_-]{1,16}){0,3}")


class Store(Protocol):
    """Where artifacts live. Every method may be called from several threads and processes.

    ``suffix`` (``.mp4``, or empty) is how a reader wants the local file to end; it is no part of
    an artifact's identity, so equal bytes are kept once. All methods raise ``StoreError`` (or its
    ``StoreFull``, ``ArtifactMissing``) when the store fails them.
    """

    def put(self, path: Path, *, suffix: str = "", move: bool = False) -> tuple[str, int]:
        """Keep a regular file; returns (hash, size in bytes). Idempotent; renews its age.

        move : the file is given away: it is renamed into the store where that is possible, and is
            gone from ``path`` afterwards. Nobody may write to it any more.
        """

    def put_bytes(self, data: bytes, suffix: str = "") -> tuple[str, int]:
        """Keep these bytes; returns (hash, size in bytes)."""

    def put_chunks(self, chunks: Iterable[bytes], suffix: str = "") -> tuple[str, int]:
        """Keep a stream; when the iterable raises, nothing is kept and the error goes on."""

    def fetch(self, hash: str, suffix: str = "") -> Path:
        """A local, read-only file with these bytes whose name ends in ``suffix``."""

    def verify(self, hash: str) -> int:
        """Read all of it again; returns its size. A file that rotted is a ``StoreError``."""

    def exists(self, hash: str) -> bool:
        """Whether the store has it."""

    def delete(self, hash: str, *, not_after_s: float | None = None) -> bool:
        """Remove it; returns whether it was there and was removed.

        not_after_s : leave it when it was put (again) later than this, in seconds since 1970.
        """

    def hashes(self) -> Iterator[tuple[str, int, float]]:
        """Everything in the store: hash, size in bytes, last put in seconds since 1970."""

    def free_bytes(self) -> int | None:
        """Room on the disk it writes to (S3: local copies), ``None`` where nobody can tell."""

    def refusal(self) -> str:
        """What its service does not let the farm do, with the mend, or nothing. May take seconds
        at first and while there is a refusal."""

    def sweep(self, older_than_s: float, now_s: float) -> int:
        """Remove what writers that died left behind, when older than this; returns how many."""


def open_store(
    url: str,
    *,
    cache_dir: Path,
    options: Mapping[str, Any] | None = None,
    clock: Callable[[], float] = time.time,
) -> Store:
    """The store at ``file:///folder`` or ``s3://bucket/prefix``.

    cache_dir : folder for local copies of a remote store's files; unused for ``file:``.
    options : for the S3 client (``endpoint_url``, ``key``, ``secret``, …).

    Raises
    ------
    ConfigError : a URL that names no store. MissingExtra : ``s3:`` without its packages.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and parts.netloc in ("", "localhost") and parts.path.startswith("/"):
        from farm.artifacts.local import LocalStore

        return LocalStore(Path(unquote(parts.path)))
    if parts.scheme == "s3" and parts.netloc:
        from farm.artifacts.s3 import S3Store

        return S3Store(
            f"{parts.netloc}/{parts.path.strip('/')}".rstrip("/"),
            cache_dir=cache_dir,
            options=options or {},
            clock=clock,
        )
    raise ConfigError(
        "names no artifact store",
        where="store",
        expected="file:///folder or s3://bucket/prefix",
        got=f"{parts.scheme or 'no scheme'}://{parts.hostname or ''}{parts.path}",
        mend="Set `store` in farm.toml; leave it empty for a folder in the spool.",
        code="store.bad-url",
    )


def checked_hash(hash: str) -> str:
    """``hash`` itself, or a refusal: it becomes part of a path."""
    if not _HASH.fullmatch(hash):
        raise FarmError(
            "is not the name of an artifact",
            where=repr(hash[:80]),
            expected="64 lower-case hexadecimal digits",
            code="store.bad-hash",
        )
    return hash


def checked_suffix(suffix: str) -> str:
    """``suffix`` itself, or a refusal: it becomes part of a path."""
    if not _SUFFIX.fullmatch(suffix):
        raise FarmError(
            "is not a file name ending",
            where=repr(suffix[:80]),
            expected="a dot and up to 16 letters or digits, as in .mp4",
            code="store.bad-suffix",
        )
    return suffix
