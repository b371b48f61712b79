"""The artifact store in a folder.

Invariant: ``objects/ab/<hash>`` exists only with all of its bytes, which are on the disk. A file
is written under ``tmp/``, flushed, renamed to its hash, and its folder is flushed.

    objects/ab/<hash>             the artifact, mode 0444
    named/ab/<hash>/<hash>.mp4    a hard link per ending that a reader asked for
    tmp/                          files that are being written or removed
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from farm.artifacts.disk import (
    disk_errors,
    entries,
    fsync_folder,
    open_regular,
    read_chunks,
    write_all,
)
from farm.artifacts.store import checked_hash, checked_suffix
from farm.domain.errors import ArtifactMissing, StoreError


class LocalStore:
    """A store in ``root``, which is made when it is first written to."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put(self, path: Path, *, suffix: str = "", move: bool = False) -> tuple[str, int]:
        """See :meth:`farm.artifacts.store.Store.put`."""
        checked_suffix(suffix)
        fd = open_regular(path)
        try:
            before = os.fstat(fd)
            # A file with a second name could be changed through it, so it is copied.
            if move and before.st_nlink == 1 and self._same_disk(before):
                with disk_errors(self.root):
                    return self._adopt(fd, path)
            result = self.put_chunks(read_chunks(fd))
        finally:
            os.close(fd)
        if move:
            path.unlink(missing_ok=True)
        return result

    def put_bytes(self, data: bytes, suffix: str = "") -> tuple[str, int]:
        """See :meth:`farm.artifacts.store.Store.put_bytes`."""
        return self.put_chunks((data,), suffix)

    def put_chunks(self, chunks: Iterable[bytes], suffix: str = "") -> tuple[str, int]:
        """See :meth:`farm.artifacts.store.Store.put_chunks`."""
        checked_suffix(suffix)
        digest, size = hashlib.sha256(), 0
        with disk_errors(self.root):
            temporary, fd = self._new_file()
        try:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                with disk_errors(self.root):
                    write_all(fd, chunk)
            with disk_errors(self.root):
                self._commit(fd, temporary, digest.hexdigest(), size)
        finally:
            os.close(fd)
            temporary.unlink(missing_ok=True)
        return digest.hexdigest(), size

    def fetch(self, hash: str, suffix: str = "") -> Path:
        """See :meth:`farm.artifacts.store.Store.fetch`."""
        target = self._object(checked_hash(hash))
        if not checked_suffix(suffix):
            if not target.exists():
                raise self._missing(hash)
            return target
        named = self._named(hash) / f"{hash}{suffix}"
        with disk_errors(self.root):
            try:
                if named.exists() and named.samefile(target):
                    return named
                self._link(target, named)
            except FileNotFoundError:
                raise self._missing(hash) from None
        return named

    def verify(self, hash: str) -> int:
        """See :meth:`farm.artifacts.store.Store.verify`."""
        try:
            with self._object(checked_hash(hash)).open("rb") as file, disk_errors(self.root):
                found = hashlib.file_digest(file, "sha256").hexdigest()
                size = os.fstat(file.fileno()).st_size
        except FileNotFoundError:
            raise self._missing(hash) from None
        if found != hash:
            raise rotten(str(self._object(hash)), hash, found)
        return size

    def exists(self, hash: str) -> bool:
        """See :meth:`farm.artifacts.store.Store.exists`."""
        return self._object(checked_hash(hash)).exists()

    def delete(self, hash: str, *, not_after_s: float | None = None) -> bool:
        """See :meth:`farm.artifacts.store.Store.delete`."""
        target, aside = self._object(checked_hash(hash)), self._temporary()
        with disk_errors(self.root):
            try:
                if _is_newer(target, not_after_s):
                    return False
                (self.root / "tmp").mkdir(parents=True, exist_ok=True)
                # Taken aside before the second look: a put that renews the file either does so
                # before, and is seen, or finds no file and writes its own.
                target.rename(aside)
            except FileNotFoundError:
                return False
            if _is_newer(aside, not_after_s):
                aside.rename(target)
                return False
            shutil.rmtree(self._named(hash), ignore_errors=True)
            aside.unlink(missing_ok=True)
        return True

    def renew(self, hash: str) -> None:
        """Let the artifact's age count from now, if it is there."""
        with contextlib.suppress(FileNotFoundError), disk_errors(self.root):
            os.utime(self._object(checked_hash(hash)))

    def hashes(self) -> Iterator[tuple[str, int, float]]:
        """See :meth:`farm.artifacts.store.Store.hashes`."""
        for folder in entries(self.root / "objects"):
            for entry in entries(Path(folder.path)):
                with contextlib.suppress(FileNotFoundError):
                    status = entry.stat(follow_symlinks=False)
                    yield entry.name, status.st_size, status.st_mtime

    def free_bytes(self) -> int | None:
        """See :meth:`farm.artifacts.store.Store.free_bytes`."""
        place = self.root.absolute()
        while not place.exists() and place != place.parent:
            place = place.parent
        status = os.statvfs(place)
        return status.f_bavail * status.f_frsize

    def refusal(self) -> str:
        """See :meth:`farm.artifacts.store.Store.refusal`; a folder says it with each request."""
        return ""

    def sweep(self, older_than_s: float, now_s: float) -> int:
        """See :meth:`farm.artifacts.store.Store.sweep`."""
        swept = 0
        for entry in entries(self.root / "tmp"):
            with contextlib.suppress(FileNotFoundError):
                if entry.stat(follow_symlinks=False).st_ctime < now_s - older_than_s:
                    Path(entry.path).unlink()
                    swept += 1
        for folder in entries(self.root / "named"):
            for links in entries(Path(folder.path)):
                if not self._object(links.name).exists():
                    shutil.rmtree(links.path, ignore_errors=True)
                    swept += 1
        return swept

    def _object(self, hash: str) -> Path:
        return self.root / "objects" / hash[:2] / hash

    def _named(self, hash: str) -> Path:
        return self.root / "named" / hash[:2] / hash

    def _temporary(self) -> Path:
        return self.root / "tmp" / f"{os.getpid()}-{secrets.token_hex(8)}"

    def _same_disk(self, status: os.stat_result) -> bool:
        (self.root / "tmp").mkdir(parents=True, exist_ok=True)
        return self.root.stat().st_dev == status.st_dev

    def _new_file(self) -> tuple[Path, int]:
        path, flags = self._temporary(), os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            return path, os.open(path, flags, 0o600)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            return path, os.open(path, flags, 0o600)

    def _adopt(self, fd: int, path: Path) -> tuple[str, int]:
        digest, size = hashlib.sha256(), 0
        for chunk in read_chunks(fd):
            digest.update(chunk)
            size += len(chunk)
        os.utime(fd)  # its age counts from now, not from when it was written
        self._commit(fd, path, digest.hexdigest(), size)
        path.unlink(missing_ok=True)
        return digest.hexdigest(), size

    def _commit(self, fd: int, source: Path, hash: str, size: int) -> None:
        """Give ``source`` (open as ``fd``) its name, or renew the age of what is there already."""
        target = self._object(hash)
        if not _renewed(target, size):
            os.fchmod(fd, 0o444)
            os.fsync(fd)
            try:
                source.rename(target)
            except FileNotFoundError:
                target.parent.mkdir(parents=True, exist_ok=True)
                for folder in (target.parent.parent, self.root, self.root.parent):
                    fsync_folder(folder)
                source.rename(target)
        # Also when it was there: whoever renamed it may have died before this flush.
        fsync_folder(target.parent)

    def _link(self, target: Path, named: Path) -> None:
        """Make ``named`` another name of ``target``; readers of an older one never see a gap."""
        fresh = self._temporary()
        fresh.parent.mkdir(parents=True, exist_ok=True)
        fresh.hardlink_to(target)
        named.parent.mkdir(parents=True, exist_ok=True)
        fresh.replace(named)
        fresh.unlink(missing_ok=True)  # renaming one name of a file onto another does nothing

    def _missing(self, hash: str) -> ArtifactMissing:
        return ArtifactMissing(
            "the store no longer has this artifact",
            where=str(self._object(hash)),
            mend="Run the job again: what made it is repeated.",
            code="store.missing",
        )


def rotten(where: str, expected: str, got: str) -> StoreError:
    """The complaint about bytes that do not have the hash they are named by."""
    return StoreError(
        "the bytes are not those that were stored",
        where=where,
        expected=f"SHA-256 {expected}",
        got=got,
        mend="Check the disk, delete the artifact, and run its job again.",
        code="store.rotten",
    )


def _renewed(target: Path, size: int) -> bool:
    """Whether ``target`` is there with the right size; if so it counts as put just now."""
    try:
        if target.stat().st_size != size:
            return False  # rotted: the rename that follows heals it
        os.utime(target)
    except FileNotFoundError:
        return False
    return True


def _is_newer(path: Path, not_after_s: float | None) -> bool:
    return not_after_s is not None and path.stat().st_mtime > not_after_s
