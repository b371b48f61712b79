"""Makes a manifest of a model that an operator has in a folder, or of an adapter in one file.

Invariant: a manifest is written whole, after every file was read, and reads back as what was
declared; no pickle gets into it.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from farm.domain.errors import ModelError
from farm.models.manifest import PICKLES, ModelManifest, load_manifest
from farm.models.part import CHUNK_BYTES, Report
from farm.models.pickles import is_pickle
from farm.models.tensors import is_lora, tensor_names

TAKEN = frozenset({".safetensors", ".gguf", ".onnx", ".json", ".txt", ".model", ".jinja"})
"""Endings of the files that a model is made of; others (pictures, read-me files) are left out."""

LORA = "lora"
"""What an adapter provides; it is no capability of its own."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the operator says about a model; the fields are those of the manifest.

    hub : id and revision of a repository with the same files. without : patterns of paths to leave
    out (``*.ckpt``).
    """

    name: str
    family: str
    licence: str
    licence_url: str = ""
    restricted: bool = False
    homepage: str = ""
    description: str = ""
    provides: Sequence[str] = ()
    variants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    hub: tuple[str, str] | None = None
    without: Sequence[str] = ()


def declare(
    source: Path, facts: Facts, folder: Path, report: Report, *, replace: bool = False
) -> tuple[ModelManifest, list[str]]:
    """Write ``folder/NAME.toml`` for the model at ``source``; returns it and what was left out.

    source : a folder, or one safetensors file. report : told how far the reading is.

    Raises
    ------
    ModelError : there is nothing to declare, a file may not be in a model, a field is wrong, or
        the name is declared already and ``replace`` is false.
    """
    target = folder / f"{facts.name}.toml"
    if target.exists() and not replace:
        raise ModelError(
            f"the model {facts.name} is declared already",
            where=str(target),
            mend="Choose another --name, or say --replace.",
            code="model.declared",
        )
    files, left_out = _files(source, facts.without)
    provides = list(facts.provides) or _provides(source)
    folder_of = source if source.is_dir() else source.parent
    sources: list[dict[str, Any]] = [{"kind": "path", "path": str(folder_of.absolute())}]
    if facts.hub is not None:
        hub_id, revision = facts.hub
        sources.append({"kind": "hub", "id": hub_id, "revision": revision})
    content: dict[str, Any] = {
        "name": facts.name,
        "family": facts.family,
        "licence": facts.licence,
        "licence_url": facts.licence_url,
        "restricted": facts.restricted,
        "homepage": facts.homepage,
        "description": facts.description,
        "provides": provides,
        "files": [],
        "sources": sources,
        "variants": {name: dict(variant) for name, variant in facts.variants.items()},
    }
    # What is wrong with the fields should be said before hours of reading.
    _checked({**content, "files": [{"path": "x", "bytes": 1, "sha256": "0" * 64}]}, target)
    content["files"] = [_record(path, name, report) for name, path in files.items()]
    _checked(content, target)
    folder.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(".part")
    fresh.write_text(_toml(content), encoding="utf-8")
    load_manifest(fresh)
    fresh.replace(target)
    return load_manifest(target), left_out


def _files(source: Path, without: Sequence[str]) -> tuple[dict[str, Path], list[str]]:
    """The files of the model by their paths in it, and the paths that were left out."""
    taken: dict[str, Path] = {}
    left_out: list[str] = []
    for name, path in _walk(source):
        if any(fnmatch.fnmatch(name, pattern) for pattern in without):
            left_out.append(name)
        elif path.suffix.lower() in PICKLES or is_pickle(path):
            raise ModelError(
                "the file is a pickle, which may run code when it is loaded",
                where=str(path),
                expected="safetensors",
                mend=f"Convert it once, or leave it out with --without '{name}'.",
                code="model.pickle",
            )
        elif path.suffix.lower() not in TAKEN or not path.stat().st_size:
            left_out.append(name)
        else:
            if path.suffix.lower() == ".safetensors":
                tensor_names(path)
            taken[name] = path
    if not taken:
        raise ModelError(
            "there is no file of a model here",
            where=str(source),
            expected="a folder with safetensors files, or one such file",
            mend="Name the folder that holds them.",
            code="model.empty",
        )
    return taken, left_out


def _walk(source: Path) -> Iterator[tuple[str, Path]]:
    if source.is_file():
        yield source.name, source
        return
    # A hub's snapshot is made of links to files; a link to a folder might lead in circles.
    for place, folders, names in os.walk(source):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(place, name)
            if not name.startswith(".") and path.is_file():
                yield path.relative_to(source).as_posix(), path


def _provides(source: Path) -> list[str]:
    if source.is_file() and source.suffix.lower() == ".safetensors" and is_lora(source):
        return [LORA]
    raise ModelError(
        "nobody said what the model provides",
        where=str(source),
        expected="a capability, or the one file of a LoRA",
        mend="Say --provides image.generate, or whatever it is for.",
        code="model.provides",
    )


def _record(path: Path, name: str, report: Report) -> dict[str, Any]:
    size, done = path.stat().st_size, 0
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            report(name, done, size)
    record: dict[str, Any] = {"path": name, "bytes": done, "sha256": digest.hexdigest()}
    component, _, rest = name.partition("/")
    return {**record, "component": component} if rest else record


def _checked(content: Mapping[str, Any], target: Path) -> ModelManifest:
    try:
        return ModelManifest(**content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ModelError(
            first["msg"].removeprefix("Value error, "),
            where=f"{target.name}: {'.'.join(map(str, first['loc']))}",
            got=repr(first["input"])[:120],
            mend="See docs/models.md.",
            code="model.manifest",
        ) from error


def _toml(content: Mapping[str, Any]) -> str:
    """A manifest as text: plain fields, then a table for each file, source and variant."""
    lines = [f"{key} = {_value(v)}" for key, v in content.items() if _is_plain(v) and v != ""]
    for key in ("files", "sources"):
        for entry in content[key]:
            lines += ["", f"[[{key}]]", *(f"{k} = {_value(v)}" for k, v in entry.items())]
    for name, variant in content["variants"].items():
        lines += ["", f"[variants.{_text(name)}]"]
        lines += [f"{k} = {_value(v)}" for k, v in variant.items()]
    return "\n".join(lines) + "\n"


def _is_plain(value: Any) -> bool:
    return not isinstance(value, Mapping) and not (
        isinstance(value, list) and (not value or isinstance(value[0], Mapping))
    )


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return str(value) if isinstance(value, int) else _text(str(value))


def _text(value: str) -> str:
    # JSON's escapes are TOML's too, but for the one character that JSON leaves as it is.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
