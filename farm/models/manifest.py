"""A model's manifest: ``models/*.toml`` of a plugin, read strictly.

Invariant: a manifest that loads names every file with its size and SHA-256, at least one way to get
them, and no pickle among the files that an engine may load.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from farm.domain.cachekey import canonical
from farm.domain.errors import PluginError

PICKLES = frozenset({".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".joblib", ".t7", ".tar"})
"""Endings of files that may run code when they are loaded."""

_NAME = r"^[a-z0-9][a-z0-9._-]{0,63}$"
_PACKAGE = r"^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"
_CODE = r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$"


def _relative(path: str) -> str:
    parts = path.split("/")
    if "\\" in path or "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise ValueError("a path is relative, with / between its parts and no . or ..")
    return path


def _one_or_many(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _requirement(value: Any) -> Any:
    if isinstance(value, str):
        name, _, version = value.partition("==")
        return {"name": name, "version": version}
    return value


RelativePath = Annotated[str, Field(min_length=1, max_length=240), AfterValidator(_relative)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelFile(_Strict):
    """One file. ``component`` names the part of the model it belongs to, such as ``vae``."""

    path: RelativePath
    bytes: int = Field(gt=0)
    sha256: Sha256
    component: str = ""


class Variant(_Strict):
    """One way to load the model, with what it takes at its peak."""

    vram_mb: int = Field(0, ge=0)
    ram_mb: int = Field(0, ge=0)
    dtype: str = ""
    quantisation: str = ""


class _Source(_Strict):
    """``take``: the manifest's path to the source's own, where they differ.

    convert : ``"module:function"``, called once at fetch as ``function(raw, made)`` with two
        folders: it reads the files ``raw`` of this source and writes those of the manifest.
    """

    take: Mapping[str, RelativePath] = Field(default_factory=dict)
    convert: str | None = Field(None, pattern=_CODE)
    raw: tuple[ModelFile, ...] = ()

    @model_validator(mode="after")
    def _raw_and_convert(self) -> _Source:
        if bool(self.convert) != bool(self.raw):
            raise ValueError("convert and raw belong together: the function, and what it reads")
        return self


class PathSource(_Source):
    """A folder on this machine; relative to the manifest's own."""

    kind: Literal["path"]
    path: str = Field(min_length=1)


class Package(_Strict):
    """A wheel on the package index; ``NAME==VERSION`` for short.

    sdist : a source archive instead. pip runs its build script to read its name, so its
        ``sha256`` must be given. registry : ``npm`` for a package of that registry.
    """

    name: str = Field(pattern=_PACKAGE)
    version: str = Field(pattern=r"^[A-Za-z0-9.+!_-]+$")
    sha256: Sha256 | None = None
    sdist: bool = False
    registry: Literal["pypi", "npm"] = "pypi"

    @model_validator(mode="after")
    def _pinned(self) -> Package:
        if self.sdist and self.registry == "npm":
            raise ValueError("sdist is for packages of pypi")
        if self.sdist and not self.sha256:
            raise ValueError("a source archive needs its sha256, because its build script is run")
        return self


class PackageSource(_Source):
    """Files inside packages. ``take``: a member, or several that are joined, ``NAME:MEMBER`` for
    one of a certain package."""

    kind: Literal["package"]
    packages: tuple[Annotated[Package, BeforeValidator(_requirement)], ...] = Field(min_length=1)
    take: Mapping[str, Annotated[tuple[RelativePath, ...], BeforeValidator(_one_or_many)]] = Field(  # type: ignore[assignment]
        default_factory=dict
    )


class HubSource(_Source):
    """A repository of the model hub at a revision (a commit is best)."""

    kind: Literal["hub"]
    id: str = Field(pattern=r"^\w[\w.-]*(/\w[\w.-]*)?$")
    revision: str = Field(pattern=r"^\w[\w.-]*$")


class HttpsSource(_Source):
    """Files under a web address."""

    kind: Literal["https"]
    url: str = Field(pattern=r"^https?://[^\s@]+$")


class BucketSource(_Source):
    """Files under a prefix of a bucket."""

    kind: Literal["s3"]
    url: str = Field(pattern=r"^s3://[^\s@]+$")


Source = PathSource | PackageSource | HubSource | HttpsSource | BucketSource


class ModelManifest(_Strict):
    """A model: what it is, whose it is, which files it is made of and where they come from.

    provides : capabilities. homepage : the official source, for people. restricted : its licence
    must be accepted once before it is fetched. origin : the file this was read from.
    """

    name: str = Field(pattern=_NAME)
    family: str = Field(pattern=_NAME)
    licence: str = Field(min_length=1)
    licence_url: str = ""
    restricted: bool = False
    homepage: str = ""
    description: str = ""
    provides: tuple[str, ...] = Field(min_length=1)
    files: tuple[ModelFile, ...] = Field(min_length=1)
    sources: tuple[Annotated[Source, Field(discriminator="kind")], ...] = Field(min_length=1)
    variants: Mapping[str, Variant] = Field(default_factory=dict)
    origin: Path = Field(Path(), exclude=True)

    @model_validator(mode="after")
    def _consistent(self) -> ModelManifest:
        names = [file.path for file in self.files]
        if len(set(names)) != len(names):
            raise ValueError("a path stands twice among the files")
        for file in self.files:
            if PurePosixPath(file.path).suffix.lower() in PICKLES:
                raise ValueError(
                    f"{file.path} may be a pickle, which is never loaded; "
                    "name it in raw of a source and convert it"
                )
        for source in self.sources:
            wanted = {file.path for file in self.wanted(source)}
            if unknown := sorted(set(source.take) - wanted):
                raise ValueError(f"take of the source {source.kind} names {unknown[0]}, no file")
            if isinstance(source, PackageSource) and (missing := wanted - set(source.take)):
                raise ValueError(f"take of the source package lacks {min(missing)}")
        return self

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what the model is: its name and its files' content, not where they come from."""
        files = sorted([file.path, file.sha256] for file in self.files)
        return hashlib.sha256(canonical([self.name, files])).hexdigest()

    @property
    def size_bytes(self) -> int:
        """Size of all files."""
        return sum(file.bytes for file in self.files)

    def wanted(self, source: Source) -> tuple[ModelFile, ...]:
        """The files that ``source`` must deliver: the model's own, or the raw ones it converts."""
        return source.raw or self.files


def load_manifest(path: Path) -> ModelManifest:
    """Read a manifest.

    Raises
    ------
    PluginError : it cannot be read, or something in it is wrong; names the field.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
        return ModelManifest(**content, origin=path)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        got = "" if isinstance(first["input"], Mapping) else repr(first["input"])[:120]
        raise PluginError(
            first["msg"].removeprefix("Value error, "),
            where=f"{path}: {where}" if where else str(path),
            got=got,
            mend="See docs/models.md.",
            code="model.manifest",
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, TypeError) as error:
        raise PluginError(
            "not readable as a model manifest",
            where=str(path),
            got=str(error),
            mend="See docs/models.md.",
            code="model.manifest",
        ) from error
