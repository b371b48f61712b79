"""Small writes and renames that survive a crash in the middle.

Invariant: a reader sees a whole file or none, and a move never replaces something else.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any


def write_text(path: Path, text: str, *, sync: bool = False) -> None:
    """Write a file under a temporary name and rename it. ``sync``: flush it to the disk first."""
    temporary = path.with_name(f".{path.name}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        if sync:
            file.flush()
            os.fsync(file.fileno())
    temporary.replace(path)


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file under a temporary name and rename it."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data)
    temporary.replace(path)


def write_json(path: Path, record: Any, *, sync: bool = False) -> None:
    """Write JSON for people and programs, whole or not at all."""
    write_text(path, json.dumps(record, indent=2, ensure_ascii=False) + "\n", sync=sync)


def move_new(source: Path, target: Path) -> None:
    """Rename to a name that is free; finishes a move of the same file that was interrupted.

    Raises
    ------
    FileExistsError : something else is there.
    """
    if source.is_dir() and not source.is_symlink():
        if os.path.lexists(target):
            raise FileExistsError(str(target))
        source.rename(target)
        return
    try:
        # A link, because a rename would replace what somebody put there a moment ago.
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        if not target.samefile(source):
            raise
    except OSError:
        # A file system without links.
        if os.path.lexists(target):
            raise FileExistsError(str(target)) from None
        source.rename(target)
        return
    source.unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def sync_file(path: Path) -> None:
    """Make a file's bytes durable."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove_claim(folder: Path) -> None:
    """Remove ``_claimed/<id>`` with what the farm wrote there, unless an original is in it."""
    # Step by step and never recursively: whatever another process puts there meanwhile stays.
    try:
        (folder / "source").rmdir()
    except FileNotFoundError:
        pass
    except OSError:
        return
    with suppress(OSError):
        for entry in list(folder.iterdir()):
            if entry.is_symlink() or entry.is_file():
                entry.unlink()
        folder.rmdir()
