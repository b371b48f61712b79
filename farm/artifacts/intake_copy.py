"""Taking a submitter's file into the store without being led astray by it.

Invariant: what is stored is one unchanging regular file under the given root. No link is
followed, nothing is waited for, and a file that changes while it is read is refused.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from farm.artifacts.disk import CHUNK_BYTES
from farm.artifacts.store import Store
from farm.domain.errors import AssetError

# O_NONBLOCK: opening a FIFO returns at once; it means nothing to a regular file.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISLNK, "a link"),
)


def safe_relative(name: str) -> PurePosixPath:
    """``name`` as a path that stays below whatever it is joined to.

    Raises
    ------
    AssetError : absolute, ``..``, an empty or ``.`` part, NUL or another control character, a
        backslash, bytes that are not UTF-8, or too long.
    """
    complaint = _unsafe(name)
    if complaint:
        raise AssetError(
            f"this path is not allowed: {complaint}",
            where=shown(name),
            expected="a relative path such as clips/dance.mp4",
            mend="Put the file beside the manifest and name it by its relative path.",
            code="asset.bad-path",
        )
    return PurePosixPath(name)


def stage_file(store: Store, path: Path, root: Path, *, max_bytes: int) -> tuple[str, int]:
    """Copy ``path``, relative to ``root`` or below it, into the store; returns (hash, size).

    Raises
    ------
    AssetError : a path that leaves the root or passes a link (``asset.link``), nothing there
        (``asset.missing``), not a regular file (``asset.not-a-file``), not readable
        (``asset.unreadable``), over ``max_bytes`` (``asset.too-large``), or changed while it was
        read (``asset.changed``: worth another try once it has settled).
    """
    name = safe_relative(_below(path, root))
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for depth, part in enumerate(name.parts[:-1], start=1):
            inner = _open(part, _FOLDER, folder, "/".join(name.parts[:depth]))
            os.close(folder)
            folder = inner
        fd = _open(name.name, _FILE, folder, str(name))
        try:
            return store.put_chunks(_steady(fd, folder, name, max_bytes))
        finally:
            os.close(fd)
    finally:
        os.close(folder)


def shown(name: str) -> str:
    """A submitter's file name as text that can always be printed and stored."""
    text = name.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text[:200])


def _unsafe(name: str) -> str:
    try:
        length = len(name.encode("utf-8"))
    except UnicodeEncodeError:
        return "it is not UTF-8"
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        return "it has a control character"
    if "\\" in name:
        return "it has a backslash"
    if name.startswith("/"):
        return "it is absolute"
    parts = name.split("/")
    if ".." in parts:
        return 'it has a ".." part'
    if "" in parts or "." in parts:
        return "it is empty" if not name else 'it has an empty or "." part'
    if length > 1024 or any(len(part.encode()) > 255 for part in parts):
        return "it is longer than a file system takes"
    return ""


def _below(path: Path, root: Path) -> str:
    if not path.is_absolute():
        return str(path)
    if path.is_relative_to(root):
        return str(path.relative_to(root))
    raise AssetError(
        "this file is outside of the folder it must be in",
        where=shown(str(path)),
        expected=f"a path below {root}",
        mend="Put the file beside the manifest and name it by its relative path.",
        code="asset.bad-path",
    )


def _open(part: str, flags: int, folder: int, where: str) -> int:
    try:
        return os.open(part, flags, dir_fd=folder)
    except FileNotFoundError:
        raise AssetError(
            "there is no such file",
            where=shown(where),
            mend="Check the name; upper and lower case differ.",
            code="asset.missing",
        ) from None
    except OSError as error:
        found = os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode
        if stat.S_ISLNK(found):
            raise AssetError(
                "links are not followed",
                where=shown(where),
                got="a link",
                mend="Copy the file itself into the folder.",
                code="asset.link",
            ) from error
        if error.errno in (errno.ENXIO, errno.ENOTDIR, errno.ENODEV):
            raise _not_a_file(where, found) from error
        raise AssetError(
            "cannot be opened",
            where=shown(where),
            got=error.strerror or str(error),
            mend="Give the farm's user the right to read it.",
            code="asset.unreadable",
        ) from error


def _not_a_file(where: str, mode: int) -> AssetError:
    kinds = [name for test, name in _KINDS if test(mode)]
    return AssetError(
        "only regular files are taken",
        where=shown(where),
        expected="a regular file",
        got=kinds[0] if kinds else "a file where a folder should be",
        mend="Put a copy of the file there.",
        code="asset.not-a-file",
    )


def _steady(fd: int, folder: int, name: PurePosixPath, max_bytes: int) -> Iterator[bytes]:
    """The file's bytes; raises instead of ending when it was not the same all the time."""
    before = os.fstat(fd)
    if not stat.S_ISREG(before.st_mode):
        raise _not_a_file(str(name), before.st_mode)
    if before.st_size > max_bytes:
        raise AssetError(
            "the file is too large",
            where=shown(str(name)),
            expected=f"at most {max_bytes} bytes",
            got=f"{before.st_size}",
            mend="Send a smaller file, or ask the operator to raise `max_asset_mb`.",
            code="asset.too-large",
        )
    read = 0
    while chunk := os.read(fd, CHUNK_BYTES):
        read += len(chunk)
        if read > before.st_size:
            raise _changed(name, f"more than {before.st_size} bytes")
        yield chunk
    after = os.fstat(fd)
    if read != before.st_size or _fingerprint(after) != _fingerprint(before):
        raise _changed(name, f"{before.st_size} bytes, then {after.st_size}")
    try:
        there = os.stat(name.name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        raise _changed(name, "it was taken away") from None
    if (there.st_dev, there.st_ino) != (before.st_dev, before.st_ino):
        raise _changed(name, "another file of that name")


def _fingerprint(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _changed(name: PurePosixPath, got: str) -> AssetError:
    return AssetError(
        "the file changed while it was read",
        where=shown(str(name)),
        expected="a file that nobody writes to any more",
        got=got,
        mend="Write under a temporary name and rename it when it is complete.",
        code="asset.changed",
    )
