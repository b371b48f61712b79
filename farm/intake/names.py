"""Names in a drop folder: which are looked at, which are refused, and how a free one is found.

Invariant: a name is kept as the submitter wrote it; it is compared in its composed form (NFC), so
that the same name written on two operating systems is the same name.
"""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path, PurePath

from farm.artifacts.intake_copy import safe_relative, shown
from farm.domain.errors import AssetError

MANIFEST_SUFFIXES = (".yaml", ".yml", ".json", ".toml")
SET_MANIFESTS = ("job.yaml", "job.yml", "job.json", "job.toml")
OURS_IN_A_SET = ("error.txt", "error.json", "duplicate-of.txt")
"""What a returned folder holds besides the originals; ignored when it is dragged back."""

# fmt: off
_TEMPORARY = (
    ".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".swp", ".swx",
    ".swo", ".lock", ".aria2", "~",
)
# fmt: on
_DESKTOP = ("desktop.ini", "thumbs.db", "icon\r")
_FOR_PEOPLE = ("readme.md", "readme.txt")


def composed(name: str) -> str:
    """The form in which names are compared: NFC, lower case."""
    return unicodedata.normalize("NFC", name).lower()


def is_ours(name: str) -> bool:
    """Whether the name belongs to the farm, a desktop, or to people who read: never looked at."""
    return name.startswith((".", "_")) or composed(name) in (*_DESKTOP, *_FOR_PEOPLE)


def is_temporary(name: str) -> bool:
    """Whether some program is still writing under this name."""
    if name.startswith("~$") or (name.startswith("#") and name.endswith("#")):
        return True
    return composed(name).endswith(_TEMPORARY)


def check_name(name: str) -> None:
    """Refuse a name that cannot be written down: not UTF-8, control characters, a backslash.

    Raises
    ------
    AssetError : with the name in a printable form.
    """
    try:
        safe_relative(name)
    except AssetError as error:
        raise AssetError(
            "this name cannot be used",
            where=shown(name),
            expected="a name in UTF-8 without control characters and backslashes",
            got=error.what.rpartition(": ")[2],
            mend="Rename it and drop it again.",
            code="submission.bad-name",
        ) from None


def printable(name: str) -> str:
    """A safe name for something whose own name cannot be used."""
    text = shown(name).replace("/", "_").replace("\\", "_").strip(". ")
    return text.lstrip("_") or "unnamed"


def free_path(wanted: Path, *, is_folder: bool = True) -> Path:
    """``wanted``, or ``name (2)``, ``name (3)`` … where something is there already.

    is_folder : the number goes to the end of the name, not before its ending.
    """
    number = 1
    path = wanted
    while os.path.lexists(path):
        number += 1
        path = numbered(wanted, number, is_folder=is_folder)
    return path


def numbered(path: Path, number: int, *, is_folder: bool = False) -> Path:
    """``dusk (2).yaml`` for ``dusk.yaml`` and 2; the path itself for 1."""
    if number == 1:
        return path
    name = path.name if is_folder else path.stem
    return path.with_name(f"{name} ({number}){'' if is_folder else path.suffix}")


def title_of(name: str) -> str:
    """What a file or folder is called without its ending: ``dusk`` for ``dusk.txt``."""
    stem = PurePath(name).stem
    return stem if PurePath(name).suffix and not stem.endswith(".") else name
