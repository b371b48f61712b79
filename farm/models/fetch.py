"""Brings a model into the farm's own store, from the first of its sources that has it.

Invariant: however often this is killed and by how many processes it is run, a file appears under
its name only whole and verified, and what was downloaded before is used.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from farm.domain.errors import FarmError, ModelError, StoreFull
from farm.models.access import Access
from farm.models.convert import convert
from farm.models.manifest import ModelFile, ModelManifest, Source
from farm.models.part import Part, Report
from farm.models.pickles import refuse_pickle
from farm.models.sources import OpenSource, describe, is_local, open_source
from farm.models.store import ModelStore

_SPARE_BYTES = 64 << 20


def _silent(file: str, done: int, total: int) -> None:
    """Report to nobody."""


def fetch(
    store: ModelStore, manifest: ModelManifest, access: Access, report: Report = _silent
) -> Path:
    """The folder with the model's files; they are fetched if no store has them.

    Raises
    ------
    ModelError : no source delivers it; says what was wrong with each.
    LicenceError : its licence must be accepted first. StoreFull : there is no room for it.
    """
    store.licences.require(manifest)
    if found := _here(store, manifest):
        return found
    with store.lock(manifest):
        # Another process may have fetched it while this one waited for its turn.
        if found := _here(store, manifest):
            return found
        return _Fetch(store, manifest, access, report).run()


def _here(store: ModelStore, manifest: ModelManifest) -> Path | None:
    try:
        return store.locate(manifest)
    except ModelError:
        return None  # A corrupt copy is what fetching mends.


class _Fetch:
    def __init__(
        self, store: ModelStore, manifest: ModelManifest, access: Access, report: Report
    ) -> None:
        self._store = store
        self._manifest = manifest
        self._access = access
        self._report = report
        self._partial = store.partial(manifest)
        self._target = store.own(manifest)

    def run(self) -> Path:
        missing = self._missing()
        self._require_room(missing)
        complaints: list[str] = []
        for number, source in enumerate(self._manifest.sources):
            if self._access.offline and not is_local(source, self._access):
                complaints.append(f"{describe(source)}: not asked, because the farm is offline")
                continue
            try:
                self._from(source, missing, self._partial / f"source{number}")
            except (FarmError, OSError) as error:
                text = error.sentence() if isinstance(error, FarmError) else str(error)
                complaints.append(f"{describe(source)}: {text}")
                missing = self._missing()  # It may have had some of the files.
                continue
            shutil.rmtree(self._partial, ignore_errors=True)
            return self._target
        raise ModelError(
            f"the model {self._manifest.name} could not be fetched",
            got="; ".join(complaints),
            mend=f"Mend one of them, then run: farm models fetch {self._manifest.name}",
            code="model.no-source",
        )

    def _missing(self) -> list[ModelFile]:
        return [f for f in self._manifest.files if not self._store.has(self._manifest, f)]

    def _from(self, source: Source, missing: Sequence[ModelFile], own: Path) -> None:
        """Take every missing file from one source. ``own``: a folder for what only it needs."""
        if not missing:
            return
        opened = open_source(source, self._manifest, self._access, own / "packages")
        if source.convert is None:
            for file in missing:
                self._deliver(opened, file, self._partial / f"{file.path}.part", self._keep)
            return
        raw, made = own / "raw", own / "made"
        for file in source.raw:
            if not (raw / file.path).is_file():
                keep = partial(
                    Part.finish, target=raw / file.path, quarantine=self._store.quarantine
                )
                self._deliver(opened, file, own / "parts" / file.path, keep)
        shutil.rmtree(made, ignore_errors=True)
        convert(source.convert, raw, made, self._access.plugin_folder)
        for file in missing:
            self._take_made(made / file.path, file, own / "parts" / f"{file.path}.made")

    def _deliver(
        self, opened: OpenSource, file: ModelFile, path: Path, keep: Callable[[Part], None]
    ) -> None:
        while True:
            with Part(path, file, self._report) as part:
                resumed = part.at > 0
                if not part.complete:
                    opened.deliver(part)
                try:
                    return keep(part)
                except ModelError as error:
                    # The beginning may have come from a source that had something else.
                    if error.code != "model.corrupt" or not resumed:
                        raise

    def _take_made(self, path: Path, file: ModelFile, copy: Path) -> None:
        if not path.is_file() or path.is_symlink():
            raise ModelError(
                "the conversion did not make this file",
                where=file.path,
                mend="Compare the files of the manifest with what its convert function writes.",
                code="model.not-made",
            )
        copy.unlink(missing_ok=True)
        with Part(copy, file, self._report) as part:
            with path.open("rb") as stream:
                part.copy(stream)
            self._keep(part)

    def _keep(self, part: Part) -> None:
        """The last step for a file of the model: into its place in the store."""
        target = self._target / part.wanted.path
        part.finish(target, self._store.quarantine, refuse_pickle)
        target.chmod(0o444)
        self._store.add(self._manifest, part.wanted)

    def _require_room(self, missing: Sequence[ModelFile]) -> None:
        # A source that converts holds its raw files, and what it makes of them, at the same time.
        raw = max((sum(f.bytes for f in s.raw) for s in self._manifest.sources), default=0)
        needed = sum(file.bytes for file in missing) + raw + _SPARE_BYTES
        self._partial.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(self._partial).free
        if free < needed:
            raise StoreFull(
                f"there is no room for the model {self._manifest.name}",
                where=str(self._store.folder),
                expected=f"{needed // 1_000_000} MB free",
                got=f"{free // 1_000_000} MB",
                mend="Remove a model with `farm models rm`, or set `models_dir` to a larger disk.",
                code="model.no-room",
            )
