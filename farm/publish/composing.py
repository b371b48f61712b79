"""Composing a finished folder out of the store: files, folders, and the sums that prove them.

Invariant: when :func:`compose` returns, everything in the folder is on the disk, and nothing in it
shares bytes with the store; composing again over what a crash left gives the same folder.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from pathlib import Path
from typing import Any

from farm.artifacts.endings import ending_of, promised_kinds
from farm.artifacts.store import Store
from farm.domain.errors import FarmError
from farm.domain.media import MediaKind
from farm.intake.files import sync_file, sync_folder, write_json
from farm.publish.records import Job, debug_of, manifest_of, receipt, stamp_of
from farm.publish.stamping import STAMPED, stamp
from farm.publish.unpacking import unpack

_log = logging.getLogger(__name__)
SOURCE = "source"
SUMS = "SHA256SUMS"


def compose(
    folder: Path, job: Job, store: Store, *, target: Path, now_s: float
) -> dict[str, list[dict[str, Any]]]:
    """Fill ``folder``, which will be renamed to ``target``; returns artifact records by file name.

    What is in ``source/`` is left alone, everything else in the folder is replaced.

    Raises
    ------
    ArtifactMissing : the store lost an output. OSError, StoreError : worth another try.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for entry in folder.iterdir():
        if entry.name == SOURCE:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    outputs = outputs_of(job)
    files, notes = [], []
    for name, (artifact, *_) in outputs.items():
        path = folder / name
        if name.endswith("/"):
            archive = store.fetch(artifact["hash"], artifact.get("suffix") or "")
            unpacked = unpack(archive, path)
            files += [_record(folder, file, artifact) for file in unpacked]
            for inner in {file.parent for file in unpacked}:
                sync_folder(inner)
            continue
        note = _copy(store, artifact, path, job)
        notes += [note] if note else []
        files.append(
            _record(folder, path, artifact)
            | {"kind": artifact["kind"], "facts": artifact.get("facts", {})}
        )
    _write_sums(folder / SUMS, files)
    write_json(folder / "job_manifest.json", manifest_of(job), sync=True)
    write_json(folder / "debug_metadata.json", debug_of(job, notes), sync=True)
    record = receipt(job, state="done", now_s=now_s, folder=str(target), files=files)
    write_json(folder / "receipt.json", record, sync=True)
    sync_folder(folder)
    return outputs


def outputs_of(job: Job) -> dict[str, list[dict[str, Any]]]:
    """Published file name to the artifact record of its file.

    Raises
    ------
    FarmError : a stage says that it is done and has no file for an output.
    """
    produced = {stage["name"]: stage["outputs"] or {} for stage in job["stages"]}
    outputs: dict[str, list[dict[str, Any]]] = {}
    for name, (stage, port) in job["outputs"].items():
        found = produced.get(stage, {}).get(port) or []
        if not found:
            raise FarmError(
                f"{stage}.{port} has no file",
                where=name,
                expected="one file",
                mend="This is a fault of the plugin: an output that a pipeline publishes must "
                "always be written.",
                code="publish.no-output",
            )
        outputs[name] = [dict(found[0])]
    return outputs


def _record(folder: Path, path: Path, artifact: dict[str, Any]) -> dict[str, Any]:
    """A published file, durable now, as the receipt has it."""
    sync_file(path)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    kinds = promised_kinds(ending_of(path.name))
    return {
        "file": path.relative_to(folder).as_posix(),
        "sha256": digest,
        "size_bytes": path.stat().st_size,
        "artifact": artifact["hash"],
        "kind": (kinds[0] if kinds else MediaKind.ANY).value,
        "facts": {},
    }


def _write_sums(path: Path, files: list[dict[str, Any]]) -> None:
    """What ``sha256sum -c`` reads; of the published bytes, which a stage cannot know."""
    path.write_text("".join(f"{file['sha256']}  {file['file']}\n" for file in files))
    sync_file(path)


def _copy(store: Store, artifact: dict[str, Any], path: Path, job: Job) -> str:
    """Copy one file out of the store; returns a note for the debug metadata, or nothing."""
    source = store.fetch(artifact["hash"], artifact.get("suffix") or "")
    if path.suffix.lower() in STAMPED:
        try:
            stamp(source, path, stamp_of(job))
            return ""
        except (OSError, ValueError) as error:
            # Whatever keeps it from being copied packet by packet, the film itself is whole.
            note = f"{path.name} carries no provenance: {error}"
        _log.warning("job #%s: %s", job["number"], note)
        path.unlink(missing_ok=True)
    else:
        note = ""
    shutil.copyfile(source, path)
    return note
