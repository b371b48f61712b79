"""The artifact store in a bucket of any S3-compatible service, with local copies.

Invariant: bytes are hashed before they are sent and again when they come back, and a local copy
exists only after that. The service makes an uploaded object visible whole or not at all.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from farm.artifacts.buckets import client_errors, failure, open_client
from farm.artifacts.local import LocalStore, rotten
from farm.artifacts.rights import RIGHTS, Act, Rights, refused
from farm.artifacts.store import checked_hash
from farm.domain.errors import ArtifactMissing, StoreError

T = TypeVar("T")

RENEW_S = 1800.0
"""An object older than this is sent again by a put, so that its age counts from now."""
_PART_BYTES = 8 << 20
_SILENCE_S, _REPEATS = 30.0, 2
COPY_KEEP_S = 86_400.0
"""A local copy that nobody asked for in this time is dropped by a sweep."""


class S3Store:
    """A store under ``prefix`` (``bucket`` or ``bucket/folder``).

    tries, backoff_s : how often a failing request is made, and the first wait between; it doubles.
    """

    def __init__(
        self,
        prefix: str,
        *,
        cache_dir: Path,
        options: Mapping[str, Any],
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        tries: int = 4,
        backoff_s: float = 0.25,
    ) -> None:
        self.prefix = prefix
        self.copies = LocalStore(cache_dir)
        self._clock = clock
        self._tries, self._backoff_s = tries, backoff_s
        self._options = options
        self._rights = Rights(prefix, options, monotonic=monotonic)
        self._remote = open_client(
            f"s3://{prefix}",
            options,
            timeout_s=_SILENCE_S,
            repeats=_REPEATS,
            code="store.missing-extra",
        )

    def put(self, path: Path, *, suffix: str = "", move: bool = False) -> tuple[str, int]:
        """See :meth:`farm.artifacts.store.Store.put`."""
        hash, size = self.copies.put(path, suffix=suffix, move=move)
        try:
            return self._send(hash, size)
        except StoreError:
            if move:
                # Nobody has it but this machine, so whoever made it keeps it, to put it again.
                with contextlib.suppress(FileExistsError):
                    path.hardlink_to(self.copies.fetch(hash))
            raise

    def put_bytes(self, data: bytes, suffix: str = "") -> tuple[str, int]:
        """See :meth:`farm.artifacts.store.Store.put_bytes`."""
        return self._send(*self.copies.put_bytes(data, suffix))

    def put_chunks(self, chunks: Iterable[bytes], suffix: str = "") -> tuple[str, int]:
        """See :meth:`farm.artifacts.store.Store.put_chunks`."""
        return self._send(*self.copies.put_chunks(chunks, suffix))

    def fetch(self, hash: str, suffix: str = "") -> Path:
        """See :meth:`farm.artifacts.store.Store.fetch`."""
        with contextlib.suppress(ArtifactMissing):
            path = self.copies.fetch(hash, suffix)
            self.copies.renew(hash)
            return path
        found, _ = self.copies.put_chunks(self._received(hash))
        if found != hash:
            self.copies.delete(found)
            raise rotten(self._url(hash), hash, found)
        return self.copies.fetch(hash, suffix)

    def verify(self, hash: str) -> int:
        """See :meth:`farm.artifacts.store.Store.verify`; reads the remote object, not a copy."""
        found, size = self.copies.put_chunks(self._received(hash))
        if found != hash:
            self.copies.delete(found)
            raise rotten(self._url(hash), hash, found)
        return size

    def exists(self, hash: str) -> bool:
        """See :meth:`farm.artifacts.store.Store.exists`."""
        return self._stat(hash) is not None

    def delete(self, hash: str, *, not_after_s: float | None = None) -> bool:
        """See :meth:`farm.artifacts.store.Store.delete`.

        The service has no way to look and delete in one step, so ``not_after_s`` leaves a gap of
        one request; a caller keeps it harmless by never collecting what is younger than an hour.
        """
        status = self._stat(hash)
        if status is None or (not_after_s is not None and status[1] > not_after_s):
            return False
        self._ask("delete", hash, lambda: self._remote.rm_file(self._key(hash)))
        self.copies.delete(hash)
        return True

    def hashes(self) -> Iterator[tuple[str, int, float]]:
        """See :meth:`farm.artifacts.store.Store.hashes`; one listing per leading byte."""
        for folder in self._list(f"{self.prefix}/objects"):
            for entry in self._list(folder["name"]):
                modified = entry["LastModified"].timestamp()
                yield entry["name"].rpartition("/")[2], int(entry["size"]), modified

    def free_bytes(self) -> int | None:
        """Room for local copies: a full disk there stops this machine's work."""
        return self.copies.free_bytes()

    def refusal(self) -> str:
        """See :meth:`farm.artifacts.store.Store.refusal`."""
        return self._rights.refusal()

    def sweep(self, older_than_s: float, now_s: float) -> int:
        """See :meth:`farm.artifacts.store.Store.sweep`; also drops unused local copies."""
        swept = self.copies.sweep(older_than_s, now_s)
        oldest = now_s - max(older_than_s, COPY_KEEP_S)
        for hash, _, used_s in self.copies.hashes():
            if used_s < oldest:
                swept += self.copies.delete(hash, not_after_s=oldest)
        return swept

    def _send(self, hash: str, size: int) -> tuple[str, int]:
        status = self._stat(hash)
        if status is None or status[0] != size or status[1] < self._clock() - RENEW_S:
            copy = str(self.copies.fetch(hash))
            self._ask("write", hash, lambda: self._remote.put_file(copy, self._key(hash)))
        return hash, size

    def _stat(self, hash: str) -> tuple[int, float] | None:
        """Size in bytes and time of the last put, or ``None``."""
        key = self._key(hash)
        try:
            found = self._ask("read", hash, lambda: self._remote.info(key, refresh=True))
        except ArtifactMissing:
            return None
        return int(found["size"]), found["LastModified"].timestamp()

    def _received(self, hash: str) -> Iterator[bytes]:
        """The remote bytes, 8 MiB at a time; a failed read is repeated from where it stopped."""
        key, status = self._key(hash), self._stat(hash)
        if status is None:
            raise self._missing(hash)
        start, size = 0, status[0]
        while start < size:
            stop = min(start + _PART_BYTES, size)
            read = partial(self._remote.cat_file, key, start=start, end=stop)
            part = self._ask("read", hash, read)
            if not part:
                return
            yield part
            start += len(part)

    def _list(self, folder: str) -> list[dict[str, Any]]:
        def listing() -> list[dict[str, Any]]:
            return list(self._remote.ls(folder, detail=True, refresh=True))

        try:
            return self._ask("list", "", listing)
        except ArtifactMissing:
            return []

    def _key(self, hash: str) -> str:
        return f"{self.prefix}/objects/{checked_hash(hash)[:2]}/{hash}"

    def _url(self, hash: str) -> str:
        return f"s3://{self._key(hash)}" if hash else f"s3://{self.prefix}"

    def _missing(self, hash: str) -> ArtifactMissing:
        return ArtifactMissing(
            "the store no longer has this artifact",
            where=self._url(hash),
            mend="Run the job again: what made it is repeated.",
            code="store.missing",
        )

    def _ask(self, act: Act, hash: str, request: Callable[[], T]) -> T:
        """Make a request, again after an error that may pass; then raise what the store says."""
        for attempt in range(self._tries):
            try:
                return request()
            except client_errors() as error:
                why = failure(error, self._options, rights=RIGHTS[act])
                if why.kind == "object":
                    raise self._missing(hash) from None
                if why.kind != "service" or attempt + 1 == self._tries:
                    complaint = refused(self._url(hash), act, why)
                    if why.kind != "service" and act in ("read", "write"):
                        self._rights.doubt(complaint.sentence())
                    raise complaint from error
            time.sleep(self._backoff_s * 2**attempt)
        raise AssertionError("a request is made at least once")
