"""What a safetensors file holds, read from its header without loading a tensor.

Invariant: a file that was cut short, or that only bears the name, is refused before anybody takes
it for a model.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from farm.domain.errors import ModelError

_LENGTH_BYTES = 8
_MOST_BYTES = 100_000_000  # the format's own limit for a header


def tensor_names(path: Path) -> list[str]:
    """Names of the tensors in a safetensors file.

    Raises
    ------
    ModelError : it is no safetensors file, or its end is missing.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(_LENGTH_BYTES), "little")
        if size < _LENGTH_BYTES or length > min(_MOST_BYTES, size - _LENGTH_BYTES):
            raise _broken(path, f"{size} bytes")
        text = file.read(length)
    try:
        header: dict[str, Any] = json.loads(text)
        header.pop("__metadata__", None)
        ends = [entry["data_offsets"][1] for entry in header.values()]
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise _broken(path, str(error)) from error
    wanted = _LENGTH_BYTES + length + max(ends, default=0)
    if wanted != size:
        raise _broken(path, f"{size} bytes instead of {wanted}")
    return list(header)


def is_lora(path: Path) -> bool:
    """Whether a safetensors file is a low-rank adapter, by the names of its tensors."""
    return any("lora" in name.lower() for name in tensor_names(path))


def _broken(path: Path, got: str) -> ModelError:
    return ModelError(
        "the file is not whole, or no safetensors file",
        where=str(path),
        got=got,
        mend="Download or save it again.",
        code="model.tensors",
    )
