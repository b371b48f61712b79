"""The published JSON Schemas of manifests and pipelines.

Invariant: ``manifests/schema/*.json`` are exactly what this module generates from the models.
``python -m farm.manifest.schemas manifests/schema`` writes them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from farm.manifest.model import Manifest
from farm.pipelines.template import Pipeline

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def published_schemas() -> dict[str, dict[str, Any]]:
    """File name to schema: ``manifest-1.json`` and ``pipeline-1.json``."""
    models: dict[str, type[BaseModel]] = {"manifest-1.json": Manifest, "pipeline-1.json": Pipeline}
    return {
        name: {"$schema": _DIALECT, "$id": f"urn:farm:schema:{name}", **model.model_json_schema()}
        for name, model in models.items()
    }


def schema_text(schema: dict[str, Any]) -> str:
    """A schema as it is written to its file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write_schemas(folder: Path) -> None:
    """Write every schema into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, schema in published_schemas().items():
        (folder / name).write_text(schema_text(schema), encoding="utf-8")


if __name__ == "__main__":
    write_schemas(Path(sys.argv[1]))
