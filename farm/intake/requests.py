"""From a file or folder that arrived to a manifest and the folders its paths are relative to.

Invariant: whatever arrives becomes a manifest here or is refused; after this a dropped prompt, a
folder of files and a manifest from another program are the same thing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from farm.artifacts.endings import ending_of
from farm.artifacts.intake_copy import shown
from farm.domain.errors import AssetError, FarmError, ManifestError
from farm.intake.assets import find_under
from farm.intake.names import (
    MANIFEST_SUFFIXES,
    OURS_IN_A_SET,
    SET_MANIFESTS,
    check_name,
    composed,
    title_of,
)
from farm.intake.roles import assign, missing
from farm.intake.scan import Seen, odd_kind
from farm.manifest import Limits, Manifest, manifest_from, parse_manifest, read_document
from farm.pipelines import Pipeline
from farm.pipelines.parameters import Written, meant
from farm.planning import input_refs
from farm.registry import Registry


@dataclass(frozen=True, slots=True)
class Request:
    """A manifest, its pipeline, and where its relative paths are looked up first.

    title : the job's name when the manifest has none. lacks : inputs the pipeline requires and
    nobody gives, for people.
    """

    manifest: Manifest
    pipeline: Pipeline
    roots: tuple[Path, ...]
    title: str
    lacks: tuple[str, ...] = ()

    @property
    def again(self) -> bool:
        """Whether it is run even if the same thing was made before: it says so, or a finished job
        wrote it and somebody wants to see the same come out again, not in another quality."""
        replayed = bool(self.manifest.record) and not self.manifest.remakes
        return self.manifest.rerun or replayed


class Requests:
    """Reads requests. max_bytes : largest manifest."""

    def __init__(
        self, registry: Registry, *, max_bytes: int, asset_roots: Sequence[Path] = ()
    ) -> None:
        self.registry = registry
        self.limits = Limits(max_bytes=max_bytes)
        self.asset_roots = tuple(asset_roots)
        self._digests: dict[tuple[str, int, int], str] = {}

    def read(
        self,
        path: Path,
        seen: Seen,
        *,
        pipeline: str = "",
        defaults: Mapping[str, Any] | None = None,
        roots: Sequence[Path] = (),
    ) -> Request:
        """The request that a file or folder makes.

        seen : what a scan found at ``path``. pipeline, defaults : the drop folder's.
        roots : further folders for the paths of a manifest that arrived alone.

        Raises
        ------
        InputError : it cannot be understood; says what the pipeline takes.
        """
        check_name(seen.name)
        for name in seen.files:
            check_name(name)
        fallback = {**(defaults or {}), **({"pipeline": pipeline} if pipeline else {})}
        # A file that was refused comes back in a folder of its own name.
        alone = not seen.is_folder or seen.name in seen.files
        title = title_of(seen.name) if alone else seen.name
        if seen.is_folder:
            return self._set(path, seen, fallback, title)
        if self._is_manifest(path, seen.name, pipeline):
            manifest = self._parse(path, seen.name, fallback)
            return self._request(manifest, (path.parent, *roots), title)
        return self._matched(path.parent, [seen.name], {}, fallback, title, seen.name)

    def from_fields(self, fields: Mapping[str, Any], root: Path) -> Request:
        """A request from the fields of a manifest; paths are relative to ``root``."""
        manifest = manifest_from(fields, name="manifest")
        return self._request(manifest, (root,), "")

    def changed(self, request: Request, fields: Mapping[str, Any]) -> Request:
        """The request with some fields of its manifest replaced (``params`` one by one)."""
        if not fields:
            return request
        declared = request.pipeline.params
        params = {
            name: meant(declared.get(name), value) if isinstance(value, Written) else value
            for name, value in fields.get("params", {}).items()
        }
        own = request.manifest.model_dump(exclude_unset=True)
        fields = {**fields, "params": params} if params else fields
        manifest = manifest_from(fields, name=request.title or "manifest", defaults=own)
        return self._request(manifest, request.roots, request.title)

    def waits_for(
        self, path: Path, seen: Seen, *, pipeline: str, defaults: Mapping[str, Any] | None = None
    ) -> list[str]:
        """What a settled folder still lacks, for people; empty when it can be taken, and also when
        it is wrong in a way that waiting does not mend (taking it says how)."""
        if not seen.is_folder:
            return []
        try:
            request = self.read(path, seen, pipeline=pipeline, defaults=defaults)
        except FarmError:
            return []
        except OSError as error:
            return [f"it cannot be read: {error.strerror}"]
        lacking = [f"the input {name}" for name in request.lacks]
        for expected in request.manifest.files:
            lacking += self._lacks(path, expected.path, expected.size_bytes, expected.sha256)
        for refs in input_refs(request.manifest, request.pipeline).values():
            for ref in refs:
                if ref.path is not None:
                    lacking += self._lacks(path, ref.path, None, None, self.asset_roots)
        return list(dict.fromkeys(lacking))

    def _set(self, path: Path, seen: Seen, fallback: Mapping[str, Any], title: str) -> Request:
        files = [name for name in seen.files if name not in OURS_IN_A_SET]
        manifests = [name for name in files if composed(name) in SET_MANIFESTS]
        if len(manifests) > 1:
            raise ManifestError(
                "the folder has more than one manifest",
                where=seen.name,
                got=" and ".join(manifests),
                mend="Keep one of them.",
                code="set.two-manifests",
            )
        if not manifests:
            return self._matched(path, files, {}, fallback, title, seen.name)
        bare = {k: v for k, v in fallback.items() if k not in ("inputs", "prompt")}
        manifest = self._parse(path / manifests[0], manifests[0], bare)
        request = self._request(manifest, (path,), title)
        listed = {expected.path for expected in manifest.files}
        named = {
            ref.path for refs in input_refs(manifest, request.pipeline).values() for ref in refs
        }
        spare = {composed(name) for name in (listed | named) if name is not None}
        left = [n for n in files if n != manifests[0] and composed(n) not in spare]
        fields = manifest.model_dump(exclude_unset=True)
        return self._matched(path, left, fields, fallback, title, seen.name)

    def _matched(
        self,
        root: Path,
        files: Sequence[str],
        fields: Mapping[str, Any],
        fallback: Mapping[str, Any],
        title: str,
        where: str,
    ) -> Request:
        """A request from files that are matched with the pipeline's inputs."""
        if "pipeline" not in fields and "pipeline" not in fallback:
            raise ManifestError(
                "only manifests are taken here",
                where=where,
                expected=f"a file that ends with {', '.join(MANIFEST_SUFFIXES)}",
                mend="Write a manifest, or use the drop folder of a pipeline.",
                code="queue.not-a-manifest",
            )
        known = manifest_from(fields, name=where, defaults=fallback)
        pipeline = self.registry.pipeline(known.pipeline)
        own = manifest_from(fields, name=where, defaults={"pipeline": known.pipeline}).inputs
        found = assign(files, pipeline, given=own, where=where)
        inputs: dict[str, Any] = dict(own)
        for name, paths in found.items():
            refs = [{"path": path} for path in paths]
            inputs[name] = refs if pipeline.inputs[name].many else refs[0]
        # What was dropped replaces a default of the same input, as it does in a manifest.
        plain = {k: v for k, v in fields.items() if k not in ("inputs", "prompt")}
        dumped = {name: _plain(value) for name, value in inputs.items()}
        manifest = manifest_from({**plain, "inputs": dumped}, name=where, defaults=fallback)
        return self._request(manifest, (root,), title)

    def _request(self, manifest: Manifest, roots: tuple[Path, ...], title: str) -> Request:
        pipeline = self.registry.pipeline(manifest.pipeline)
        lacks = tuple(missing(pipeline, manifest.inputs))
        return Request(manifest, pipeline, roots, title, lacks)

    def _parse(self, path: Path, name: str, fallback: Mapping[str, Any]) -> Manifest:
        data = _read_small(path, name, self.limits.max_bytes)
        if "farm" in read_document(data, name=name, limits=self.limits).fields or not fallback:
            return parse_manifest(data, name=name, limits=self.limits, defaults=fallback)
        # Inside a drop folder the version may be left out: there is only one so far.
        fields = read_document(data, name=name, limits=self.limits).fields
        return manifest_from(fields, name=name, defaults=fallback)

    def _is_manifest(self, path: Path, name: str, pipeline: str) -> bool:
        ending = ending_of(name)
        if ending != ".json" or not pipeline:
            return ending in MANIFEST_SUFFIXES
        takes_data = any(
            spec.kind in ("data", "any")
            for spec in self.registry.pipeline(pipeline).inputs.values()
        )
        if not takes_data:
            return True
        try:
            data = _read_small(path, name, self.limits.max_bytes)
            return "farm" in read_document(data, name=name, limits=self.limits).fields
        except FarmError:
            return False

    def _lacks(
        self,
        folder: Path,
        name: str,
        size_bytes: int | None,
        sha256: str | None,
        others: Sequence[Path] = (),
    ) -> list[str]:
        try:
            _, path = find_under((folder, *others), name, "files")
        except AssetError:
            return [f"the file {name}"]
        size = path.lstat().st_size
        if size_bytes is not None and size != size_bytes:
            return [f"the file {name} whole ({size} of {size_bytes} bytes)"]
        if sha256 is None or path.is_symlink() or not path.is_file():
            return []
        if self._digest(path) != sha256:
            return [f"the file {name} with the right content (its sha256 differs)"]
        return []

    def _digest(self, path: Path) -> str:
        status = path.stat()
        key = (str(path), status.st_size, status.st_mtime_ns)
        if key not in self._digests:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if len(self._digests) > 1000:
                self._digests.clear()
            self._digests[key] = digest
        return self._digests[key]


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.model_dump(exclude_unset=True) if hasattr(value, "model_dump") else value


def _read_small(path: Path, name: str, max_bytes: int) -> bytes:
    """A manifest's bytes; no link is followed and no more than the limit is read."""
    status = path.lstat()
    if odd := odd_kind(status.st_mode):
        raise ManifestError(
            "only regular files are taken",
            where=shown(name),
            got=odd,
            mend="Put the file itself there.",
            code="asset.link",
        )
    with path.open("rb") as file:
        return file.read(max_bytes + 1)
