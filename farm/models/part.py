"""A file on its way into the store.

Invariant: it never grows beyond the size its manifest states, it stays for the next try when a
download breaks off, and only a file with the stated SHA-256 leaves its partial name.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from farm.domain.errors import ModelError
from farm.models.manifest import ModelFile

CHUNK_BYTES = 1 << 20

Report = Callable[[str, int, int], None]
"""``(file, bytes so far, bytes in all)``."""


class Part:
    """The partial file of ``wanted`` at ``path``; continues what an earlier try left there."""

    def __init__(self, path: Path, wanted: ModelFile, report: Report) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.wanted = wanted
        self._report = report
        self._digest = hashlib.sha256()
        self._file = path.open("a+b")
        self.at = 0
        self._file.seek(0)
        while chunk := self._file.read(CHUNK_BYTES):
            self._digest.update(chunk)
            self.at += len(chunk)
        if self.at > wanted.bytes:
            self.restart()

    def __enter__(self) -> Part:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def complete(self) -> bool:
        """Whether every byte is here; whether they are right is for :meth:`finish` to say."""
        return self.at == self.wanted.bytes

    def restart(self) -> None:
        """Forget what is here."""
        self._file.truncate(0)
        self._digest = hashlib.sha256()
        self.at = 0

    def write(self, chunk: bytes) -> None:
        """Add bytes. Raises ModelError when the file becomes longer than its manifest says."""
        if self.at + len(chunk) > self.wanted.bytes:
            raise ModelError(
                "the source has more bytes than the manifest says",
                where=self.wanted.path,
                expected=f"{self.wanted.bytes} bytes",
                mend="It is another version of the file; mend the manifest or the source.",
                code="model.too-long",
            )
        self._file.write(chunk)
        self._digest.update(chunk)
        self.at += len(chunk)
        self._report(self.wanted.path, self.at, self.wanted.bytes)

    def copy(self, stream: IO[bytes] | Any) -> None:
        """Add everything ``stream`` gives."""
        while chunk := stream.read(CHUNK_BYTES):
            self.write(chunk)

    def finish(
        self,
        target: Path,
        quarantine: Callable[[Path], Path],
        check: Callable[[Path], None] = lambda _: None,
    ) -> None:
        """Check what is here and rename it to ``target``; durable when this returns.

        check : raises when the whole, right file may not be kept all the same.

        Raises
        ------
        ModelError : bytes are missing (they are kept), or wrong (they go to ``quarantine``).
        """
        if not self.complete:
            raise ModelError(
                "the source ended early",
                where=self.wanted.path,
                expected=f"{self.wanted.bytes} bytes",
                got=str(self.at),
                mend="Fetch it again: it goes on where it broke off.",
                code="model.too-short",
            )
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        if self._digest.hexdigest() != self.wanted.sha256:
            kept = quarantine(self.path)
            raise ModelError(
                "the source's file is not the one the manifest means",
                where=self.wanted.path,
                expected=f"sha256 {self.wanted.sha256}",
                got=self._digest.hexdigest(),
                mend=f"It was moved to {kept}. Mend the manifest or the source.",
                code="model.corrupt",
            )
        check(self.path)
        target.parent.mkdir(parents=True, exist_ok=True)
        self.path.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
