"""Looking at what is in a folder without touching or following anything.

Invariant: everything here is ``lstat``: no link is followed, no file is opened, and a thing that
vanishes while it is looked at is simply not there.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from farm.intake.names import is_ours, is_temporary

MAX_FILES = 10_000
MAX_DEPTH = 8

_KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISFIFO, "a FIFO"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A top-level entry as it was at one moment.

    fingerprint : equal for two looks between which nothing was written.
    odd : what it is when it is neither a file nor a folder (``a link``); it is left alone.
    waits_for : why it cannot be complete yet, in a person's words.
    files : files of a folder by relative path with their sizes in bytes; of a file, itself.
    """

    name: str
    is_folder: bool
    fingerprint: str
    odd: str = ""
    waits_for: tuple[str, ...] = ()
    files: dict[str, int] = field(default_factory=dict)


def scan(folder: Path) -> list[Seen]:
    """Every entry of a drop folder that may be a submission, sorted by name.

    Raises
    ------
    OSError : the folder is not there or not readable.
    """
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries)
    seen = (look(folder / name) for name in names if not is_ours(name) and not is_temporary(name))
    return [entry for entry in seen if entry is not None]


def look(path: Path) -> Seen | None:
    """One entry; ``None`` when it is not there (any more)."""
    try:
        status = path.lstat()
    except OSError:
        return None
    odd = odd_kind(status.st_mode)
    if odd:
        return Seen(path.name, False, "", odd=odd)
    if stat.S_ISREG(status.st_mode):
        waits = () if status.st_size else ("the file is empty",)
        files = {path.name: status.st_size}
        return Seen(path.name, False, "f" + _print([("", status)]), waits_for=waits, files=files)
    lines: list[tuple[str, os.stat_result]] = []
    waits_for: list[str] = []
    files = {}
    try:
        _walk(path, "", 0, lines, waits_for, files)
    except OSError as error:
        waits_for.append(f"it cannot be read: {error.strerror}")
    if not files and not waits_for:
        waits_for.append("the folder is empty")
    return Seen(path.name, True, "d" + _print(lines), waits_for=tuple(waits_for), files=files)


def odd_kind(mode: int) -> str:
    """``a link``, ``a FIFO`` …; empty for regular files and folders."""
    return next((name for test, name in _KINDS if test(mode)), "")


def _walk(
    folder: Path,
    prefix: str,
    depth: int,
    lines: list[tuple[str, os.stat_result]],
    waits_for: list[str],
    files: dict[str, int],
) -> None:
    with os.scandir(folder) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        if is_ours(entry.name):
            continue
        status = entry.stat(follow_symlinks=False)
        name = f"{prefix}{entry.name}"
        lines.append((name, status))
        if is_temporary(entry.name):
            waits_for.append(f"{name} is still being written")
        elif stat.S_ISDIR(status.st_mode):
            if depth < MAX_DEPTH and len(files) < MAX_FILES:
                _walk(Path(entry.path), f"{name}/", depth + 1, lines, waits_for, files)
        else:
            files[name] = status.st_size
            if stat.S_ISREG(status.st_mode) and status.st_size == 0:
                waits_for.append(f"{name} is empty")


def same_content(one: str, other: str) -> bool:
    """Whether two fingerprints differ at most in device and inode, which some network file
    systems change when a file is renamed."""
    return one[0] == other[0] and one.partition(":")[2] == other.partition(":")[2]


def was_folder(fingerprint: str) -> bool:
    """Whether the entry with this fingerprint was a folder."""
    return fingerprint.startswith("d")


def _print(lines: list[tuple[str, os.stat_result]]) -> str:
    with_inodes, without = [], []
    for name, status in lines:
        kind = stat.S_IFMT(status.st_mode)
        # A folder's own time and size change with the names in it, which have lines of their own,
        # and a rename of the whole must not look like a change.
        is_folder = stat.S_ISDIR(status.st_mode)
        size_time = "" if is_folder else f"{status.st_size} {status.st_mtime_ns}"
        line = f"{name!r} {kind} {size_time}"
        without.append(line)
        with_inodes.append(f"{line} {status.st_dev} {status.st_ino}")
    return ":".join(
        hashlib.sha256("\n".join(part).encode("utf-8", "backslashreplace")).hexdigest()[:32]
        for part in (with_inodes, without)
    )
