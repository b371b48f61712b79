"""Reading, writing and flushing files for the artifact store.

Invariant: what the disk refuses reaches the operator as a sentence that says how to mend it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from farm.domain.errors import FarmError, StoreError, StoreFull

CHUNK_BYTES = 1 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT}


def read_chunks(fd: int) -> Iterator[bytes]:
    """The rest of an open file, 1 MiB at a time."""
    while chunk := os.read(fd, CHUNK_BYTES):
        yield chunk


def open_regular(path: Path) -> int:
    """Open a regular file for reading; a link or anything else is a ``FarmError``."""
    # O_NONBLOCK: a FIFO is refused, not waited for. It means nothing to a regular file.
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(path, flags)
    except OSError as error:
        raise _not_a_file(path, error.strerror or str(error)) from error
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise _not_a_file(path, "a folder, device, socket or FIFO")
    return fd


def _not_a_file(path: Path, got: str) -> FarmError:
    return FarmError(
        "cannot be put into the store",
        where=str(path),
        expected="a regular file",
        got=got,
        mend="Write the output to the path that the task gave.",
        code="store.not-a-file",
    )


def write_all(fd: int, data: bytes) -> None:
    """Write all of ``data``, in as many writes as the disk takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """What is in a folder; nothing, when there is no such folder."""
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as found:
        yield from found


def fsync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


@contextlib.contextmanager
def disk_errors(root: Path) -> Iterator[None]:
    """Turn what the disk says into what the operator can do."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFull(
                "the disk of the artifact store is full",
                where=str(root),
                got=error.strerror or str(error),
                mend="Free some room there, run `farm gc`, or lower `keep_days`.",
                code="store.full",
            ) from error
        raise StoreError(
            "the artifact store cannot be used",
            where=error.filename or str(root),
            got=error.strerror or str(error),
            mend="Check the folder's owner, mode and disk.",
            code="store.unusable",
        ) from error
