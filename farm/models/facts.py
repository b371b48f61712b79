"""What a model is made of, for the stages that load it part by part.

Invariant: two parts have the same hash exactly if they have the same files under the same names,
whichever models they belong to and wherever they lie in them; so a shared part is loaded once.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections.abc import Sequence

from farm.domain.cachekey import canonical
from farm.models.manifest import ModelFile, ModelManifest
from farm.stages import ModelFacts, ModelVariant


def facts_of(manifest: ModelManifest) -> ModelFacts:
    """The model as its stages see it."""
    parts: dict[str, list[ModelFile]] = {}
    for file in manifest.files:
        parts.setdefault(file.component, []).append(file)
    return ModelFacts(
        name=manifest.name,
        digest=manifest.digest,
        family=manifest.family,
        components={component: _digest(files) for component, files in sorted(parts.items())},
        variants={
            name: ModelVariant(v.vram_mb, v.ram_mb, v.dtype, v.quantisation)
            for name, v in manifest.variants.items()
        },
    )


def _digest(files: Sequence[ModelFile]) -> str:
    folder = posixpath.commonpath([posixpath.dirname(file.path) for file in files])
    named = sorted([posixpath.relpath(file.path, folder or "."), file.sha256] for file in files)
    return hashlib.sha256(canonical(named)).hexdigest()
