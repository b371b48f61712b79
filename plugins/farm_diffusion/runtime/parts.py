"""What a model's folder is made of: the components that ``model_index.json`` names.

Invariant: nothing but safetensors and plain text is read, no code of a model's folder ever runs, and a
component is known by the hash of its files, so that models which share one load it once.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from farm import InputError
from farm_diffusion.runtime.libraries import library


class Facts(Protocol):
    """What is known of a model's files; see ``task.models.facts``."""

    digest: str
    components: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """A component. kind : its class. folder : of its files. key : the hash of them."""

    name: str
    kind: Any
    folder: Path
    key: str

    @property
    def millions(self) -> float:
        """Millions of weights in its files."""
        return _millions(self.folder, self.key)


@dataclass(frozen=True, slots=True)
class Folder:
    """A model in the layout of diffusers. plain : values among its components, such as a ratio."""

    path: Path
    parts: Mapping[str, Part]
    plain: Mapping[str, Any]


def folder_of(path: Path, facts: Facts, label: str) -> Folder:
    """The components of a model's folder.

    Raises
    ------
    InputError : it is not in the layout of diffusers, or needs code that does not come with it.
    """
    index = _index(path, label)
    parts: dict[str, Part] = {}
    plain: dict[str, Any] = {}
    for name, value in index.items():
        if name.startswith("_"):
            continue
        if not (isinstance(value, list) and len(value) >= 2):
            plain[name] = value
        elif value[0] is not None and value[1] is not None:
            kind = _class(str(value[0]), str(value[1]), f"{label}: {name}")
            key = facts.components.get(name) or f"{facts.digest}/{name}"
            parts[name] = Part(name, kind, path / name, key)
        else:
            plain[name] = None
    return Folder(path, parts, plain)


def single_part(name: str, kind: Any, path: Path, subfolder: str, facts: Facts, label: str) -> Part:
    """A component that is a model of its own.

    Raises
    ------
    InputError : there is no such component in the folder.
    """
    folder = path / subfolder if subfolder else path
    if not (folder / "config.json").is_file():
        raise InputError(
            "has no config.json, so it is no component",
            where=f"{label}/{subfolder}" if subfolder else label,
            expected=f"the files of a {kind.__name__}",
            mend=f"Name another model as {name}_model.",
            code="diffusion.no-component",
        )
    return Part(
        name, kind, folder, facts.components.get(subfolder) or f"{facts.digest}/{subfolder}"
    )


def _index(path: Path, label: str) -> dict[str, Any]:
    for file in ("model_index.json", "modular_model_index.json"):
        try:
            found = json.loads((path / file).read_text(encoding="utf-8"))
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            raise InputError(
                f"{file} cannot be read", where=label, got=str(error), code="diffusion.layout"
            ) from error
        if isinstance(found, dict):
            return found
    raise InputError(
        "is no folder of diffusers",
        where=label,
        expected="a model_index.json beside the folders of its components",
        mend="Name another model, or convert it with diffusers and declare it again.",
        code="diffusion.layout",
    )


def _class(package: str, name: str, where: str) -> Any:
    """A component's class; one that was renamed or needs torchvision has another name here."""
    source = library(package) if package in ("diffusers", "transformers") else None
    if source is None:
        # A few classes live beside the one pipeline that uses them.
        source = getattr(library("diffusers.pipelines"), package, None)
    for candidate in (name, f"{name}Pil", name.removesuffix("Fast")):
        found = getattr(source, candidate, None)
        if found is not None and not _is_dummy(found):
            return found
    raise InputError(
        "is of a class that is not installed",
        where=where,
        got=f"{package}.{name}",
        mend="Code in a model's folder is never run. Install the packages the class needs, or "
        "take a model whose components are classes of diffusers and transformers.",
        code="diffusion.unknown-class",
    )


def _is_dummy(found: Any) -> bool:
    return bool(getattr(found, "is_dummy", False)) or "dummy" in getattr(found, "__module__", "")


@lru_cache(maxsize=256)
def _millions(folder: Path, key: str) -> float:
    return sum(map(_numbers, folder.glob("*.safetensors"))) / 1e6


def _numbers(file: Path) -> int:
    """How many numbers a safetensors file holds, by its header."""
    with file.open("rb") as opened:
        (length,) = struct.unpack("<Q", opened.read(8))
        header = json.loads(opened.read(length))
    tensors = (value for name, value in header.items() if name != "__metadata__")
    return sum(math.prod(tensor["shape"]) for tensor in tensors)


def role_of(name: str, backbone: Iterable[str]) -> str:
    """What a component does: ``backbone``, ``text``, ``vae`` or ``other``."""
    if name in tuple(backbone):
        return "backbone"
    if name.startswith("text_encoder"):
        return "text"
    return "vae" if name.startswith(("vae", "vqvae")) else "other"
