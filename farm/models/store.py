"""Where the files of models are: shared read-only folders first, then this farm's own.

Invariant: a folder that :meth:`ModelStore.files` returns holds every file of the manifest with its
stated SHA-256. A file that does not is moved out of the way, or complained about where it may not be.

    models_dir/NAME/DIGEST/…     verified files      models_dir/.partial/…      downloads under way
    models_dir/.licences/…       acceptances         models_dir/.quarantine/…   corrupt files
    shared/NAME/DIGEST/… or shared/NAME/…            the same, put there by somebody else
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from farm.config import Settings
from farm.domain.errors import FarmError, ModelError
from farm.models.licences import Licences
from farm.models.manifest import ModelFile, ModelManifest
from farm.models.marks import Marks
from farm.models.part import sha256_of

State = Literal["ok", "missing", "corrupt", "licence"]


@dataclass(frozen=True, slots=True)
class Standing:
    """How a model stands here. ``folder``: where its files are; ``complaint``: what to do."""

    state: State
    folder: Path | None = None
    complaint: str = ""


class ModelStore:
    """folder : the farm's own store, made when it is first written to. shared : looked at first."""

    def __init__(self, folder: Path, shared: Sequence[Path] = ()) -> None:
        self.folder = folder
        self.shared = tuple(shared)
        self.licences = Licences([f / ".licences" for f in (folder, *self.shared)])
        self._marks = Marks(folder / ".verified")

    def own(self, manifest: ModelManifest) -> Path:
        """The model's folder in the farm's own store, whether it is there or not."""
        return self.folder / manifest.name / manifest.digest[:16]

    def partial(self, manifest: ModelManifest) -> Path:
        """The folder for what is being fetched."""
        return self.folder / ".partial" / f"{manifest.name}-{manifest.digest[:16]}"

    def files(self, manifest: ModelManifest) -> Path:
        """The folder with the model's verified files.

        Raises
        ------
        ModelError : the model is missing, or a file of it is corrupt.
        LicenceError : its licence was not accepted.
        """
        self.licences.require(manifest)
        folder = self.locate(manifest)
        if folder is None:
            raise ModelError(
                f"the model {manifest.name} is not here",
                where=str(self.folder),
                mend=f"Run: farm models fetch {manifest.name}",
                code="model.missing",
            )
        return folder

    def locate(self, manifest: ModelManifest, *, thorough: bool = False) -> Path | None:
        """The folder that has every file, verified; ``None`` when there is none.

        thorough : read every file again, whatever is known about it.

        Raises
        ------
        ModelError : a file is corrupt. In the farm's own store it has been moved away.
        """
        own = self.own(manifest)
        trouble: ModelError | None = None
        for folder in (*self._shared(manifest), own):
            if not all((folder / file.path).is_file() for file in manifest.files):
                continue
            try:
                for file in manifest.files:
                    self._verify(manifest, folder, file, thorough, owned=folder == own)
            except ModelError as error:
                trouble = trouble or error  # Another folder may still have it whole.
            else:
                return folder
        if trouble is not None:
            raise trouble
        return None

    def standing(self, manifest: ModelManifest, *, thorough: bool = False) -> Standing:
        """How the model stands, without an exception."""
        try:
            folder = self.locate(manifest, thorough=thorough)
        except FarmError as error:
            return Standing("corrupt", None, error.sentence())
        except OSError as error:
            text = f"the model {manifest.name} cannot be read: {error}"
            return Standing("corrupt", None, f"{text}; run: farm models fetch {manifest.name}")
        if folder is None:
            text = f"the model {manifest.name} is missing; run: farm models fetch {manifest.name}"
            return Standing("missing", None, text)
        if complaint := self.licences.complaint(manifest):
            return Standing("licence", folder, complaint)
        return Standing("ok", folder)

    def has(self, manifest: ModelManifest, file: ModelFile) -> bool:
        """Whether the farm's own store has this file as it should be; a corrupt one is moved away."""
        folder = self.own(manifest)
        if not (folder / file.path).is_file():
            return False
        try:
            self._verify(manifest, folder, file, False, owned=True)
        except ModelError:
            return False
        return True

    def add(self, manifest: ModelManifest, file: ModelFile) -> None:
        """Record that a file of the farm's own store has just been verified."""
        self._marks.add(self.own(manifest), file)

    def remove(self, name: str) -> int:
        """Remove every version of a model from the farm's own store; returns the bytes freed."""
        freed = 0
        partial = re.compile(re.escape(name) + r"-[0-9a-f]{16}")
        under_way = (self.folder / ".partial").glob("*")
        folders = [self.folder / name, *(f for f in under_way if partial.fullmatch(f.name))]
        for folder in folders:
            for file in folder.rglob("*"):
                freed += file.stat().st_size if file.is_file() else 0
            for version in folder.glob("*"):
                self._marks.forget(version)
            shutil.rmtree(folder, ignore_errors=True)
        return freed

    def quarantine(self, path: Path) -> Path:
        """Move a corrupt file out of the way; returns where it lies now."""
        folder = self.folder / ".quarantine"
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{time.time_ns()}-{path.name}"
        shutil.move(path, target)
        return target

    @contextlib.contextmanager
    def lock(self, manifest: ModelManifest) -> Iterator[None]:
        """One process at a time fetches a model; the kernel lets go of the lock of a dead one."""
        folder = self.folder / ".locks"
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / f"{manifest.name}.lock", os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _shared(self, manifest: ModelManifest) -> Iterator[Path]:
        for folder in self.shared:
            yield folder / manifest.name / manifest.digest[:16]
            yield folder / manifest.name

    def _verify(
        self, manifest: ModelManifest, folder: Path, file: ModelFile, thorough: bool, *, owned: bool
    ) -> None:
        path = folder / file.path
        if not thorough and self._marks.trusted(folder, file):
            return
        if path.stat().st_size == file.bytes and (got := sha256_of(path)) == file.sha256:
            self._marks.add(folder, file)
            return
        size = path.stat().st_size
        got = f"{size} bytes" if size != file.bytes else f"sha256 {got}"
        mend = f"Replace it there, or run: farm models fetch {manifest.name}"
        if owned:
            kept = self.quarantine(path)
            mend = f"It was moved to {kept}. Run: farm models fetch {manifest.name}"
        raise ModelError(
            f"a file of the model {manifest.name} is corrupt",
            where=str(path),
            expected=f"{file.bytes} bytes with sha256 {file.sha256}",
            got=got,
            mend=mend,
            code="model.corrupt",
        )


def open_models(settings: Settings) -> ModelStore:
    """The store of a farm. Opening writes nothing."""
    return ModelStore(
        settings.under_root(settings.models_dir),
        [settings.under_root(folder) for folder in settings.models_shared_dirs],
    )
