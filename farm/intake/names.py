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
OURS_IN_A_SET = ("error.txt", "error.json")
"""What a rejected folder holds besides the originals; ignored when it is dragged back."""

_TEMPORARY = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".filepart", ".swp")
_TEMPORARY += (".swx", ".swo", ".lock", ".!ut", ".aria2", "~")
_DESKTOP = ("desktop.ini", "thumbs.db", "icon\r")


def composed(name: str) -> str:
    """The form in which names are compared: NFC, lower case."""
    return unicodedata.normalize("NFC", name).lower()


def is_ours(name: str) -> bool:
    """Whether the name belongs to the farm, a desktop or nobody: never looked at."""
    return name.startswith((".", "_")) or composed(name) in _DESKTOP


def is_temporary(name: str) -> bool:
    """Whether some program is still writing under this name."""
    return composed(name).endswith(_TEMPORARY) or name.startswith(("~$", ".~", "#"))


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


def free_path(wanted: Path, *also: str) -> Path:
    """``wanted``, or ``name (2)``, ``name (3)`` … where something is there already.

    also : endings; the path is free only if it is free with each of them, too.
    """
    stem, suffix = wanted.stem, wanted.suffix
    for number in range(1, 100_000):
        path = wanted if number == 1 else wanted.with_name(f"{stem} ({number}){suffix}")
        if not any(os.path.lexists(f"{path}{ending}") for ending in ("", *also)):
            return path
    raise AssetError(
        "too many things have this name", where=str(wanted), mend="Clear the folder out."
    )


def title_of(name: str) -> str:
    """What a file or folder is called without its ending: ``dusk`` for ``dusk.txt``."""
    stem = PurePath(name).stem
    return stem if PurePath(name).suffix and not stem.endswith(".") else name
