"""From what a manifest names to artifacts in the store.

Invariant: an artifact that leaves here is in the store, decodes to its end, and came from where the
manifest may point: its own folder, an asset root, the store itself, or an allowed host.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from farm.artifacts.endings import ending_of
from farm.artifacts.intake_copy import safe_relative, stage_file
from farm.artifacts.probe import ProbeLimits, probe
from farm.artifacts.store import Store
from farm.config import Settings
from farm.domain.errors import ArtifactMissing, AssetError
from farm.domain.media import Artifact, MediaFacts, MediaKind
from farm.domain.wording import MB
from farm.intake.downloads import Downloads, name_in
from farm.ledger.artifacts import Artifacts
from farm.manifest import InputRef, Manifest
from farm.pipelines import Pipeline
from farm.planning import input_refs

_SHORT_TEXT_BYTES = 4000


class Assets:
    """Puts a job's inputs into the store. Safe to use from one thread at a time.

    lookup : the store that hashes in manifests refer to, when it is another one.
    """

    def __init__(
        self,
        settings: Settings,
        store: Store,
        known: Artifacts,
        downloads: Downloads,
        *,
        lookup: Store | None = None,
    ) -> None:
        self.store = store
        self.lookup = lookup or store
        self.known = known
        self.downloads = downloads
        self.max_bytes = settings.max_asset_mb * MB
        self.limits = ProbeLimits(max_pixels=settings.max_pixels, max_bytes=self.max_bytes)
        self.asset_roots = tuple(settings.under_root(path) for path in settings.asset_roots)

    def gather(
        self, manifest: Manifest, pipeline: Pipeline, roots: Sequence[Path]
    ) -> dict[str, list[Artifact]]:
        """Every input of the job as artifacts in the store, by input name.

        roots : folders that the manifest's paths are relative to, tried before the asset roots.

        Raises
        ------
        AssetError : a file that cannot be accepted. UnknownName : an input the pipeline lacks.
        """
        references = input_refs(manifest, pipeline)
        everywhere = (*roots, *self.asset_roots)
        return {
            name: [self._take(ref, everywhere, f"inputs.{name}") for ref in found]
            for name, found in references.items()
            if found
        }

    def _take(self, ref: InputRef, roots: Sequence[Path], where: str) -> Artifact:
        if ref.text is not None:
            return self._written(ref.text)
        if ref.sha256 is not None:
            return self._stored(ref, where)
        if ref.url is not None:
            name = name_in(ref.url)
            hash, size = self.store.put_chunks(self.downloads.chunks(ref.url))
            return self._probed(hash, size, name)
        assert ref.path is not None  # the manifest's model holds exactly one source
        root, path = find_under(roots, ref.path, where)
        hash, size = stage_file(self.store, path, root, max_bytes=self.max_bytes)
        return self._probed(hash, size, path.name)

    def _written(self, text: str) -> Artifact:
        if not text.strip():
            raise AssetError(
                "the text is empty",
                where="inputs",
                expected="at least one word",
                mend="Write what you want to see.",
                code="asset.empty",
            )
        hash, size = self.store.put_bytes(text.encode(), ".txt")
        return self._probed(hash, size, "text.txt")

    def _stored(self, ref: InputRef, where: str) -> Artifact:
        assert ref.sha256 is not None
        row = self.known.find(ref.sha256)
        if not self.lookup.exists(ref.sha256):
            raise AssetError(
                "the store has no file with this hash",
                where=where,
                got=ref.sha256,
                mend="It may have been collected: name the file by its path or URL instead.",
                code="asset.unknown-hash",
            )
        if row is not None:
            suffix = ref.suffix or row["suffix"]
            facts = MediaFacts.from_record(row["facts"])
            kind = MediaKind(row["kind"])
            return Artifact(ref.sha256, kind, row["size_bytes"], suffix, facts)
        try:
            size = self.lookup.verify(ref.sha256)
        except ArtifactMissing as error:
            raise AssetError(error.what, where=where, mend=error.mend) from error
        return self._probed(ref.sha256, size, f"file{ref.suffix or ''}", self.lookup)

    def _probed(self, hash: str, size: int, name: str, store: Store | None = None) -> Artifact:
        ending = ending_of(name)
        suffix = ending if ending.isascii() and 1 < len(ending) <= 13 else ""
        suffix = suffix if suffix[1:].isalnum() else ""
        kind, facts = probe(
            (store or self.store).fetch(hash, suffix), declared=name, limits=self.limits
        )
        return Artifact(hash, kind, size, suffix, facts)


def with_texts(
    manifest: Manifest, pipeline: Pipeline, inputs: Mapping[str, Sequence[Artifact]], store: Store
) -> Manifest:
    """The manifest with short texts written out that came as files, so that people can read them
    in the manifest which the finished job leaves; what is asked for stays the same."""
    written: dict[str, Any] = dict(manifest.inputs)
    # Of these the names of the files count, too.
    named = {name for spec in pipeline.params.values() for name in spec.names_of}
    for name, refs in input_refs(manifest, pipeline).items():
        if name in named:
            continue
        texts = [
            InputRef.model_validate({"text": _short_text(store, file)})
            if ref.path or ref.url
            else ref
            for ref, file in zip(refs, inputs.get(name, ()), strict=False)
            if file.kind is MediaKind.TEXT and file.size_bytes <= _SHORT_TEXT_BYTES
        ]
        if len(texts) == len(refs):
            written[name] = texts if pipeline.inputs[name].many else texts[0]
    return manifest.model_copy(update={"inputs": written})


def _short_text(store: Store, file: Artifact) -> str:
    # Bytes, because reading in text mode would change line ends, and with them the hash.
    return store.fetch(file.hash).read_bytes().decode("utf-8")


def find_under(roots: Sequence[Path], path: str, where: str) -> tuple[Path, Path]:
    """The first root that has ``path``, and the path there, whichever way its accents are coded.

    Raises
    ------
    AssetError : ``asset.bad-path``, or ``asset.missing`` when no root has it.
    """
    parts = safe_relative(path).parts
    for root in roots:
        found = root
        for part in parts:
            inner = _entry(found, part)
            if inner is None:
                break
            found = inner
        else:
            return root, found
    raise AssetError(
        "there is no such file",
        where=f"{where}: {path}",
        expected=f"a file under {' or '.join(str(root) for root in roots) or 'an asset root'}",
        mend="Check the name; upper and lower case differ. Put the manifest and its files "
        "together in one folder, or under an asset root.",
        code="asset.missing",
    )


def _entry(folder: Path, name: str) -> Path | None:
    path = folder / name
    try:
        path.lstat()
    except OSError:
        pass
    else:
        return path
    if name.isascii() or folder.is_symlink() or not folder.is_dir():
        return None
    same = [entry for entry in folder.iterdir() if _nfc(entry.name) == _nfc(name)]
    return same[0] if len(same) == 1 else None


def _nfc(name: str) -> str:
    return unicodedata.normalize("NFC", name)
