"""Models with tiny random weights in the layout of diffusers, built once and kept on the disk.

Invariant: a model of a name has the same bytes in every process, and it is saved and read as a
real one is: safetensors files in a folder for each component.

Each module of this package has ``BUILDERS``: name to a function that returns an unsaved pipeline.
"""

from __future__ import annotations

import hashlib
import os
import pkgutil
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

from farm.models.declare import Facts, declare
from farm.models.manifest import ModelManifest

_MADE_BY = ("torch", "diffusers", "transformers")


@cache
def builders() -> Mapping[str, Callable[[], Any]]:
    """Every model of every module, by name."""
    found: dict[str, Callable[[], Any]] = {}
    for module in pkgutil.iter_modules(__path__):
        own = getattr(import_module(f"{__name__}.{module.name}"), "BUILDERS", {})
        assert not found.keys() & own.keys(), f"{module.name} builds what another module builds"
        found |= own
    return found


@cache
def folder(name: str) -> Path:
    """The folder of a model; made when it is first asked for with these versions and builders."""
    place = _shelf() / name
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=place.parent, prefix=".made-"))
        try:
            _save(name, made)
            made.rename(place)
        except OSError:
            # Another process was faster; both made the same.
            if not place.is_dir():
                raise
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return place


def declared(
    name: str, folder_of_manifests: Path, *, provides: Sequence[str], **said: Any
) -> ModelManifest:
    """Declare a tiny model to a farm as its operator does; ``said``: further facts."""
    facts = Facts(
        **{"name": name, "family": "tiny", "licence": "CC0-1.0", "provides": provides, **said}
    )
    manifest, _ = declare(folder(name), facts, folder_of_manifests, lambda *_: None)
    return manifest


def _save(name: str, made: Path) -> None:
    import diffusers
    import transformers

    for library in (diffusers, transformers):
        library.utils.logging.set_verbosity_error()
        library.utils.logging.disable_progress_bar()
    builders()[name]().save_pretrained(str(made), safe_serialization=True)


@cache
def _shelf() -> Path:
    made_by = hashlib.sha256(" ".join(map(version, _MADE_BY)).encode())
    for file in sorted(Path(__file__).parent.glob("*.py")):
        made_by.update(file.read_bytes())
    key = made_by.hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"farm-tiny-weights-{os.getuid()}" / key
