"""Recognises a pickle by its content, whatever its name says.

Invariant: a file that could run code when it is loaded does not become part of a model.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from farm.domain.errors import ModelError

# torch.save before version 1.6: its magic number as the first pickle of the file.
_OLD_TORCH = bytes.fromhex("80028a0a6cfc9c46f9206aa850192e")


def refuse_pickle(path: Path) -> None:
    """Raise :class:`ModelError` when ``path`` is a pickle or a torch checkpoint of pickles."""
    if is_pickle(path):
        raise ModelError(
            "the file is a pickle, which may run code when it is loaded",
            where=path.name,
            expected="safetensors, ONNX or another plain format",
            mend="Name it in raw of its source and convert it once.",
            code="model.pickle",
        )


def is_pickle(path: Path) -> bool:
    """Whether a file's content is a pickle."""
    with path.open("rb") as file:
        head = file.read(len(_OLD_TORCH))
        if head == _OLD_TORCH:
            return True
        if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
            file.seek(-1, 2)
            return file.read(1) == b"."
    if head[:4] != b"PK\x03\x04" or not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.rpartition("/")[2].endswith(".pkl") for name in archive.namelist())
