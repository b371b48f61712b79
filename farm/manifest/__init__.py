"""Manifests: strict reading, the model, refusals, and the manifest a finished job leaves.

Invariant: this package knows nothing of plugins, the ledger or the store.
"""

from __future__ import annotations

from farm.domain.errors import ManifestError
from farm.manifest.document import Document, Limits
from farm.manifest.model import Decided, ExpectedFile, InputRef, Manifest, Notify
from farm.manifest.parsing import manifest_from, parse_manifest
from farm.manifest.reading import read_document
from farm.manifest.refusals import RefusedManifest
from farm.manifest.replay import job_manifest

__all__ = [
    "Decided",
    "Document",
    "ExpectedFile",
    "InputRef",
    "Limits",
    "Manifest",
    "ManifestError",
    "Notify",
    "RefusedManifest",
    "job_manifest",
    "manifest_from",
    "parse_manifest",
    "read_document",
]
