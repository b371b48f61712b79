"""Between the store and an engine: inputs on their way in, what it made on its way out.

Invariant: every file an engine opens came out of the store under its hash, and a file it made is
durable in the store before anything refers to it by its hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from farm.artifacts.store import Store
from farm.domain.media import MediaKind
from farm.engine.protocol import EngineInput, EngineOutcome
from farm.ledger.records import Assignment, DocumentPut, Peaks


def fetch_inputs(store: Store, task: Assignment) -> dict[str, Sequence[EngineInput]]:
    """Local files by port. Raises StoreError when the store does not give one."""
    return {
        port: [
            EngineInput(
                path=store.fetch(file["hash"], file["suffix"]),
                kind=MediaKind(file["kind"]),
                hash=file["hash"],
                facts=file["facts"],
            )
            for file in files
        ]
        for port, files in task.inputs.items()
    }


def keep_outputs(store: Store, outcome: EngineOutcome) -> dict[str, list[dict[str, Any]]]:
    """Commit output files to the store; returns their artifact records by port."""
    kept: dict[str, list[dict[str, Any]]] = {}
    for port, files in outcome.outputs.items():
        for file in files:
            digest, size = store.put(file.path, suffix=file.suffix, move=True)
            kept.setdefault(port, []).append(
                {
                    "hash": digest,
                    "kind": file.kind.value,
                    "size_bytes": size,
                    "suffix": file.suffix,
                    "facts": dict(file.facts),
                }
            )
    return kept


def puts_of(outcome: EngineOutcome) -> list[DocumentPut]:
    """The documents it wrote."""
    return [DocumentPut(p.plugin, p.collection, p.key, p.json) for p in outcome.documents]


def peaks_of(outcome: EngineOutcome) -> Peaks:
    """What it used."""
    used = outcome.peaks
    return Peaks(ram_mb=used.ram_mb, vram_mb=used.vram_mb, cpu_s=used.cpu_s, wall_s=used.wall_s)
